//! Several store requests at a time, and not too many.

use std::future::Future;
use std::sync::{Mutex, PoisonError};

use crate::control::error::ControlError;

/// [`try_each`] for operations of the management API.
pub(super) async fn for_each<J, T, F>(
    jobs: Vec<J>,
    one: impl Fn(J) -> F,
) -> Result<Vec<T>, ControlError>
where
    F: Future<Output = Result<T, ControlError>>,
{
    try_each(jobs, one).await
}

/// Calls `one` for each of `jobs`, eight at a time, and returns what it returned in the order of the jobs.
///
/// # Errors
///
/// The first error. What had been started by then is finished first; the rest is not started.
pub(super) async fn try_each<J, T, E, F>(jobs: Vec<J>, one: impl Fn(J) -> F) -> Result<Vec<T>, E>
where
    F: Future<Output = Result<T, E>>,
{
    let waiting = Mutex::new(jobs.into_iter().enumerate());
    let done = Mutex::new(Vec::new());
    let next = || {
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.next()
    };
    let worker = || async {
        while let Some((place, job)) = next() {
            match one(job).await {
                Ok(value) => {
                    let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                    done.push((place, value));
                }
                Err(error) => {
                    while next().is_some() {}
                    return Err(error);
                }
            }
        }
        Ok(())
    };
    let results = tokio::join!(
        worker(),
        worker(),
        worker(),
        worker(),
        worker(),
        worker(),
        worker(),
        worker(),
    );
    let results = <[Result<(), E>; 8]>::from(results);
    for result in results {
        result?;
    }
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    Ok(done.into_iter().map(|(_, value)| value).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn answers_come_in_the_order_of_the_jobs_and_eight_run_at_a_time() {
        let running = AtomicUsize::new(0);
        let most = AtomicUsize::new(0);
        let doubled = for_each((0..100_u32).collect(), |job| {
            let (running, most) = (&running, &most);
            async move {
                let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                // Later jobs are done earlier.
                for _ in 0..(100 - job) {
                    tokio::task::yield_now().await;
                }
                running.fetch_sub(1, Ordering::SeqCst);
                Ok(job * 2)
            }
        })
        .await
        .unwrap();
        assert_eq!(doubled, (0..100).map(|job| job * 2).collect::<Vec<_>>());
        assert_eq!(most.into_inner(), 8);
    }

    #[tokio::test]
    async fn an_error_ends_what_has_not_begun() {
        let begun = AtomicUsize::new(0);
        let result = for_each((0..100_u32).collect(), |job| {
            begun.fetch_add(1, Ordering::SeqCst);
            async move {
                if job == 3 {
                    return Err(ControlError::bad_request("three"));
                }
                tokio::task::yield_now().await;
                Ok(job)
            }
        })
        .await;
        assert_eq!(result, Err(ControlError::bad_request("three")));
        assert!(begun.into_inner() < 10);
    }
}
