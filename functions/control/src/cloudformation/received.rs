//! What CloudFormation sends.

use serde_json::{Map, Value};
use tollgate::control::{Resource, ResourceChange, ResourceRequest, ResourceType};

/// The physical id of what was never made. Nothing has it: the ids of plans and keys have no hyphen.
const NOT_MADE: &str = "not-made";

/// The longest physical id that CloudFormation takes, in bytes.
const MAX_PHYSICAL_ID_LEN: usize = 1_024;

/// A request, with what an answer to it has to repeat. What the request lacks is empty.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) stack_id: String,
    pub(super) request_id: String,
    pub(super) logical_id: String,
    pub(super) resource_type: String,
    pub(super) request_type: String,
    /// The resource that the answer names when it names no other.
    pub(super) physical_id: String,
    pub(super) wanted: Wanted,
}

/// What a request asks for.
#[derive(Debug)]
pub(super) enum Wanted {
    /// A change of a resource.
    Change(ResourceRequest),
    /// The deletion of what this function has never made.
    Nothing,
    /// It cannot be understood, and this is why.
    Unclear(String),
}

impl Received {
    pub(super) fn read(event: Value) -> Self {
        let mut event = match event {
            Value::Object(event) => event,
            _ => Map::new(),
        };
        let mut text = |name: &str| match event.get_mut(name).map(Value::take) {
            Some(Value::String(text)) => text,
            _ => String::new(),
        };
        let mut request = Self {
            stack_id: text("StackId"),
            request_id: text("RequestId"),
            logical_id: text("LogicalResourceId"),
            resource_type: text("ResourceType"),
            request_type: text("RequestType"),
            physical_id: text("PhysicalResourceId"),
            wanted: Wanted::Nothing,
        };
        request.wanted = request.wanted(&mut event);
        if let Wanted::Change(change) = &request.wanted {
            request.physical_id = change.physical_id();
        }
        if request.physical_id.is_empty() || request.physical_id.len() > MAX_PHYSICAL_ID_LEN {
            NOT_MADE.clone_into(&mut request.physical_id);
        }
        request
    }

    fn wanted(&self, event: &mut Map<String, Value>) -> Wanted {
        let required = [
            ("RequestType", &self.request_type),
            ("StackId", &self.stack_id),
            ("RequestId", &self.request_id),
            ("LogicalResourceId", &self.logical_id),
            ("ResourceType", &self.resource_type),
        ];
        if let Some((name, _)) = required.into_iter().find(|(_, text)| text.is_empty()) {
            return Wanted::Unclear(format!("the request has no {name}"));
        }
        let is_delete = self.request_type == "Delete";
        let Some(resource_type) = ResourceType::parse(&self.resource_type) else {
            // CloudFormation takes back the creation that was refused.
            return if is_delete {
                Wanted::Nothing
            } else {
                Wanted::Unclear(unknown_type(&self.resource_type))
            };
        };
        let physical_id = self.physical_id.clone();
        let needs_id = is_delete || self.request_type == "Update";
        if needs_id && physical_id.is_empty() {
            return Wanted::Unclear("the request has no PhysicalResourceId".to_owned());
        }
        let mut object = |name: &str| match event.get_mut(name).map(Value::take) {
            Some(Value::Object(properties)) => Some(properties),
            _ => None,
        };
        let properties = object("ResourceProperties");
        let change = match self.request_type.as_str() {
            "Create" => ResourceChange::Create,
            "Update" => match object("OldResourceProperties") {
                Some(old_properties) => ResourceChange::Update {
                    physical_id,
                    old_properties,
                },
                None => {
                    return Wanted::Unclear("the request has no OldResourceProperties".to_owned());
                }
            },
            "Delete" => ResourceChange::Delete { physical_id },
            other => {
                return Wanted::Unclear(format!(
                    "the RequestType {other} is none of Create, Update, Delete"
                ));
            }
        };
        let properties = match properties {
            Some(properties) => properties,
            None if is_delete => Map::new(),
            None => return Wanted::Unclear("the request has no ResourceProperties".to_owned()),
        };
        Wanted::Change(ResourceRequest {
            resource_type,
            stack_id: self.stack_id.clone(),
            logical_id: self.logical_id.clone(),
            request_id: self.request_id.clone(),
            properties,
            change,
        })
    }

    /// The resource of which nothing was asked that could be done.
    pub(super) fn untouched(&self) -> Resource {
        Resource::untouched(self.physical_id.as_str())
    }
}

fn unknown_type(name: &str) -> String {
    let known: Vec<&str> = ResourceType::ALL
        .iter()
        .map(|known| known.as_str())
        .collect();
    format!(
        "the ResourceType {name} is not known. Known are: {}",
        known.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(change: impl FnOnce(&mut Value)) -> Received {
        let mut event = json!({
            "RequestType": "Create",
            "StackId": "arn:aws:cloudformation:us-east-1:000000000000:stack/users/1",
            "RequestId": "r1",
            "LogicalResourceId": "Bronze",
            "ResourceType": "Custom::UsagePlan",
            "ResourceProperties": { "ServiceToken": "arn", "UsagePlanName": "Bronze" },
        });
        change(&mut event);
        Received::read(event)
    }

    fn why(request: &Received) -> &str {
        match &request.wanted {
            Wanted::Unclear(why) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_request_without_a_part_that_it_needs_says_which() {
        for name in [
            "RequestType",
            "StackId",
            "RequestId",
            "LogicalResourceId",
            "ResourceType",
            "ResourceProperties",
        ] {
            for wrong in [Value::Null, json!(7), json!([])] {
                let request = request(|event| event[name] = wrong);
                assert_eq!(why(&request), format!("the request has no {name}"));
                assert_eq!(request.physical_id, NOT_MADE);
            }
        }
        let update = request(|event| event["RequestType"] = json!("Update"));
        assert_eq!(why(&update), "the request has no PhysicalResourceId");
        let update = request(|event| {
            event["RequestType"] = json!("Update");
            event["PhysicalResourceId"] = json!("p1");
        });
        assert_eq!(why(&update), "the request has no OldResourceProperties");
        assert_eq!(update.physical_id, "p1");
    }

    #[test]
    fn other_requests_and_types_are_refused_with_those_that_there_are() {
        let other = request(|event| event["RequestType"] = json!("Import"));
        assert!(why(&other).ends_with("Import is none of Create, Update, Delete"));
        let other = request(|event| event["ResourceType"] = json!("Custom::Queue"));
        assert!(why(&other).ends_with(
            "Custom::UsagePlan, Custom::ApiKey, Custom::UsagePlanKey, Custom::ApiStage"
        ));
    }

    #[test]
    fn what_was_never_made_is_deleted_without_doing_anything() {
        let delete = request(|event| {
            event["RequestType"] = json!("Delete");
            event["ResourceType"] = json!("Custom::Queue");
            event["PhysicalResourceId"] = json!(NOT_MADE);
        });
        assert!(matches!(delete.wanted, Wanted::Nothing));
    }

    #[test]
    fn an_id_that_is_too_long_for_an_answer_is_not_repeated() {
        let long = request(|event| {
            event["RequestType"] = json!("Delete");
            event["PhysicalResourceId"] = json!("x".repeat(MAX_PHYSICAL_ID_LEN + 1));
        });
        assert_eq!(long.physical_id, NOT_MADE);
    }
}
