//! What a flight puts into a shard.

use std::time::Duration;

use super::drawing::Stage;
use super::flight::{Flight, Sent, unused};
use super::lane::Lane;
use super::view::MAX_REST;
use super::{Outcome, Wish};
use crate::lease;
use crate::meter::{Knowledge, Refund, Refusal, Share, Windows, Write};
use crate::plan::Shards;
use crate::quota::Day;
use crate::time::Timestamp;

/// So many shards, and more, are filled once in the life of a share when the meter is short; fewer of them more often.
const BUSY_SHARDS: u32 = 32;

impl Flight {
    /// A share was taken from the meter: what goes into the shard of it, of which `left` are not handed out.
    pub(super) fn took(
        &mut self,
        knowledge: &Knowledge,
        lane: &mut Lane,
        write: &Write,
        sent: Sent,
        left: u64,
    ) {
        let Some(mut drawing) = self.drawing.as_deref().copied() else {
            return;
        };
        let Stage::Charge(claim) = drawing.stage else {
            return;
        };
        let kept = drawing.keep.map_or(0, |keep| keep.min(left));
        let rest = left.saturating_sub(kept);
        if drawing.keep.is_some() {
            let taken = write.cost.saturating_sub(rest);
            let kept = unused(write, sent, kept);
            lane.keep(kept, taken, sent.asked_at, sent.life);
        }
        let share = Share {
            taken: write.cost,
            filled_at: sent.asked_at,
            ends_at: lease::end(sent.asked_at, sent.life),
            left: unused(write, sent, rest),
            tat: self.bucket.map(|bucket| knowledge.tat(bucket)),
            used: knowledge.quota().map(|quota| quota.used),
        };
        let refill_at = if drawing.is_short {
            sent.asked_at.saturating_add(rest_of(&drawing.wish))
        } else {
            Timestamp::EPOCH
        };
        drawing.stage = Stage::Fill(claim, share, refill_at);
        self.is_at(&drawing);
    }

    /// The meter has nothing: the others of this shard shall know.
    pub(super) fn found_nothing(
        &mut self,
        knowledge: &Knowledge,
        lane: &mut Lane,
        refusal: Refusal,
        dice: u64,
        now: Timestamp,
    ) {
        let Some(mut drawing) = self.drawing.as_deref().copied() else {
            return;
        };
        let Stage::Charge(claim) = drawing.stage else {
            return;
        };
        let rest = rest_of(&drawing.wish);
        // What many requests at once have to wait for is not what one has to.
        let until = match knowledge.last_refusal(1, &drawing.wish.limits, now) {
            Refusal::Throttled { until: Some(until) } if until <= now => now,
            Refusal::Throttled { until } => until.unwrap_or(now).max(now.saturating_add(rest)),
            Refusal::QuotaExceeded { resets_at, .. } => resets_at,
        };
        let until = until.min(now.saturating_add(MAX_REST));
        let view = lane.view.get_or_insert_default();
        drawing.stage = if view.item().left(now) > 0 {
            // The claim ends by itself. What is left may still be drawn.
            Stage::Over
        } else {
            if until > now {
                view.is_empty_until(until, rest, dice);
            }
            let before = view.item().share;
            let quota = knowledge.quota();
            let share = Share {
                taken: 0,
                filled_at: now,
                ends_at: now,
                left: Refund {
                    requests: 0,
                    window: quota.map(|quota| quota.window),
                    further: Windows::default(),
                    day: Day::of(now),
                    follows: before.and_then(|share| share.left.follows),
                },
                tat: self.bucket.map(|bucket| knowledge.tat(bucket)),
                // It may have been topped up since that was known.
                used: None,
            };
            Stage::Fill(claim, share, until)
        };
        if self.own.is_none() {
            let refusal = match refusal {
                Refusal::Throttled { until: Some(later) } => Refusal::Throttled {
                    until: Some(later.max(until)),
                },
                other @ (Refusal::Throttled { until: None } | Refusal::QuotaExceeded { .. }) => {
                    other
                }
            };
            let levels = knowledge.levels(&drawing.wish.limits, now);
            self.own = Some(Outcome::Refused(refusal, levels));
        }
        self.is_at(&drawing);
    }
}

/// How long a shard is left alone when the meter is short, so that all shards together do not ask it more often than in good times,
/// and yet leave little in its bucket.
pub(super) fn rest_of(wish: &Wish) -> Duration {
    let life = lease::life(&wish.limits);
    let shards = wish.shards.map_or(1, Shards::count);
    life.min(life / BUSY_SHARDS * shards)
}
