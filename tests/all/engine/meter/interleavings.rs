//! Several processes at one meter: their steps interleave at random, answers are lost, writes are repeated and arrive late, and
//! clocks differ and jump. Whatever happens, the bounds hold.

use std::num::NonZeroU64;

use proptest::prelude::*;
use tollgate::lease::Leases;
use tollgate::quota::{Period, Quota};

use super::events::{Event, any_event};
use super::world::World;
use super::{Rules, any_rules};

/// Plans and events with which shards are filled and drawn from: a share lasts for many events.
fn quick_rules() -> impl Strategy<Value = Rules> {
    let quota = (200..4_000_u64).prop_map(|limit| Quota::new(limit, Period::Day, 0).unwrap());
    let quota = prop::option::weighted(0.5, quota);
    (200..4_000_u32, 200..4_000_u64, quota).prop_map(|(per_second, burst, quota)| Rules {
        per_second,
        burst,
        quota,
    })
}

fn quick_event() -> impl Strategy<Value = Event> {
    any_event().prop_map(|event| match event {
        Event::Pass { nanos } => Event::Pass {
            nanos: nanos % 20_000_000,
        },
        Event::SetClock { process, offset_ns } => Event::SetClock {
            process,
            offset_ns: offset_ns % 50_000_000,
        },
        other => other,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn no_interleaving_takes_more_than_the_plan_allows(
        rules in any_rules(),
        most in 0..20_u64,
        is_sharded: bool,
        events in prop::collection::vec(any_event(), 1..400),
    ) {
        let leases = NonZeroU64::new(most).map_or(Leases::Off, Leases::AtMost);
        let mut world = World::new(rules, leases, is_sharded.then(|| "2".parse().unwrap()));
        for event in events {
            world.happen(event);
        }
        world.check();
        if rules.burst > 0 && rules.quota.is_none_or(|quota| quota.limit() > 0) {
            world.check_that_nothing_is_stuck();
            world.check();
        }
    }
    #[test]
    fn no_interleaving_draws_more_from_shards_than_was_taken_for_them(
        rules in quick_rules(),
        most in 0..20_u64,
        events in prop::collection::vec(quick_event(), 100..900),
    ) {
        let leases = NonZeroU64::new(most).map_or(Leases::Off, Leases::AtMost);
        let mut world = World::new(rules, leases, "2".parse().ok());
        for event in events {
            world.happen(event);
        }
        world.check();
        world.check_that_nothing_is_stuck();
        world.check();
    }
}
