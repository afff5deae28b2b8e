//! The account.

use serde::Serialize;

use crate::bucket::Throttle;
use crate::control::Inner;
use crate::control::call::Call;
use crate::control::error::ControlError;
use crate::control::patch::{Op, Patch};
use crate::control::reply::Reply;
use crate::store::{ApiRegistry, Registry};
use crate::time::Clock;

const ROLE_PATH: &str = "/cloudwatchRoleArn";
const FEATURES_PATH: &str = "/features";
const USAGE_PLANS: &str = "UsagePlans";

/// The longest name of a role that is stored, in bytes. IAM's are shorter.
const MAX_ROLE_LEN: usize = 2_048;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ThrottleSettings {
    burst_limit: u64,
    rate_limit: f64,
}

/// Shape `Account`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    #[serde(skip_serializing_if = "Option::is_none")]
    cloudwatch_role_arn: Option<String>,
    throttle_settings: ThrottleSettings,
    features: [&'static str; 1],
    api_key_version: &'static str,
}

/// What AWS says of an account, with the limit that whoever serves REST APIs enforces.
fn account(limit: Throttle, cloudwatch_role_arn: Option<String>) -> Result<Reply, ControlError> {
    Reply::ok(&Account {
        cloudwatch_role_arn,
        throttle_settings: ThrottleSettings {
            burst_limit: limit.burst,
            rate_limit: limit.rate.as_per_second(),
        },
        features: [USAGE_PLANS],
        api_key_version: "4",
    })
}

pub(super) async fn get<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
) -> Result<Reply, ControlError> {
    let role = control.store.cloudwatch_role().await?;
    account(control.settings.account_limit, role)
}

/// Stores the role for logs, which Tollgate does not use: Terraform reads back what it has set. Usage plans are always on.
pub(super) async fn update<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    match new_role(&call.patches("updateAccountInput")?)? {
        Some(role) => {
            let role = Some(role).filter(|role| !role.is_empty());
            control.store.set_cloudwatch_role(role.as_deref()).await?;
            account(control.settings.account_limit, role)
        }
        None => get(control).await,
    }
}

/// The role that the patches leave; an empty one is none. `None` when they do not speak of it.
fn new_role(patches: &[Patch]) -> Result<Option<String>, ControlError> {
    let mut role = None;
    for patch in patches {
        match (patch.op, patch.path.as_str()) {
            (Op::Add | Op::Replace, ROLE_PATH) => {
                let arn = patch.text();
                if arn.len() > MAX_ROLE_LEN || !(arn.is_empty() || arn.starts_with("arn:")) {
                    return Err(ControlError::bad_request(
                        "Invalid ARN specified in the request",
                    ));
                }
                role = Some(arn.to_owned());
            }
            (Op::Remove, ROLE_PATH) => role = Some(String::new()),
            (Op::Add | Op::Replace, FEATURES_PATH) if patch.text() == USAGE_PLANS => {}
            (Op::Add | Op::Replace, _) => {
                return Err(patch.unknown_path(&[ROLE_PATH, FEATURES_PATH]));
            }
            (Op::Remove, _) => return Err(patch.unknown_path(&[ROLE_PATH])),
            (Op::Move | Op::Test | Op::Copy, _) => return Err(patch.unknown_path(&[])),
        }
    }
    Ok(role)
}
