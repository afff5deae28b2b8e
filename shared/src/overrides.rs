//! Limits of one key, in place of those of its plans.
//!
//! A key says them in its tags: [`RATE`], [`BURST`] and [`QUOTA`] in all of its plans, and `tollgate:quota:{plan id}` in one of them,
//! which comes first. A [`TOP_UP`] adds requests to the quota for a while.
//!
//! They replace the plan's own numbers. The throttle that a plan has for one method stays as it is: it protects the method.
//!
//! Tags are checked when they are set. One that cannot be read all the same allows nothing, as nobody knows what it was to allow.

mod quota_text;
mod top_up;

use std::collections::BTreeMap;

use crate::bucket::{Rate, Throttle};
use crate::id::PlanId;
use crate::quota::{Period, Quota};

pub use quota_text::{InvalidQuotaText, QuotaText};
pub use top_up::{InvalidTopUp, KeyQuota, TopUp};

/// The tag of a key that says how many requests a second it may make in the long run.
pub const RATE: &str = "tollgate:rate";

/// The tag of a key that says how many requests it may make at once.
pub const BURST: &str = "tollgate:burst";

/// The tag of a key that says how many requests it has in a period, such as `5000/DAY`; a number alone keeps the plan's period.
pub const QUOTA: &str = "tollgate:quota";

/// The tag of a key that adds requests to its quota for a while, such as `500 2026-11-29T12:00:00Z/2026-12-01T00:00:00Z`. A key has as
/// many as it needs, `tollgate:top-up:{name}`.
pub const TOP_UP: &str = "tollgate:top-up";

const NAMES: [&str; 4] = [RATE, BURST, QUOTA, TOP_UP];

/// What a key's tags say of its own limits. Empty for most keys, and takes no memory then.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides(BTreeMap<String, String>);

/// A tag of a key that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid value of tag {name} specified, {why}")]
pub struct InvalidOverride {
    name: String,
    why: String,
}

impl InvalidOverride {
    /// What its value must be, as a part of a sentence.
    pub fn why(&self) -> &str {
        &self.why
    }
}

impl Overrides {
    /// What `tags` say.
    #[must_use]
    pub fn of_tags(tags: &BTreeMap<String, String>) -> Self {
        let own = tags.iter().filter(|(name, _)| is_override(name));
        Self(
            own.map(|(name, text)| (name.clone(), text.clone()))
                .collect(),
        )
    }

    /// The tags, to be stored beside the key.
    #[must_use]
    pub fn into_tags(self) -> BTreeMap<String, String> {
        self.0
    }

    /// Whether the key has the limits of its plans.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What holds in the plan `plan_id`.
    pub fn in_plan(&self, plan_id: &PlanId) -> KeyLimits {
        if self.0.is_empty() {
            return KeyLimits::default();
        }
        let top_ups = self.0.iter().filter(|(name, _)| is_of(name, TOP_UP));
        KeyLimits {
            rate: self
                .text(RATE, plan_id)
                .map(|text| rate(text).unwrap_or(Rate::ZERO)),
            burst: self
                .text(BURST, plan_id)
                .map(|text| whole_number(text).unwrap_or(0)),
            quota: self
                .text(QUOTA, plan_id)
                .map(|text| text.parse().unwrap_or(QuotaText::NOTHING)),
            top_ups: top_ups
                .filter_map(|(_, text)| text.parse().ok())
                .filter(|top_up: &TopUp| top_up.holds_in(plan_id))
                .collect(),
        }
    }

    /// The tag `name` for one plan, or else for all.
    fn text(&self, name: &str, plan_id: &PlanId) -> Option<&str> {
        let for_plan = self.0.iter().find(|(label, _)| {
            label
                .strip_prefix(name)
                .and_then(|rest| rest.strip_prefix(':'))
                .is_some_and(|rest| rest == plan_id.as_str())
        });
        let text = match for_plan {
            Some((_, text)) => text,
            None => self.0.get(name)?,
        };
        Some(text)
    }
}

/// Whether a tag is one of these: by its whole name, or with something after a colon.
#[must_use]
pub fn is_override(name: &str) -> bool {
    NAMES.iter().any(|known| is_of(name, known))
}

/// Whether a tag adds to a quota for a while.
#[must_use]
pub fn is_top_up(name: &str) -> bool {
    is_of(name, TOP_UP)
}

fn is_of(name: &str, known: &str) -> bool {
    name.strip_prefix(known)
        .is_some_and(|rest| rest.is_empty() || (rest.len() > 1 && rest.starts_with(':')))
}

/// Checks tags before they are set.
///
/// # Errors
///
/// The first of them that cannot be read.
pub fn check(tags: &BTreeMap<String, String>) -> Result<(), InvalidOverride> {
    for (name, text) in tags {
        let read = if is_of(name, RATE) {
            rate(text).map(|_| ())
        } else if is_of(name, BURST) {
            whole_number(text).map(|_| ())
        } else if is_of(name, QUOTA) {
            let read: Result<QuotaText, _> = text.parse();
            read.map(|_| ()).map_err(|invalid| invalid.to_string())
        } else if is_of(name, TOP_UP) {
            let read: Result<TopUp, _> = text.parse();
            read.map(|_| ()).map_err(|invalid| invalid.to_string())
        } else {
            Ok(())
        };
        read.map_err(|why| InvalidOverride {
            name: name.clone(),
            why,
        })?;
    }
    Ok(())
}

fn rate(text: &str) -> Result<Rate, String> {
    let wrong = || "must be a number of requests a second, 0 or more".to_owned();
    let number: f64 = text.parse().map_err(|_no_number| wrong())?;
    Rate::per_second(number).map_err(|_invalid| wrong())
}

fn whole_number(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_no_number| "must be a whole number of requests, 0 or more".to_owned())
}

/// What a key has in one plan in place of the plan's limits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyLimits {
    /// Requests a second. `None`: the plan's.
    pub rate: Option<Rate>,
    /// Requests at once. `None`: the plan's.
    pub burst: Option<u64>,
    /// Requests in a period. `None`: the plan's.
    pub quota: Option<QuotaText>,
    /// What comes on top of the quota.
    pub top_ups: Box<[TopUp]>,
}

impl KeyLimits {
    /// Whether the plan's limits hold as they are.
    pub fn is_empty(&self) -> bool {
        self.rate.is_none()
            && self.burst.is_none()
            && self.quota.is_none()
            && self.top_ups.is_empty()
    }

    /// The key's throttle in a plan with this one. Where neither says one of its numbers, that is as large as the other: a burst is what
    /// the rate allows in a second, 1 at least.
    pub fn throttle(&self, of_plan: Option<Throttle>) -> Option<Throttle> {
        let rate = self.rate.or(of_plan.map(|throttle| throttle.rate));
        let burst = self.burst.or(of_plan.map(|throttle| throttle.burst));
        match (rate, burst) {
            (Some(rate), Some(burst)) => Some(Throttle { rate, burst }),
            (Some(rate), None) => Some(Throttle {
                rate,
                burst: rate.in_a_second().max(1),
            }),
            (None, Some(burst)) => Some(Throttle {
                rate: Rate::of_whole(burst),
                burst,
            }),
            (None, None) => None,
        }
    }

    /// The key's quota in a plan with this one. A limit alone has the plan's period, and where the plan has none, the longest there is.
    pub fn quota(&self, of_plan: Option<Quota>) -> Option<KeyQuota> {
        let own = match self.quota {
            None => of_plan,
            Some(QuotaText { limit, window }) => {
                let (period, offset) = match (window, of_plan) {
                    (Some(window), _) => window,
                    (None, Some(plan)) => (plan.period(), plan.offset()),
                    (None, None) => (Period::Month, 0),
                };
                // What was read has an offset that its period has.
                Some(Quota::new(limit, period, offset).unwrap_or(Quota::NOTHING))
            }
        };
        own.map(|quota| KeyQuota::new(quota, &self.top_ups))
    }
}

#[cfg(test)]
mod tests;
