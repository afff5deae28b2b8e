//! What the engine writes to DynamoDB for a request: a tenth more than was measured. See the README, "Speed", and `tests/bench/results`.

use tollgate::lease::MIN_BURST;
use tollgate::plan::{Leases, Plan};

/// Write units for each admission without leases. 16 processes that share a key were measured with 1.02, as a write that comes too late is
/// paid for, too; alone, a process needs exactly one.
pub const WITHOUT_LEASES: f64 = 1.13;

/// Write units for each charge of a full lease. Under the same load 1.03 were measured, for leases of 10 and of 100.
const FOR_A_LEASE: f64 = 1.18;

/// The part of a bucket that a lease takes at the most.
const PART_OF_BURST: u64 = 16;

/// The writes a second that DynamoDB makes to one item, and so to the meter of one key.
pub const MOST_TO_ONE_ITEM: f64 = 1_000.0;

/// Write units for each admission of a key that is hot in every process. As without leases, where the plan has none.
pub fn with_leases(plan: &Plan) -> f64 {
    let size = match plan.throttle {
        Some(throttle) if throttle.burst < MIN_BURST => 1,
        Some(throttle) => lease_of(plan).min(throttle.burst / PART_OF_BURST),
        None => lease_of(plan),
    };
    if size <= 1 {
        return WITHOUT_LEASES;
    }
    (FOR_A_LEASE / super::demand::float(size)).min(WITHOUT_LEASES)
}

/// The most requests of a lease: what the plan says, and the functions' default.
fn lease_of(plan: &Plan) -> u64 {
    plan.leases().min(Leases::default()).most()
}
