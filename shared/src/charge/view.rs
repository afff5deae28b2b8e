//! How one process uses its shard of a meter.

use std::time::Duration;

use super::Wish;
use crate::lease;
use crate::meter::{
    Knowledge, MeterItem, QUOTA_REFUSAL_LIFE, Refusal, ShardItem, Share, WindowUse,
};
use crate::plan::{BucketId, Shards};
use crate::time::Timestamp;

/// How long a claim to fill a shard lasts at the least: the others wait, and when the claimant is gone one of them takes its place.
const MIN_CLAIM: Duration = Duration::from_millis(100);

/// How long a claim lasts at the most, and how far ahead one may be for others to believe it.
const MAX_CLAIM: Duration = Duration::from_secs(1);

/// How many ways to the store and back a claim lasts: its own, a charge that is tried three times, the filling, and some to spare.
const WAYS_OF_CLAIM: u32 = 8;

/// For how long a shard is left alone at the most when its meter has nothing. An instant that is further ahead is not believed: it is
/// of a clock that is wrong, or was.
pub(super) const MAX_REST: Duration = QUOTA_REFUSAL_LIFE;

/// The shortest time for which to leave a shard alone that somebody is about to fill.
const MIN_PAUSE: Duration = Duration::from_millis(2);

/// A part of a share, and of its life. When no more is left, it is time to fill the shard again, before the others find it empty.
const RESERVE: u32 = 8;

/// The fewest requests of a shard in the life of a share for which it is filled ahead.
const MIN_AHEAD: u64 = 16;

/// What a process knows of its shard.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    /// Which of the meter's shards.
    number: u8,
    item: ShardItem,
    /// The mean time between two requests of this process. The largest number: not known.
    gap_ns: u64,
    /// What it drew last, and when.
    drawn: u64,
    drawn_at: Timestamp,
    /// How long the store took to answer the last time.
    way: Duration,
    /// The shard has nothing until then.
    quiet_until: Timestamp,
}

impl Default for View {
    fn default() -> Self {
        Self {
            number: 0,
            item: ShardItem::default(),
            gap_ns: u64::MAX,
            drawn: 0,
            drawn_at: Timestamp::EPOCH,
            way: Duration::ZERO,
            quiet_until: Timestamp::EPOCH,
        }
    }
}

impl View {
    /// The shard to draw from next. Another one when what it had has ended, chosen by `dice`: so the processes spread evenly over the
    /// shards, seen over a second.
    pub(super) fn number(&mut self, shards: Shards, dice: u64, now: Timestamp) -> u8 {
        if self.item.share.is_none_or(|share| share.ends_at <= now) {
            self.number = shards.pick(dice);
            self.item = ShardItem::default();
        }
        self.number
    }

    pub(super) const fn item(&self) -> &ShardItem {
        &self.item
    }

    /// Takes note of an item that was read.
    pub(super) const fn see(&mut self, item: ShardItem) {
        self.item = item;
    }

    /// Takes note of how long the store took to answer.
    pub(super) const fn took(&mut self, way: Duration) {
        self.way = way;
    }

    /// How long to claim the shard.
    pub(super) fn claim_life(&self) -> Duration {
        self.way
            .saturating_mul(WAYS_OF_CLAIM)
            .clamp(MIN_CLAIM, MAX_CLAIM)
    }

    /// Takes note that of what was drawn last all but `unused` was used by `now`. Counts once for each drawing.
    pub(super) fn note(&mut self, unused: u64, now: Timestamp) {
        let used = std::mem::take(&mut self.drawn).saturating_sub(unused);
        let since = nanos(now.saturating_since(self.drawn_at));
        if let Some(gap_ns) = since.checked_div(used) {
            self.gap_ns = match self.gap_ns {
                u64::MAX => gap_ns,
                known => known.midpoint(gap_ns),
            };
        }
    }

    /// Takes note that `requests` were drawn or charged at `now`.
    pub(super) const fn drew(&mut self, requests: u64, now: Timestamp) {
        self.drawn = requests;
        self.drawn_at = now;
    }

    /// How many requests this process will have for as long as what it takes now may be used: a little fewer, since what is not used
    /// by then is lost.
    pub(super) fn expected(&self, life: Duration, now: Timestamp) -> u64 {
        let life = match self.item.share {
            Some(share) if now < share.ends_at => share.ends_at.saturating_since(now).min(life),
            Some(_) | None => life / 2,
        };
        nanos(life * 3 / 4).checked_div(self.gap_ns).unwrap_or(0)
    }

    /// How many requests all processes of this shard will take of a share that lives for `life`.
    pub(super) fn wanted(&self, life: Duration, now: Timestamp) -> u64 {
        let Some(share) = self.item.share else {
            return 0;
        };
        let used = u128::from(share.taken.saturating_sub(share.left.requests));
        let since = now.saturating_since(share.filled_at).max(life / RESERVE);
        let wanted = (used * life.as_nanos()).checked_div(since.as_nanos());
        let wanted = wanted.and_then(|wanted| u64::try_from(wanted).ok());
        // By then the next share is there, and what would be left of this one is lost.
        wanted.map_or(0, |wanted| wanted - wanted / u64::from(RESERVE))
    }

    /// Whether it is time to fill the shard, from which something could be drawn just now.
    pub(super) fn is_running_out(&self, life: Duration, now: Timestamp) -> bool {
        let Some(share) = self.item.share else {
            return false;
        };
        let lives = share.ends_at.saturating_since(share.filled_at);
        // The claim, the charge and the filling.
        let reserve = (lives / RESERVE)
            .max(self.way.saturating_mul(3))
            .min(lives / 2);
        let is_old = share.ends_at.saturating_since(now) < reserve;
        let is_low = u128::from(share.left.requests) * lives.as_nanos()
            < u128::from(share.taken) * reserve.as_nanos();
        (is_low || is_old) && self.may_be_filled(now) && self.wanted(life, now) >= MIN_AHEAD
    }

    /// Whether nobody else is about to fill the shard, and the meter may have something.
    pub(super) fn may_be_filled(&self, now: Timestamp) -> bool {
        !is_ahead(self.item.claimed_until, MAX_CLAIM, now) && !self.is_resting(now)
    }

    /// Whether the meter had nothing for the shard, and has nothing yet.
    pub(super) fn is_resting(&self, now: Timestamp) -> bool {
        is_ahead(self.item.refill_at, MAX_REST, now)
    }

    /// Nothing is there until `until`, and a random part of `life` longer: all of its processes know that instant.
    pub(super) fn is_empty_until(&mut self, until: Timestamp, life: Duration, dice: u64) {
        self.quiet_until = until.saturating_add(part(life, dice));
    }

    fn is_quiet(&self, now: Timestamp) -> bool {
        is_ahead(self.quiet_until, MAX_REST + lease::MAX_LIFE, now)
    }

    /// Why `wish` cannot pass, as far as is known without the store.
    pub(super) fn check(
        &self,
        knowledge: &Knowledge,
        wish: &Wish,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        match knowledge.check(wish.cost, &wish.limits, now) {
            Err(never @ Refusal::Throttled { until: None }) => Err(never),
            Err(_) | Ok(()) if self.is_quiet(now) => Err(self.refusal(knowledge, wish, now)),
            // The meter may have nothing more, and the shard something.
            Err(_) | Ok(()) => Ok(()),
        }
    }

    /// Why there is nothing.
    pub(super) fn refusal(&self, knowledge: &Knowledge, wish: &Wish, now: Timestamp) -> Refusal {
        match knowledge.last_refusal(wish.cost, &wish.limits, now) {
            Refusal::Throttled { until: Some(_) } => Refusal::Throttled {
                until: Some(self.quiet_until.max(now)),
            },
            other @ (Refusal::Throttled { until: None } | Refusal::QuotaExceeded { .. }) => other,
        }
    }
}

/// What a share tells of its meter.
pub(super) fn told_by(share: &Share, bucket: Option<BucketId>) -> MeterItem {
    let window = share.left.window;
    MeterItem {
        tats: bucket.zip(share.tat).into_iter().collect(),
        quota: window
            .zip(share.used)
            .map(|(window, used)| WindowUse { window, used }),
        ..MeterItem::default()
    }
}

/// Whether `until` is still to come, and no further ahead than `most`.
fn is_ahead(until: Timestamp, most: Duration, now: Timestamp) -> bool {
    now < until && until.saturating_since(now) <= most
}

/// How long to leave a shard alone that somebody is about to fill: as long as a store takes for that, more or less, and longer after
/// each of the `writes` that found it as it was.
pub(super) fn pause(writes: u32, dice: u64) -> Duration {
    let writes = writes.max(1);
    MIN_PAUSE * writes + part(MIN_PAUSE * 3 * writes, dice)
}

/// A random part of `duration`.
fn part(duration: Duration, dice: u64) -> Duration {
    let part_ns = (duration.as_nanos() * u128::from(dice)) >> 64;
    Duration::from_nanos(u64::try_from(part_ns).unwrap_or(u64::MAX))
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
