//! What a meter's item says.

use super::{ChargeId, FurtherUse};
use crate::plan::BucketId;
use crate::quota::{Day, Every, Quota, Window};
use crate::time::Timestamp;

/// A meter's item, as far as a store told it. What is `None` was never written, or was not part of the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MeterItem {
    /// The key is disabled, deleted, or taken out of the plan: nothing may be charged. Of a charge that failed, also: the key was
    /// narrowed since this process has read it.
    pub off: bool,
    /// The theoretical arrival time of each bucket.
    pub tats: Vec<(BucketId, Timestamp)>,
    /// What was used of the quota.
    pub quota: Option<WindowUse>,
    /// What was used of each further quota.
    pub further: Vec<FurtherUse>,
    /// The requests of the last day on which there were any.
    pub day: Option<DayCount>,
    /// The requests of the active day before it.
    pub prev_day: Option<DayCount>,
    /// The minute in which requests were charged last, by its start.
    pub used_at: Option<Timestamp>,
    /// The names of the last charges, one for each slot in use.
    pub slots: Vec<ChargeId>,
    /// The name of the last change that an operator made of what is used.
    pub set_id: Option<ChargeId>,
    /// The name of the last time that a process gave back what it had not used.
    pub refund_id: Option<ChargeId>,
}

/// What was used of a quota in one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowUse {
    /// The window, by its first day.
    pub window: Day,
    /// The requests that were charged in it. Fewer than were, also below 0, when an operator has given some back since.
    pub used: i64,
}

impl WindowUse {
    /// The window of `quota` that counts on a day, and what is used of it as far as `counter` says. A clock that lags behind the counter
    /// uses the counter's window; one of an earlier window says nothing.
    pub(crate) fn in_force(counter: Option<Self>, quota: Quota, day: Day) -> (Self, Window) {
        let window = quota.window_of(day);
        match counter {
            Some(known) if known.window == window.first => (known, window),
            Some(known) if known.window > window.first => (known, quota.window_of(known.window)),
            Some(_) | None => {
                let unused = Self {
                    window: window.first,
                    used: 0,
                };
                (unused, window)
            }
        }
    }

    /// What this leaves of a quota of `limit` requests: more than the limit when `used` is below 0.
    pub const fn remaining(self, limit: u64) -> u64 {
        limit.saturating_sub_signed(self.used)
    }
}

/// The requests of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayCount {
    /// The day.
    pub day: Day,
    /// The requests that were charged on it.
    pub count: u64,
}

/// When a meter was last charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastUse {
    /// The day, with what was charged on it.
    pub day: DayCount,
    /// The minute, by its start. `None`: all that was charged later on was given back, or it was before minutes were noted.
    pub at: Option<Timestamp>,
}

impl MeterItem {
    /// When requests were charged last that nobody gave back.
    pub fn last_used(&self) -> Option<LastUse> {
        let day = [self.day, self.prev_day]
            .into_iter()
            .flatten()
            .find(|day| day.count > 0)?;
        let at = self
            .used_at
            .filter(|at| Some(day) == self.day && Day::of(*at) >= day.day);
        Some(LastUse { day, at })
    }

    /// The state of one bucket.
    pub fn tat(&self, bucket: BucketId) -> Option<Timestamp> {
        self.tats
            .iter()
            .find(|(id, _)| *id == bucket)
            .map(|(_, tat)| *tat)
    }

    /// What was used of one further quota.
    pub fn further(&self, every: Every) -> Option<FurtherUse> {
        self.further
            .iter()
            .find(|known| known.every == every)
            .copied()
    }

    /// Whether the charge `id` was applied: its name stands in its slot.
    pub fn holds(&self, id: ChargeId) -> bool {
        self.slots.contains(&id)
    }
}
