//! The bound of the bucket: in every window of true time, the burst and the rate, and once what clocks that are `d` apart give away,
//! `d · rate`.
//!
//! A bucket of which the state is known exactly: each request that passes moves it ahead by what it takes, from where it was or
//! from now. How far it is ahead of an instant is the largest sum over all windows that end there, less their lengths. So it may
//! never be further ahead than the bucket's refill and what clocks are apart.
//!
//! When the plan was changed, that holds for the requests of each plan alone, and for all together with the longest refill of their
//! plans: what a request takes of the bucket is what its own plan says.

use tollgate::plan::BucketId;

use super::World;
use crate::rules::Pace;
use crate::violation::{Invariant, Violation};

/// A request that passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Admission {
    /// The true time that it counts for.
    pub(super) at: u64,
    pub(super) cost: u64,
    /// The plan under which it was charged.
    pub(super) plan: usize,
    pub(super) bucket: Option<BucketId>,
    pub(super) step: usize,
}

/// A bucket, as far as requests of one pace, or of all, have filled it.
struct Reference {
    bucket: BucketId,
    /// `None`: of all paces.
    pace: Option<Pace>,
    full_at: u64,
    /// The longest refill of those that it was filled by.
    refill_ns: u64,
}

impl World {
    pub(super) fn check_buckets(&mut self) -> Result<(), Violation> {
        self.admissions.sort_unstable();
        let spread_ns = self.spread_ns();
        let mut references: Vec<Reference> = Vec::new();
        let mut longest_ns = 0;
        for admission in &self.admissions {
            if let Some(pace) = self.rules(admission.plan).pace_of(admission.bucket) {
                longest_ns = longest_ns.max(pace.refill_ns());
            }
        }
        for admission in &self.admissions {
            let pace = self.rules(admission.plan).pace_of(admission.bucket);
            let (Some(bucket), Some(pace)) = (admission.bucket, pace) else {
                continue;
            };
            for (own, refill_ns) in [(Some(pace), pace.refill_ns()), (None, longest_ns)] {
                let known = references
                    .iter()
                    .position(|known| known.bucket == bucket && known.pace == own);
                let index = known.unwrap_or_else(|| {
                    references.push(Reference {
                        bucket,
                        pace: own,
                        full_at: 0,
                        refill_ns,
                    });
                    references.len() - 1
                });
                let Some(reference) = references.get_mut(index) else {
                    continue;
                };
                let cost_ns = pace.interval_ns() * admission.cost;
                reference.full_at = reference.full_at.max(admission.at) + cost_ns;
                let ahead_ns = reference.full_at - admission.at;
                let most_ns = reference.refill_ns.saturating_add(spread_ns);
                Violation::unless(ahead_ns <= most_ns, Invariant::Bucket, || {
                    let whose = own.map_or("all plans".to_owned(), |pace| pace.to_string());
                    format!(
                        "in a window that ends with the request of event {}, {} ns more than its length \
                         were taken of the bucket {bucket:?} ({whose}), and {most_ns} ns are allowed, \
                         {spread_ns} ns of it for clocks",
                        admission.step, ahead_ns
                    )
                })?;
            }
        }
        Ok(())
    }
}
