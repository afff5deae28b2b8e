//! What a bucket may let pass in a while.

use std::time::Duration;

use tollgate::time::Timestamp;

/// A request that was admitted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passed {
    /// The true time before it.
    pub(crate) began_at: Timestamp,
    /// The true time after it.
    pub(crate) ended_at: Timestamp,
    /// How many requests it counts for.
    pub(crate) cost: u64,
}

/// A bucket, and by how much the clocks of those who fill it differ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    /// Requests a second.
    pub(crate) rate: u32,
    pub(crate) burst: u64,
    pub(crate) skew: Duration,
}

impl Bucket {
    /// Says where more passed than may in any window. `passed` is in the order in which the requests began. A request counts in a window
    /// only if all of its time lies in it: whatever instant it was admitted at.
    pub(crate) fn excess(self, passed: &[Passed]) -> Option<String> {
        // The ends of all requests that began in the window, in their order, with what they cost.
        let mut ends: Vec<(Timestamp, u64)> = Vec::new();
        for request in passed.iter().rev() {
            let place = ends.partition_point(|(end, _)| *end < request.ended_at);
            ends.insert(place, (request.ended_at, request.cost));
            let mut sum = 0_u64;
            for (end, cost) in &ends {
                sum = sum.saturating_add(*cost);
                let seen = end.saturating_since(request.began_at);
                let window = seen.saturating_add(self.skew);
                let refill = window.as_nanos().saturating_mul(self.rate.into()) / 1_000_000_000;
                let most = u128::from(self.burst).saturating_add(refill);
                if u128::from(sum) > most {
                    return Some(format!(
                        "{sum} requests within {seen:?} of {}, at most {most}",
                        request.began_at.as_nanos(),
                    ));
                }
            }
        }
        None
    }
}
