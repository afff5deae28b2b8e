//! What an operator leaves of a quota, and what a process gives back that ends.

use super::{ChargeId, MeterItem, Refund, WindowUse, Windows};
use crate::quota::{Day, Quota};
use crate::time::Timestamp;

/// The conditional write that sets what is left of a meter's quota in one window:
/// `set_id = follows` (or absent), and `win` absent or `win <= window`; then `set_id = id, win = window, used = used`.
///
/// A store applies the writes of one item one after another. Charges before this one no longer count. Each charge after it adds
/// what it takes and passes only up to the limit, so together they take what was to remain at the most, as long as this write is
/// applied once. It is: it asks for the name of the change before it and leaves its own, so that the same write sent again fails, and
/// so does a copy of it that arrives later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemainingWrite {
    /// The change's name.
    pub id: ChargeId,
    /// The name of the change before it.
    pub follows: Option<ChargeId>,
    /// The window, by its first day.
    pub window: Day,
    /// The limit less what is to remain.
    pub used: i64,
}

/// Why such a write failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refutation {
    /// It had been applied before, and its answer was lost.
    WasApplied,
    /// A later window has begun. The write was not applied; one that is made from the item now may fit.
    WindowPassed,
    /// Another change came in between. This one may have been applied before it.
    OtherChange,
}

impl RemainingWrite {
    /// The write `id` that leaves `remaining` requests in the window that counts at `now`: as for a charge, that of the meter's whole
    /// item when it is the later one. `None` when the number cannot be kept, beyond 2^63.
    pub fn new(
        id: ChargeId,
        remaining: u64,
        quota: Quota,
        item: &MeterItem,
        now: Timestamp,
    ) -> Option<Self> {
        let window = quota.window(now).first;
        let window = item.quota.map_or(window, |known| known.window.max(window));
        let used = i128::from(quota.limit_in(window)) - i128::from(remaining);
        Some(Self {
            id,
            follows: item.set_id,
            window,
            used: i64::try_from(used).ok()?,
        })
    }

    /// What the quota's use is when the write has been applied.
    pub const fn quota(&self) -> WindowUse {
        WindowUse {
            window: self.window,
            used: self.used,
        }
    }

    /// Why the write failed, from the whole item that came back.
    pub fn refuted_by(&self, item: &MeterItem) -> Refutation {
        if item.set_id == Some(self.id) {
            Refutation::WasApplied
        } else if item.set_id == self.follows {
            Refutation::WindowPassed
        } else {
            Refutation::OtherChange
        }
    }
}

/// The conditional write with which a process that ends gives back what it has not used:
/// `refund_id = follows` (or absent), `set_id` as it was at the charge, `win`, `day` and the stretches of further quotas the same; then
/// `refund_id = id`, and `used`, `count` and what is used of further quotas are less by `requests`.
///
/// A charge gives back no more than it takes, so it does no harm when it is applied twice. This one takes nothing. It asks for the
/// name of the refund before it and leaves its own, so that it is applied once at the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefundWrite {
    /// The refund's name.
    pub id: ChargeId,
    /// The name of the refund before it.
    pub after: Option<ChargeId>,
    /// What is given back.
    pub refund: Refund,
}

impl RefundWrite {
    /// Whether the same refund after another one, or to fewer quotas, may fit: from the whole item that came back when this one failed.
    /// That is [`RefundWrite::following`].
    pub fn may_follow(&self, item: &MeterItem) -> bool {
        let is_same_window = item.quota.map(|known| known.window) == self.refund.window;
        let is_otherwise =
            item.refund_id != self.after || self.fitting(item) != self.refund.further;
        item.refund_id != Some(self.id)
            && is_otherwise
            && item.set_id == self.refund.follows
            && item.day.map(|known| known.day) == Some(self.refund.day)
            && (is_same_window || self.refund.window.is_none())
    }

    /// The same refund after the last one that `item` knows, to those further quotas of which the stretch has not ended.
    #[must_use]
    pub fn following(&self, item: &MeterItem) -> Self {
        Self {
            id: self.id,
            after: item.refund_id,
            refund: Refund {
                further: self.fitting(item),
                ..self.refund
            },
        }
    }

    fn fitting(&self, item: &MeterItem) -> Windows {
        self.refund.further.filter(|every, window| {
            let stored = item.further(every);
            stored.is_some_and(|stored| stored.window == window)
        })
    }
}
