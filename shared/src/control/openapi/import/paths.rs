//! Paths to resources and methods.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use super::Import;
use super::settings::is_foreign_extension;
use crate::control::openapi::error::ImportError;
use crate::control::openapi::extension;
use crate::rest_api::{Method, RequestValidator, Resource};

/// How a method without authorization is written.
const NO_AUTHORIZATION: &str = "NONE";

/// The verbs of a path, as documents have them, and as methods have them.
pub(in crate::control::openapi) const VERBS: [(&str, &str); 8] = [
    ("get", "GET"),
    ("put", "PUT"),
    ("post", "POST"),
    ("delete", "DELETE"),
    ("options", "OPTIONS"),
    ("head", "HEAD"),
    ("patch", "PATCH"),
    (extension::ANY_METHOD, "ANY"),
];

/// The members of a path and of an operation that mean something here, or nothing to a method.
const PATH_MEMBERS: [&str; 5] = ["$ref", "description", "parameters", "servers", "summary"];
const OPERATION_MEMBERS: [&str; 14] = [
    "callbacks",
    "consumes",
    "deprecated",
    "description",
    "externalDocs",
    "operationId",
    "parameters",
    "produces",
    "requestBody",
    "responses",
    "schemes",
    "security",
    "summary",
    "tags",
];
const OPERATION_EXTENSIONS: [&str; 3] = [
    extension::AUTH,
    extension::INTEGRATION,
    extension::REQUEST_VALIDATOR,
];

/// The longest path, in bytes.
const PATH_BYTES_MAX: usize = 2_048;

/// API Gateway's words for a segment that cannot be part of a path, as its users report them.
const PATH_PART_RULE: &str = "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end.";

/// A method on its way.
pub(super) struct Place<'a> {
    pub(super) path: &'a str,
    pub(super) verb: &'a str,
}

impl Place<'_> {
    /// The names of the path's variables.
    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        self.path.split('/').filter_map(variable)
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "method '{}' of resource '{}'", self.verb, self.path)
    }
}

impl<'d> Import<'d> {
    /// The resources by path, which is their id, with the root and all that lies between.
    pub(super) fn resources(
        &mut self,
        validators: &BTreeMap<String, RequestValidator>,
    ) -> Result<BTreeMap<String, Resource>, ImportError> {
        let document = self.document;
        let base = self.options.base_path.segments(document);
        let mut resources = BTreeMap::new();
        insert_resource(&mut resources, None, None);
        for (path, item) in document.map("paths").into_iter().flatten() {
            if path.starts_with("x-") {
                continue;
            }
            let Some(path) = self.insert_path(&mut resources, &base, path)? else {
                continue;
            };
            let what = format!("Path '{path}'");
            let Some(item) = self.resolve_map(item, &what)? else {
                continue;
            };
            let methods = self.methods(&path, item, validators)?;
            if let Some(resource) = resources.get_mut(&path) {
                resource.resource_methods.extend(methods);
            }
        }
        Ok(resources)
    }

    /// Makes the resources of a path, and returns the last one's path.
    fn insert_path(
        &mut self,
        resources: &mut BTreeMap<String, Resource>,
        base: &[String],
        path: &str,
    ) -> Result<Option<String>, ImportError> {
        let segments = base
            .iter()
            .map(String::as_str)
            .chain(path.split('/').filter(|segment| !segment.is_empty()));
        let with_slash = |segment: &str| segment.len().saturating_add(1);
        let len = segments
            .clone()
            .map(with_slash)
            .fold(0, usize::saturating_add);
        if len > PATH_BYTES_MAX {
            self.errors.add(format!(
                "A path of {len} characters is longer than {PATH_BYTES_MAX}"
            ));
            return Ok(None);
        }
        let mut parent = "/".to_owned();
        let mut is_last = false;
        for segment in segments {
            if is_last || !is_path_part(segment) {
                self.errors.add(format!(
                    "Unable to create resource at path '{path}': {PATH_PART_RULE}"
                ));
                return Ok(None);
            }
            is_last = segment.ends_with("+}");
            // Each resource has the path of the one above it in its own.
            self.spend(parent.len())?;
            parent = insert_resource(resources, Some(&parent), Some(segment));
        }
        Ok(Some(parent))
    }

    fn methods(
        &mut self,
        path: &str,
        item: &'d Map<String, Value>,
        validators: &BTreeMap<String, RequestValidator>,
    ) -> Result<BTreeMap<String, Method>, ImportError> {
        let mut methods = BTreeMap::new();
        for (name, operation) in item {
            let verb = VERBS.iter().find(|(known, _)| *known == name.as_str());
            let Some((_, verb)) = verb else {
                if !PATH_MEMBERS.contains(&name.as_str()) && !is_foreign_extension(name) {
                    self.warnings.add(format!(
                        "'{name}' of resource '{path}' is not supported. Ignoring."
                    ));
                }
                continue;
            };
            let place = Place { path, verb };
            let what = format!("{place}");
            if let Some(operation) = self.resolve_map(operation, &what)? {
                let method = self.method(&place, item, operation, validators)?;
                methods.insert((*verb).to_owned(), method);
            }
        }
        Ok(methods)
    }

    fn method(
        &mut self,
        place: &Place<'_>,
        item: &'d Map<String, Value>,
        operation: &'d Map<String, Value>,
        validators: &BTreeMap<String, RequestValidator>,
    ) -> Result<Method, ImportError> {
        for name in operation.keys() {
            let is_known = OPERATION_MEMBERS.contains(&name.as_str())
                || OPERATION_EXTENSIONS.contains(&name.as_str())
                || name == "servers"
                || is_foreign_extension(name);
            if !is_known {
                self.warnings
                    .add(format!("'{name}' of {place} is not known. Ignoring."));
            }
        }
        let mut method = Method {
            http_method: place.verb.to_owned(),
            authorization_type: NO_AUTHORIZATION.to_owned(),
            authorizer_id: None,
            api_key_required: false,
            request_validator_id: self.request_validator(place, operation, validators)?,
            operation_name: operation
                .get("operationId")
                .and_then(Value::as_str)
                .map(str::to_owned),
            request_parameters: BTreeMap::new(),
            request_models: BTreeMap::new(),
            method_responses: BTreeMap::new(),
            method_integration: self.integration(place, operation)?,
            authorization_scopes: Vec::new(),
        };
        self.secure(operation, &mut method)?;
        self.read_parameters(place, item, operation, &mut method)?;
        self.read_responses(place, operation, &mut method)?;
        Ok(method)
    }

    /// The validator that the operation names, or else the document.
    fn request_validator(
        &mut self,
        place: &Place<'_>,
        operation: &Map<String, Value>,
        validators: &BTreeMap<String, RequestValidator>,
    ) -> Result<Option<String>, ImportError> {
        let name = operation
            .get(extension::REQUEST_VALIDATOR)
            .or_else(|| self.document.get(extension::REQUEST_VALIDATOR));
        let Some(name) = name else {
            return Ok(None);
        };
        let name = name.as_str().unwrap_or_default();
        if validators.contains_key(name) {
            self.spend(name.len())?;
            return Ok(Some(name.to_owned()));
        }
        self.warnings.add(format!(
            "Request validator '{name}' of {place} is not defined. Ignoring."
        ));
        Ok(None)
    }
}

/// Makes a resource if it is not there, and returns its path.
fn insert_resource(
    resources: &mut BTreeMap<String, Resource>,
    parent: Option<&str>,
    part: Option<&str>,
) -> String {
    let path = format!(
        "{}/{}",
        parent.unwrap_or_default().trim_end_matches('/'),
        part.unwrap_or_default()
    );
    resources.entry(path.clone()).or_insert_with(|| Resource {
        id: path.clone(),
        parent_id: parent.map(str::to_owned),
        path_part: part.map(str::to_owned),
        path: path.clone(),
        resource_methods: BTreeMap::new(),
    });
    path
}

/// The name of the variable that a segment is.
pub(in crate::control::openapi) fn variable(segment: &str) -> Option<&str> {
    let name = segment.strip_prefix('{')?.strip_suffix('}')?;
    Some(name.strip_suffix('+').unwrap_or(name))
}

fn is_path_part(segment: &str) -> bool {
    let name = match variable(segment) {
        Some(name) => name,
        None => segment,
    };
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-:,$".contains(c))
}
