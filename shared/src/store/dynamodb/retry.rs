//! Waiting between tries.

use std::time::Duration;

use crate::random;
use crate::store::RegistryError;

/// How often a change is tried when others change the same items.
const MAX_TRIES: u32 = 32;

/// The longest wait after the first try. It doubles with each one.
const FIRST_WAIT: Duration = Duration::from_millis(4);

/// The longest wait of all.
const LONGEST_WAIT: Duration = Duration::from_millis(200);

/// Counts the tries of one call.
#[derive(Debug, Default)]
pub(super) struct Tries {
    failed: u32,
}

impl Tries {
    /// Waits before the next try: a random time, so that those who met do not meet again.
    ///
    /// # Errors
    ///
    /// `Contended` when there were enough tries.
    pub(super) async fn again(&mut self) -> Result<(), RegistryError> {
        let longest = self.next_wait().ok_or(RegistryError::Contended)?;
        // Without randomness the longest wait does as well.
        let wait = random::number().map_or(longest, |number| part(longest, number));
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// The longest wait before the next try; `None` when there were enough.
    fn next_wait(&mut self) -> Option<Duration> {
        self.failed = self.failed.saturating_add(1);
        (self.failed < MAX_TRIES).then(|| longest_wait(self.failed))
    }
}

fn longest_wait(failed: u32) -> Duration {
    let doublings = failed.saturating_sub(1);
    let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
    FIRST_WAIT.saturating_mul(factor).min(LONGEST_WAIT)
}

/// From nothing to all of `longest`, each equally likely when `number` is.
fn part(longest: Duration, number: u64) -> Duration {
    let nanos = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(number.checked_rem(nanos.saturating_add(1)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let waits = [1, 2, 3, 6, 7, 31, 40].map(|failed| longest_wait(failed).as_millis());
        assert_eq!(waits, [4, 8, 16, 128, 200, 200, 200]);
    }

    #[test]
    fn a_random_part_is_from_nothing_to_all_of_the_wait() {
        let longest = Duration::from_nanos(9);
        assert_eq!(part(longest, 0), Duration::ZERO);
        assert_eq!(part(longest, 9), longest);
        assert_eq!(part(longest, 10), Duration::ZERO);
        assert_eq!(
            part(Duration::MAX, u64::MAX - 1).as_nanos(),
            u128::from(u64::MAX - 1)
        );
    }

    #[test]
    fn gives_up_after_the_last_try() {
        let mut tries = Tries::default();
        for _ in 1..MAX_TRIES {
            assert!(tries.next_wait().is_some());
        }
        assert_eq!(tries.next_wait(), None);
    }
}
