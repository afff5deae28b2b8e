//! Requests on top of a quota, for a while.

use std::fmt;
use std::str::FromStr;

use crate::id::PlanId;
use crate::quota::Quota;
use crate::time::Timestamp;

/// Requests that an operator adds to a key's quota, from one instant on and until another, in the one window that the first is in.
///
/// They raise the limit of the window while they last, and are not used up before or after the rest: what is used is one number, and a
/// request passes when it is below the limit of that instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopUp {
    /// How many.
    pub requests: u64,
    /// From when on.
    pub from: Timestamp,
    /// Until when, if the window does not end before.
    pub until: Timestamp,
    /// The plan. `None`: each plan of the key.
    pub plan_id: Option<PlanId>,
}

impl TopUp {
    pub(super) fn holds_in(&self, plan_id: &PlanId) -> bool {
        self.plan_id.as_ref().is_none_or(|own| own == plan_id)
    }
}

/// A text that is no top-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a number of requests, the instants from which and until which they are added, and a plan's id or none: 500 2026-11-29T12:00:00Z/2026-12-01T00:00:00Z"
)]
pub struct InvalidTopUp;

impl FromStr for TopUp {
    type Err = InvalidTopUp;

    /// Reads `500 2026-11-29T12:00:00Z/2026-12-01T00:00:00Z`, with the id of a plan after it or without.
    fn from_str(text: &str) -> Result<Self, InvalidTopUp> {
        let mut words = text.split(' ');
        let requests = words.next().ok_or(InvalidTopUp)?;
        let (from, until) = words
            .next()
            .and_then(|span| span.split_once('/'))
            .ok_or(InvalidTopUp)?;
        let instant = |text| Timestamp::parse(text).ok_or(InvalidTopUp);
        let top_up = Self {
            requests: requests.parse().map_err(|_no_number| InvalidTopUp)?,
            from: instant(from)?,
            until: instant(until)?,
            plan_id: words.next().map(PlanId::from),
        };
        let is_plan = |id: &PlanId| !id.as_str().is_empty();
        let is_whole = words.next().is_none() && top_up.plan_id.as_ref().is_none_or(is_plan);
        if is_whole && top_up.from < top_up.until {
            Ok(top_up)
        } else {
            Err(InvalidTopUp)
        }
    }
}

impl fmt::Display for TopUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            requests,
            from,
            until,
            plan_id,
        } = self;
        write!(f, "{requests} {}/{}", from.rfc3339(), until.rfc3339())?;
        match plan_id {
            Some(plan_id) => write!(f, " {plan_id}"),
            None => Ok(()),
        }
    }
}

/// The quota of one key in one plan, with what is added to it for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyQuota {
    quota: Quota,
    top_ups: Box<[TopUp]>,
}

impl From<Quota> for KeyQuota {
    fn from(quota: Quota) -> Self {
        Self {
            quota,
            top_ups: Box::default(),
        }
    }
}

impl KeyQuota {
    pub(super) fn new(quota: Quota, top_ups: &[TopUp]) -> Self {
        let clamped = top_ups.iter().map(|top_up| TopUp {
            until: top_up.until.min(quota.window(top_up.from).resets_at()),
            ..top_up.clone()
        });
        Self {
            quota,
            top_ups: clamped.collect(),
        }
    }

    /// The quota without top-ups.
    pub const fn usual(&self) -> Quota {
        self.quota
    }

    /// The quota as it is at `now`. What is added belongs to the window of `now`, also where a counter is in a later one already.
    pub fn at(&self, now: Timestamp) -> Quota {
        if self.top_ups.is_empty() {
            return self.quota;
        }
        let in_force = |top_up: &&TopUp| top_up.from <= now && now < top_up.until;
        let extra = self
            .top_ups
            .iter()
            .filter(in_force)
            .fold(0_u64, |sum, top_up| sum.saturating_add(top_up.requests));
        if extra == 0 {
            return self.quota;
        }
        self.quota.with_extra(self.quota.window(now).first, extra)
    }
}
