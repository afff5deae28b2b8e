//! Alerts: a key has used so much of its quota, or has begun to be throttled.
//!
//! A plan asks for them with the tag [`ALERTS`](crate::plan::ALERTS), such as `80,100,throttled`. Nothing here does I/O or reads a clock.
//!
//! An alert is about a level that was reached, not about the request that reached it: the same meter calls for the same alerts however
//! often it is looked at, in whatever order, and its [`name`](Alert::name) says which alert it is. Whoever keeps alerts by name keeps each
//! once.

mod message;
mod rules;
mod signature;
mod webhook;

use std::fmt::{self, Write as _};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::meter::{MeterId, WindowUse};
use crate::quota::{Day, Period, Quota};
use crate::time::{SECONDS_PER_DAY, Timestamp};

pub use message::{Kind, Message, Owner, QuotaMessage, SOURCE, SPECIFICATION, SpanMessage};
pub use rules::{AlertRules, InvalidAlertRules, MAX_PERCENT, Percent};
pub use signature::{MIN_SECRET_LEN, SIGNATURE_FIELD, WeakSecret, WebhookSecret};
pub use webhook::{ALERT_ID_FIELD, InvalidWebhook, Webhook};

/// For how long after its end a window is still told of: what tells of it may be a day late.
const LATE: Duration = Duration::from_hours(24);

/// What an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// So much of the quota is used.
    Quota(QuotaUse),
    /// A request was refused because it came faster than the plan allows: the first one of an hour.
    Throttled {
        /// The hour.
        hour: Hour,
    },
}

/// How much of a quota is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaUse {
    /// The threshold that was reached.
    pub percent: Percent,
    /// How often the quota starts again.
    pub period: Period,
    /// The first day of the window.
    pub first: Day,
    /// The day on which the next window starts.
    pub next: Day,
    /// The requests charged in it, those among them that a process holds in advance.
    pub used: u64,
    /// The requests that the key has in it, with what an operator has added for a while.
    pub limit: u64,
}

/// An hour of a UTC day: the number of hours since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hour(u64);

const SECONDS_PER_HOUR: u64 = 3_600;
const HOURS_PER_DAY: u64 = SECONDS_PER_DAY / SECONDS_PER_HOUR;

impl Hour {
    /// The hour that `now` belongs to.
    #[must_use]
    pub const fn of(now: Timestamp) -> Self {
        Self(now.as_secs() / SECONDS_PER_HOUR)
    }

    /// The hour `number` hours after 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// Hours since 1970-01-01T00:00:00Z.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// Its first instant.
    pub const fn start(self) -> Timestamp {
        Timestamp::from_secs(self.0.saturating_mul(SECONDS_PER_HOUR))
    }

    /// The first instant of the next one.
    pub const fn end(self) -> Timestamp {
        Self(self.0.saturating_add(1)).start()
    }
}

impl fmt::Display for Hour {
    /// `2026-11-29T18`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}T{:02}", Day::of(self.start()), self.0 % HOURS_PER_DAY)
    }
}

/// An alert. There is one for each meter, window and threshold, and one for each meter and hour of throttling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The key and the plan.
    pub meter: MeterId,
    /// What it is about.
    pub occasion: Occasion,
    /// When it was first seen.
    pub raised_at: Timestamp,
}

impl Alert {
    /// The alert that `meter` begins to be throttled.
    #[must_use]
    pub const fn throttled(meter: MeterId, now: Timestamp) -> Self {
        Self {
            meter,
            occasion: Occasion::Throttled {
                hour: Hour::of(now),
            },
            raised_at: now,
        }
    }

    /// The alerts that a meter calls for by `rules`, of what was used of a key's quota: one for each threshold that was reached. `quota` is
    /// as it is at `now`. None for a window that has ended a day ago or earlier, and none of a quota of 0, which nobody can use.
    pub fn reached(
        rules: &AlertRules,
        quota: Quota,
        meter: &MeterId,
        known: WindowUse,
        now: Timestamp,
    ) -> Vec<Self> {
        let window = quota.window_of(known.window);
        if window.resets_at().saturating_add(LATE) <= now {
            return Vec::new();
        }
        let used = u64::try_from(known.used).unwrap_or(0);
        let limit = quota.limit_in(window.first);
        rules
            .percents()
            .filter(|percent| percent.is_reached(used, limit))
            .map(|percent| Self {
                meter: meter.clone(),
                occasion: Occasion::Quota(QuotaUse {
                    percent,
                    period: quota.period(),
                    first: window.first,
                    next: window.next,
                    used,
                    limit,
                }),
                raised_at: now,
            })
            .collect()
    }

    /// The alert's name among those of its meter: the window and the threshold, or the hour. `2026-11-29#DAY#080`,
    /// `2026-11-29T18#throttled`.
    pub fn name(&self) -> String {
        match &self.occasion {
            Occasion::Quota(quota) => {
                let percent = quota.percent.get();
                format!("{}#{}#{percent:03}", quota.first, quota.period)
            }
            Occasion::Throttled { hour } => format!("{hour}#throttled"),
        }
    }

    /// The alert's id, of 32 hexadecimal digits. It follows from the meter and the name, so that the alert has it however often and by
    /// whomever it is sent.
    pub fn id(&self) -> String {
        let digest = Sha256::digest(format!("{}#{}", self.meter, self.name()));
        hexadecimal(digest.iter().take(16))
    }

    /// When what it is about has passed: the end of the window or of the hour.
    pub const fn passes_at(&self) -> Timestamp {
        match &self.occasion {
            Occasion::Quota(quota) => quota.next.start(),
            Occasion::Throttled { hour } => hour.end(),
        }
    }
}

/// Where an alert is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// EventBridge.
    Event,
    /// The operator's own URL.
    Webhook,
}

impl Channel {
    /// The channel's short name: `event` or `webhook`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Webhook => "webhook",
        }
    }

    /// Reads a short name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Event, Self::Webhook]
            .into_iter()
            .find(|channel| channel.as_str() == text)
    }
}

impl Percent {
    /// Whether `used` requests are so much of `limit`. Rounded up: 80 % of 7 are reached with the sixth.
    fn is_reached(self, used: u64, limit: u64) -> bool {
        let (used, limit) = (u128::from(used), u128::from(limit));
        limit > 0 && used.saturating_mul(100) >= limit.saturating_mul(u128::from(self.get()))
    }
}

/// Two digits for each byte.
fn hexadecimal<'a>(bytes: impl Iterator<Item = &'a u8>) -> String {
    let mut digits = String::new();
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

#[cfg(test)]
mod tests;
