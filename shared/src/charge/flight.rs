//! A charge under way.

use std::sync::Arc;
use std::time::Duration;

use super::back_off::Seen;
use super::drawing::{Drawing, Stage};
use super::{Charges, Meter, Outcome, Turn, plus};
use crate::lease;
use crate::meter::{
    Answer, Charge, ChargeId, DayClause, DayCount, Proposal, QuotaClause, Refund, ShardId,
    ShardWrite, Slack, Windows, Write,
};
use crate::plan::BucketId;
use crate::quota::Day;
use crate::store::StoreError;
use crate::time::Timestamp;

/// How many conditional writes one request tries at the most.
///
/// The first failure brings the whole item, so the second form is wrong only when another charge came in between, and the third
/// only when that happened twice. Who loses three times is told to come back at once.
pub const MAX_WRITES: u32 = 3;

/// How many writes more it may try, one for each time that charges which came first made its bucket busy.
///
/// A bucket that refills faster than the store answers is idle again by the next attempt, and can be made busy again.
pub const MAX_OVERTAKEN: u32 = 5;

/// The right to make the one charge to a bucket that is under way, and the duty to end it. Dropped, it passes to the next that waits.
#[derive(Debug)]
pub struct Flight {
    pub(super) meter: Arc<Meter>,
    pub(super) bucket: Option<BucketId>,
    is_over: bool,
    archived: Option<Day>,
    /// What is under way, but for claims and fillings.
    pub(super) sent: Option<Sent>,
    writes: u32,
    overtaken: u32,
    pub(super) own: Option<Outcome>,
    pub(super) drawing: Option<Box<Drawing>>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) asked_at: Timestamp,
    pub(super) life: Duration,
    /// The last change that an operator had made of what is used, as far as was known then.
    pub(super) follows: Option<ChargeId>,
}

/// What to do next for a charge.
#[derive(Debug)]
pub enum Next {
    /// Try this write, and tell [`Flight::learn`] its answer.
    Write(Write),
    /// Try this write to a shard, and tell [`Flight::learn_of_shard`] its answer.
    Shard(ShardId, ShardWrite),
    /// Ask again after this time.
    Pause(Duration),
    /// Write this count to an item of its own, and tell [`Flight::archived`].
    Archive(DayCount),
    /// The request that makes the charge is decided. Others go on with those that still wait.
    Done(Outcome),
}

impl Flight {
    pub(super) const fn new(meter: Arc<Meter>, bucket: Option<BucketId>) -> Self {
        Self {
            meter,
            bucket,
            is_over: false,
            archived: None,
            sent: None,
            writes: 0,
            overtaken: 0,
            own: None,
            drawing: None,
        }
    }

    /// Whether as many requests wait for the charge as the last one was for: then no more of them are to be expected at this instant.
    pub fn is_full(&self) -> bool {
        let charges = self.meter.charges();
        let mut lanes = charges.lanes.iter();
        let lane = lanes.find(|lane| lane.bucket == self.bucket);
        lane.is_none_or(|lane| lane.queue.len() >= lane.shared_by)
    }

    /// What to do at `now`. A write gets the name `id`, which no other write may have.
    pub fn next(&mut self, id: ChargeId, now: Timestamp) -> Next {
        let meter = Arc::clone(&self.meter);
        let mut charges = meter.charges();
        let Charges {
            knowledge, lanes, ..
        } = &mut *charges;
        let Some(lane) = lanes.iter_mut().find(|lane| lane.bucket == self.bucket) else {
            return self.finish(&mut charges, Outcome::SwitchedOff);
        };
        let charges_share = match &self.drawing {
            Some(drawing) => matches!(drawing.stage, Stage::Charge(_)),
            None => false,
        };
        if self.drawing.is_none()
            && let Some(own) = self.own.clone()
        {
            return self.finish(&mut charges, own);
        }
        let wish = match &self.drawing {
            Some(drawing) => drawing.wish,
            None => match lane.queue.front() {
                Some(first) => first.wish,
                None => return self.finish(&mut charges, Outcome::SwitchedOff),
            },
        };
        let refused = |refusal| Outcome::Refused(refusal, knowledge.levels(&wish.limits, now));
        if self.writes == 0
            && self.drawing.is_none()
            && let Err(refusal) = lane.check(knowledge, &wish, now)
        {
            let outcome = refused(refusal);
            return self.finish(&mut charges, outcome);
        }
        if self.drawing.is_none() && self.writes == 0 {
            let number = lane.shard(&wish, id.number(), now);
            self.drawing = number.map(|number| Box::new(Drawing::new(wish, number, now)));
        }
        if !charges_share && self.drawing.is_some() {
            return match self.next_of_shard(&mut charges, id, now) {
                Some(next) => next,
                None => self.finish(&mut charges, Outcome::SwitchedOff),
            };
        }
        let mut demand = 0_u64;
        let mut aboard = 0;
        for waiter in &lane.queue {
            let more = demand.saturating_add(waiter.wish.cost);
            let fits = waiter.wish.limits == wish.limits
                && (aboard == 0 || knowledge.check(more, &wish.limits, now).is_ok());
            if !fits {
                break;
            }
            demand = more;
            aboard += 1;
        }
        let (size, refund) = match &mut self.drawing {
            Some(drawing) => {
                let share = lane.share_size(knowledge, &wish, demand, now);
                drawing.keep = share.keep;
                drawing.is_short = share.is_short;
                (share.requests, share.refund)
            }
            None => lane.size(knowledge, &wish, demand, now),
        };
        let life = if size > demand {
            lease::life_from(&wish.limits, now)
        } else {
            Duration::ZERO
        };
        let slack = match wish.limits.bucket {
            // What charges in the band lose adds up, and there are many processes where there are shards.
            Some((_, rule)) if wish.shards.is_some() => Slack {
                band: Duration::ZERO,
                ..lane.back_off.slack(rule, self.overtaken, now)
            },
            Some((_, rule)) => lane.back_off.slack(rule, self.overtaken, now),
            None => Slack::default(),
        };
        let charge = Charge {
            id,
            cost: size,
            hold: life,
            slack,
            refund,
            archived: self.archived,
            generation: wish.generation,
        };
        match knowledge.propose(&charge, &wish.limits, now) {
            Proposal::Refuse(refusal) if charges_share => {
                self.found_nothing(knowledge, lane, refusal, id.number(), now);
                self.fill(&mut charges, id, now)
            }
            Proposal::Refuse(refusal) => {
                let outcome = refused(refusal);
                self.finish(&mut charges, outcome)
            }
            Proposal::Archive(ended) => {
                // Nobody who waits can do without it.
                lane.aboard = lane.queue.len();
                Next::Archive(ended)
            }
            Proposal::Write(_) if self.writes >= MAX_WRITES + self.overtaken.min(MAX_OVERTAKEN) => {
                let refusal = knowledge.last_refusal(wish.cost, &wish.limits, now);
                if charges_share {
                    self.found_nothing(knowledge, lane, refusal, id.number(), now);
                    return self.fill(&mut charges, id, now);
                }
                let outcome = refused(refusal);
                self.finish(&mut charges, outcome)
            }
            Proposal::Write(write) => {
                self.writes += 1;
                lane.aboard = aboard;
                self.sent = Some(Sent {
                    asked_at: now,
                    life,
                    follows: knowledge.set_id(),
                });
                Next::Write(write)
            }
        }
    }

    /// The count that [`Next::Archive`] named stands in an item of its own.
    pub const fn archived(&mut self, ended: DayCount) {
        self.archived = Some(ended.day);
    }

    /// What the store answered to `write`, at `now`: whoever the write was for is told.
    pub fn learn(&mut self, write: &Write, answer: &Answer, now: Timestamp) {
        let meter = Arc::clone(&self.meter);
        let mut charges = meter.charges();
        let Charges {
            knowledge, lanes, ..
        } = &mut *charges;
        let before = self.bucket.map(|bucket| knowledge.tat(bucket));
        let sent = self.sent.take();
        knowledge.learn(answer, now);
        let was_overtaken = write.was_overtaken(answer);
        self.overtaken += u32::from(was_overtaken);
        let Some(lane) = lanes.iter_mut().find(|lane| lane.bucket == self.bucket) else {
            return;
        };
        let wish = match &self.drawing {
            Some(drawing) => drawing.wish,
            None => match lane.queue.front() {
                Some(first) => first.wish,
                None => return,
            },
        };
        let limits = wish.limits;
        let (is_applied, is_off) = match answer {
            Answer::Applied(_) => (true, false),
            // An earlier attempt was applied, and its answer was lost.
            Answer::Failed(item) => (item.holds(write.id), item.off),
        };
        if let (Some((bucket, rule)), Some(before)) = (limits.bucket, before) {
            let seen = Seen {
                rule,
                before,
                asked_at: sent.map_or(now, |sent| sent.asked_at),
                after: knowledge.tat(bucket),
                own_ns: if is_applied {
                    rule.cost_ns(write.cost)
                } else {
                    0
                },
                was_overtaken,
                dice: write.id.number(),
            };
            lane.back_off.see(&seen, now);
        }
        if is_applied {
            lane.settle(write.refund);
            let levels = knowledge.levels(&limits, now);
            let mut left = write.cost;
            let is_over = sent.is_none_or(|sent| now >= lease::end(sent.asked_at, sent.life));
            let admitted = |left| Outcome::Admitted(plus(levels.clone(), left));
            let own = lane.hand_out(&mut left, is_over, admitted);
            self.own = self.own.take().or(own);
            let Some(sent) = sent else {
                return;
            };
            if self.drawing.is_some() {
                self.took(knowledge, lane, write, sent, left);
            } else {
                let left = unused(write, sent, left);
                lane.keep(left, write.cost, sent.asked_at, sent.life);
            }
        } else if is_off {
            lane.tell_all(|| Turn::Done(Outcome::SwitchedOff));
            self.own = self.own.take().or(Some(Outcome::SwitchedOff));
            self.drawing = None;
        }
    }

    /// The store did not answer: those whom the write was for are told. What the request that makes the charge has got already: then the
    /// write was for others.
    pub fn fail(mut self, failure: &StoreError) -> Option<Outcome> {
        let meter = Arc::clone(&self.meter);
        let mut charges = meter.charges();
        if let Some(lane) = charges
            .lanes
            .iter_mut()
            .find(|lane| lane.bucket == self.bucket)
        {
            let charges_meter = match &self.drawing {
                Some(drawing) => matches!(drawing.stage, Stage::Charge(_)),
                None => true,
            };
            if charges_meter && self.sent.is_some() {
                // What is owed may have been given back.
                lane.settle(None);
            }
            lane.tell_those_aboard(|| Turn::Failed(failure.clone()));
        }
        self.leave(&mut charges);
        self.own.take()
    }

    pub(super) fn finish(&mut self, charges: &mut Charges, own: Outcome) -> Next {
        self.leave(charges);
        Next::Done(own)
    }

    /// Gives up the lead: to the next that waits, if there is one.
    fn leave(&mut self, charges: &mut Charges) {
        self.is_over = true;
        let Some(index) = charges
            .lanes
            .iter()
            .position(|lane| lane.bucket == self.bucket)
        else {
            return;
        };
        let idle_since = charges.lanes.get_mut(index).and_then(|lane| {
            lane.pass_on(|| Self::new(Arc::clone(&self.meter), self.bucket));
            lane.idle_since()
        });
        if let Some(charged_at) = idle_since {
            charges.charged_at = charges.charged_at.max(charged_at);
            charges.lanes.swap_remove(index);
            if charges.lanes.is_empty() {
                // Its memory as well: most meters are idle.
                charges.lanes = Vec::new();
            }
        }
    }

    /// Whoever could not be handed the lead must not pass it on.
    pub(super) const fn disarm(&mut self) {
        self.is_over = true;
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if !self.is_over {
            let meter = Arc::clone(&self.meter);
            self.leave(&mut meter.charges());
        }
    }
}

/// So many `requests` of an applied write are not used yet.
pub(super) fn unused(write: &Write, sent: Sent, requests: u64) -> Refund {
    let (DayClause::Same { day } | DayClause::New { day, .. }) = write.day;
    Refund {
        requests,
        window: write.quota.map(|clause| match clause {
            QuotaClause::Same { window, .. } | QuotaClause::New { window } => window,
        }),
        further: Windows::of(&write.further),
        day,
        follows: sent.follows,
    }
}
