//! Keys and authorizers to security schemes.

use serde_json::{Map, Value, json};

use super::Extensions;
use crate::control::openapi::extension;
use crate::control::openapi::import::{SIGV4, UNUSED};
use crate::rest_api::{Authorizer, Method, Snapshot};

/// How the scheme of API keys is called, and where the key stands. Recorded from API Gateway.
const API_KEY_SCHEME: &str = "api_key";
const API_KEY_FIELD: &str = "x-api-key";

/// How the scheme of signed requests is called.
const SIGV4_SCHEME: &str = "sigv4";

/// The type of a method whose requests are signed.
const AWS_IAM: &str = "AWS_IAM";

/// The schemes of an export.
pub(super) struct Security<'a> {
    snapshot: &'a Snapshot,
    extensions: Extensions,
    api_key: String,
    sigv4: String,
}

impl<'a> Security<'a> {
    pub(super) fn of(snapshot: &'a Snapshot, extensions: Extensions) -> Self {
        Self {
            snapshot,
            extensions,
            api_key: free_name(snapshot, API_KEY_SCHEME),
            sigv4: free_name(snapshot, SIGV4_SCHEME),
        }
    }

    /// The schemes, by name.
    pub(super) fn schemes(&self) -> Map<String, Value> {
        let definition = &self.snapshot.definition;
        let methods = || {
            let resources = definition.resources.values();
            resources.flat_map(|resource| resource.resource_methods.values())
        };
        let mut schemes = Map::new();
        if methods().any(|method| method.api_key_required) {
            let scheme = json!({"type": "apiKey", "name": API_KEY_FIELD, "in": "header"});
            schemes.insert(self.api_key.clone(), scheme);
        }
        if self.extensions.authorizers
            && methods().any(|method| method.authorization_type == AWS_IAM)
        {
            let scheme = json!({
                "type": "apiKey", "name": "Authorization", "in": "header",
                (extension::AUTH_TYPE): SIGV4,
            });
            schemes.insert(self.sigv4.clone(), scheme);
        }
        for authorizer in definition.authorizers.values() {
            schemes.insert(authorizer.name.clone(), self.scheme(authorizer));
        }
        schemes
    }

    /// What a method requires; `None` for nothing.
    pub(super) fn requirement(&self, method: &Method) -> Option<Value> {
        let mut requirement = Map::new();
        if method.api_key_required {
            requirement.insert(self.api_key.clone(), json!([]));
        }
        if self.extensions.authorizers && method.authorization_type == AWS_IAM {
            requirement.insert(self.sigv4.clone(), json!([]));
        }
        let authorizer = method
            .authorizer_id
            .as_ref()
            .and_then(|id| self.snapshot.definition.authorizers.get(id));
        if let Some(authorizer) = authorizer {
            let scopes = json!(method.authorization_scopes);
            requirement.insert(authorizer.name.clone(), scopes);
        }
        // All schemes of one requirement have to be met.
        (!requirement.is_empty()).then(|| Value::Array(vec![Value::Object(requirement)]))
    }

    fn scheme(&self, authorizer: &Authorizer) -> Value {
        let field = authorizer
            .identity_source
            .as_deref()
            .and_then(|source| source.strip_prefix("method.request.header."))
            .filter(|field| !field.contains(','))
            .unwrap_or(UNUSED);
        let mut scheme = Map::from_iter([
            ("type".to_owned(), Value::from("apiKey")),
            ("name".to_owned(), Value::from(field)),
            ("in".to_owned(), Value::from("header")),
        ]);
        if self.extensions.authorizers {
            if let Some(auth_type) = &authorizer.auth_type {
                scheme.insert(
                    extension::AUTH_TYPE.to_owned(),
                    Value::from(auth_type.as_str()),
                );
            }
            scheme.insert(extension::AUTHORIZER.to_owned(), members(authorizer));
        }
        Value::Object(scheme)
    }
}

/// A name that no authorizer has.
fn free_name(snapshot: &Snapshot, name: &str) -> String {
    let authorizers = &snapshot.definition.authorizers;
    let mut free = name.to_owned();
    while authorizers
        .values()
        .any(|authorizer| authorizer.name == free)
    {
        free.push('_');
    }
    free
}

fn members(authorizer: &Authorizer) -> Value {
    let kind = authorizer.kind.as_str().to_ascii_lowercase();
    let mut members = Map::from_iter([("type".to_owned(), Value::from(kind))]);
    let mut insert = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            members.insert(name.to_owned(), value);
        }
    };
    let text = |text: &Option<String>| text.as_deref().map(Value::from);
    insert("authorizerUri", text(&authorizer.authorizer_uri));
    insert(
        "authorizerCredentials",
        text(&authorizer.authorizer_credentials),
    );
    insert("identitySource", text(&authorizer.identity_source));
    insert(
        "identityValidationExpression",
        text(&authorizer.identity_validation_expression),
    );
    insert(
        "authorizerResultTtlInSeconds",
        authorizer.authorizer_result_ttl_in_seconds.map(Value::from),
    );
    insert("jwtConfiguration", authorizer.jwt_configuration.clone());
    let arns = &authorizer.provider_arns;
    insert("providerARNs", (!arns.is_empty()).then(|| json!(arns)));
    Value::Object(members)
}
