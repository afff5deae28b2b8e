//! Values that no key has: what they cost, and that they push no key out of memory.

use std::time::Duration;

use tollgate::decision::Reason;
use tollgate::entitlement::{FIRST_RECHECK, Memory};

use super::{Calls, Desk, KEY, NO_CALLS, hash, throttle};

const NOBODYS: &str = "a-key-that-nobody-has";
const ONE_READ: Calls = Calls {
    keys: 1,
    ..NO_CALLS
};

fn remembering(max_keys: usize) -> Memory {
    Memory {
        max_keys,
        ..Memory::default()
    }
}

impl Desk {
    async fn calls_with(&self, key: &str) -> Calls {
        self.ledger.take_calls();
        self.ask("/users", Some(key), 1).await.unwrap();
        self.ledger.take_calls()
    }

    /// Gives one more value to the key that there is.
    fn add_value(&self, value: &str) {
        let mut state = self.ledger.state();
        let key = state.keys[&hash(KEY)].clone();
        state.keys.insert(hash(value), key);
    }
}

#[tokio::test]
async fn a_value_that_no_key_has_is_not_looked_for_again_at_once() {
    let desk = Desk::new(None, None);
    assert_eq!(desk.calls_with(NOBODYS).await, ONE_READ);
    let almost = FIRST_RECHECK.saturating_sub(Duration::from_nanos(1));
    for wait in [Duration::ZERO, almost] {
        desk.clock.advance(wait);
        assert_eq!(desk.calls_with(NOBODYS).await, NO_CALLS);
    }
    desk.clock.advance(Duration::from_nanos(1));
    assert_eq!(desk.calls_with(NOBODYS).await, ONE_READ);
}

/// What was read for a request is not too old for it, however long the reading takes.
#[tokio::test]
async fn a_refused_key_is_read_once_when_the_store_is_slow() {
    let desk = Desk::new(None, None);
    desk.ledger.state().tick = Some((desk.clock.clone(), FIRST_RECHECK * 4));
    assert_eq!(desk.calls_with(NOBODYS).await, ONE_READ);
    desk.set_enabled(false);
    let with_its_plan = Calls {
        plans: 1,
        ..ONE_READ
    };
    assert_eq!(desk.calls_with(KEY).await, with_its_plan);
}

#[tokio::test]
async fn a_key_that_is_created_after_it_was_refused_is_seen() {
    let desk = Desk::new(None, None);
    let ask = || desk.ask("/users", Some(NOBODYS), 1);
    assert_eq!(ask().await.unwrap(), Some(Reason::UnknownKey));
    desk.add_value(NOBODYS);
    assert_eq!(ask().await.unwrap(), Some(Reason::UnknownKey));
    desk.clock.advance(FIRST_RECHECK);
    assert_eq!(ask().await.unwrap(), None);
    assert_eq!(desk.calls_with(NOBODYS).await.keys, 0);
}

#[tokio::test]
async fn a_key_that_was_deleted_is_unknown_from_the_next_reading_on() {
    let desk = Desk::new(None, None);
    assert_eq!(desk.decide().await, None);
    desk.ledger.state().keys.clear();
    desk.change_meter(|meter| meter.off = true);
    assert_eq!(desk.decide().await, Some(Reason::UnknownKey));
    assert_eq!(desk.calls_of_a_decision().await, NO_CALLS);
}

/// A hundred times as many as are remembered, and each of them twice.
#[tokio::test]
async fn a_flood_of_values_that_no_key_has_makes_no_key_forgotten() {
    let desk = Desk::remembering(remembering(1_000), Some(throttle(0.0, 0)), None);
    let values: Vec<_> = (0..500).map(|number| format!("{KEY}-{number}")).collect();
    for value in &values {
        desk.add_value(value);
        assert_eq!(desk.calls_with(value).await.keys, 1);
    }
    for number in 0..100_000 {
        let value = format!("{NOBODYS}-{number}");
        for _ in 0..2 {
            let reason = desk.ask("/users", Some(&value), 1).await.unwrap();
            assert_eq!(reason, Some(Reason::UnknownKey));
        }
    }
    for value in &values {
        assert_eq!(desk.calls_with(value).await, NO_CALLS);
    }
}

/// There is room for one value that no key has: whichever comes first.
#[tokio::test]
async fn what_cannot_be_a_key_takes_no_place_in_memory() {
    let malformed = [
        "short",
        "spaces are not for key values",
        "tg_p_0Aa1Bb2Cc3Dd4Ee5Ff6Gg7Hh8Ii9Jj3QXQEP",
    ];
    let desk = Desk::remembering(remembering(1), None, None);
    for text in malformed {
        for _ in 0..10 {
            assert_eq!(desk.calls_with(text).await, NO_CALLS);
        }
    }
    assert_eq!(desk.calls_with(NOBODYS).await, ONE_READ);
    assert_eq!(desk.calls_with(NOBODYS).await, NO_CALLS);

    let desk = Desk::remembering(remembering(1), None, None);
    assert_eq!(desk.calls_with("another-that-nobody-has").await, ONE_READ);
    for _ in 0..2 {
        assert_eq!(desk.calls_with(NOBODYS).await, ONE_READ);
    }
}
