//! Many processes that charge one meter, in virtual time: what it costs them, and what they get.
//!
//! Messages to the store and back take a random time, so that they overtake each other.

#![expect(clippy::cast_precision_loss, reason = "counts of a few seconds")]

mod world;

use world::{Crowd, MICROSECOND_NS, MILLISECOND_NS, SECOND_NS, Scene, Seen, seconds};

const HOT: Scene = Scene {
    rate: 100_000.0,
    burst: 100_000,
    quota: None,
    leases: 0,
    processes: 16,
    callers_each: 1,
    pause_ns: 5 * MICROSECOND_NS,
    paced_ns: None,
    way_ns: 2 * MILLISECOND_NS,
    stalled_of_1000: 0,
    ahead_ns: 0,
    lasts_ns: 2 * SECOND_NS,
    seed: 1,
};

const SATURATED: Scene = Scene {
    rate: 100.0,
    burst: 100,
    lasts_ns: 6 * SECOND_NS,
    ..HOT
};

/// The requests that the plan allows from the start to the end.
fn bound(scene: &Scene) -> f64 {
    scene.burst as f64 + seconds(scene.lasts_ns) * scene.rate
}

fn run(scene: Scene) -> Seen {
    let seen = Crowd::new(scene).run();
    let name = format!("{scene:?}: {seen}");
    assert!(
        seen.over(&scene) < 1.0 + seconds(scene.ahead_ns) * scene.rate,
        "{name}"
    );
    seen
}

#[test]
fn sixteen_processes_far_below_the_rate_pay_little_more_than_a_write_for_each_request() {
    for (rate, burst) in [(100_000.0, 100_000), (10_000.0, 5_000), (3_000.0, 3_000)] {
        let seen = run(Scene { rate, burst, ..HOT });
        assert!(seen.writes_a_check() < 1.02, "{rate}, {burst}: {seen}");
        assert_eq!(seen.refused, 0, "{rate}, {burst}: {seen}");
    }
}

#[test]
fn a_check_now_and_then_costs_little_more_than_a_write_and_half_of_one_with_leases() {
    for (stalled_of_1000, most) in [(0, 1.02), (5, 1.02), (50, 1.3)] {
        let scene = Scene {
            rate: 1_000_000.0,
            burst: 1_000_000,
            paced_ns: Some(2 * MILLISECOND_NS),
            stalled_of_1000,
            lasts_ns: 10 * SECOND_NS,
            ..HOT
        };
        let seen = run(scene);
        assert!(seen.writes_a_check() < most, "{scene:?}: {seen}");
        assert_eq!(seen.refused, 0, "{scene:?}: {seen}");
        for leases in [10, 100] {
            let scene = Scene { leases, ..scene };
            let seen = run(scene);
            assert!(seen.writes_a_check() < 0.55, "{scene:?}: {seen}");
            assert_eq!(seen.refused, 0, "{scene:?}: {seen}");
        }
    }
}

#[test]
fn charges_that_spoil_each_other_give_more_of_a_small_bucket_that_refills_at_once() {
    let scene = Scene {
        rate: 10_000.0,
        burst: 100,
        paced_ns: Some(2 * MILLISECOND_NS),
        way_ns: 25 * MILLISECOND_NS,
        ..HOT
    };
    let seen = run(scene);
    assert_eq!(seen.refused, 0, "{seen}");
}

#[test]
fn leases_of_ten_and_of_a_hundred_divide_the_writes_by_as_much() {
    let scene = Scene {
        rate: 1_000_000.0,
        burst: 1_000_000,
        ..HOT
    };
    let seen = run(Scene {
        leases: 10,
        ..scene
    });
    assert!(seen.writes_a_check() < 0.12, "{seen}");
    let seen = run(Scene {
        leases: 100,
        ..scene
    });
    assert!(seen.writes_a_check() < 0.012, "{seen}");
}

#[test]
fn sixteen_callers_of_one_process_share_their_charges() {
    let seen = run(Scene {
        processes: 1,
        callers_each: 16,
        ..HOT
    });
    assert!(seen.writes_a_check() < 0.1, "{seen}");
}

#[test]
fn a_saturated_plan_is_used_up_and_the_processes_do_not_herd() {
    for (processes, way_ms, leases, least, most) in [
        (16, 2, 0, 0.997, 2.0),
        (16, 2, 100, 0.997, 2.0),
        (64, 2, 0, 0.997, 3.0),
        (64, 2, 100, 0.997, 3.0),
        // A store that is busy itself: while the burst lasts, charges spoil each other's forms, which costs a part of it.
        (16, 25, 100, 0.95, 2.0),
        (64, 25, 0, 0.94, 3.0),
        (64, 25, 100, 0.94, 3.0),
    ] {
        let scene = Scene {
            leases,
            processes,
            way_ns: way_ms * MILLISECOND_NS,
            ..SATURATED
        };
        let seen = run(scene);
        let share = seen.admitted as f64 / bound(&scene);
        assert!(share >= least, "{processes}, {way_ms} ms: {seen}");
        assert!(
            seen.writes_an_admission() <= most,
            "{processes}, {way_ms} ms: {seen}"
        );
    }
}

#[test]
fn a_quota_is_used_up_exactly_with_leases() {
    for leases in [0, 10, 100] {
        let seen = run(Scene {
            leases,
            rate: 10_000.0,
            burst: 10_000,
            quota: Some(500),
            ..HOT
        });
        assert_eq!(seen.admitted, 500, "{leases}: {seen}");
    }
}

#[test]
fn clocks_that_differ_by_200_ms_give_away_that_much_of_the_rate_at_the_most() {
    for leases in [0, 100] {
        run(Scene {
            leases,
            ahead_ns: 200 * MILLISECOND_NS,
            lasts_ns: 10 * SECOND_NS,
            ..SATURATED
        });
    }
}
