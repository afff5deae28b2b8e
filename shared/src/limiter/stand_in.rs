//! What stands in for the meters of plans that would rather admit than refuse while the store does not answer.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::gate::Unasked;
use crate::bucket::Verdict;
use crate::decision::Levels;
use crate::meter::{Answer, FurtherUse, Knowledge, Limits, MeterId, MeterItem, Refusal, WindowUse};
use crate::plan::BucketId;
use crate::quota::{Day, Every, Minute};
use crate::time::Timestamp;

/// What this process has admitted without a charge, by meter.
///
/// It counts on top of what the process knew of the meter, so that one process admits by itself what the plan allows and no more. It is
/// never written to the store, and never forgotten while it matters.
#[derive(Debug)]
pub(super) struct StandIns {
    meters: Mutex<HashMap<MeterId, StandIn>>,
    max_meters: usize,
}

#[derive(Debug, Default)]
struct StandIn {
    tats: Vec<(BucketId, Timestamp)>,
    /// What was admitted without a charge, and in which window of the quota.
    uncharged: Option<WindowUse>,
    /// The same of further quotas.
    further: Vec<FurtherUse>,
    /// When the last of these windows ends; the epoch when the plan has no quota.
    resets_at: Timestamp,
}

/// Why there is no decision.
#[derive(Debug)]
pub(super) enum NoStandIn {
    /// The limits forbid the request.
    Refused(Refusal, Box<Levels>),
    /// A limit that callers share forbids it, with the time to wait if a wait helps.
    GateClosed(Option<Duration>, Box<Levels>),
    /// More meters than this process can keep in mind have been used without a charge.
    Full,
}

impl StandIns {
    pub(super) fn new(max_meters: usize) -> Self {
        Self {
            meters: Mutex::default(),
            max_meters,
        }
    }

    /// Takes `cost` requests at `now`, of which the process last knew `knowledge`, without a charge. The gate is asked last.
    ///
    /// # Errors
    ///
    /// When the limits forbid it, or nothing can be noted of the meter.
    pub(super) fn take(
        &self,
        meter: MeterId,
        knowledge: &Knowledge,
        cost: u64,
        limits: &Limits,
        now: Timestamp,
        gate: &mut Unasked<'_>,
    ) -> Result<Levels, NoStandIn> {
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        if !meters.contains_key(&meter) && meters.len() >= self.max_meters {
            meters.retain(|_, stand_in| stand_in.matters(now));
            if meters.len() >= self.max_meters {
                return Err(NoStandIn::Full);
            }
        }
        meters
            .entry(meter)
            .or_default()
            .take(knowledge, cost, limits, now, gate)
    }
}

impl StandIn {
    /// Whether forgetting it could admit more.
    fn matters(&self, now: Timestamp) -> bool {
        now < self.resets_at || self.tats.iter().any(|(_, tat)| *tat > now)
    }

    fn take(
        &mut self,
        knowledge: &Knowledge,
        cost: u64,
        limits: &Limits,
        now: Timestamp,
        gate: &mut Unasked<'_>,
    ) -> Result<Levels, NoStandIn> {
        let known = self.on_top_of(knowledge, limits, now);
        known
            .check(cost, limits, now)
            .map_err(|refusal| NoStandIn::Refused(refusal, Box::new(known.levels(limits, now))))?;
        gate.pass(now)
            .map_err(|wait| NoStandIn::GateClosed(wait, Box::new(known.levels(limits, now))))?;
        if let Some((bucket, rule)) = limits.bucket
            && let Verdict::Conforms { tat } = rule.check(Some(known.tat(bucket)), now, cost)
        {
            self.tats.retain(|(id, _)| *id != bucket);
            self.tats.push((bucket, tat));
        }
        if let Some(quota) = limits.quota {
            let (WindowUse { window, .. }, whole) = known.window_at(quota, now);
            let cost = i64::try_from(cost).unwrap_or(i64::MAX);
            let used = self.used_in(window).saturating_add(cost);
            let noted = self.uncharged.map_or(window, |noted| noted.window);
            self.uncharged = Some(WindowUse {
                window: noted.max(window),
                used,
            });
            self.resets_at = self.resets_at.max(whole.resets_at());
        }
        for quota in limits.further.iter() {
            let (FurtherUse { every, window, .. }, whole) = known.stretch_at(quota, now);
            let cost = i64::try_from(cost).unwrap_or(i64::MAX);
            let used = self.used_further(every, window).saturating_add(cost);
            let noted = self.further.iter().find(|noted| noted.every == every);
            let noted = FurtherUse {
                every,
                window: noted.map_or(window, |noted| noted.window.max(window)),
                used,
            };
            self.further.retain(|known| known.every != every);
            self.further.push(noted);
            self.resets_at = self.resets_at.max(whole.resets_at());
        }
        Ok(self.on_top_of(knowledge, limits, now).levels(limits, now))
    }

    /// What is known of a meter, with what was admitted without a charge.
    fn on_top_of(&self, knowledge: &Knowledge, limits: &Limits, now: Timestamp) -> Knowledge {
        let quota = limits.quota.map(|quota| {
            let (WindowUse { window, used }, _) = knowledge.window_at(quota, now);
            let used = used.saturating_add(self.used_in(window));
            WindowUse { window, used }
        });
        let further = limits.further.iter().map(|quota| {
            let (known, _) = knowledge.stretch_at(quota, now);
            let uncharged = self.used_further(known.every, known.window);
            FurtherUse {
                used: known.used.saturating_add(uncharged),
                ..known
            }
        });
        let mut known = knowledge.clone();
        let item = MeterItem {
            tats: self.tats.clone(),
            quota,
            further: further.collect(),
            ..MeterItem::default()
        };
        known.learn(&Answer::Applied(item), now);
        known
    }

    /// What a clock that was ahead has noted of a later window counts until that window has come and gone.
    fn used_in(&self, window: Day) -> i64 {
        self.uncharged
            .filter(|uncharged| uncharged.window >= window)
            .map_or(0, |uncharged| uncharged.used)
    }

    fn used_further(&self, every: Every, window: Minute) -> i64 {
        self.further
            .iter()
            .find(|noted| noted.every == every && noted.window >= window)
            .map_or(0, |noted| noted.used)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bucket::{Bucket, Rate, Throttle};
    use crate::quota::{Period, Quota};

    const NOON: Timestamp = Timestamp::from_secs(1_000 * 86_400 + 43_200);

    fn limits(rate: u32, burst: u64, quota: u64) -> Limits {
        let throttle = Throttle {
            rate: Rate::from(rate),
            burst,
        };
        Limits {
            bucket: Some((BucketId::Plan, Bucket::new(throttle))),
            quota: Some(Quota::new(quota, Period::Day, 0).unwrap()),
            ..Limits::default()
        }
    }

    fn meter(number: u32) -> MeterId {
        MeterId {
            key_id: number.to_string().as_str().into(),
            plan_id: "p".into(),
        }
    }

    /// What the store has told of a meter: `used` requests of today's quota, and a bucket that is full again `ahead` from now.
    fn knowledge(used: i64, ahead: Duration) -> Knowledge {
        let mut knowledge = Knowledge::default();
        let item = MeterItem {
            tats: vec![(BucketId::Plan, NOON.saturating_add(ahead))],
            quota: Some(WindowUse {
                window: Day::of(NOON),
                used,
            }),
            ..MeterItem::default()
        };
        knowledge.learn(&Answer::Applied(item), NOON);
        knowledge
    }

    #[test]
    fn meters_beyond_the_number_are_refused_until_the_others_do_not_matter_any_more() {
        let stand_ins = StandIns::new(2);
        let knowledge = Knowledge::default();
        let limits = limits(1, 10, 100);
        let take = |number, now| {
            stand_ins.take(
                meter(number),
                &knowledge,
                1,
                &limits,
                now,
                &mut Unasked::new(None),
            )
        };
        for number in 0..2 {
            assert!(take(number, NOON).is_ok());
        }
        assert!(matches!(take(2, NOON), Err(NoStandIn::Full)));
        assert!(take(1, NOON).is_ok());
        let tomorrow = NOON.saturating_add(Duration::from_hours(24));
        assert!(take(2, tomorrow).is_ok());
    }

    proptest! {
        #[test]
        fn one_process_admits_without_a_charge_what_the_plan_allows_beyond_what_it_knows(
            rate in 1..50_u32,
            burst in 1..20_u64,
            quota in 1..200_u64,
            used in 0..200_u64,
            ahead_ms in 0..2_000_u64,
            pauses_ms in prop::collection::vec((0..400_u64, 1..4_u64), 1..200),
        ) {
            let limits = limits(rate, burst, quota);
            let used_before = i64::try_from(used).unwrap();
            let knowledge = knowledge(used_before, Duration::from_millis(ahead_ms));
            let stand_ins = StandIns::new(1);
            let mut now = NOON;
            let mut admitted: Vec<(Timestamp, u64)> = Vec::new();
            for (pause_ms, cost) in pauses_ms {
                now = now.saturating_add(Duration::from_millis(pause_ms));
                let taken =
                    stand_ins.take(meter(0), &knowledge, cost, &limits, now, &mut Unasked::new(None));
                if taken.is_ok() {
                    admitted.push((now, cost));
                }
            }
            let total: u64 = admitted.iter().map(|(_, cost)| cost).sum();
            prop_assert!(total == 0 || used + total <= quota);
            for (index, (first, _)) in admitted.iter().enumerate() {
                let mut sum = 0;
                for (last, cost) in &admitted[index..] {
                    sum += cost;
                    let window_ns = last.saturating_since(*first).as_nanos();
                    let refill = window_ns * u128::from(rate) / 1_000_000_000;
                    prop_assert!(u128::from(sum) <= u128::from(burst) + refill);
                }
            }
        }
    }
}
