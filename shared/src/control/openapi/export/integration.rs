//! Integrations to their extension.

use serde_json::{Map, Value, json};

use crate::control::openapi::import::{DEFAULT_RESPONSE, DEFAULT_TIMEOUT_MS, default_connection};
use crate::rest_api::{Integration, IntegrationResponse, Resource};

/// The extension. What is as it would be anyway is left out, but for the passthrough behaviour, which API Gateway always writes.
pub(super) fn of(integration: &Integration, resource: &Resource) -> Value {
    let Integration {
        kind,
        http_method,
        uri,
        connection_type,
        connection_id,
        credentials,
        request_parameters,
        request_templates,
        passthrough_behavior,
        content_handling,
        timeout_in_millis,
        cache_namespace,
        cache_key_parameters,
        integration_responses,
        tls_config,
        response_transfer_mode,
        integration_target,
    } = integration;
    let mut members = Map::new();
    let mut insert = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            members.insert(name.to_owned(), value);
        }
    };
    let text = |text: &Option<String>| text.as_deref().map(Value::from);
    insert(
        "type",
        Some(Value::from(kind.as_str().to_ascii_lowercase())),
    );
    insert("httpMethod", text(http_method));
    insert("uri", text(uri));
    insert(
        "connectionType",
        connection_type
            .filter(|_| *connection_type != default_connection(*kind))
            .map(|connection| json!(connection)),
    );
    insert("connectionId", text(connection_id));
    insert("credentials", text(credentials));
    insert(
        "requestParameters",
        (!request_parameters.is_empty()).then(|| json!(request_parameters)),
    );
    insert(
        "requestTemplates",
        (!request_templates.is_empty()).then(|| json!(request_templates)),
    );
    insert(
        "passthroughBehavior",
        Some(Value::from(passthrough_behavior.to_ascii_lowercase())),
    );
    insert(
        "contentHandling",
        content_handling.map(|handling| json!(handling)),
    );
    insert(
        "timeoutInMillis",
        (*timeout_in_millis != DEFAULT_TIMEOUT_MS).then(|| Value::from(*timeout_in_millis)),
    );
    insert(
        "cacheNamespace",
        (*cache_namespace != resource.id).then(|| Value::from(cache_namespace.as_str())),
    );
    insert(
        "cacheKeyParameters",
        (!cache_key_parameters.is_empty()).then(|| json!(cache_key_parameters)),
    );
    insert("responses", responses(integration_responses.values()));
    insert("tlsConfig", tls_config.map(|tls| json!(tls)));
    insert(
        "responseTransferMode",
        response_transfer_mode.map(|mode| json!(mode)),
    );
    insert("integrationTarget", text(integration_target));
    Value::Object(members)
}

/// The answers by pattern; of several with one pattern the first.
fn responses<'r>(responses: impl Iterator<Item = &'r IntegrationResponse>) -> Option<Value> {
    let mut by_pattern = Map::new();
    for response in responses {
        let mut members = Map::new();
        let status = Value::from(response.status_code.as_str());
        members.insert("statusCode".to_owned(), status);
        if !response.response_parameters.is_empty() {
            let parameters = json!(response.response_parameters);
            members.insert("responseParameters".to_owned(), parameters);
        }
        if !response.response_templates.is_empty() {
            let templates = json!(response.response_templates);
            members.insert("responseTemplates".to_owned(), templates);
        }
        if let Some(handling) = response.content_handling {
            members.insert("contentHandling".to_owned(), json!(handling));
        }
        let pattern = response
            .selection_pattern
            .as_deref()
            .filter(|pattern| !pattern.is_empty())
            .unwrap_or(DEFAULT_RESPONSE);
        by_pattern.entry(pattern).or_insert(Value::Object(members));
    }
    (!by_pattern.is_empty()).then_some(Value::Object(by_pattern))
}
