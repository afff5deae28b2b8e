//! What the store makes of messages.

use tollgate::meter::{
    Answer, ChargeId, DayClause, DayCount, QuotaClause, RefundWrite, RemainingWrite, ShardAnswer,
    ShardId, ShardWrite, Write,
};

use super::accounts::{Counted, QUOTAS, Taken};
use super::{MAX_LATE, World};
use crate::calendar::{day_of, minute_of, stretch_of, window_of};
use crate::event::Fate;
use crate::item::{Item, write_shard};
use crate::rules::{Rules, limit_in};
use crate::tally::Deed;
use crate::violation::{Invariant, Violation};
use tollgate::quota::QuotaName;

/// A charge, and under which plan it was asked for, and when.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) write: Write,
    pub(super) plan: usize,
    /// The true time at which the sender read its clock.
    pub(super) asked_at: u64,
    /// How far below zero it may bring a quota: more than 0 only for a cost that is settled.
    pub(super) overdraft: u64,
}

#[derive(Clone, Debug)]
pub(super) enum Message {
    Write(Sent),
    /// The charge whose requests go into the shard, if any do.
    Shard(ShardId, ShardWrite, Option<ChargeId>),
    Archive(DayCount),
    Remaining(RemainingWrite),
    Refund(RefundWrite),
    Switch(bool),
}

/// What comes back.
pub(super) enum Reply {
    Answer(Answer),
    /// With the charge that had filled the shard.
    OfShard(ShardAnswer, Option<ChargeId>),
    Archived,
    Switched,
}

impl World {
    /// The reply, when it comes back.
    pub(super) fn send(
        &mut self,
        message: Message,
        fate: Fate,
    ) -> Result<Option<Reply>, Violation> {
        match fate {
            Fate::Delivered => self.deliver(message).map(Some),
            Fate::RequestLost => {
                self.tally.add(Deed::RequestLost);
                self.tell(|| "the message is lost".to_owned());
                Ok(None)
            }
            Fate::AnswerLost => {
                self.tally.add(Deed::AnswerLost);
                self.deliver(message)?;
                Ok(None)
            }
            Fate::Late => {
                self.tally.add(Deed::SentLate);
                self.keep_late(message);
                Ok(None)
            }
            Fate::Twice => {
                self.tally.add(Deed::SentTwice);
                self.keep_late(message.clone());
                self.deliver(message).map(Some)
            }
        }
    }

    fn keep_late(&mut self, message: Message) {
        if self.late.len() == MAX_LATE {
            self.late.pop_front();
        }
        self.late.push_back(message);
    }

    pub(super) fn deliver(&mut self, message: Message) -> Result<Reply, Violation> {
        match message {
            Message::Archive(DayCount { day, count }) => {
                self.archived.insert(day.number(), count);
                self.tally.add(Deed::Archived);
                self.tell(|| format!("the store archives {count} of day {day}"));
                Ok(Reply::Archived)
            }
            Message::Write(sent) => self.charge(&sent).map(Reply::Answer),
            Message::Shard(shard, write, source) => Ok(self.write_shard(shard, &write, source)),
            Message::Remaining(write) => self.set_remaining(&write).map(Reply::Answer),
            Message::Refund(write) => self.refund(&write).map(Reply::Answer),
            Message::Switch(is_off) => {
                self.item.off = is_off;
                self.tell(|| {
                    format!(
                        "the meter is switched {}",
                        if is_off { "off" } else { "on" }
                    )
                });
                Ok(Reply::Switched)
            }
        }
    }

    fn write_shard(&mut self, id: ShardId, write: &ShardWrite, source: Option<ChargeId>) -> Reply {
        let shard = self.shards.entry(id).or_default();
        let before = shard.source;
        let answer = write_shard(&mut shard.item, write);
        let is_applied = matches!(answer, ShardAnswer::Applied(_));
        if is_applied {
            match write {
                ShardWrite::Draw { .. } => self.tally.add(Deed::ShardDrawn),
                ShardWrite::Claim { .. } => self.tally.add(Deed::ShardClaimed),
                ShardWrite::Fill { .. } => {
                    shard.source = source;
                    self.tally.add(Deed::ShardFilled);
                }
            }
        }
        self.tell(|| format!("shard {}: {write:?} is applied: {is_applied}", id.number));
        Reply::OfShard(answer, before)
    }

    fn set_remaining(&mut self, write: &RemainingWrite) -> Result<Answer, Violation> {
        let before = self.item.win;
        let answer = self.item.set_remaining(write);
        self.tell(|| format!("{write:?} is applied: {}", is_applied(&answer)));
        if is_applied(&answer) {
            self.tally.add(Deed::RemainingSet);
            Self::check_order(self.item.win >= before, "win")?;
            let is_new = self.set.insert(write.id.number());
            Violation::unless(is_new, Invariant::Operator, || {
                "an operator's change is applied twice".to_owned()
            })?;
            self.accounts
                .begin_epoch(QuotaName::Own, write.window.number(), write.used);
        }
        Ok(answer)
    }

    fn refund(&mut self, write: &RefundWrite) -> Result<Answer, Violation> {
        let answer = self.item.refund(write);
        self.tell(|| format!("{write:?} is applied: {}", is_applied(&answer)));
        if is_applied(&answer) {
            self.tally.add(Deed::RefundedAtEnd);
            let day = self.item.day.unwrap_or(0);
            self.accounts.refund(&write.refund, day)?;
        } else {
            self.tally.add(Deed::RefundRefused);
        }
        Ok(answer)
    }

    fn charge(&mut self, sent: &Sent) -> Result<Answer, Violation> {
        let write = &sent.write;
        let (win, day) = (self.item.win, self.item.day);
        let further = self.item.further.clone();
        let bucket = write.bucket.map(|clause| clause.bucket);
        let tat = |item: &Item| bucket.and_then(|bucket| item.tats.get(&bucket).copied());
        let tat_before = tat(&self.item);
        let answer = self.item.charge(write);
        self.tell(|| format!("{write:?} is applied: {}", is_applied(&answer)));
        if !is_applied(&answer) {
            self.tally.add(Deed::WriteFailed);
            return Ok(answer);
        }
        self.tally.add(Deed::WriteApplied);
        Self::check_order(tat(&self.item) >= tat_before, "tat")?;
        Self::check_order(self.item.win >= win, "win")?;
        Self::check_order(self.item.day >= day, "day")?;
        if day.is_some_and(|day| Some(day) != self.item.day) {
            self.tally.add(Deed::DayTurned);
        }
        if win.is_some_and(|win| Some(win) != self.item.win) {
            self.tally.add(Deed::WindowTurned);
        }
        if write.refund.is_some() {
            self.tally.add(Deed::RefundedWithCharge);
        }
        for (every, (before, _)) in &further {
            let after = self
                .item
                .further
                .get(every)
                .map_or(0, |(window, _)| *window);
            Self::check_order(after >= *before, "a stretch")?;
            if after > *before {
                self.tally.add(Deed::StretchTurned);
            }
        }
        if write.further.iter().any(|clause| clause.given_back > 0) {
            self.tally.add(Deed::RefundedToFurther);
        }
        let last = self.last_in_slot.insert(write.id.slot(), write.id);
        Violation::unless(last != Some(write.id), Invariant::ChargedOnce, || {
            "a charge is applied twice while its slot has its name".to_owned()
        })?;
        let rules = self.rules(sent.plan);
        let has_clauses = rules.quota.is_some() == write.quota.is_some()
            && rules
                .further
                .iter()
                .map(|quota| quota.every)
                .eq(write.further.iter().map(|clause| clause.every));
        Violation::unless(has_clauses, Invariant::Quota, || {
            "a charge leaves out a quota".to_owned()
        })?;
        let own = rules.quota.and_then(|quota| {
            let window = self.item.win?;
            Some(Counted {
                quota: QuotaName::Own,
                window,
                limit: Some(limit_in(quota, window) + sent.overdraft),
                given_back: write.refund.map_or(0, |refund| refund.requests),
            })
        });
        let further = write.further.iter().filter_map(|clause| {
            let quota = rules.further(clause.every)?;
            Some(Counted {
                quota: QuotaName::Further(clause.every),
                window: self.item.further.get(&clause.every)?.0,
                limit: (!quota.is_soft).then_some(quota.limit + sent.overdraft),
                given_back: clause.given_back,
            })
        });
        let quotas: Vec<Counted> = own.into_iter().chain(further).collect();
        let taken = Taken {
            requests: 0,
            admitted: 0,
            plan: sent.plan,
            bucket,
            asked_at: sent.asked_at,
            day: self.item.day.unwrap_or(0),
            epochs: [None; QUOTAS],
        };
        self.accounts.charge(write, taken, &quotas)?;
        Ok(answer)
    }

    /// What the limits of a plan leave, by the item and the true time.
    pub(super) fn left(&self, rules: &Rules, of_method: bool) -> u64 {
        let bucket = rules.limits(of_method).bucket.map(|(bucket, _)| bucket);
        let of_bucket = rules.pace_of(bucket).map_or(u64::MAX, |pace| {
            let tat = bucket.and_then(|bucket| self.item.tats.get(&bucket).copied());
            let ahead_ns = tat.map_or(0, |tat| tat.saturating_sub(self.now));
            let free_ns = pace.refill_ns().saturating_sub(ahead_ns);
            free_ns.checked_div(pace.interval_ns()).unwrap_or(0)
        });
        let of_quota = rules.quota.map_or(u64::MAX, |quota| {
            let own = window_of(quota, day_of(self.now));
            let used = self.item.used.filter(|_| self.item.win >= Some(own));
            let window = self.item.win.map_or(own, |win| win.max(own));
            let limit = limit_in(quota, window);
            limit.saturating_sub_signed(used.unwrap_or(0))
        });
        let further = rules.further.iter().filter(|quota| !quota.is_soft);
        let of_further = further.map(|quota| {
            let own = stretch_of(quota.every, rules.anchor, minute_of(self.now));
            let stored = self.item.further.get(&quota.every);
            let used = stored.filter(|(window, _)| *window >= own);
            quota
                .limit
                .saturating_sub_signed(used.map_or(0, |(_, used)| *used))
        });
        let left = of_bucket
            .min(of_quota)
            .min(of_further.min().unwrap_or(u64::MAX));
        if left == u64::MAX { 1 } else { left }
    }

    fn check_order(holds: bool, what: &str) -> Result<(), Violation> {
        Violation::unless(holds, Invariant::Order, || format!("{what} decreases"))
    }

    /// Whether a charge names the window and the day that count for a clock that shows `clock_ns`: its own, or a later one of the item.
    pub(super) fn check_calendar(
        &self,
        write: &Write,
        plan: usize,
        clock_ns: u64,
    ) -> Result<(), Violation> {
        let today = day_of(clock_ns);
        let (DayClause::Same { day } | DayClause::New { day, .. }) = write.day;
        let is_right = |named: u32, own: u32, stored: Option<u32>| {
            named == own || (named > own && Some(named) <= stored)
        };
        Violation::unless(
            is_right(day.number(), today, self.item.day),
            Invariant::Calendar,
            || format!("a charge of day {today} is counted on day {}", day.number()),
        )?;
        if let (Some(clause), Some(quota)) = (write.quota, self.rules(plan).quota) {
            let (QuotaClause::Same { window, .. } | QuotaClause::New { window }) = clause;
            let own = window_of(quota, today);
            Violation::unless(
                is_right(window.number(), own, self.item.win),
                Invariant::Calendar,
                || {
                    format!(
                        "a charge of the window {own} counts in the window {}",
                        window.number()
                    )
                },
            )?;
        }
        let rules = self.rules(plan);
        for clause in &write.further {
            let own = stretch_of(clause.every, rules.anchor, minute_of(clock_ns));
            let window = clause.window().number();
            let stored = self.item.further.get(&clause.every);
            let stored = stored.map(|(window, _)| *window);
            Violation::unless(is_right(window, own, stored), Invariant::Calendar, || {
                format!("a charge of the {} {own} counts in {window}", clause.every)
            })?;
        }
        Ok(())
    }
}

const fn is_applied(answer: &Answer) -> bool {
    matches!(answer, Answer::Applied(_))
}
