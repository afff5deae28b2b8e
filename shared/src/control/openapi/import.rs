//! A document to a definition.

mod base_path;
mod integration;
mod models;
mod paths;
mod requests;
mod responses;
mod security;
mod settings;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

pub(super) use self::integration::{DEFAULT_RESPONSE, DEFAULT_TIMEOUT_MS, default_connection};
pub(super) use self::models::model_of_url;
pub(super) use self::paths::{VERBS, variable};
pub(super) use self::security::{SIGV4, UNUSED};

pub use self::base_path::BasePath;
use self::security::Scheme;
pub use self::settings::ApiFields;
use super::document::{Budget, Document, Unresolved};
use super::error::ImportError;
use super::messages::Messages;
use crate::rest_api::{Authorizer, Definition, EndpointType, Model};

/// What stands beside a document.
#[derive(Clone, Copy, Debug)]
pub struct ImportOptions<'a> {
    /// The id of the API that the document describes: models refer to one another by it.
    pub api_id: &'a str,
    /// What becomes of the document's base path.
    pub base_path: BasePath,
    /// The kind of endpoint that is asked for beside the document.
    pub endpoint_type: Option<EndpointType>,
}

/// What a document says.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// What it says of the API itself.
    pub api: ApiFields,
    /// What the API consists of. Its ids are names: a resource's is its path, all others have their own names.
    pub definition: Definition,
    /// What was left out, and why.
    pub warnings: Vec<String>,
}

/// Reads a document in JSON or YAML: OpenAPI 3.0 or 3.1, or Swagger 2.0.
///
/// # Errors
///
/// A document that is too long, is neither JSON nor YAML, is another kind of document, or describes an API that cannot exist. What an API can do
/// without becomes a warning instead.
pub fn definition_of(document: &str, options: &ImportOptions<'_>) -> Result<Imported, ImportError> {
    let document = Document::read(document)?;
    let mut import = Import {
        document: &document,
        options,
        budget: Budget::default(),
        warnings: Messages::default(),
        errors: Messages::default(),
        models: BTreeMap::new(),
        schemes: BTreeMap::new(),
        authorizers: BTreeMap::new(),
    };
    let api = import.api_fields();
    import.read_models()?;
    import.read_security_schemes()?;
    let request_validators = import.request_validators();
    let gateway_responses = import.gateway_responses();
    let resources = import.resources(&request_validators)?;
    if !import.errors.is_empty() {
        return Err(ImportError::Refused(import.errors.into_vec()));
    }
    Ok(Imported {
        api,
        definition: Definition {
            resources,
            authorizers: import.authorizers,
            request_validators,
            models: import.models,
            gateway_responses,
        },
        warnings: import.warnings.into_vec(),
    })
}

/// An import on its way.
struct Import<'d> {
    document: &'d Document,
    options: &'d ImportOptions<'d>,
    budget: Budget,
    warnings: Messages,
    /// Why the API cannot exist.
    errors: Messages,
    /// The models, by name.
    models: BTreeMap<String, Model>,
    /// What the security schemes stand for, by name.
    schemes: BTreeMap<String, Scheme>,
    /// The authorizers, by name.
    authorizers: BTreeMap<String, Authorizer>,
}

impl<'d> Import<'d> {
    /// What a value or the reference in its place is. Without a target there is a warning and nothing.
    fn resolve(&mut self, value: &'d Value) -> Result<Option<&'d Value>, ImportError> {
        let resolved = self.budget.resolve(self.document, value);
        self.found(resolved)
    }

    /// The target of one reference.
    fn follow(&mut self, reference: &str) -> Result<Option<&'d Value>, ImportError> {
        let target = self.budget.follow(self.document, reference);
        self.found(target)
    }

    fn found(
        &mut self,
        target: Result<&'d Value, Unresolved>,
    ) -> Result<Option<&'d Value>, ImportError> {
        match target {
            Ok(value) => Ok(Some(value)),
            Err(Unresolved::Missing(reference)) => {
                self.warnings.add(format!(
                    "Reference '{reference}' is not found in the document. Ignoring."
                ));
                Ok(None)
            }
            Err(Unresolved::Exhausted) => Err(too_much()),
        }
    }

    /// Pays for a copy of so many bytes that the document has once and the API many times.
    fn spend(&mut self, bytes: usize) -> Result<(), ImportError> {
        self.budget
            .spend_bytes(bytes)
            .map_err(|_exhausted| too_much())
    }

    /// A map, or the target of a reference in its place.
    fn resolve_map(
        &mut self,
        value: &'d Value,
        what: &str,
    ) -> Result<Option<&'d Map<String, Value>>, ImportError> {
        let Some(value) = self.resolve(value)? else {
            return Ok(None);
        };
        let map = value.as_object();
        if map.is_none() {
            self.warnings
                .add(format!("{what} is not an object. Ignoring."));
        }
        Ok(map)
    }
}

fn too_much() -> ImportError {
    ImportError::Unreadable(
        "with its references followed the document becomes too large: refer to schemas by name"
            .to_owned(),
    )
}

/// A text with another text for the API's users: the enums of documents are in either case.
fn parse_upper<T>(value: &Value, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
    parse(&value.as_str()?.to_ascii_uppercase())
}
