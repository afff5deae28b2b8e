//! API keys, usage plans, what was used of them, the account, and tags.

mod account;
pub(super) mod api_key;
mod carried;
mod import;
mod overlap;
mod status;
pub(super) mod tags;
mod usage;
pub(super) mod usage_plan;
pub(super) mod usage_plan_key;

use super::Inner;
use super::call::Call;
use super::error::{ControlError, Kind};
use super::reply::Reply;
use crate::api::Verb;
use crate::store::{ApiRegistry, Registry};
use crate::time::Clock;

pub use carried::{CREATED_AT as CREATED_AT_TAG, ID as ID_TAG, IMPORT as IMPORT_TAG};
pub(super) use import::preview as preview_import;
pub use import::{ImportEffect, PreviewError, PreviewedKey, PreviewedRecord};
pub use overlap::{DEFAULT_OVERLAP, InvalidOverlap, parse_overlap};
pub use status::{KeyStatus, key_statuses};
pub use tags::{
    EXPIRES_AT as EXPIRES_AT_TAG, InvalidTags, check as check_tags, instant as parse_instant,
};
pub use usage_plan::MAX_INTEGER;

/// AWS's limits on numbers in one account and region.
const MAX_KEYS: u64 = 10_000;
const MAX_PLANS: u64 = 300;
const MAX_PLANS_OF_A_KEY: usize = 10;
const MAX_METHOD_THROTTLES_OF_A_STAGE: usize = 20;

/// The longest descriptions, in bytes. AWS refuses 125,001 characters.
pub const MAX_DESCRIPTION_LEN: usize = 125_000;

/// The longest names, in characters.
pub const MAX_NAME_LEN: usize = 1_024;

/// An operation of this part, by its name in the service model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// And `ImportApiKeys`, which has the same method and path and says so in the query.
    CreateApiKey,
    GetApiKey,
    GetApiKeys,
    UpdateApiKey,
    DeleteApiKey,
    CreateUsagePlan,
    GetUsagePlan,
    GetUsagePlans,
    UpdateUsagePlan,
    DeleteUsagePlan,
    CreateUsagePlanKey,
    GetUsagePlanKey,
    GetUsagePlanKeys,
    DeleteUsagePlanKey,
    GetUsage,
    UpdateUsage,
    GetAccount,
    UpdateAccount,
    TagResource,
    UntagResource,
    GetTags,
}

/// Where each operation is.
pub(super) const OPERATIONS: &[(Verb, &str, Operation)] = &[
    (Verb::Post, "/apikeys", Operation::CreateApiKey),
    (Verb::Get, "/apikeys", Operation::GetApiKeys),
    (Verb::Get, "/apikeys/{api_Key}", Operation::GetApiKey),
    (Verb::Patch, "/apikeys/{api_Key}", Operation::UpdateApiKey),
    (Verb::Delete, "/apikeys/{api_Key}", Operation::DeleteApiKey),
    (Verb::Post, "/usageplans", Operation::CreateUsagePlan),
    (Verb::Get, "/usageplans", Operation::GetUsagePlans),
    (
        Verb::Get,
        "/usageplans/{usageplanId}",
        Operation::GetUsagePlan,
    ),
    (
        Verb::Patch,
        "/usageplans/{usageplanId}",
        Operation::UpdateUsagePlan,
    ),
    (
        Verb::Delete,
        "/usageplans/{usageplanId}",
        Operation::DeleteUsagePlan,
    ),
    (
        Verb::Post,
        "/usageplans/{usageplanId}/keys",
        Operation::CreateUsagePlanKey,
    ),
    (
        Verb::Get,
        "/usageplans/{usageplanId}/keys",
        Operation::GetUsagePlanKeys,
    ),
    (
        Verb::Get,
        "/usageplans/{usageplanId}/keys/{keyId}",
        Operation::GetUsagePlanKey,
    ),
    (
        Verb::Delete,
        "/usageplans/{usageplanId}/keys/{keyId}",
        Operation::DeleteUsagePlanKey,
    ),
    (
        Verb::Get,
        "/usageplans/{usageplanId}/usage",
        Operation::GetUsage,
    ),
    (
        Verb::Patch,
        "/usageplans/{usageplanId}/keys/{keyId}/usage",
        Operation::UpdateUsage,
    ),
    (Verb::Get, "/account", Operation::GetAccount),
    (Verb::Patch, "/account", Operation::UpdateAccount),
    // Some clients do not escape the slashes of a resource's name.
    (Verb::Put, "/tags/{resource_arn+}", Operation::TagResource),
    (
        Verb::Delete,
        "/tags/{resource_arn+}",
        Operation::UntagResource,
    ),
    (Verb::Get, "/tags/{resource_arn+}", Operation::GetTags),
];

pub(super) async fn answer<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    operation: Operation,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    match operation {
        Operation::CreateApiKey if call.query("mode") == Some("import") => {
            import::import(control, call).await
        }
        Operation::CreateApiKey => api_key::create(control, call).await,
        Operation::GetApiKey => api_key::get(control, call).await,
        Operation::GetApiKeys => api_key::list(control, call).await,
        Operation::UpdateApiKey => api_key::update(control, call).await,
        Operation::DeleteApiKey => api_key::delete(control, call).await,
        Operation::CreateUsagePlan => usage_plan::create(control, call).await,
        Operation::GetUsagePlan => usage_plan::get(control, call).await,
        Operation::GetUsagePlans => usage_plan::list(control, call).await,
        Operation::UpdateUsagePlan => usage_plan::update(control, call).await,
        Operation::DeleteUsagePlan => usage_plan::delete(control, call).await,
        Operation::CreateUsagePlanKey => usage_plan_key::create(control, call).await,
        Operation::GetUsagePlanKey => usage_plan_key::get(control, call).await,
        Operation::GetUsagePlanKeys => usage_plan_key::list(control, call).await,
        Operation::DeleteUsagePlanKey => usage_plan_key::delete(control, call).await,
        Operation::GetUsage => usage::get(control, call).await,
        Operation::UpdateUsage => usage::update(control, call).await,
        Operation::GetAccount => account::get(control).await,
        Operation::UpdateAccount => account::update(control, call).await,
        Operation::TagResource => tags::tag(control, call).await,
        Operation::UntagResource => tags::untag(control, call).await,
        Operation::GetTags => tags::get(control, call).await,
    }
}

/// 429 for one more of what there may be `max` of.
fn limit_exceeded(what: &str, max: impl std::fmt::Display) -> ControlError {
    ControlError::new(
        Kind::LimitExceeded,
        format!("the limit of {max} {what} is reached"),
    )
}

/// A text that has to fit into an item of the store.
fn bounded(text: String, max_len: usize, too_long: &str) -> Result<String, ControlError> {
    if text.len() > max_len {
        return Err(ControlError::bad_request(too_long));
    }
    Ok(text)
}

/// 404 with the text of API Gateway.
pub(super) fn no_such_key() -> ControlError {
    ControlError::not_found("Invalid API Key identifier specified")
}

/// 404 with the text of API Gateway.
fn no_such_plan() -> ControlError {
    ControlError::not_found("Invalid Usage Plan ID specified")
}
