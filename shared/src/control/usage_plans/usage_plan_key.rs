//! The keys of a usage plan.

use http::StatusCode;
use serde::Serialize;

use super::{MAX_PLANS_OF_A_KEY, limit_exceeded, no_such_key, no_such_plan};
use crate::control::Inner;
use crate::control::call::Call;
use crate::control::error::ControlError;
use crate::control::reply::Reply;
use crate::id::{KeyId, PlanId};
use crate::key::KeyValue;
use crate::store::{ApiKey, ApiRegistry, Registry};
use crate::time::Clock;

/// The one kind of key that there is.
const KEY_TYPE: &str = "API_KEY";

/// Shape `UsagePlanKey`.
#[derive(Serialize)]
struct Body<'a> {
    id: &'a str,
    r#type: &'static str,
    /// Absent for a key whose value was not kept when it was made, which API Gateway does not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
}

impl<'a> Body<'a> {
    fn new(key: &'a ApiKey, value: Option<&'a KeyValue>) -> Self {
        Self {
            id: key.id.as_str(),
            r#type: KEY_TYPE,
            value: value.map(KeyValue::expose),
            name: &key.name,
        }
    }
}

/// Refuses every kind of key but the one that there is.
pub(in crate::control) fn check_key_type(key_type: &str) -> Result<(), ControlError> {
    if key_type != KEY_TYPE {
        return Err(ControlError::bad_request(format!(
            "Invalid key type specified: {key_type}. Must be {KEY_TYPE}"
        )));
    }
    Ok(())
}

pub(super) async fn create<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let members = call.members("createUsagePlanKeyInput")?;
    let key_id = KeyId::from(members.required_text("keyId")?);
    let key_type = members.required_text("keyType")?;
    check_key_type(&key_type)?;
    let plan_id = PlanId::from(call.path("usageplanId"));
    let key = control.store.key_by_id(&key_id).await?;
    let key = key.ok_or_else(no_such_key)?;
    if control.settings.aws_limits
        && key.plan_ids.len() >= MAX_PLANS_OF_A_KEY
        && !key.plan_ids.contains(&plan_id)
    {
        return Err(limit_exceeded(
            "usage plans for an API key",
            MAX_PLANS_OF_A_KEY,
        ));
    }
    control
        .store
        .add_key_to_plan(&key_id, &plan_id, call.now())
        .await?;
    let value = control.store.key_value(&key_id).await?;
    Reply::created(&Body::new(&key, value.as_ref()))
}

pub(super) async fn get<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let key_id = KeyId::from(call.path("keyId"));
    let plan_id = PlanId::from(call.path("usageplanId"));
    let key = control.store.key_by_id(&key_id).await?;
    let key = key.ok_or_else(no_such_key)?;
    if !key.plan_ids.contains(&plan_id) {
        return Err(no_such_plan());
    }
    let value = control.store.key_value(&key_id).await?;
    Reply::ok(&Body::new(&key, value.as_ref()))
}

/// A plan that does not exist has no keys, and that is no error (recorded from API Gateway).
pub(super) async fn list<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let Some(page) = call.page()? else {
        return Reply::page(&[] as &[Body<'_>], None);
    };
    let plan_id = PlanId::from(call.path("usageplanId"));
    let page = control
        .store
        .plan_members(&plan_id, &page, call.query("name"))
        .await?;
    let ids: Vec<KeyId> = page.entries.iter().map(|key| key.id.clone()).collect();
    let values = control.store.key_values(&ids).await?;
    let bodies: Vec<_> = page
        .entries
        .iter()
        .zip(&values)
        .map(|(key, value)| Body::new(key, value.as_ref()))
        .collect();
    Reply::page(&bodies, page.next.as_deref())
}

pub(super) async fn delete<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let key_id = KeyId::from(call.path("keyId"));
    let plan_id = PlanId::from(call.path("usageplanId"));
    control
        .store
        .remove_key_from_plan(&key_id, &plan_id, call.now())
        .await?;
    Ok(Reply::empty(StatusCode::ACCEPTED))
}
