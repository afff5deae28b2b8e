//! What a request has cost beyond what it was charged before: one charge more, of which a part may do.

use crate::meter::{Answer, Charge, ChargeId, DayCount, Knowledge, Limits, Proposal, Write};
use crate::quota::{Day, Quotas};
use crate::time::Timestamp;

/// How many writes it tries at the most. Each that fails brings the whole item, so one more is needed only when others charge at the same
/// time.
const MAX_WRITES: u32 = 4;

/// What became of the difference between what a request has cost and what it was charged before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// So many requests more were charged.
    pub charged: u64,
    /// So many were not: the quotas have no more, or the meter is off, or others changed it again and again.
    pub waived: u64,
}

/// The charge of such a difference, which fits no bucket, and quotas with an overdraft.
#[derive(Debug)]
pub struct Settlement {
    limits: Limits,
    generation: u64,
    more: u64,
    knowledge: Knowledge,
    archived: Option<Day>,
    writes: u32,
    end: Option<Settled>,
}

/// What to do next for a [`Settlement`].
#[derive(Debug)]
pub enum SettleNext {
    /// Try this write, and tell [`Settlement::learn`] its answer.
    Write(Write),
    /// Write this count to an item of its own, and tell [`Settlement::archived`].
    Archive(DayCount),
    /// It is settled.
    Done(Settled),
}

impl Settlement {
    /// Charges `more` requests to `quotas`, and beyond them what their overdraft allows at the most.
    #[must_use]
    pub fn new(quotas: &Quotas, more: u64) -> Self {
        let Quotas {
            own,
            further,
            overdraft,
            generation,
        } = *quotas;
        Self {
            generation,
            limits: Limits {
                bucket: None,
                quota: own.map(|quota| quota.raised(overdraft)),
                further: further.raised(overdraft),
            },
            more,
            knowledge: Knowledge::default(),
            archived: None,
            writes: 0,
            end: None,
        }
    }

    /// What to do at `now`. A write gets the name `id`, which no other write may have.
    pub fn next(&mut self, id: ChargeId, now: Timestamp) -> SettleNext {
        if let Some(end) = self.end {
            return SettleNext::Done(end);
        }
        let cost = self.affordable(now);
        if cost == 0 || self.writes >= MAX_WRITES {
            return SettleNext::Done(self.ended(0));
        }
        let charge = Charge {
            archived: self.archived,
            generation: self.generation,
            ..Charge::new(id, cost)
        };
        match self.knowledge.propose(&charge, &self.limits, now) {
            Proposal::Write(write) => {
                self.writes = self.writes.saturating_add(1);
                SettleNext::Write(write)
            }
            Proposal::Archive(ended) => SettleNext::Archive(ended),
            Proposal::Refuse(_) => SettleNext::Done(self.ended(0)),
        }
    }

    /// The count that [`SettleNext::Archive`] named stands in an item of its own.
    pub const fn archived(&mut self, ended: DayCount) {
        self.archived = Some(ended.day);
    }

    /// What the store answered to `write`, at `now`.
    pub fn learn(&mut self, write: &Write, answer: &Answer, now: Timestamp) {
        let charged = match answer {
            Answer::Applied(_) => Some(write.cost),
            // An earlier attempt was applied, and its answer was lost.
            Answer::Failed(item) if item.holds(write.id) => Some(write.cost),
            Answer::Failed(item) => item.off.then_some(0),
        };
        self.end = charged.map(|charged| self.ended(charged));
        self.knowledge.learn(answer, now);
    }

    const fn ended(&self, charged: u64) -> Settled {
        Settled {
            charged,
            waived: self.more.saturating_sub(charged),
        }
    }

    /// As much of it as the quotas have left, as far as is known.
    fn affordable(&self, now: Timestamp) -> u64 {
        let levels = self.knowledge.levels(&self.limits, now);
        let hard = levels
            .further
            .iter()
            .filter(|level| level.overage.is_none());
        let own = levels.quota.map(|level| level.remaining);
        let left = hard.map(|level| level.remaining).chain(own).min();
        self.more.min(left.unwrap_or(self.more))
    }
}
