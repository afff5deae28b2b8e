//! What CloudFormation is told.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Serialize;
use tollgate::control::Resource;

use super::received::Received;

/// CloudFormation takes answers of 4,096 bytes.
const MAX_BODY_LEN: usize = 4_000;

/// What a reason that was cut ends with.
const CUT: &str = "… (cut)";

/// The answer to a request.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Answer<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
    physical_resource_id: &'a str,
    stack_id: &'a str,
    request_id: &'a str,
    logical_resource_id: &'a str,
    /// Whether CloudFormation hides the data: the value of a key may be among it.
    no_echo: bool,
    data: BTreeMap<&'static str, &'a str>,
}

impl<'a> Answer<'a> {
    pub(super) fn new(request: &'a Received, outcome: Result<&'a Resource, &String>) -> Self {
        let (status, reason, resource) = match outcome {
            Ok(resource) => ("SUCCESS", String::new(), Some(resource)),
            Err(reason) => ("FAILED", reason.clone(), None),
        };
        let attributes = resource.map(|resource| {
            let attributes = resource.attributes.iter();
            attributes.map(|(name, value)| (*name, value.as_str()))
        });
        Self {
            status,
            reason,
            physical_resource_id: resource
                .map_or(&request.physical_id, |resource| &resource.physical_id),
            stack_id: &request.stack_id,
            request_id: &request.request_id,
            logical_resource_id: &request.logical_id,
            no_echo: resource.is_some_and(|resource| resource.has_secrets),
            data: attributes.into_iter().flatten().collect(),
        }
    }

    pub(super) const fn status(&self) -> &'static str {
        self.status
    }

    pub(super) const fn physical_id(&self) -> &'a str {
        self.physical_resource_id
    }

    /// The answer in JSON. A reason that is too long is cut.
    pub(super) fn into_body(mut self) -> Result<Bytes, serde_json::Error> {
        let mut kept = self.reason.chars().count();
        loop {
            let body = serde_json::to_vec(&self)?;
            if body.len() <= MAX_BODY_LEN || kept == 0 {
                return Ok(Bytes::from(body));
            }
            kept /= 2;
            self.reason = self.reason.chars().take(kept).chain(CUT.chars()).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn request() -> Received {
        Received::read(json!({
            "RequestType": "Create", "StackId": "s", "RequestId": "r", "LogicalResourceId": "l",
            "ResourceType": "Custom::UsagePlan", "ResourceProperties": {},
        }))
    }

    #[test]
    fn a_reason_of_any_length_and_script_fits() {
        let request = request();
        for reason in ["x".repeat(100_000), "\u{1}ü\"😀".repeat(5_000)] {
            let body = Answer::new(&request, Err(&reason)).into_body().unwrap();
            assert!(body.len() <= MAX_BODY_LEN);
            let body: Value = serde_json::from_slice(&body).unwrap();
            let told = body["Reason"].as_str().unwrap();
            assert!(told.len() > 400, "{}", told.len());
            assert!(reason.starts_with(told.strip_suffix(CUT).unwrap()));
        }
        let reason = "a short one".to_owned();
        let body = Answer::new(&request, Err(&reason)).into_body().unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["Reason"], "a short one");
    }
}
