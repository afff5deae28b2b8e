//! A store that does not answer is left alone for a while.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::time::Timestamp;

/// How many times in a row the store does not answer before it is left alone.
pub const MAX_FAILURES: u32 = 5;

/// How long the store is left alone at first, at the most.
pub const FIRST_REST: Duration = Duration::from_millis(100);

/// How long the store is left alone at the most, after it has not answered again and again.
pub const LONGEST_REST: Duration = Duration::from_secs(5);

/// Whether the store is asked. It opens after [`MAX_FAILURES`] in a row; then one request is let through after each rest, and the others
/// are told at once that the store does not answer. The first answer closes it.
///
/// While the store answers, this is one load of a number that nobody writes.
#[derive(Debug, Default)]
pub(super) struct Circuit {
    /// How many times in a row there was no answer, [`MAX_FAILURES`] at the most.
    failures: AtomicU32,
    rest: Mutex<Rest>,
}

#[derive(Debug, Default)]
struct Rest {
    began_at: Timestamp,
    /// When its length was set. Who asked before that says nothing new.
    set_at: Timestamp,
    /// Each one is twice as long at the most. Zero when the store answers.
    longest: Duration,
    length: Duration,
}

impl Circuit {
    /// Whether the store may be asked at `now`.
    ///
    /// # Errors
    ///
    /// When it is left alone, with the longest time until somebody asks it again.
    pub(super) fn check(&self, now: Timestamp) -> Result<(), Duration> {
        if self.failures.load(Ordering::Relaxed) < MAX_FAILURES {
            return Ok(());
        }
        let mut rest = self.rest();
        // A clock that was set back must not make the rest longer.
        let past = now.abs_diff(rest.began_at);
        if past < rest.length {
            return Err(rest.length.saturating_sub(past));
        }
        // Who asks now has a whole rest to bring the answer. If it is given up, the next one asks.
        rest.began_at = now;
        Ok(())
    }

    /// The store has answered, if only to refuse.
    pub(super) fn succeed(&self) {
        if self.failures.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut rest = self.rest();
        self.failures.store(0, Ordering::Relaxed);
        *rest = Rest::default();
    }

    /// The store, asked at `asked_at`, has not answered by `now`. `lot` is a random number, so that the processes of a fleet do not ask
    /// again all at once.
    pub(super) fn fail(&self, asked_at: Timestamp, now: Timestamp, lot: u64) {
        let mut rest = self.rest();
        let failures = self.failures.load(Ordering::Relaxed);
        if failures < MAX_FAILURES {
            self.failures.store(failures + 1, Ordering::Relaxed);
        }
        let is_open = failures >= MAX_FAILURES;
        // Many may have asked before it opened, and several while they wait for an answer. Only who asked after the last rest was set
        // says that the next one has to be longer. A clock that was set back must not hide that.
        let is_old = asked_at < rest.set_at && rest.set_at <= now;
        if failures + 1 < MAX_FAILURES || (is_open && is_old) {
            return;
        }
        rest.longest = (rest.longest * 2).clamp(FIRST_REST, LONGEST_REST);
        rest.length = jittered(rest.longest, lot);
        rest.began_at = now;
        rest.set_at = now;
    }

    fn rest(&self) -> MutexGuard<'_, Rest> {
        // What is in it is valid at every moment.
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Between a half and the whole of `longest`.
fn jittered(longest: Duration, lot: u64) -> Duration {
    let half = longest / 2;
    let half_ns = u64::try_from(half.as_nanos()).unwrap_or(u64::MAX).max(1);
    half + Duration::from_nanos(lot % half_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_secs(1_000);

    fn open() -> Circuit {
        let circuit = Circuit::default();
        for _ in 0..MAX_FAILURES {
            assert_eq!(circuit.check(START), Ok(()));
            circuit.fail(START, START, u64::MAX);
        }
        circuit
    }

    #[test]
    fn a_few_failures_leave_it_closed() {
        let circuit = Circuit::default();
        for _ in 0..3 {
            for _ in 1..MAX_FAILURES {
                circuit.fail(START, START, 0);
                assert_eq!(circuit.check(START), Ok(()));
            }
            circuit.succeed();
        }
    }

    #[test]
    fn after_each_rest_one_request_is_let_through() {
        let circuit = open();
        assert!(circuit.check(START).is_err_and(|wait| wait <= FIRST_REST));
        let later = START.saturating_add(FIRST_REST);
        assert_eq!(circuit.check(later), Ok(()));
        assert!(circuit.check(later).is_err());
        // It was given up, and nobody heard of it.
        assert_eq!(circuit.check(later.saturating_add(FIRST_REST)), Ok(()));
    }

    #[test]
    fn rests_grow_to_a_bound_and_those_who_asked_before_do_not_lengthen_them() {
        let circuit = open();
        for _ in 0..1_000 {
            circuit.fail(Timestamp::EPOCH, START, u64::MAX);
        }
        let mut now = START.saturating_add(FIRST_REST);
        assert_eq!(circuit.check(now), Ok(()));
        let mut waits = Vec::new();
        for _ in 0..8 {
            circuit.fail(now, now, 0);
            let wait = circuit.check(now).unwrap_err();
            waits.push(wait.as_millis());
            now = now.saturating_add(wait);
            assert_eq!(circuit.check(now), Ok(()));
        }
        assert_eq!(waits, [100, 200, 400, 800, 1_600, 2_500, 2_500, 2_500]);
    }

    #[test]
    fn rests_grow_too_while_each_answer_is_waited_for_longer_than_a_rest() {
        let circuit = open();
        let wait = Duration::from_millis(400);
        let step = Duration::from_millis(1);
        let mut asked: std::collections::VecDeque<Timestamp> = std::collections::VecDeque::new();
        let (mut now, mut count) = (START, 0);
        for _ in 0..30_000 {
            now = now.saturating_add(step);
            while let Some(first) = asked.front().copied()
                && now.saturating_since(first) >= wait
            {
                asked.pop_front();
                circuit.fail(first, now, 0);
            }
            if circuit.check(now).is_ok() {
                asked.push_back(now);
                count += 1;
            }
        }
        // In 30 s; one each rest would be 600 while rests do not grow.
        assert!(count <= 40, "asked {count} times");
    }

    #[test]
    fn the_first_answer_closes_it() {
        let circuit = open();
        circuit.succeed();
        for _ in 0..3 {
            assert_eq!(circuit.check(START), Ok(()));
        }
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_lengthen_a_rest() {
        let circuit = open();
        assert_eq!(circuit.check(Timestamp::from_secs(10)), Ok(()));
    }
}
