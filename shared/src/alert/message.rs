//! What is sent of an alert: the body of the webhook, and the detail of the event.

use serde::Serialize;

use super::{Alert, Occasion};
use crate::time::Timestamp;

/// The source of the events.
pub const SOURCE: &str = "tollgate";

/// The version of what is sent. Members may be added to it; none changes its meaning.
pub const SPECIFICATION: &str = "1";

/// Whose key it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// What the key is called.
    pub name: String,
    /// The operator's own id of the customer.
    pub customer_id: Option<String>,
}

/// An alert, as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// [`SPECIFICATION`].
    pub version: &'static str,
    /// The alert's id. It is the same however often the alert is sent, so that receivers can tell that they have it.
    pub id: String,
    /// What kind of alert it is.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// When the alert was raised, such as `2026-11-29T18:20:01Z`.
    pub raised_at: String,
    /// The key's id.
    pub key_id: String,
    /// What the key is called. `None`: the key is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_name: Option<String>,
    /// The operator's own id of the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// The plan's id.
    pub plan_id: String,
    /// What the plan is called. `None`: the plan is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan_name: Option<String>,
    /// How much of the quota is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<QuotaMessage>,
    /// The hour in which requests are throttled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throttled: Option<SpanMessage>,
}

/// How much of a quota is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QuotaMessage {
    /// The threshold that was reached, in percent.
    pub threshold_percent: u16,
    /// The requests that were charged when the alert was raised.
    pub used: u64,
    /// The requests that the plan allows.
    pub limit: u64,
    /// `DAY`, `WEEK` or `MONTH`.
    pub period: &'static str,
    /// The window.
    #[serde(flatten)]
    pub window: SpanMessage,
}

/// What kind of alert it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Kind {
    /// So much of the quota is used.
    UsageThresholdReached,
    /// A request was throttled, the first one of its hour.
    ThrottlingStarted,
}

/// From when to when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SpanMessage {
    /// The first instant.
    pub starts_at: String,
    /// The first instant after it.
    pub ends_at: String,
}

impl Message {
    /// What is sent of `alert`. `owner` and `plan_name` are `None` when the key or the plan is gone.
    pub fn new(alert: &Alert, owner: Option<Owner>, plan_name: Option<String>) -> Self {
        let (key_name, customer_id) = match owner {
            Some(owner) => (Some(owner.name), owner.customer_id),
            None => (None, None),
        };
        let (kind, quota, throttled) = match &alert.occasion {
            Occasion::Quota(quota) => {
                let message = QuotaMessage {
                    threshold_percent: quota.percent.get(),
                    used: quota.used,
                    limit: quota.limit,
                    period: quota.period.as_str(),
                    window: SpanMessage::new(quota.first.start(), quota.next.start()),
                };
                (Kind::UsageThresholdReached, Some(message), None)
            }
            Occasion::Throttled { hour } => {
                let span = SpanMessage::new(hour.start(), hour.end());
                (Kind::ThrottlingStarted, None, Some(span))
            }
        };
        Self {
            version: SPECIFICATION,
            id: alert.id(),
            kind,
            raised_at: alert.raised_at.rfc3339_secs(),
            key_id: alert.meter.key_id.to_string(),
            key_name,
            customer_id,
            plan_id: alert.meter.plan_id.to_string(),
            plan_name,
            quota,
            throttled,
        }
    }

    /// The type of the event: what rules match beside the source.
    pub const fn detail_type(&self) -> &'static str {
        match self.kind {
            Kind::UsageThresholdReached => "Tollgate Usage Threshold Reached",
            Kind::ThrottlingStarted => "Tollgate Throttling Started",
        }
    }

    /// The message as JSON. The same alert has the same text, as long as key and plan are called the same.
    ///
    /// # Errors
    ///
    /// Never: all members are texts and numbers.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

impl SpanMessage {
    fn new(starts_at: Timestamp, ends_at: Timestamp) -> Self {
        Self {
            starts_at: starts_at.rfc3339_secs(),
            ends_at: ends_at.rfc3339_secs(),
        }
    }
}
