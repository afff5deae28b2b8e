//! API keys and usage plans for AWS Lambda: the engine that functions and the gateway share.
//!
//! From the ground up; each module uses only those above it:
//!
//! | layer | modules |
//! |---|---|
//! | numbers | [`time`], [`id`], [`random`] |
//! | algorithms | [`bucket`], [`quota`], [`key`] |
//! | model | [`api`], [`plan`], [`overrides`], [`scope`], [`metadata`], [`decision`], [`meter`], [`alert`], `rest_api` (feature `control`) |
//! | storage | [`store`] |
//! | use | [`lease`], [`charge`], [`entitlement`], [`limiter`], [`alerting`], [`metrics`], [`logs`] |
//! | transport | [`http`], [`authorizer`], `control` (feature `control`), `outbound` (feature `outbound`), `usage_export` (feature `export`) |

pub mod alert;
pub mod alerting;
pub mod api;
pub mod authorizer;
pub mod bucket;
pub mod charge;
#[cfg(feature = "control")]
pub mod control;
pub mod decision;
pub mod entitlement;
pub mod http;
pub mod id;
pub mod key;
pub mod lease;
pub mod limiter;
pub mod logs;
pub mod metadata;
pub mod meter;
pub mod metrics;
#[cfg(feature = "outbound")]
pub mod outbound;
pub mod overrides;
pub mod plan;
pub mod quota;
pub mod random;
#[cfg(feature = "control")]
pub mod rest_api;
pub mod scope;
pub mod store;
pub mod time;
#[cfg(feature = "export")]
pub mod usage_export;
