//! The value of a source.

use serde_json::Value as Json;

use super::{
    super::{
        Bounds, Input, RenderError,
        budget::Budget,
        json::{claims_to_be_json, quoted},
        value::{Heap, Value},
    },
    Source,
};

/// Why a source has no value for this input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvaluateMappingError {
    /// The body starts like JSON and is not. API Gateway answers 400 with this text when it is a request's.
    #[error("Invalid JSON in request body")]
    BodyIsNotJson {
        /// What the parser of JSON says.
        message: String,
    },
    /// The body is too large to be walked.
    #[error("the mapping cannot be evaluated: {0}")]
    Bound(#[from] RenderError),
}

impl Source {
    /// The values of a source: one, except for a multi-value query parameter. None when it is not there, and then nothing is set.
    ///
    /// # Errors
    ///
    /// The source reads the body, and the body starts like JSON and is not, or is too large.
    pub fn evaluate(&self, input: &Input<'_>) -> Result<Option<Vec<String>>, EvaluateMappingError> {
        let parameters = input.parameters;
        let last = |values: Option<&[String]>| values.and_then(<[String]>::last).cloned();
        let one = match self {
            Self::Static(text) => Some(text.clone()),
            Self::StageVariable(name) => input.stage_variables.get(name).cloned(),
            Self::Context(path) => context_text(input.context, path),
            Self::Path(name) => parameters.path.get(name).cloned(),
            Self::Query(name) => last(parameters.query.get(name).map(Vec::as_slice)),
            Self::MultiValueQuery(name) => return Ok(parameters.query.get(name).cloned()),
            Self::Header(name) => last(parameters.header(name)),
            Self::MultiValueHeader(name) => parameters.header(name).map(|values| values.join(",")),
            Self::Body => {
                // API Gateway refuses a malformed body here too, although it does not need to understand it.
                read_body(input.body, &mut Heap::default())?;
                Some(non_empty(input.body).to_owned())
            }
            Self::BodyPath(path) => {
                let mut heap = Heap::default();
                let mut budget = Budget::new(Bounds::default());
                let document = read_body(input.body, &mut heap)?;
                match path.select(&mut heap, &document, &mut budget)? {
                    None | Some(Value::Null) => None,
                    Some(Value::Text(text)) => Some(text.to_string()),
                    Some(value) => {
                        let mut out = String::new();
                        heap.print_json(&value, &mut out, &mut budget)?;
                        Some(out)
                    }
                }
            }
        };
        Ok(one.map(|value| vec![value]))
    }
}

fn non_empty(body: &str) -> &str {
    if body.trim().is_empty() { "{}" } else { body }
}

fn read_body(body: &str, heap: &mut Heap) -> Result<Value, EvaluateMappingError> {
    let body = non_empty(body);
    match heap.read_json(body) {
        Ok(document) => Ok(document),
        Err(error) if claims_to_be_json(body) => Err(EvaluateMappingError::BodyIsNotJson {
            message: error.to_string(),
        }),
        Err(_) => Ok(Value::text(body)),
    }
}

/// A variable of `$context` as text: a string as it is, anything else as JSON. A name that holds dots is found too.
///
/// `error.messageString` is made from `error.message`: a JSON string with its quotes, or `null`.
pub(in super::super) fn context_text(context: &Json, path: &str) -> Option<String> {
    if path == "error.messageString" && find(context, path).is_none() {
        let message = find(context, "error.message").and_then(Json::as_str);
        return Some(message.map_or_else(|| "null".to_owned(), quoted));
    }
    match find(context, path)? {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        value @ (Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_)) => {
            Some(value.to_string())
        }
    }
}

fn find<'a>(value: &'a Json, path: &str) -> Option<&'a Json> {
    let mut value = value;
    let mut path = path;
    loop {
        if let Some(found) = value.get(path) {
            return Some(found);
        }
        let (first, rest) = path.split_once('.')?;
        value = value.get(first)?;
        path = rest;
    }
}
