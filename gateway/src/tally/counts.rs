//! Numbers of decisions.

use tollgate::metrics::Outcome;

/// How many requests came to each outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Passed, and charged.
    pub admitted: u64,
    /// Passed although the store did not answer, and not charged.
    pub admitted_uncharged: u64,
    /// Passed in shadow mode, and counted: faster than the plan allows.
    pub would_throttle: u64,
    /// Passed in shadow mode, and counted: the quota was used up.
    pub would_exceed_quota: u64,
    /// Refused: faster than the plan, the stage or the account allows.
    pub throttled: u64,
    /// Refused: the quota was used up.
    pub quota_exceeded: u64,
    /// Refused: no key that opens the stage.
    pub forbidden: u64,
    /// Refused: the store did not answer.
    pub store_failed: u64,
}

impl Counts {
    /// One request.
    #[must_use]
    pub fn one(outcome: Outcome) -> Self {
        let mut counts = Self::default();
        let place = match outcome {
            Outcome::Admitted => &mut counts.admitted,
            Outcome::AdmittedUncharged => &mut counts.admitted_uncharged,
            Outcome::WouldThrottle => &mut counts.would_throttle,
            Outcome::WouldExceedQuota => &mut counts.would_exceed_quota,
            Outcome::Throttled => &mut counts.throttled,
            Outcome::QuotaExceeded => &mut counts.quota_exceeded,
            Outcome::Forbidden => &mut counts.forbidden,
            Outcome::StoreFailed => &mut counts.store_failed,
        };
        *place = 1;
        counts
    }

    /// How many came to this outcome.
    #[must_use]
    pub const fn of(self, outcome: Outcome) -> u64 {
        match outcome {
            Outcome::Admitted => self.admitted,
            Outcome::AdmittedUncharged => self.admitted_uncharged,
            Outcome::WouldThrottle => self.would_throttle,
            Outcome::WouldExceedQuota => self.would_exceed_quota,
            Outcome::Throttled => self.throttled,
            Outcome::QuotaExceeded => self.quota_exceeded,
            Outcome::Forbidden => self.forbidden,
            Outcome::StoreFailed => self.store_failed,
        }
    }

    /// Adds others.
    pub fn add(&mut self, others: Self) {
        let Self {
            admitted,
            admitted_uncharged,
            would_throttle,
            would_exceed_quota,
            throttled,
            quota_exceeded,
            forbidden,
            store_failed,
        } = others;
        for (sum, more) in [
            (&mut self.admitted, admitted),
            (&mut self.admitted_uncharged, admitted_uncharged),
            (&mut self.would_throttle, would_throttle),
            (&mut self.would_exceed_quota, would_exceed_quota),
            (&mut self.throttled, throttled),
            (&mut self.quota_exceeded, quota_exceeded),
            (&mut self.forbidden, forbidden),
            (&mut self.store_failed, store_failed),
        ] {
            *sum = sum.saturating_add(more);
        }
    }

    /// All requests.
    pub const fn total(self) -> u64 {
        self.passed().saturating_add(self.refused())
    }

    /// The requests that passed.
    pub const fn passed(self) -> u64 {
        self.admitted
            .saturating_add(self.admitted_uncharged)
            .saturating_add(self.would_throttle)
            .saturating_add(self.would_exceed_quota)
    }

    /// The requests that were refused.
    pub const fn refused(self) -> u64 {
        self.throttled
            .saturating_add(self.quota_exceeded)
            .saturating_add(self.forbidden)
            .saturating_add(self.store_failed)
    }
}

impl std::iter::Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |mut sum, counts| {
            sum.add(counts);
            sum
        })
    }
}
