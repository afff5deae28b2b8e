//! Limiters for tests whose store is a real one.

use std::time::Duration;

use tollgate::key::Pepper;
use tollgate::limiter::{Limiter, Options};
use tollgate::store::Ledger;
use tollgate::time::Clock;

/// A limiter that waits for a store on a busy machine, however long that takes.
pub(crate) fn patient_limiter<L: Ledger, C: Clock>(
    ledger: L,
    clock: C,
    pepper: Pepper,
) -> Limiter<L, C> {
    let options = Options {
        deadline: Duration::from_mins(5),
        ..Options::default()
    };
    Limiter::with_options(ledger, clock, pepper, options).unwrap()
}
