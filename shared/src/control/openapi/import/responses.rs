//! What a method answers.

use serde_json::{Map, Value};

use super::Import;
use super::paths::Place;
use crate::control::openapi::document::{Dialect, text_of};
use crate::control::openapi::error::ImportError;
use crate::rest_api::{Method, MethodResponse};

impl<'d> Import<'d> {
    /// Reads the answers of an operation. Those without a status of their own are left out.
    pub(super) fn read_responses(
        &mut self,
        place: &Place<'_>,
        operation: &'d Map<String, Value>,
        method: &mut Method,
    ) -> Result<(), ImportError> {
        let responses = operation.get("responses").and_then(Value::as_object);
        for (status, response) in responses.into_iter().flatten() {
            if !is_status(status) {
                if !status.starts_with("x-") {
                    self.warnings.add(format!(
                        "Response '{status}' of {place} is no status code. Ignoring."
                    ));
                }
                continue;
            }
            let what = format!("Response '{status}' of {place}");
            let Some(response) = self.resolve_map(response, &what)? else {
                continue;
            };
            let response = self.response(place, status, operation, response)?;
            method.method_responses.insert(status.clone(), response);
        }
        Ok(())
    }

    fn response(
        &mut self,
        place: &Place<'_>,
        status: &str,
        operation: &'d Map<String, Value>,
        response: &'d Map<String, Value>,
    ) -> Result<MethodResponse, ImportError> {
        let mut read = MethodResponse {
            status_code: status.to_owned(),
            ..MethodResponse::default()
        };
        let headers = response.get("headers").and_then(Value::as_object);
        for (name, header) in headers.into_iter().flatten() {
            let what = format!("Header '{name}' of response '{status}' of {place}");
            if let Some(header) = self.resolve_map(header, &what)? {
                let always = header.get("required").and_then(text_of).as_deref() == Some("true");
                let key = format!("method.response.header.{name}");
                read.response_parameters.insert(key, always);
            }
        }
        match self.document.dialect {
            Dialect::OpenApi3 => read.response_models = self.content_models(response)?,
            Dialect::Swagger2 => {
                if let Some(schema) = response.get("schema")
                    && let Some(model) = self.model_of(schema)?
                {
                    for media_type in self.media_types(operation, "produces")? {
                        read.response_models.insert(media_type, model.clone());
                    }
                }
            }
        }
        Ok(read)
    }
}

/// Three digits that are a status of HTTP.
pub(super) fn is_status(text: &str) -> bool {
    matches!(text.as_bytes(), [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9'])
}
