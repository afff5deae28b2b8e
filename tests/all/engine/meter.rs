//! The meter: one process against an exact model. Many processes are the matter of the simulation.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tollgate::bucket::{Bucket, Rate, Throttle};
use tollgate::meter::{
    Answer, Charge, ChargeId, Knowledge, Limits, Proposal, QUOTA_REFUSAL_LIFE, Refusal, Refutation,
    RemainingWrite,
};
use tollgate::plan::BucketId;
use tollgate::quota::{Day, Period, Quota, QuotaName};
use tollgate::time::Timestamp;

use chaos::item::Item;

const SECOND_NS: u64 = 1_000_000_000;
const DAY_NS: u64 = 86_400 * SECOND_NS;

/// A minute before the end of Saturday, 2026-02-28: a day, a week and a month end together.
const START_NS: u64 = 20_513 * DAY_NS - 60 * SECOND_NS;

fn at(nanos: u64) -> Timestamp {
    Timestamp::from_nanos(nanos)
}

/// The limits of one plan.
#[derive(Clone, Copy, Debug)]
struct Rules {
    per_second: u32,
    burst: u64,
    quota: Option<Quota>,
}

impl Rules {
    fn limits(self) -> Limits {
        let throttle = Throttle {
            rate: Rate::per_second(f64::from(self.per_second)).unwrap(),
            burst: self.burst,
        };
        Limits {
            bucket: Some((BucketId::Plan, Bucket::new(throttle))),
            quota: self.quota,
            ..Limits::default()
        }
    }

    fn interval_ns(self) -> u64 {
        SECOND_NS.div_ceil(u64::from(self.per_second))
    }
}

fn any_rules() -> impl Strategy<Value = Rules> {
    let period = prop_oneof![Just(Period::Day), Just(Period::Week), Just(Period::Month)];
    // Small ones are used up soon; of large ones leases are taken.
    let limit = prop_oneof![0..30_u64, 100..900_u64];
    let quota = (limit, period, 0..28_u32).prop_map(|(limit, period, offset)| {
        Quota::new(limit, period, offset % (period.max_offset() + 1)).unwrap()
    });
    let burst = prop_oneof![0..12_u64, 100..400_u64];
    (1..40_u32, burst, prop::option::weighted(0.8, quota)).prop_map(|(per_second, burst, quota)| {
        Rules {
            per_second,
            burst,
            quota,
        }
    })
}

/// How far time goes between two requests: from nothing to several days.
fn any_pause() -> impl Strategy<Value = u64> {
    prop_oneof![
        6 => Just(0),
        6 => 0..SECOND_NS,
        2 => 0..10 * SECOND_NS,
        2 => 0..DAY_NS,
        1 => 0..9 * DAY_NS,
    ]
}

/// What an operator leaves of the quota, now and then: below the limit, and far above it.
fn any_change() -> impl Strategy<Value = Option<u64>> {
    prop::option::weighted(0.15, prop_oneof![0..5_u64, 0..100_u64])
}

/// What one decision came to, and what it took.
#[derive(Debug, PartialEq)]
struct Decided {
    refusal: Option<Refusal>,
    writes: u32,
    archives: u32,
}

/// One process alone with a meter.
#[derive(Default)]
struct Lonely {
    knowledge: Knowledge,
    item: Item,
    archived: BTreeMap<u32, u64>,
    charges: u64,
}

impl Lonely {
    fn decide(&mut self, cost: u64, limits: &Limits, now: Timestamp) -> Decided {
        self.charges += 1;
        let id = ChargeId::new(self.charges);
        let (mut writes, mut archives, mut archived) = (0, 0, None);
        let refusal = loop {
            assert!(writes < 5, "the meter goes round in circles");
            let charge = Charge {
                archived,
                ..Charge::new(id, cost)
            };
            match self.knowledge.propose(&charge, limits, now) {
                Proposal::Refuse(refusal) => break Some(refusal),
                Proposal::Archive(ended) => {
                    archives += 1;
                    archived = Some(ended.day);
                    self.archived.insert(ended.day.number(), ended.count);
                }
                Proposal::Write(write) => {
                    writes += 1;
                    let answer = self.item.charge(&write);
                    self.knowledge.learn(&answer, now);
                    if matches!(answer, Answer::Applied(_)) {
                        break None;
                    }
                }
            }
        };
        Decided {
            refusal,
            writes,
            archives,
        }
    }

    /// An operator sets what remains, and the process does not hear of it.
    fn set_remaining(&mut self, remaining: u64, rules: &Rules, now: Timestamp) {
        if let Some(quota) = rules.quota {
            self.charges += 1;
            let id = ChargeId::new(self.charges);
            let item = self.item.whole();
            let write = RemainingWrite::new(id, remaining, quota, &item, now).unwrap();
            let answer = self.item.set_remaining(&write);
            assert!(matches!(answer, Answer::Applied(_)));
        }
    }
}

/// A limiter that knows everything at once.
struct Exact {
    rules: Rules,
    tat: u64,
    window: Option<Day>,
    used: i64,
    days: BTreeMap<u32, u64>,
}

impl Exact {
    fn new(rules: Rules) -> Self {
        Self {
            rules,
            tat: 0,
            window: None,
            used: 0,
            days: BTreeMap::new(),
        }
    }

    fn set_remaining(&mut self, remaining: i64, now: u64) {
        if let Some(quota) = self.rules.quota {
            self.window = self.window.max(Some(quota.window(at(now)).first));
            self.used = i64::try_from(quota.limit()).unwrap() - remaining;
        }
    }

    fn decide(&mut self, cost: u64, now: u64) -> Option<Refusal> {
        let Rules { burst, quota, .. } = self.rules;
        if cost > burst {
            return Some(Refusal::Throttled { until: None });
        }
        let room_ns = (burst - cost) * self.rules.interval_ns();
        let full_at = self.tat.max(now);
        if full_at > now + room_ns {
            let until = Some(at(full_at - room_ns));
            return Some(Refusal::Throttled { until });
        }
        if let Some(quota) = quota {
            let window = self.window.max(Some(quota.window(at(now)).first));
            let used = if window == self.window { self.used } else { 0 };
            let cost = i64::try_from(cost).unwrap();
            if used + cost > i64::try_from(quota.limit()).unwrap() {
                let resets_at = quota.window_of(window.unwrap()).resets_at();
                let quota = QuotaName::Own;
                return Some(Refusal::QuotaExceeded { resets_at, quota });
            }
            (self.window, self.used) = (window, used + cost);
        }
        self.tat = full_at + cost * self.rules.interval_ns();
        let last = self.days.keys().next_back().copied().unwrap_or(0);
        *self
            .days
            .entry(last.max(Day::of(at(now)).number()))
            .or_default() += cost;
        None
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_process_alone_decides_exactly_and_with_one_write(
        rules in any_rules(),
        requests in prop::collection::vec((any_pause(), 0..2 * SECOND_NS, 1..4_u64), 1..80),
    ) {
        let limits = rules.limits();
        let (mut lonely, mut exact) = (Lonely::default(), Exact::new(rules));
        let mut time = START_NS;
        for (pause, back, cost) in requests {
            // The clock goes forward, and now and then a little back.
            time += pause;
            let now = if back < SECOND_NS / 4 { time - back } else { time };
            let days_before = exact.days.len();
            let expected = exact.decide(cost, now);
            let Decided { refusal, writes, archives } = lonely.decide(cost, &limits, at(now));
            prop_assert_eq!(refusal, expected);
            match refusal {
                None => {
                    prop_assert_eq!(writes, 1);
                    let is_third_day = exact.days.len() > days_before && days_before >= 2;
                    prop_assert_eq!(archives, u32::from(is_third_day));
                }
                Some(Refusal::Throttled { .. }) => prop_assert_eq!(writes, 0),
                // A remembered refusal is asked again after a while.
                Some(Refusal::QuotaExceeded { .. }) => prop_assert!(writes <= 1),
            }
        }
        prop_assert_eq!(lonely.item.days(&lonely.archived), exact.days);
    }

    #[test]
    fn a_process_that_knows_nothing_decides_exactly_with_two_writes_at_the_most(
        rules in any_rules(),
        requests in prop::collection::vec((any_pause(), 1..4_u64, any_change()), 1..60),
    ) {
        let limits = rules.limits();
        let (mut lonely, mut exact) = (Lonely::default(), Exact::new(rules));
        let mut now = START_NS;
        for (pause, cost, remaining) in requests {
            now += pause;
            if let Some(remaining) = remaining {
                lonely.set_remaining(remaining, &rules, at(now));
                exact.set_remaining(i64::try_from(remaining).unwrap(), now);
            }
            lonely.knowledge = Knowledge::default();
            let decided = lonely.decide(cost, &limits, at(now));
            prop_assert_eq!(decided.refusal, exact.decide(cost, now));
            prop_assert!(decided.writes <= 2 && decided.archives <= 1);
        }
        prop_assert_eq!(lonely.item.days(&lonely.archived), exact.days);
    }
}

fn daily(limit: u64) -> Rules {
    Rules {
        per_second: 1_000,
        burst: 1_000,
        quota: Some(Quota::new(limit, Period::Day, 0).unwrap()),
    }
}

#[test]
fn a_refusal_by_quota_is_remembered_for_five_seconds_and_a_top_up_is_seen_then() {
    let limits = daily(2).limits();
    let mut lonely = Lonely::default();
    for _ in 0..2 {
        assert_eq!(lonely.decide(1, &limits, at(START_NS)).refusal, None);
    }
    let life = u64::try_from(QUOTA_REFUSAL_LIFE.as_nanos()).unwrap();
    let writes = [
        START_NS,
        START_NS + life - 1,
        START_NS + life,
        START_NS + life + 1,
    ];
    let writes = writes.map(|now| lonely.decide(1, &limits, at(now)).writes);
    assert_eq!(writes, [0, 0, 1, 0]);
    lonely.item.used = Some(1);
    let refused = lonely.decide(1, &limits, at(START_NS + 2 * life - 1));
    assert_eq!((refused.refusal.is_some(), refused.writes), (true, 0));
    let admitted = lonely.decide(1, &limits, at(START_NS + 2 * life));
    assert_eq!((admitted.refusal, admitted.writes), (None, 1));
}

#[test]
fn what_an_operator_gives_beyond_the_limit_is_admitted_and_no_more() {
    let rules = daily(2);
    let limits = rules.limits();
    for cost in [1, 3] {
        let mut lonely = Lonely::default();
        assert_eq!(lonely.decide(2, &limits, at(START_NS)).refusal, None);
        lonely.set_remaining(6, &rules, at(START_NS));
        assert_eq!(lonely.item.used, Some(-4));
        let later = at(START_NS + 6 * SECOND_NS);
        let admitted = (0..9).filter(|_| lonely.decide(cost, &limits, later).refusal.is_none());
        assert_eq!(admitted.count() as u64 * cost, 6, "charges of {cost}");
        // The next window has the limit again.
        let tomorrow = at(START_NS + DAY_NS);
        assert_eq!(lonely.decide(2, &limits, tomorrow).refusal, None);
        assert!(lonely.decide(1, &limits, tomorrow).refusal.is_some());
    }
}

#[test]
fn a_charge_above_the_limit_is_asked_for_once_and_then_remembered() {
    let limits = daily(2).limits();
    let mut lonely = Lonely::default();
    let writes = [0, 1, 2].map(|_| lonely.decide(3, &limits, at(START_NS)).writes);
    assert_eq!(writes, [1, 0, 0]);
    assert_eq!(lonely.item.used, None, "a window was started for it");
}

#[test]
fn a_change_that_was_sent_again_is_made_once() {
    let quota = daily(5).quota.unwrap();
    let mut item = Item::default();
    let first = RemainingWrite::new(ChargeId::new(1), 3, quota, &item.whole(), at(START_NS));
    let first = first.unwrap();
    assert!(matches!(item.set_remaining(&first), Answer::Applied(_)));
    item.used = Some(4);
    let Answer::Failed(found) = item.set_remaining(&first) else {
        panic!("what was charged since is forgotten");
    };
    assert_eq!(first.refuted_by(&found), Refutation::WasApplied);
    let second = RemainingWrite::new(ChargeId::new(2), 9, quota, &item.whole(), at(START_NS));
    assert!(matches!(
        item.set_remaining(&second.unwrap()),
        Answer::Applied(_)
    ));
    let Answer::Failed(found) = item.set_remaining(&first) else {
        panic!("a late copy undoes a newer change");
    };
    assert_eq!(first.refuted_by(&found), Refutation::OtherChange);
}

#[test]
fn a_number_that_cannot_be_kept_is_no_write() {
    let item = Item::default().whole();
    let write = |limit, remaining| {
        let quota = daily(limit).quota.unwrap();
        RemainingWrite::new(ChargeId::new(1), remaining, quota, &item, at(START_NS))
    };
    assert_eq!(write(0, 1 << 63).unwrap().used, i64::MIN);
    assert_eq!(write(0, (1 << 63) + 1), None);
    assert_eq!(write(u64::MAX, 0), None);
    assert_eq!(write(u64::MAX, u64::MAX).unwrap().used, 0);
}

#[test]
fn a_meter_that_was_switched_off_admits_nothing_and_learns_it_from_one_write() {
    let limits = daily(9).limits();
    let mut knowledge = Knowledge::default();
    let mut item = Item {
        off: true,
        ..Item::default()
    };
    let id = ChargeId::new(1);
    let charge = Charge::new(id, 1);
    let Proposal::Write(write) = knowledge.propose(&charge, &limits, at(START_NS)) else {
        panic!("nothing forbids the charge yet");
    };
    let answer = item.charge(&write);
    knowledge.learn(&answer, at(START_NS));
    assert!(matches!(answer, Answer::Failed(item) if item.off));
}

/// The table was replaced by an empty one, or by an older copy of itself.
#[test]
fn a_meter_that_was_lost_starts_again_while_a_process_remembers_it() {
    for days in [0, 1, 40] {
        let limits = daily(9).limits();
        let mut lonely = Lonely::default();
        let mut now = START_NS;
        for _ in 0..4 {
            assert_eq!(lonely.decide(1, &limits, at(now)).refusal, None);
            now += DAY_NS;
        }
        lonely.item = Item::default();
        now += days * DAY_NS;
        let decided = lonely.decide(1, &limits, at(now));
        assert_eq!(decided.refusal, None, "{days} days later");
        assert!(decided.writes <= 3, "{} writes", decided.writes);
    }
}

#[test]
fn a_meter_that_was_set_back_goes_on_from_there() {
    let limits = daily(9).limits();
    let mut lonely = Lonely::default();
    let mut older = Item::default();
    for day in 0..6 {
        if day == 3 {
            older = lonely.item.clone();
        }
        let now = at(START_NS + day * DAY_NS);
        assert_eq!(lonely.decide(1, &limits, now).refusal, None);
    }
    lonely.item = older;
    let decided = lonely.decide(1, &limits, at(START_NS + 6 * DAY_NS));
    assert_eq!(decided.refusal, None);
    assert!(decided.writes <= 3, "{} writes", decided.writes);
}
