//! A shard: an item beside a meter, with requests that are charged to the meter already and that no process has yet.
//!
//! A key that is hot in many processes needs more writes a second than a store makes to one item. Its requests are taken from the
//! meter in large shares, and the processes draw theirs from several shards. What a shard has was charged before, so the limits stay as
//! hard as without shards.
//!
//! Who fills a shard first claims it, and then fills it under the name of the claim. Each of these writes asks for the name before it and
//! leaves its own, so it is applied once at the most, whenever it arrives. A draw takes, and does no more than that when it is applied
//! twice: what was drawn for an answer that is lost is lost to the client.

use super::{ChargeId, Refund};
use crate::plan::BucketId;
use crate::time::Timestamp;

/// Which shard of a meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardId {
    /// The bucket that its requests were taken from.
    pub bucket: Option<BucketId>,
    /// Its number among those of the bucket.
    pub number: u8,
    /// How often the key had been narrowed when it was read. Since then it has other shards: these are not filled any more, so that they
    /// are soon empty for who remembers the key as it was.
    pub generation: u64,
}

/// A shard's item. An item that is not there is like an empty one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShardItem {
    /// The name of the last claim or filling.
    pub name: Option<ChargeId>,
    /// Until then, whoever claimed it last may be about to fill it.
    pub claimed_until: Timestamp,
    /// Before that it is not worth while to fill it: its meter had nothing more to give.
    pub refill_at: Timestamp,
    /// What it was filled with last.
    pub share: Option<Share>,
}

/// Requests that were taken from a meter together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// How many they were, with what their taker used at once and kept.
    pub taken: u64,
    /// When they were charged.
    pub filled_at: Timestamp,
    /// From then on nothing may be drawn, and nothing be used that was drawn.
    pub ends_at: Timestamp,
    /// What is left of them, and where it was charged.
    pub left: Refund,
    /// The state of the bucket after that charge.
    pub tat: Option<Timestamp>,
    /// What was used of the quota after that charge.
    pub used: Option<i64>,
}

/// A conditional write to a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShardWrite {
    /// `left >= requests AND ends_at > now`, then `left = left - requests`.
    Draw {
        /// How many, 1 or more.
        requests: u64,
        /// The instant of the attempt.
        now: Timestamp,
    },
    /// `name = follows` (or absent), then `name = id, claimed_until = until`. What is left may still be drawn.
    Claim {
        /// The claim's name.
        id: ChargeId,
        /// The name of the claim or filling before it.
        follows: Option<ChargeId>,
        /// How long the others leave it to the claimant.
        until: Timestamp,
    },
    /// `name = follows`, then all of it is replaced. What was left before is lost, but to the quota.
    Fill {
        /// The filling's name.
        id: ChargeId,
        /// The name of the claim before it.
        follows: ChargeId,
        /// What it is filled with.
        share: Share,
        /// Before that it is not worth while to fill it again.
        refill_at: Timestamp,
    },
}

impl ShardWrite {
    /// When it is made, or soon after: from a day later on the store may forget the item.
    pub const fn at(&self) -> Timestamp {
        match *self {
            Self::Draw { now, .. } => now,
            Self::Claim { until, .. } => until,
            Self::Fill { share, .. } => share.ends_at,
        }
    }
}

/// What a store says to a [`ShardWrite`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShardAnswer {
    /// It was applied. This is the whole item as it was before.
    Applied(ShardItem),
    /// The condition did not hold, and nothing was changed. This is the whole item.
    Failed(ShardItem),
}

impl ShardItem {
    /// What may be drawn at `now`.
    pub fn left(&self, now: Timestamp) -> u64 {
        self.share
            .filter(|share| now < share.ends_at)
            .map_or(0, |share| share.left.requests)
    }
}
