//! `MOCK`: the gateway itself. The request template says which of the integration's responses is given.

use bytes::Bytes;
use http::Response;
use regex_lite::Regex;
use serde_json::Value;
use tollgate::rest_api;
use tracing::warn;

use super::super::call::Exchange;
use super::super::failure::Failure;
use super::super::mapped::{BackendAnswers, Endpoint, RequestMapping};

/// The beginning of a status that is no JSON: API Gateway takes `{statusCode: 200}` too.
const LENIENT: &str = r#"^\s*\{\s*['"]?statusCode['"]?\s*:\s*['"]?([0-9]{3})['"]?\s*[,}]"#;

#[derive(Debug)]
pub(super) struct Mock {
    request: RequestMapping,
    answers: BackendAnswers,
    lenient: Regex,
}

impl Mock {
    pub(super) fn new(spec: &rest_api::Integration) -> Result<Self, String> {
        Ok(Self {
            request: RequestMapping::new(spec)?,
            answers: BackendAnswers::new(spec)?,
            lenient: Regex::new(LENIENT).map_err(|error| error.to_string())?,
        })
    }

    pub(super) fn answer(&self, exchange: &Exchange<'_>) -> Result<Response<Bytes>, Failure> {
        let mapped = self.request.apply(exchange)?;
        let Some(status) = self.status(&mapped.body) else {
            warn!(
                request_id = exchange.call.ids.request,
                "the request template of a MOCK integration gives no `{{\"statusCode\": 200}}`"
            );
            return Err(Failure::internal());
        };
        self.answers.answer(exchange, &status, &Endpoint::default())
    }

    fn status(&self, body: &[u8]) -> Option<String> {
        if let Ok(value) = serde_json::from_slice::<Value>(body) {
            let status = value.get("statusCode")?;
            return status.as_u64().map(|status| status.to_string());
        }
        let text = std::str::from_utf8(body).ok()?;
        let status = self.lenient.captures(text)?.get(1)?;
        Some(status.as_str().to_owned())
    }
}
