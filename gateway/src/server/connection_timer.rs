//! The timer of one connection.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use hyper::rt;

/// The timer of one connection, whose sleeps share one alarm.
///
/// hyper bounds the time for a request's headers by a sleep that it makes for each request and drops a moment later. Setting and
/// unsetting an alarm for each would take the lock of the runtime's timer wheel, which all connections share, twice a request. So the
/// alarm stays set when a sleep is dropped, and the next sleep sets it anew only if it goes off too early: once in the time that it is
/// set for, however many requests come.
#[derive(Clone, Debug, Default)]
pub(super) struct ConnectionTimer {
    /// The alarm, while no sleep has it.
    spare: Arc<Mutex<Option<Alarm>>>,
}

type Alarm = Pin<Box<tokio::time::Sleep>>;

/// A sleep until `deadline`, or a little later.
struct ConnectionSleep {
    deadline: tokio::time::Instant,
    /// `None` only while it is dropped.
    alarm: Option<Alarm>,
    timer: ConnectionTimer,
}

impl rt::Timer for ConnectionTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn rt::Sleep>> {
        self.sleep_until(rt::Timer::now(self) + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn rt::Sleep>> {
        let deadline = deadline.into();
        let spare = self.spare().take();
        // One that is set for later than that would go off too late.
        let alarm = spare.filter(|alarm| alarm.deadline() <= deadline);
        let alarm = alarm.unwrap_or_else(|| Box::pin(tokio::time::sleep_until(deadline)));
        Box::pin(ConnectionSleep {
            deadline,
            alarm: Some(alarm),
            timer: self.clone(),
        })
    }

    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }
}

impl ConnectionTimer {
    fn spare(&self) -> std::sync::MutexGuard<'_, Option<Alarm>> {
        // A panic cannot leave half an alarm.
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Future for ConnectionSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let deadline = self.deadline;
        let Some(alarm) = &mut self.alarm else {
            return Poll::Ready(());
        };
        loop {
            ready!(alarm.as_mut().poll(context));
            if alarm.deadline() >= deadline {
                return Poll::Ready(());
            }
            // It was set for an earlier request.
            alarm.as_mut().reset(deadline);
        }
    }
}

impl rt::Sleep for ConnectionSleep {}

impl Drop for ConnectionSleep {
    fn drop(&mut self) {
        *self.timer.spare() = self.alarm.take();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::rt::Timer as _;
    use tokio::time::Instant;

    const SHORT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn a_sleep_lasts_as_long_as_it_was_asked_to() {
        let timer = ConnectionTimer::default();
        let began = Instant::now();
        timer.sleep(SHORT).await;
        assert!(began.elapsed() >= SHORT);
    }

    #[tokio::test]
    async fn a_sleep_with_the_alarm_of_an_earlier_one_is_not_cut_short() {
        let timer = ConnectionTimer::default();
        let mut earlier = timer.sleep(SHORT / 2);
        // Polled once, so that its alarm is set.
        std::future::poll_fn(|context| {
            let polled = earlier.as_mut().poll(context);
            Poll::Ready(polled.is_pending())
        })
        .await;
        drop(earlier);
        assert!(timer.spare().is_some());
        let began = Instant::now();
        timer.sleep(SHORT).await;
        assert!(began.elapsed() >= SHORT);
    }

    #[tokio::test]
    async fn a_sleep_that_ends_before_the_alarm_has_one_of_its_own() {
        let timer = ConnectionTimer::default();
        drop(timer.sleep(Duration::from_hours(1)));
        timer.sleep(SHORT).await;
        let spare = timer.spare().take().unwrap();
        assert!(spare.deadline() <= Instant::now());
    }
}
