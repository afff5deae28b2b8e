//! Deployments, and the stages that point to them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::wire_enum;

/// A deployment. Shape `Deployment`; its `apiSummary` is made from the snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// Six lower-case letters and digits.
    pub id: String,
    /// What was deployed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// When it was made, in seconds since the epoch.
    pub created_date: u64,
}

/// What a deployment says of a method. Shape `MethodSnapshot`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodSnapshot {
    /// The kind of authorization.
    pub authorization_type: String,
    /// Whether a key is needed.
    pub api_key_required: bool,
}

/// A stage. Shape `Stage`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stage {
    /// The deployment that it serves.
    pub deployment_id: String,
    /// Stored only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate_id: Option<String>,
    /// The name, which begins the paths of its requests.
    pub stage_name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Stored only.
    pub cache_cluster_enabled: bool,
    /// Stored only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_cluster_size: Option<CacheClusterSize>,
    /// Stored only.
    pub cache_cluster_status: CacheClusterStatus,
    /// Settings by `{path}/{METHOD}`, or `*/*`, as clients write it: the leading slash may be missing, and slashes may be `~1`.
    /// The throttles hold for all callers together.
    pub method_settings: BTreeMap<String, MethodSetting>,
    /// `${stageVariables.name}` in integrations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    /// Stored only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documentation_version: Option<String>,
    /// Stored only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_log_settings: Option<AccessLogSettings>,
    /// Stored only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary_settings: Option<CanarySettings>,
    /// Stored only.
    pub tracing_enabled: bool,
    /// Stored only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_acl_arn: Option<String>,
    /// Free labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// When it was created, in seconds since the epoch.
    pub created_date: u64,
    /// When it was last changed, in seconds since the epoch.
    pub last_updated_date: u64,
}

impl Stage {
    /// A stage with API Gateway's defaults. `created_date` is in seconds since the epoch.
    #[must_use]
    pub const fn new(stage_name: String, deployment_id: String, created_date: u64) -> Self {
        Self {
            deployment_id,
            client_certificate_id: None,
            stage_name,
            description: None,
            cache_cluster_enabled: false,
            cache_cluster_size: None,
            cache_cluster_status: CacheClusterStatus::NotAvailable,
            method_settings: BTreeMap::new(),
            variables: BTreeMap::new(),
            documentation_version: None,
            access_log_settings: None,
            canary_settings: None,
            tracing_enabled: false,
            web_acl_arn: None,
            tags: BTreeMap::new(),
            created_date,
            last_updated_date: created_date,
        }
    }
}

/// Settings of a stage for one method or for all. Shape `MethodSetting`.
#[expect(
    clippy::struct_excessive_bools,
    reason = "the members are those of the service model"
)]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodSetting {
    /// Stored only.
    pub metrics_enabled: bool,
    /// Stored only: `OFF`, `ERROR` or `INFO`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logging_level: Option<String>,
    /// Stored only.
    pub data_trace_enabled: bool,
    /// The burst for all callers together. -1 stands for no limit, as Terraform sends it.
    pub throttling_burst_limit: i64,
    /// The rate for all callers together, in requests per second. -1 stands for no limit.
    pub throttling_rate_limit: f64,
    /// Stored only.
    pub caching_enabled: bool,
    /// Stored only.
    pub cache_ttl_in_seconds: u32,
    /// Stored only.
    pub cache_data_encrypted: bool,
    /// Stored only.
    pub require_authorization_for_cache_control: bool,
    /// Stored only.
    pub unauthorized_cache_control_header_strategy: UnauthorizedCacheControl,
}

/// What a setting has before it is changed. Recorded from API Gateway.
impl Default for MethodSetting {
    fn default() -> Self {
        Self {
            metrics_enabled: false,
            logging_level: None,
            data_trace_enabled: false,
            throttling_burst_limit: 5_000,
            throttling_rate_limit: 10_000.0,
            caching_enabled: false,
            cache_ttl_in_seconds: 300,
            cache_data_encrypted: false,
            require_authorization_for_cache_control: true,
            unauthorized_cache_control_header_strategy:
                UnauthorizedCacheControl::SucceedWithResponseHeader,
        }
    }
}

/// Where access logs go. Shape `AccessLogSettings`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessLogSettings {
    /// The form of a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The log group or stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_arn: Option<String>,
}

/// A trial of another deployment. Shape `CanarySettings`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CanarySettings {
    /// How many of a hundred requests it would get.
    #[serde(default)]
    pub percent_traffic: f64,
    /// The other deployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment_id: Option<String>,
    /// Variables in place of the stage's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stage_variable_overrides: BTreeMap<String, String>,
    /// Whether it shares the stage's cache.
    #[serde(default)]
    pub use_stage_cache: bool,
}

wire_enum! {
    /// The size of a cache in GB.
    #[allow(missing_docs, reason = "the names say all that there is to say")]
    CacheClusterSize {
        Gb0_5 = "0.5",
        Gb1_6 = "1.6",
        Gb6_1 = "6.1",
        Gb13_5 = "13.5",
        Gb28_4 = "28.4",
        Gb58_2 = "58.2",
        Gb118 = "118",
        Gb237 = "237",
    }
}

wire_enum! {
    /// The state of a cache.
    #[allow(missing_docs, reason = "the names say all that there is to say")]
    CacheClusterStatus {
        CreateInProgress = "CREATE_IN_PROGRESS",
        Available = "AVAILABLE",
        DeleteInProgress = "DELETE_IN_PROGRESS",
        NotAvailable = "NOT_AVAILABLE",
        FlushInProgress = "FLUSH_IN_PROGRESS",
    }
}

wire_enum! {
    /// What becomes of cache headers of callers who may not send them.
    #[allow(missing_docs, reason = "the names say all that there is to say")]
    UnauthorizedCacheControl {
        FailWith403 = "FAIL_WITH_403",
        SucceedWithResponseHeader = "SUCCEED_WITH_RESPONSE_HEADER",
        SucceedWithoutResponseHeader = "SUCCEED_WITHOUT_RESPONSE_HEADER",
    }
}
