//! What a request of a method looks like: its parameters and its bodies.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Import;
use super::paths::Place;
use crate::control::openapi::document::{Dialect, text_of};
use crate::control::openapi::error::ImportError;
use crate::rest_api::Method;

/// The media type of bodies where nothing is said.
pub(super) const JSON: &str = "application/json";

impl<'d> Import<'d> {
    /// Reads the parameters of a path and an operation; the operation's come last and win.
    pub(super) fn read_parameters(
        &mut self,
        place: &Place<'_>,
        path_item: &'d Map<String, Value>,
        operation: &'d Map<String, Value>,
        method: &mut Method,
    ) -> Result<(), ImportError> {
        // A request cannot reach the method without them. Recorded from API Gateway.
        for name in place.variables() {
            let key = format!("method.request.path.{name}");
            method.request_parameters.insert(key, true);
        }
        let lists = [path_item.get("parameters"), operation.get("parameters")];
        for parameter in lists
            .into_iter()
            .flatten()
            .filter_map(Value::as_array)
            .flatten()
        {
            let what = format!("A parameter of {place}");
            if let Some(parameter) = self.resolve_map(parameter, &what)? {
                self.read_parameter(place, parameter, operation, method)?;
            }
        }
        if let Some(body) = operation.get("requestBody") {
            let what = format!("The request body of {place}");
            if let Some(body) = self.resolve_map(body, &what)? {
                method.request_models = self.content_models(body)?;
            }
        }
        Ok(())
    }

    fn read_parameter(
        &mut self,
        place: &Place<'_>,
        parameter: &'d Map<String, Value>,
        operation: &'d Map<String, Value>,
        method: &mut Method,
    ) -> Result<(), ImportError> {
        let text = |name: &str| {
            parameter
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let required = parameter.get("required").and_then(text_of).as_deref() == Some("true");
        let name = text("name");
        let (kind, required) = match text("in") {
            "path" => ("path", true),
            "query" => ("querystring", required),
            "header" => ("header", required),
            "body" if self.document.dialect == Dialect::Swagger2 => {
                if let Some(schema) = parameter.get("schema")
                    && let Some(model) = self.model_of(schema)?
                {
                    for media_type in self.media_types(operation, "consumes")? {
                        method.request_models.insert(media_type, model.clone());
                    }
                }
                return Ok(());
            }
            other => {
                self.warnings.add(format!(
                    "Parameter '{name}' in '{other}' of {place} is not supported. Ignoring."
                ));
                return Ok(());
            }
        };
        if name.is_empty() {
            self.warnings
                .add(format!("A parameter of {place} has no name. Ignoring."));
            return Ok(());
        }
        let key = format!("method.request.{kind}.{name}");
        method.request_parameters.insert(key, required);
        Ok(())
    }

    /// The models of `content`, by media type.
    pub(super) fn content_models(
        &mut self,
        body: &'d Map<String, Value>,
    ) -> Result<BTreeMap<String, String>, ImportError> {
        let mut models = BTreeMap::new();
        let content = body.get("content").and_then(Value::as_object);
        for (media_type, description) in content.into_iter().flatten() {
            if let Some(schema) = description.get("schema")
                && let Some(model) = self.model_of(schema)?
            {
                models.insert(media_type.clone(), model);
            }
        }
        Ok(models)
    }

    /// The media types of an operation in Swagger: its own, or the document's, or JSON.
    pub(super) fn media_types(
        &mut self,
        operation: &Map<String, Value>,
        name: &str,
    ) -> Result<Vec<String>, ImportError> {
        let own = operation.get(name).or_else(|| self.document.get(name));
        let own: Vec<String> = own
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(text_of)
            .collect();
        self.spend(own.iter().map(String::len).fold(0, usize::saturating_add))?;
        Ok(if own.is_empty() {
            vec![JSON.to_owned()]
        } else {
            own
        })
    }
}
