//! What the one who mounts the management API decides.

use std::collections::BTreeSet;

use crate::bucket::{Rate, Throttle};
use crate::id::ApiStage;
use crate::key::EnvironmentLetter;

/// The rate of an account over all its REST APIs, in requests a second: API Gateway's default.
pub const ACCOUNT_RATE: u32 = 10_000;

/// The burst of an account over all its REST APIs, in requests: API Gateway's default.
pub const ACCOUNT_BURST: u64 = 5_000;

/// API Gateway's limit of an account, as it is unless AWS has raised it.
#[must_use]
pub fn account_limit_of_aws() -> Throttle {
    Throttle {
        rate: Rate::from(ACCOUNT_RATE),
        burst: ACCOUNT_BURST,
    }
}

/// How the management API behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The region in the names of resources (ARNs).
    pub region: String,
    /// The account in the names of resources.
    pub account_id: String,
    /// Stands in the values of keys that Tollgate makes.
    pub environment: EnvironmentLetter,
    /// Whether the values of new keys are kept, so that they can be shown again.
    pub keep_values: bool,
    /// Whether AWS's limits on numbers hold: 300 plans, 10,000 keys, 10 plans a key, 20 method throttles a stage.
    pub aws_limits: bool,
    /// The limit of all REST APIs together, told as the account's. Whoever serves them enforces it.
    pub account_limit: Throttle,
    /// Which stages of APIs that Tollgate does not manage a plan may cover.
    pub unmanaged_stages: UnmanagedStages,
}

/// The stages of APIs that Tollgate does not manage, such as HTTP APIs and function URLs.
#[derive(Clone, Debug)]
pub enum UnmanagedStages {
    /// Whatever a client names: Tollgate cannot know them.
    Any,
    /// These and no others.
    Known(BTreeSet<ApiStage>),
}

impl UnmanagedStages {
    /// Whether a plan may cover the stage.
    pub fn contains(&self, api_stage: &ApiStage) -> bool {
        match self {
            Self::Any => true,
            Self::Known(stages) => stages.contains(api_stage),
        }
    }
}
