//! A plan and a key for an event that names a stage and a key which the template does not know, as sample events do.

use std::collections::BTreeMap;

use serde_json::Value;
use tollgate::bucket::{InvalidRate, Rate, Throttle};
use tollgate::id::{ApiStage, KeyId, PlanId};
use tollgate::key::{KeyValue, ParseKeyError};
use tollgate::plan::CoveredStage;
use tollgate::quota::{InvalidOffset, Period, Quota};
use tollgate::store::dynamodb::DynamoStore;
use tollgate::store::{
    KeyRegistry, NewKey, NewPlan, PlanChange, PlanRegistry, RegistryError, StoreError,
};
use tollgate::time::Timestamp;

const PLAN_ID: &str = "sample";
const NAME: &str = "Sample";

/// The limits of the plan: so many requests a second, at once, and a month.
const RATE: f64 = 100.0;
const BURST: u64 = 100;
const QUOTA: u64 = 1_000;

/// Why the plan could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// The event's key cannot be one.
    #[error("the key that the event carries cannot be used: {0}")]
    Value(#[from] ParseKeyError),
    /// The store refuses the plan or the key.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The plan's rate is none.
    #[error(transparent)]
    Rate(#[from] InvalidRate),
    /// The plan's quota is none.
    #[error(transparent)]
    Quota(#[from] InvalidOffset),
}

/// Makes a plan that covers the event's stage, and puts the event's key into it, unless the key has a plan for the stage already.
/// An event without a stage or a key needs none.
pub(super) async fn add(
    store: &DynamoStore,
    event: &Value,
    now: Timestamp,
) -> Result<(), SampleError> {
    let (Some(api_stage), Some(value)) = (api_stage(event), key_value(event)) else {
        return Ok(());
    };
    let value = KeyValue::parse(value)?;
    let plan_id = cover(store, api_stage, now).await?;
    let key_id = key(store, value, now).await?;
    match store.add_key_to_plan(&key_id, &plan_id, now).await {
        Ok(()) | Err(RegistryError::StageTaken { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn cover(
    store: &DynamoStore,
    api_stage: ApiStage,
    now: Timestamp,
) -> Result<PlanId, SampleError> {
    let id = PlanId::from(PLAN_ID);
    match store.plan_by_id(&id).await? {
        Some(plan) if plan.covered(&api_stage).is_some() => {}
        Some(_) => {
            let change = PlanChange::AddStage(CoveredStage::new(api_stage));
            store.update_plan(&id, &change).await?;
        }
        None => {
            let plan = NewPlan {
                id: Some(id.clone()),
                name: NAME.to_owned(),
                description: None,
                product_code: None,
                throttle: Some(Throttle {
                    rate: Rate::per_second(RATE)?,
                    burst: BURST,
                }),
                quota: Some(Quota::new(QUOTA, Period::Month, 0)?),
                stages: vec![CoveredStage::new(api_stage)],
                tags: BTreeMap::new(),
            };
            store.create_plan(&plan, now).await?;
        }
    }
    Ok(id)
}

async fn key(store: &DynamoStore, value: KeyValue, now: Timestamp) -> Result<KeyId, SampleError> {
    if let Some(id) = store.key_by_value(&value).await? {
        return Ok(id);
    }
    let key = NewKey {
        keep_value: true,
        ..NewKey::new(NAME, value)
    };
    Ok(store.create_key(&key, now).await?.id)
}

/// The stage that an event of API Gateway, of a function URL or of a load balancer is for, or that an authorizer is asked about.
fn api_stage(event: &Value) -> Option<ApiStage> {
    let context = event.get("requestContext");
    let text = |name: &str| context?.get(name)?.as_str();
    if let (Some(api_id), Some(stage)) = (text("apiId"), text("stage")) {
        return Some(ApiStage::new(api_id, stage));
    }
    if let Some(arn) = event.pointer("/requestContext/elb/targetGroupArn") {
        let (_, name_and_id) = arn.as_str()?.split_once(":targetgroup/")?;
        return Some(ApiStage::new(name_and_id.split_once('/')?.0, "$default"));
    }
    let arn = ["methodArn", "routeArn"]
        .into_iter()
        .find_map(|name| event.get(name)?.as_str())?;
    let mut path = arn.splitn(6, ':').nth(5)?.split('/');
    Some(ApiStage::new(path.next()?, path.next()?))
}

/// The value in the header `x-api-key`, what an authorizer of tokens is given, or the query parameter of a WebSocket connection.
fn key_value(event: &Value) -> Option<&str> {
    let header = event.get("headers").and_then(Value::as_object);
    let in_header = header.and_then(|fields| {
        fields
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("x-api-key"))
            .and_then(|(_, value)| value.as_str())
    });
    let token = || {
        let token = event.get("authorizationToken")?.as_str()?;
        Some(token.strip_prefix("Bearer ").unwrap_or(token))
    };
    let in_query = || event.pointer("/queryStringParameters/x-api-key")?.as_str();
    in_header.or_else(token).or_else(in_query)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_names_its_stage_in_each_form() {
        let expected = Some(ApiStage::new("a1b2c3d4e5", "dev"));
        let arn = "arn:aws:execute-api:us-east-1:000000000000:a1b2c3d4e5/dev/GET/users";
        for event in [
            json!({"requestContext": {"apiId": "a1b2c3d4e5", "stage": "dev"}}),
            json!({"type": "TOKEN", "methodArn": arn}),
            json!({"routeArn": arn, "requestContext": null}),
        ] {
            assert_eq!(api_stage(&event), expected, "{event}");
        }
        for event in [
            json!({}),
            json!([]),
            json!({"methodArn": "a1b2c3d4e5/dev"}),
            json!({"requestContext": {"elb": {"targetGroupArn": "arn:aws:x"}}}),
        ] {
            assert_eq!(api_stage(&event), None, "{event}");
        }
        let arn = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/users/0123456789abcdef";
        let balanced = json!({"requestContext": {"elb": {"targetGroupArn": arn}}});
        let expected = ApiStage::new("users", "$default");
        assert_eq!(api_stage(&balanced), Some(expected));
    }

    #[test]
    fn an_event_carries_its_key_in_a_header_or_as_a_token() {
        for event in [
            json!({"headers": {"x-api-key": "k"}}),
            json!({"headers": {"accept": "*/*", "X-Api-Key": "k"}, "authorizationToken": "t"}),
            json!({"headers": null, "authorizationToken": "k"}),
            json!({"authorizationToken": "Bearer k"}),
            json!({"headers": {}, "queryStringParameters": {"x-api-key": "k"}}),
        ] {
            assert_eq!(key_value(&event), Some("k"), "{event}");
        }
        for event in [json!({}), json!({"headers": {"x-api-key": ["k"]}})] {
            assert_eq!(key_value(&event), None, "{event}");
        }
    }
}
