//! Nothing is lost, nothing is counted twice, and there is room for all that counts apart.

use std::thread;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_795_435_200);

fn subject(plan: &str, key: Option<&str>) -> Subject {
    Subject {
        plan_id: Some(plan.into()),
        client: key.map(KeyId::from).into(),
    }
}

/// All days.
fn sums<K: Ord>(
    tally: &Tally,
    name: impl Fn(Day, Option<&PlanId>, &Client) -> Option<K>,
) -> BTreeMap<K, Counts> {
    tally.sums(Day::from_number(0), Day::from_number(u32::MAX), name)
}

fn everything(tally: &Tally) -> Counts {
    sums(tally, |_, _, _| Some(())).into_values().sum()
}

fn clients(tally: &Tally, plan: &str) -> BTreeMap<Client, Counts> {
    sums(tally, |_, plan_id, client| {
        plan_id
            .is_some_and(|id| id.as_str() == plan)
            .then(|| client.clone())
    })
}

fn subjects(tally: &Tally) -> usize {
    let all = sums(tally, |day, plan_id, client| {
        Some((day, plan_id.cloned(), client.clone()))
    });
    all.len()
}

#[derive(Clone, Debug)]
struct Decided {
    outcome: Outcome,
    plan: Option<u8>,
    key: Option<u8>,
    /// The clock may go back.
    second: u64,
}

fn decided() -> impl Strategy<Value = Decided> {
    let outcomes = prop::sample::select(Outcome::ALL.to_vec());
    let few = prop::option::of(0_u8..4);
    (outcomes, few.clone(), few, 0_u64..400).prop_map(|(outcome, plan, key, second)| Decided {
        outcome,
        plan,
        key,
        second,
    })
}

proptest! {
    #[test]
    fn each_decision_counts_once_wherever_one_looks(
        all in prop::collection::vec(decided(), 0..200),
        looks_after in 0_usize..200,
    ) {
        let tally = Tally::new(NOW);
        // The days before and after midnight.
        let start = Timestamp::from_secs(1_795_435_200 - 200);
        let mut expected = Counts::default();
        for (at, decided) in all.iter().enumerate() {
            let subject = Subject {
                plan_id: decided.plan.map(|plan| format!("plan{plan}").into()),
                client: decided.key.map(|key| KeyId::from(format!("key{key}"))).into(),
            };
            let now = start.saturating_add(Duration::from_secs(decided.second));
            tally.count(decided.outcome, subject, now);
            expected.add(Counts::one(decided.outcome));
            if at == looks_after {
                prop_assert_eq!(everything(&tally), expected);
            }
        }
        let latest = start.saturating_add(Duration::from_secs(401));
        prop_assert_eq!(tally.live(latest).total, expected);
        prop_assert_eq!(everything(&tally), expected);
        let names = |day: Day, plan: Option<&PlanId>, client: &Client| {
            Some((day, plan.cloned(), client.clone()))
        };
        let apart = sums(&tally, names);
        prop_assert_eq!(apart.values().copied().sum::<Counts>(), expected);
        for ((day, plan_id, client), counts) in apart {
            let same = all.iter().filter(|decided| {
                let now = start.saturating_add(Duration::from_secs(decided.second));
                Day::of(now) == day
                    && decided.plan.map(|plan| PlanId::from(format!("plan{plan}"))) == plan_id
                    && Client::from(decided.key.map(|key| KeyId::from(format!("key{key}")))) == client
            });
            let mut expected = Counts::default();
            for decided in same {
                expected.add(Counts::one(decided.outcome));
            }
            prop_assert_eq!(counts, expected);
        }
    }

    #[test]
    fn a_second_has_what_was_counted_in_it(
        seconds in prop::collection::vec(0_u64..WATCHED, 0..100),
    ) {
        let tally = Tally::new(NOW);
        let mut expected = [0; 120];
        for second in &seconds {
            let now = NOW.saturating_add(Duration::from_secs(*second));
            tally.count(Outcome::Throttled, subject("gold", Some("a")), now);
            expected[usize::try_from(*second).unwrap()] += 1;
        }
        let live = tally.live(NOW.saturating_add(Duration::from_secs(WATCHED)));
        let throttled: Vec<u64> = live.seconds.iter().map(|counts| counts.throttled).collect();
        prop_assert_eq!(throttled, expected);
    }
}

#[test]
fn threads_count_together() {
    let tally = Tally::new(NOW);
    thread::scope(|scope| {
        for thread in 0..8_u32 {
            let tally = &tally;
            scope.spawn(move || {
                for number in 0..5_000_u32 {
                    let key = format!("key{}", (number + thread) % 50);
                    let now = NOW.saturating_add(Duration::from_millis(number.into()));
                    tally.count(Outcome::Admitted, subject("gold", Some(&key)), now);
                }
            });
        }
        let mut seen = 0;
        for _ in 0..100 {
            let admitted = tally.live(NOW).total.admitted;
            assert!(admitted >= seen, "{admitted} after {seen}");
            seen = admitted;
        }
    });
    assert_eq!(everything(&tally).admitted, 40_000);
    let clients = clients(&tally, "gold");
    assert_eq!(clients.len(), 50);
    assert!(clients.values().all(|counts| counts.admitted == 800));
}

#[test]
fn keys_for_which_there_is_no_room_count_together_under_their_plan() {
    let tally = Tally::new(NOW);
    let keys = MAX_KEYS + 1_000;
    for key in 0..keys {
        let plan = if key % 2 == 0 { "gold" } else { "silver" };
        tally.count(
            Outcome::Admitted,
            subject(plan, Some(&format!("key{key}"))),
            NOW,
        );
    }
    assert_eq!(subjects(&tally), MAX_KEYS + 2);
    for plan in ["gold", "silver"] {
        let clients = clients(&tally, plan);
        assert!(clients[&Client::Others].admitted >= 400, "{plan}");
        let all: Counts = clients.into_values().sum();
        assert_eq!(all.admitted, u64::try_from(keys / 2).unwrap());
    }
}

#[test]
fn days_and_plans_without_end_take_no_more_room() {
    let tally = Tally::new(NOW);
    for day in 0..100_u32 {
        tally.count(
            Outcome::Admitted,
            subject("gold", None),
            Day::of(NOW).plus(day).start(),
        );
    }
    assert_eq!(subjects(&tally), MAX_DAYS);
    let today = Day::of(NOW).plus(99).start();
    for plan in 0..MAX_KEYS + MAX_PLANS + 500 {
        tally.count(
            Outcome::Throttled,
            subject(&format!("p{plan}"), None),
            today,
        );
    }
    // That of each other day, and today's with the one for what has no plan of its own any more.
    let most = MAX_DAYS - 1 + MAX_KEYS + MAX_PLANS + 1;
    assert_eq!(subjects(&tally), most);
}

#[test]
fn those_who_watch_see_the_last_seconds_and_the_busiest_keys() {
    let tally = Tally::new(NOW);
    let at = |second: u64| NOW.saturating_add(Duration::from_secs(second));
    for (second, key, times) in [
        (0, "old", 50),
        (100, "busy", 3),
        (110, "a", 1),
        (110, "busy", 1),
    ] {
        for _ in 0..times {
            tally.count(Outcome::Throttled, subject("gold", Some(key)), at(second));
        }
    }
    tally.count(Outcome::Admitted, subject("gold", Some("now")), at(111));
    let live = tally.live(at(111));
    assert_eq!(live.last_second, at(110).as_secs());
    assert_eq!(live.last().throttled, 2);
    assert_eq!(live.total.total(), 56);
    let busiest: Vec<_> = live
        .busiest
        .iter()
        .map(|(subject, counts)| (subject.clone(), counts.throttled))
        .collect();
    assert_eq!(
        busiest,
        [
            (subject("gold", Some("busy")), 4),
            (subject("gold", Some("a")), 1)
        ]
    );
    let later = tally.live(at(500));
    assert_eq!((later.last().total(), later.busiest.len()), (0, 0));
    assert_eq!(later.total, live.total);
}

#[test]
fn a_clock_that_is_set_back_is_seen_from_then_on() {
    let tally = Tally::new(NOW);
    let ahead = NOW.saturating_add(Duration::from_hours(1));
    tally.count(Outcome::Admitted, subject("gold", Some("a")), ahead);
    assert_eq!(tally.live(ahead).total.admitted, 1);
    // An hour before is a second with the same place.
    assert_eq!(3_600 % WATCHED, 0);
    assert_eq!(tally.live(NOW).total.admitted, 1);
    tally.count(Outcome::Throttled, subject("gold", Some("a")), NOW);
    let live = tally.live(NOW.saturating_add(Duration::from_secs(1)));
    assert_eq!((live.last().throttled, live.busiest.len()), (1, 1));
}

#[test]
fn a_known_key_costs_no_allocation() {
    let tally = Tally::new(NOW);
    let keys: Vec<Subject> = (0..100)
        .map(|key| subject("a plan with a long id", Some(&format!("key{key}"))))
        .collect();
    let count = |from_ms: u64| {
        for ms in from_ms..from_ms + 900 {
            for key in keys.iter().step_by(7) {
                let now = NOW.saturating_add(Duration::from_millis(ms));
                tally.count(Outcome::Admitted, key.clone(), now);
            }
        }
    };
    count(0);
    let counted = allocation_counter::measure(|| count(1));
    assert_eq!(counted.count_total, 0);
}

#[test]
fn those_about_whom_was_decided_since_a_second_are_known() {
    let tally = Tally::new(NOW);
    let at = |seconds| NOW.saturating_add(Duration::from_secs(seconds));
    tally.count(Outcome::Admitted, subject("gold", Some("early")), at(0));
    tally.count(Outcome::Throttled, subject("gold", Some("late")), at(7));
    tally.count(Outcome::Admitted, subject("gold", None), at(9));
    let since = |second: u64| tally.subjects(at(second).as_secs(), at(9));
    assert_eq!(since(0).len(), 3);
    let late = [subject("gold", Some("late")), subject("gold", None)];
    assert_eq!(since(7), BTreeSet::from(late));
    assert_eq!(since(9), BTreeSet::from([subject("gold", None)]));
    assert_eq!(tally.subjects(0, at(300)), BTreeSet::new());
    for number in 0..=MAX_WATCHED {
        let key = format!("k{number}");
        tally.count(Outcome::Admitted, subject("gold", Some(&key)), at(301));
    }
    let others = Subject {
        plan_id: None,
        client: Client::Others,
    };
    assert!(tally.subjects(0, at(301)).contains(&others));
}
