//! A flight that draws from a shard, and fills it.

use std::sync::Arc;
use std::time::Duration;

use super::filling::rest_of;
use super::flight::{Flight, Next, Sent};
use super::lane::Lane;
use super::view;
use super::{Charges, Outcome, Wish, plus};
use crate::lease;
use crate::meter::{
    ChargeId, Knowledge, Refund, ShardAnswer, ShardId, ShardItem, ShardWrite, Share,
};
use crate::time::Timestamp;

/// How many writes to a shard one flight tries at the most. A shard that is being filled is asked again every few milliseconds.
pub const MAX_DRAWS: u32 = 32;

/// How long one request waits for a shard that others fill, before it is told to come back.
pub const MAX_WAIT: Duration = Duration::from_millis(250);

/// Where a flight is with its shard.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drawing {
    pub(super) number: u8,
    pub(super) wish: Wish,
    pub(super) stage: Stage,
    began_at: Timestamp,
    writes: u32,
    /// What the process keeps for itself of the share that it takes. `None`: it still has what it drew.
    pub(super) keep: Option<u64>,
    /// Whether the meter has less than would be needed.
    pub(super) is_short: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Stage {
    /// It asks without knowing what is there.
    Draw,
    /// It was told what is there.
    Look,
    /// Nobody is filling the shard.
    Claim,
    /// The meter is charged for a share, under this claim.
    Charge(ChargeId),
    /// The share goes into the shard, which may be filled again from then on.
    Fill(ChargeId, Share, Timestamp),
    Over,
}

impl Drawing {
    pub(super) const fn new(wish: Wish, number: u8, now: Timestamp) -> Self {
        Self {
            number,
            wish,
            stage: Stage::Draw,
            began_at: now,
            writes: 0,
            keep: None,
            is_short: false,
        }
    }
}

impl Flight {
    pub(super) fn is_at(&mut self, drawing: &Drawing) {
        if let Some(known) = self.drawing.as_deref_mut() {
            *known = *drawing;
        }
    }

    fn shard_id(&self, drawing: &Drawing) -> ShardId {
        ShardId {
            bucket: self.bucket,
            number: drawing.number,
            generation: drawing.wish.generation,
        }
    }

    /// What to do about the shard. `None`: charge the meter.
    pub(super) fn next_of_shard(
        &mut self,
        charges: &mut Charges,
        id: ChargeId,
        now: Timestamp,
    ) -> Option<Next> {
        let mut drawing = *self.drawing.as_deref()?;
        if matches!(drawing.stage, Stage::Charge(_)) {
            return None;
        }
        let Charges {
            knowledge, lanes, ..
        } = &mut *charges;
        let lane = lanes.iter_mut().find(|lane| lane.bucket == self.bucket)?;
        let Drawing { wish, .. } = drawing;
        let life = lease::life(&wish.limits);
        if matches!(drawing.stage, Stage::Look) {
            let view = lane.view.get_or_insert_default();
            let left = view.item().left(now);
            let has_tried_enough =
                drawing.writes >= MAX_DRAWS || now.saturating_since(drawing.began_at) >= MAX_WAIT;
            drawing.stage = if left >= wish.cost && !has_tried_enough {
                Stage::Draw
            } else if has_tried_enough || view.is_resting(now) {
                // What is left is too little for this request, and enough for others.
                if left == 0 && has_tried_enough {
                    view.is_empty_until(now, MAX_WAIT, id.number());
                } else if left == 0 {
                    view.is_empty_until(view.item().refill_at, rest_of(&wish), id.number());
                }
                let refusal = view.refusal(knowledge, &wish, now);
                let levels = knowledge.levels(&wish.limits, now);
                self.own = Some(Outcome::Refused(refusal, levels));
                Stage::Over
            } else if view.may_be_filled(now) {
                Stage::Claim
            } else {
                // Then it draws, knowing nothing.
                drawing.stage = Stage::Draw;
                self.is_at(&drawing);
                return Some(Next::Pause(view::pause(drawing.writes, id.number())));
            };
        }
        let is_told = drawing.writes > 0;
        drawing.writes += 1;
        let write = match drawing.stage {
            Stage::Draw => {
                let requests = lane.draw_size(&wish, life, is_told, now);
                lane.aboard = lane.queue.len();
                self.sent = Some(Sent {
                    asked_at: now,
                    life,
                    follows: None,
                });
                Some(ShardWrite::Draw { requests, now })
            }
            Stage::Claim => {
                // Nobody gets anything of it yet.
                lane.aboard = 0;
                let view = lane.view.get_or_insert_default();
                Some(ShardWrite::Claim {
                    id,
                    follows: view.item().name,
                    until: now.saturating_add(view.claim_life()),
                })
            }
            Stage::Fill(follows, share, refill_at) => {
                lane.aboard = 0;
                Some(ShardWrite::Fill {
                    id,
                    follows,
                    share,
                    refill_at,
                })
            }
            Stage::Look | Stage::Charge(_) | Stage::Over => None,
        };
        let next = write.map(|write| Next::Shard(self.shard_id(&drawing), write));
        self.is_at(&drawing);
        Some(match (next, self.own.clone()) {
            (Some(next), _) => next,
            (None, own) => self.finish(charges, own.unwrap_or(Outcome::SwitchedOff)),
        })
    }

    /// Goes on after a charge for a share that was not made.
    pub(super) fn fill(&mut self, charges: &mut Charges, id: ChargeId, now: Timestamp) -> Next {
        match self.next_of_shard(charges, id, now) {
            Some(next) => next,
            None => self.finish(charges, Outcome::SwitchedOff),
        }
    }

    /// What the store answered to `write`, at `now`.
    pub fn learn_of_shard(&mut self, write: &ShardWrite, answer: &ShardAnswer, now: Timestamp) {
        let Some(mut drawing) = self.drawing.as_deref().copied() else {
            return;
        };
        let meter = Arc::clone(&self.meter);
        let mut charges = meter.charges();
        let Charges {
            knowledge, lanes, ..
        } = &mut *charges;
        let Some(lane) = lanes.iter_mut().find(|lane| lane.bucket == self.bucket) else {
            return;
        };
        let (ShardAnswer::Applied(item) | ShardAnswer::Failed(item)) = *answer;
        if let Some(share) = &item.share {
            knowledge.hear(&view::told_by(share, self.bucket), share.filled_at);
        }
        let is_applied = matches!(answer, ShardAnswer::Applied(_));
        let view = lane.view.get_or_insert_default();
        drawing.stage = match *write {
            ShardWrite::Draw {
                requests,
                now: asked_at,
            } => {
                view.took(now.saturating_since(asked_at));
                if is_applied {
                    self.drew(&drawing, knowledge, lane, requests, item, now)
                } else {
                    view.see(item);
                    Stage::Look
                }
            }
            // An earlier attempt may have been applied, and its answer be lost.
            ShardWrite::Claim { id, .. } if is_applied || item.name == Some(id) => {
                view.see(item);
                Stage::Charge(id)
            }
            ShardWrite::Claim { .. } => {
                view.see(item);
                if self.own.is_some() {
                    Stage::Over
                } else {
                    Stage::Look
                }
            }
            ShardWrite::Fill {
                id,
                share,
                refill_at,
                ..
            } => {
                view.see(if is_applied || item.name == Some(id) {
                    ShardItem {
                        name: Some(id),
                        claimed_until: Timestamp::EPOCH,
                        refill_at,
                        share: Some(share),
                    }
                } else {
                    item
                });
                if is_applied && let Some(before) = item.share {
                    lane.owe(before.left);
                }
                Stage::Over
            }
        };
        self.is_at(&drawing);
    }

    fn drew(
        &mut self,
        drawing: &Drawing,
        knowledge: &Knowledge,
        lane: &mut Lane,
        requests: u64,
        mut item: ShardItem,
        now: Timestamp,
    ) -> Stage {
        let (Some(share), Some(sent)) = (&mut item.share, self.sent.take()) else {
            return Stage::Look;
        };
        share.left.requests = share.left.requests.saturating_sub(requests);
        let Share { ends_at, left, .. } = *share;
        let levels = knowledge.levels(&drawing.wish.limits, now);
        let mut rest = requests;
        let admitted = |rest| Outcome::Admitted(plus(levels.clone(), rest));
        // By this process's clock, which may differ from that of whoever filled the shard.
        let life = ends_at.saturating_since(sent.asked_at).min(sent.life);
        let is_over = now >= lease::end(sent.asked_at, life);
        self.own = lane.hand_out(&mut rest, is_over, admitted);
        let kept = Refund {
            requests: rest,
            ..left
        };
        lane.keep(kept, requests, sent.asked_at, life);
        let view = lane.view.get_or_insert_default();
        view.see(item);
        if view.is_running_out(sent.life, now) {
            Stage::Claim
        } else {
            Stage::Over
        }
    }
}
