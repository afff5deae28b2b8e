//! What answers a method.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::paths::Place;
use super::responses::is_status;
use super::{Import, parse_upper};
use crate::control::openapi::document::text_of;
use crate::control::openapi::error::ImportError;
use crate::control::openapi::extension;
use crate::rest_api::{
    ConnectionType, ContentHandling, Integration, IntegrationKind, IntegrationResponse,
    ResponseTransferMode, TlsConfig,
};

/// The time for an answer where nothing is said, in ms. Recorded from API Gateway.
pub(in crate::control::openapi) const DEFAULT_TIMEOUT_MS: u32 = 29_000;

/// What becomes of bodies without a template where nothing is said.
const DEFAULT_PASSTHROUGH: &str = "WHEN_NO_MATCH";

const PASSTHROUGHS: [&str; 3] = [DEFAULT_PASSTHROUGH, "WHEN_NO_TEMPLATES", "NEVER"];

/// The key of the answer that has no pattern.
pub(in crate::control::openapi) const DEFAULT_RESPONSE: &str = "default";

/// How a backend of this kind is reached where nothing is said. Recorded from API Gateway.
pub(in crate::control::openapi) const fn default_connection(
    kind: IntegrationKind,
) -> Option<ConnectionType> {
    match kind {
        IntegrationKind::Http | IntegrationKind::HttpProxy => Some(ConnectionType::Internet),
        IntegrationKind::Aws | IntegrationKind::AwsProxy | IntegrationKind::Mock => None,
    }
}

impl<'d> Import<'d> {
    /// Reads the integration of an operation.
    pub(super) fn integration(
        &mut self,
        place: &Place<'_>,
        operation: &'d Map<String, Value>,
    ) -> Result<Option<Integration>, ImportError> {
        let Some(value) = operation.get(extension::INTEGRATION) else {
            return Ok(None);
        };
        let malformed = || ImportError::MalformedIntegration {
            path: place.path.to_owned(),
        };
        let value = self.resolve(value)?.ok_or_else(malformed)?;
        let members = value.as_object().ok_or_else(malformed)?;
        // What an unevaluated function of a template would be.
        for name in ["uri", "credentials", "type", "httpMethod"] {
            if members
                .get(name)
                .is_some_and(|value| value.is_object() || value.is_array())
            {
                return Err(malformed());
            }
        }
        let Some(kind) = members
            .get("type")
            .and_then(|kind| parse_upper(kind, IntegrationKind::parse))
        else {
            self.refuse(
                place,
                "Enumeration value for IntegrationType must be non-empty",
            );
            return Ok(None);
        };
        let text = |name: &str| members.get(name).and_then(text_of);
        let mut integration = Integration {
            kind,
            http_method: text("httpMethod").map(|verb| verb.to_ascii_uppercase()),
            uri: text("uri"),
            connection_type: self
                .choice(place, members, "connectionType", ConnectionType::parse)
                .or(default_connection(kind)),
            connection_id: text("connectionId"),
            credentials: text("credentials"),
            request_parameters: self.texts(place, members, "requestParameters"),
            request_templates: self.texts(place, members, "requestTemplates"),
            passthrough_behavior: self.passthrough_behavior(place, members),
            content_handling: self.choice(
                place,
                members,
                "contentHandling",
                ContentHandling::parse,
            ),
            timeout_in_millis: self.timeout_in_millis(place, members),
            cache_namespace: text("cacheNamespace").unwrap_or_else(|| place.path.to_owned()),
            cache_key_parameters: members
                .get("cacheKeyParameters")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(text_of)
                .collect(),
            integration_responses: BTreeMap::new(),
            tls_config: members
                .get("tlsConfig")
                .and_then(|tls| tls.get("insecureSkipVerification"))
                .and_then(Value::as_bool)
                .map(|insecure_skip_verification| TlsConfig {
                    insecure_skip_verification,
                }),
            response_transfer_mode: self.choice(
                place,
                members,
                "responseTransferMode",
                ResponseTransferMode::parse,
            ),
            integration_target: text("integrationTarget"),
        };
        self.read_integration_responses(place, members, &mut integration)?;
        Ok(Some(integration))
    }

    fn read_integration_responses(
        &mut self,
        place: &Place<'_>,
        members: &'d Map<String, Value>,
        integration: &mut Integration,
    ) -> Result<(), ImportError> {
        let responses = members.get("responses").and_then(Value::as_object);
        for (pattern, response) in responses.into_iter().flatten() {
            let what = format!("Integration response '{pattern}' of {place}");
            let Some(response) = self.resolve_map(response, &what)? else {
                continue;
            };
            let status = response.get("statusCode").and_then(text_of);
            let Some(status) = status.filter(|status| is_status(status)) else {
                self.warnings
                    .add(format!("{what} has no statusCode. Ignoring."));
                continue;
            };
            let read = IntegrationResponse {
                status_code: status.clone(),
                selection_pattern: (pattern != DEFAULT_RESPONSE).then(|| pattern.clone()),
                response_parameters: self.texts(place, response, "responseParameters"),
                response_templates: self.texts(place, response, "responseTemplates"),
                content_handling: self.choice(
                    place,
                    response,
                    "contentHandling",
                    ContentHandling::parse,
                ),
            };
            if integration.integration_responses.contains_key(&status) {
                self.warnings.add(format!(
                    "{what} has the status {status} of another one, which it replaces."
                ));
            }
            integration.integration_responses.insert(status, read);
        }
        Ok(())
    }

    fn refuse(&mut self, place: &Place<'_>, why: &str) {
        self.errors.add(format!(
            "Unable to put integration on '{}' for resource at path '{}': {why}",
            place.verb, place.path
        ));
    }

    fn passthrough_behavior(&mut self, place: &Place<'_>, members: &Map<String, Value>) -> String {
        let known = |text: &str| PASSTHROUGHS.iter().find(|known| **known == text).copied();
        self.choice(place, members, "passthroughBehavior", known)
            .unwrap_or(DEFAULT_PASSTHROUGH)
            .to_owned()
    }

    fn timeout_in_millis(&mut self, place: &Place<'_>, members: &Map<String, Value>) -> u32 {
        let Some(value) = members.get("timeoutInMillis") else {
            return DEFAULT_TIMEOUT_MS;
        };
        let timeout_ms = text_of(value).and_then(|text| text.parse().ok());
        timeout_ms.unwrap_or_else(|| {
            self.refuse(place, "timeoutInMillis has to be a whole number");
            DEFAULT_TIMEOUT_MS
        })
    }

    /// A member of an enum, in either case.
    fn choice<T>(
        &mut self,
        place: &Place<'_>,
        members: &Map<String, Value>,
        name: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let value = members.get(name).filter(|value| !value.is_null())?;
        let read = parse_upper(value, parse);
        if read.is_none() {
            self.warnings.add(format!(
                "Invalid value for '{name}' of resource '{}' and method '{}'. Ignoring.",
                place.path, place.verb
            ));
        }
        read
    }

    /// Texts by name. Others are left out with the warning that was recorded from API Gateway.
    fn texts(
        &mut self,
        place: &Place<'_>,
        members: &Map<String, Value>,
        name: &str,
    ) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        let entries = members.get(name).and_then(Value::as_object);
        for (key, value) in entries.into_iter().flatten() {
            if let Value::String(text) = value {
                texts.insert(key.clone(), text.clone());
            } else {
                self.warnings.add(format!(
                    "Invalid format for '{name}'. Expected type string for property '{key}' of resource '{}' and method '{}' but got '{}'",
                    place.path,
                    place.verb,
                    shortened(value)
                ));
            }
        }
        texts
    }
}

/// A value, as far as it fits into a sentence.
fn shortened(value: &Value) -> String {
    const CHARACTERS_MAX: usize = 100;
    value.to_string().chars().take(CHARACTERS_MAX).collect()
}
