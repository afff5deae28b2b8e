//! What templates and mapping expressions read of a request: its parameters, and `$context`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::call::Exchange;
use super::failure::Failure;
use crate::event;
use crate::mapping::Parameters;

impl Exchange<'_> {
    /// The request's own parameters.
    pub(super) fn parameters(&self) -> Parameters {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let query = self.call.parts.uri.query().unwrap_or_default();
        Parameters {
            path: self.path_parameters.iter().map(own).collect(),
            query: event::query_parameters(query).unwrap_or_default(),
            headers: headers(&self.call.parts.headers),
        }
    }

    /// `$context`, with what went wrong where something did.
    pub(super) fn context(&self, failure: Option<&Failure>) -> Value {
        let call = &self.call;
        let mut identity = Map::new();
        identity.insert("sourceIp".to_owned(), self.source_ip().into());
        if let Some(agent) = self.header(&http::header::USER_AGENT) {
            identity.insert("userAgent".to_owned(), agent.into());
        }
        if let Some((metered, key)) = self.metered.as_ref().zip(self.api_key()) {
            identity.insert("apiKey".to_owned(), key.into());
            identity.insert("apiKeyId".to_owned(), metered.key_id.as_str().into());
        }
        let mut context = json!({
            "accountId": self.place.account_id,
            "apiId": call.api_id,
            "deploymentId": self.served.deployment_id,
            "domainName": self.domain_name(),
            "domainPrefix": call.api_id,
            "extendedRequestId": call.ids.extended,
            "httpMethod": call.parts.method.as_str(),
            "identity": identity,
            "path": call.request_path,
            "protocol": "HTTP/1.1",
            "requestId": call.ids.request,
            "requestTime": event::request_time(call.arrived_at.as_millis()),
            "requestTimeEpoch": call.arrived_at.as_millis(),
            "stage": call.stage,
        });
        let mut add = |name: &str, value: Value| {
            if let Some(members) = context.as_object_mut() {
                members.insert(name.to_owned(), value);
            }
        };
        if let Some(method) = self.method {
            add("resourceId", method.resource_id.as_str().into());
            add("resourcePath", method.resource_path.as_str().into());
            if let Some(name) = &method.operation_name {
                add("operationName", name.as_str().into());
            }
        }
        if let Some(said) = self.authorizer_context() {
            add("authorizer", Value::Object(said.clone()));
        }
        if let Some(failure) = failure {
            let message = failure.message.as_deref();
            let validation = failure.validation_error.as_deref();
            add(
                "error",
                json!({
                    "message": message,
                    "responseType": failure.kind.as_str(),
                    "validationErrorString": validation.unwrap_or_default(),
                }),
            );
        }
        context
    }
}

/// Header fields as templates see them: each word of a name with a capital, as in events.
pub(super) fn headers(fields: &http::HeaderMap) -> BTreeMap<String, Vec<String>> {
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in fields {
        headers
            .entry(event::capitalised(name.as_str()))
            .or_default()
            .push(String::from_utf8_lossy(value.as_bytes()).into_owned());
    }
    headers
}
