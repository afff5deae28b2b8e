//! The charges of one process, step by step.

use std::sync::Arc;
use std::time::Duration;

use chaos::item::Item;
use tollgate::bucket::{Bucket, Rate, Throttle};
use tollgate::charge::{Asked, Flight, Meter, Next, Outcome, Turn, Wish};
use tollgate::lease::Leases;
use tollgate::meter::{ChargeId, Limits, Write};
use tollgate::plan::BucketId;
use tollgate::quota::{Day, Period, Quota};
use tollgate::time::Timestamp;

fn wish() -> Wish {
    let throttle = Throttle {
        rate: Rate::from(100),
        burst: 3_200,
    };
    Wish {
        cost: 1,
        limits: Limits {
            bucket: Some((BucketId::Plan, Bucket::new(throttle))),
            quota: Some(Quota::new(10_000, Period::Day, 0).unwrap()),
            ..Limits::default()
        },
        leases: Leases::default(),
        shards: None,
        generation: 0,
    }
}

fn lead(meter: &Arc<Meter>, now: Timestamp) -> Flight {
    match meter.ask(&wish(), now, || Ok(())) {
        Asked::Lead(flight) => flight,
        other @ (Asked::Done(_) | Asked::Wait(_)) => panic!("not the first: {other:?}"),
    }
}

fn write(flight: &mut Flight, id: u64, now: Timestamp) -> Write {
    match flight.next(ChargeId::new(id), now) {
        Next::Write(write) => write,
        other => panic!("no charge: {other:?}"),
    }
}

#[test]
fn who_comes_after_midnight_is_not_served_from_a_charge_of_the_day_before() {
    let midnight = Day::from_number(20_513).start();
    let before = midnight.saturating_sub(Duration::from_millis(20));
    let after = midnight.saturating_add(Duration::from_millis(20));
    let meter = Arc::new(Meter::of_hot_key(&wish()));
    let mut item = Item::default();

    let mut flight = lead(&meter, before);
    let charge = write(&mut flight, 1, before);
    assert_eq!(charge.cost, 2, "one request more than is needed");
    let Asked::Wait(mut late) = meter.ask(&wish(), after, || Ok(())) else {
        panic!("a charge is under way");
    };
    flight.learn(&charge, &item.charge(&charge), after);
    assert!(
        late.try_recv().is_err(),
        "what is left of the charge belongs to the quota of yesterday"
    );
    let Next::Done(Outcome::Admitted(_)) = flight.next(ChargeId::new(2), after) else {
        panic!("who asked before midnight passes");
    };
    let Ok(Turn::Lead(mut flight)) = late.try_recv() else {
        panic!("it is the turn of the one that waits");
    };
    let charge = write(&mut flight, 3, after);
    flight.learn(&charge, &item.charge(&charge), after);
    assert_eq!((item.day, item.win), (Some(20_513), Some(20_513)));
    assert_eq!(
        item.used,
        Some(1),
        "the new window pays for the new request"
    );
}
