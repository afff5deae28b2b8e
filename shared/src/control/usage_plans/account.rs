//! The account.

use serde_json::json;

use crate::control::error::ControlError;
use crate::control::reply::Reply;

/// What AWS says of an account whose limits were not raised. Tollgate enforces the throttle in the gateway.
pub(super) fn get() -> Result<Reply, ControlError> {
    Reply::ok(&json!({
        "throttleSettings": {"burstLimit": 5_000, "rateLimit": 10_000.0},
        "features": ["UsagePlans"],
        "apiKeyVersion": "4",
    }))
}
