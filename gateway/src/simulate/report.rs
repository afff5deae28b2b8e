//! What a simulation found.

use std::time::Duration;

use serde::Serialize;
use tollgate::meter::Refusal;
use tollgate::plan::Plan;
use tollgate::time::Timestamp;

use super::run::Settings;

/// What a simulation found. As JSON, its members have these names in camel case.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The plan's name.
    pub plan: String,
    /// The shape of the traffic of each key.
    pub traffic: String,
    /// How many keys asked.
    pub keys: u32,
    /// How long requests came, in seconds.
    pub duration_s: f64,
    /// What all draws came from.
    pub seed: u64,
    /// The requests that came.
    pub requests: u64,
    /// Those that were admitted, at once or later.
    pub admitted: u64,
    /// Those that were admitted when they came first.
    pub admitted_at_once: u64,
    /// Those that were never admitted.
    pub given_up: u64,
    /// How often a request was tried, those that came again included.
    pub tries: u64,
    /// Tries that were refused for their rate.
    pub throttled: u64,
    /// Tries that were refused for their number.
    pub quota_exceeded: u64,
    /// How long the admitted requests waited.
    pub waits: Option<Waits>,
    /// The most admissions in one second.
    pub most_admitted_in_a_second: u64,
    /// Each second, from the start to the last try.
    pub seconds: Vec<Second>,
}

/// How long requests waited from their first try until they were admitted, in milliseconds, rounded up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Waits {
    /// Half of them waited no longer.
    pub p50_ms: u64,
    /// 90 % waited no longer.
    pub p90_ms: u64,
    /// 99 % waited no longer.
    pub p99_ms: u64,
    /// 99.9 % waited no longer.
    pub p999_ms: u64,
    /// None waited longer.
    pub max_ms: u64,
}

/// One second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Second {
    /// The requests that came for the first time.
    pub requests: u64,
    /// The tries that were admitted.
    pub admitted: u64,
    /// The tries that were refused.
    pub refused: u64,
}

/// What is counted meanwhile.
#[derive(Debug)]
pub(super) struct Tally {
    start: Timestamp,
    requests: u64,
    at_once: u64,
    /// Of those that waited.
    waits: Vec<Duration>,
    given_up: u64,
    throttled: u64,
    quota_exceeded: u64,
    seconds: Vec<Second>,
}

impl Tally {
    pub(super) const fn new(start: Timestamp) -> Self {
        Self {
            start,
            requests: 0,
            at_once: 0,
            waits: Vec::new(),
            given_up: 0,
            throttled: 0,
            quota_exceeded: 0,
            seconds: Vec::new(),
        }
    }

    pub(super) fn came(&mut self, at: Timestamp) {
        self.requests = self.requests.saturating_add(1);
        self.in_second(at, |second| &mut second.requests);
    }

    pub(super) fn admitted(&mut self, at: Timestamp, wait: Duration) {
        if wait.is_zero() {
            self.at_once = self.at_once.saturating_add(1);
        } else {
            self.waits.push(wait);
        }
        self.in_second(at, |second| &mut second.admitted);
    }

    pub(super) fn refused(&mut self, at: Timestamp, refusal: Refusal) {
        let count = match refusal {
            Refusal::Throttled { .. } => &mut self.throttled,
            Refusal::QuotaExceeded { .. } => &mut self.quota_exceeded,
        };
        *count = count.saturating_add(1);
        self.in_second(at, |second| &mut second.refused);
    }

    pub(super) const fn gave_up(&mut self) {
        self.given_up = self.given_up.saturating_add(1);
    }

    fn in_second(&mut self, at: Timestamp, count: impl Fn(&mut Second) -> &mut u64) {
        let after_s = at.saturating_since(self.start).as_secs();
        let Ok(number) = usize::try_from(after_s) else {
            return;
        };
        if self.seconds.len() <= number {
            self.seconds
                .resize(number.saturating_add(1), Second::default());
        }
        if let Some(second) = self.seconds.get_mut(number) {
            let count = count(second);
            *count = count.saturating_add(1);
        }
    }

    pub(super) fn report(mut self, plan: &Plan, settings: &Settings) -> Report {
        self.waits.sort_unstable();
        let waited = u64::try_from(self.waits.len()).unwrap_or(u64::MAX);
        let admitted = self.at_once.saturating_add(waited);
        let refused = self.throttled.saturating_add(self.quota_exceeded);
        let most = self.seconds.iter().map(|second| second.admitted).max();
        Report {
            plan: plan.name.clone(),
            traffic: settings.shape.to_string(),
            keys: settings.keys,
            duration_s: settings.duration.as_secs_f64(),
            seed: settings.seed,
            requests: self.requests,
            admitted,
            admitted_at_once: self.at_once,
            given_up: self.given_up,
            tries: admitted.saturating_add(refused),
            throttled: self.throttled,
            quota_exceeded: self.quota_exceeded,
            waits: waits(self.at_once, &self.waits),
            most_admitted_in_a_second: most.unwrap_or(0),
            seconds: self.seconds,
        }
    }
}

/// Percentiles of `at_once` zeros and `waits`, which are sorted: the smallest value that so many have at the most.
fn waits(at_once: u64, waits: &[Duration]) -> Option<Waits> {
    let all = at_once.checked_add(u64::try_from(waits.len()).ok()?)?;
    let at = |per_mille: u64| {
        let rank = all.saturating_mul(per_mille).div_ceil(1_000).max(1);
        let among_waits = rank.checked_sub(at_once).filter(|rank| *rank > 0);
        let index = among_waits.and_then(|rank| usize::try_from(rank - 1).ok());
        let wait = index.and_then(|index| waits.get(index));
        let wait = wait.copied().unwrap_or(Duration::ZERO);
        u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
    };
    (all > 0).then(|| Waits {
        p50_ms: at(500),
        p90_ms: at(900),
        p99_ms: at(990),
        p999_ms: at(999),
        max_ms: at(1_000),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_count_those_who_did_not_wait() {
        assert_eq!(waits(0, &[]), None);
        let ten: Vec<Duration> = (1..=10).map(Duration::from_secs).collect();
        let found = waits(90, &ten).unwrap();
        assert_eq!((found.p50_ms, found.p90_ms), (0, 0));
        assert_eq!(
            (found.p99_ms, found.p999_ms, found.max_ms),
            (9_000, 10_000, 10_000)
        );
        let found = waits(0, &ten).unwrap();
        assert_eq!(
            (found.p50_ms, found.p90_ms, found.max_ms),
            (5_000, 9_000, 10_000)
        );
        let found = waits(5, &[]).unwrap();
        assert_eq!(found.max_ms, 0);
    }
}
