//! How a process makes room for others that charge the same bucket.

use std::time::Duration;

use crate::bucket::{Bucket, Verdict};
use crate::meter::{Refusal, Slack};
use crate::time::Timestamp;

/// The smallest burst of which a hundredth may be given up, so that charges do not refuse each other.
const MIN_SLACK_BURST: u64 = 100;

/// The shortest refill at which a hundredth of it is as long as a good part of the way to the store.
const MIN_SLACK_REFILL: Duration = Duration::from_millis(200);

/// How far ahead a charge is dated, at the most, when others overtook it: longer than a store usually takes to answer.
const MAX_LEAD: Duration = Duration::from_millis(100);

/// For how many charges a process keeps room for others after one of its own was spoilt.
///
/// The one after them is spoilt by the others, who still keep room, so of so many charges one is spoilt. Of fewer, such as 16, it would
/// be every 99th answer or more that comes after two round trips.
const OVERTAKEN: u8 = 250;

/// What a process has noticed of others at a bucket.
///
/// When a bucket is empty, all processes that want of it know the same instant at which it has a request again. If all asked then, one
/// would get it, and each of the others would pay for a write that fails. So each waits longer, for a random time that grows
/// with the number of requests that others got since its own last one: together they ask about once for each request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct BackOff {
    /// The requests that others take for each charge of this process, about.
    rivals: u64,
    /// The requests that others took since its last charge.
    missed: u64,
    /// Whether the bucket was empty, and others want of it.
    is_contended: bool,
    /// Until then it does not ask.
    quiet_until: Timestamp,
    /// How often charges of others spoilt the form of its own, lately.
    overtaken: u8,
    /// When it last saw the bucket empty.
    empty_at: Timestamp,
}

/// What the answer to a charge shows of a bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) rule: Bucket,
    /// The bucket's state as it was known before.
    pub(super) before: Timestamp,
    /// Its state now.
    pub(super) after: Timestamp,
    /// When the charge was asked for.
    pub(super) asked_at: Timestamp,
    /// What the charge took.
    pub(super) own_ns: u64,
    pub(super) was_overtaken: bool,
    /// A random number.
    pub(super) dice: u64,
}

impl BackOff {
    /// Whether it is this process's turn.
    pub(super) fn check(&self, now: Timestamp) -> Result<(), Refusal> {
        if now < self.quiet_until {
            let until = Some(self.quiet_until);
            return Err(Refusal::Throttled { until });
        }
        Ok(())
    }

    /// What a charge may give up so that charges do not refuse each other, after the form of this one was spoilt `overtaken` times.
    ///
    /// A hundredth of the bucket: an idle one is dated ahead by as much, and the band is as wide. In a simulation of 16 processes with a
    /// store 5 ms away that is 1.004 to 1.014 writes a charge where the bucket refills in 0.4 s or more, and 1.08 where it refills in 0.2
    /// s, instead of 1.71 without. (Half a hundredth was as good from 0.4 s on. Dating ahead alone, or the band alone, was worse by 0.01
    /// to 0.1 each when they were compared, the band with twice as many requests lost.) A bucket that refills faster is idle again before
    /// the next charge in any case, so nothing is given up there. A charge that was spoilt already may give up more rather than be refused:
    /// a hundredth, then twice as much each time.
    ///
    /// No room is kept for others in a bucket that was empty a short while ago: its client wants all of it. (64 processes that asked for more
    /// than there was lost 85 requests of 6,100 in a minute that way, and paid as many writes.)
    pub(super) fn slack(&self, rule: Bucket, overtaken: u32, now: Timestamp) -> Slack {
        if rule.burst() < MIN_SLACK_BURST {
            return Slack::default();
        }
        let is_wanted = now.saturating_since(self.empty_at) < rule.refill().saturating_mul(2);
        let hundredth = rule.refill() / 100;
        let slack = if self.overtaken > 0 && !is_wanted && rule.refill() >= MIN_SLACK_REFILL {
            Slack {
                lead: hundredth,
                band: hundredth,
            }
        } else {
            Slack::default()
        };
        let Some(doublings) = overtaken.checked_sub(1) else {
            return slack;
        };
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        let lead = hundredth.saturating_mul(factor).min(MAX_LEAD);
        // What is known is new, and nothing has refilled since: no band.
        Slack {
            lead: slack.lead.max(lead),
            band: Duration::ZERO,
        }
    }

    /// Takes note of an answer that came at `now`.
    pub(super) fn see(&mut self, seen: &Seen, now: Timestamp) {
        if seen.was_overtaken {
            self.overtaken = OVERTAKEN;
        } else if seen.own_ns > 0 {
            self.overtaken = self.overtaken.saturating_sub(1);
        }
        let grown_ns = if seen.before > seen.asked_at {
            seen.after.saturating_since(seen.before).as_nanos()
        } else {
            0
        };
        let others_ns = u64::try_from(grown_ns)
            .unwrap_or(u64::MAX)
            .saturating_sub(seen.own_ns);
        let others = others_ns.checked_div(seen.rule.cost_ns(1)).unwrap_or(0);
        self.missed = self.missed.saturating_add(others);
        if seen.own_ns > 0 {
            self.rivals = self.rivals.saturating_add(self.missed).div_ceil(2);
            self.missed = 0;
        } else {
            self.rivals = self.rivals.max(self.missed);
        }
        // As it was when the store was asked: what it has refilled since belongs to the others as well.
        let empty_until = match seen.rule.check(Some(seen.after), seen.asked_at, 1) {
            Verdict::Exceeds { until: Some(until) } => Some(until),
            Verdict::Exceeds { until: None } | Verdict::Conforms { .. } => None,
        };
        if empty_until.is_some() {
            self.empty_at = now;
        }
        self.is_contended = empty_until.is_some() && self.rivals > 0;
        self.quiet_until = match empty_until {
            Some(until) if self.is_contended => {
                // The way to the store and back is a part of it.
                let way = now.saturating_since(seen.asked_at);
                until.saturating_add(self.wait(seen.rule, seen.dice).saturating_sub(way))
            }
            Some(_) | None => Timestamp::EPOCH,
        };
    }

    /// Whether others want what is left in the bucket.
    pub(super) const fn is_contended(&self) -> bool {
        self.is_contended
    }

    /// Between nothing and twice the time in which the others get theirs, and no longer than the bucket takes to fill.
    fn wait(&self, rule: Bucket, dice: u64) -> Duration {
        let longest_ns = u128::from(rule.cost_ns(self.rivals)) * 2;
        let wait_ns = longest_ns.saturating_mul(u128::from(dice)) >> 64;
        let wait = Duration::from_nanos(u64::try_from(wait_ns).unwrap_or(u64::MAX));
        wait.min(rule.refill())
    }

    pub(super) const fn is_idle(&self) -> bool {
        self.rivals == 0 && self.overtaken == 0
    }
}
