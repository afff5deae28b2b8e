//! Resources of CloudFormation templates. CloudFormation sends the same request again, and that makes whole what was left.

use serde_json::{Map, Value, json};
use tollgate::control::{ResourceChange, ResourceRequest, ResourceType};

use super::super::App;
use super::world::Ids;
use super::{Ask, Case, Leaves, Said, interrupt_each};

/// A request as a function of the ids: the type, the properties, and what is to become of the resource.
macro_rules! resource {
    ($ids:ident => $resource_type:ident, $properties:expr, $change:expr) => {{
        let ask: Ask = |app: &App, $ids: &Ids| {
            Box::pin(async move {
                let request = request(ResourceType::$resource_type, $properties, $change);
                change(app, &request).await
            })
        };
        ask
    }};
}

const OLD_PLAN: &str = r#"{"UsagePlanName": "New", "Quota": {"Limit": "5", "Period": "DAY"}}"#;

#[tokio::test]
async fn plans() {
    interrupt_each(&[
        Case::new(
            "Custom::UsagePlan is made",
            resource!(ids => UsagePlan, json!({"UsagePlanName": "New", "ApiStages": [{"ApiId": ids.api, "Stage": "test"}]}), ResourceChange::Create),
        )
        .leaves(Leaves::Parts),
        Case::new(
            "Custom::UsagePlan is changed",
            resource!(ids => UsagePlan, json!({"UsagePlanName": "New", "ApiStages": [{"ApiId": ids.api, "Stage": "test"}]}), update(&ids.free, OLD_PLAN)),
        )
        .leaves(Leaves::Parts),
        Case::new(
            "Custom::UsagePlan is deleted",
            resource!(ids => UsagePlan, json!({"UsagePlanName": "Bronze", "ApiStages": [{"ApiId": ids.api, "Stage": "dev"}]}), delete(&ids.bronze)),
        )
        .leaves(Leaves::Parts),
    ])
    .await;
}

#[tokio::test]
async fn keys() {
    interrupt_each(&[
        Case::new(
            "Custom::ApiKey is made",
            resource!(_ids => ApiKey, json!({"Name": "new", "Value": "value-of-new-0123456789", "Enabled": "true"}), ResourceChange::Create),
        )
        .leaves(Leaves::Parts),
        Case::new(
            "Custom::ApiKey is changed",
            resource!(ids => ApiKey, json!({"Name": "joe", "Enabled": "false", "Description": "changed"}), update(&ids.joe, r#"{"Name": "joe", "Enabled": "true"}"#)),
        )
        .leaves(Leaves::Parts),
        Case::new(
            "Custom::ApiKey is deleted",
            resource!(ids => ApiKey, json!({"Name": "joe"}), delete(&ids.joe)),
        )
        .leaves(Leaves::Parts),
    ])
    .await;
}

#[tokio::test]
async fn places_and_stages() {
    interrupt_each(&[
        Case::new(
            "Custom::UsagePlanKey is made",
            resource!(ids => UsagePlanKey, json!({"KeyId": ids.jim, "KeyType": "API_KEY", "UsagePlanId": ids.bronze}), ResourceChange::Create),
        )
        .leaves(Leaves::Parts),
        Case::new(
            "Custom::ApiStage is made",
            resource!(ids => ApiStage, json!({"UsagePlanId": ids.bronze, "ApiId": ids.api, "Stage": "test"}), ResourceChange::Create),
        )
        .leaves(Leaves::Parts),
    ])
    .await;
}

fn request(
    resource_type: ResourceType,
    properties: Value,
    change: ResourceChange,
) -> ResourceRequest {
    ResourceRequest {
        resource_type,
        stack_id: "arn:aws:cloudformation:us-east-1:123456789012:stack/users/1".to_owned(),
        logical_id: "Thing".to_owned(),
        request_id: "r1".to_owned(),
        properties: members(properties),
        change,
    }
}

fn update(id: &str, old_properties: &str) -> ResourceChange {
    ResourceChange::Update {
        physical_id: id.to_owned(),
        old_properties: members(serde_json::from_str(old_properties).unwrap()),
    }
}

fn delete(id: &str) -> ResourceChange {
    ResourceChange::Delete {
        physical_id: id.to_owned(),
    }
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => panic!("{value}"),
    }
}

async fn change(app: &App, request: &ResourceRequest) -> Said {
    match app.control.change_resource(request).await {
        Ok(_) => Said::Done,
        // An error does not tell whose fault it is; each of these requests can be carried out.
        Err(error) => Said::Failed(error.to_string()),
    }
}
