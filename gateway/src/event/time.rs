//! The time of a request as an event shows it.

use jiff::Timestamp;

/// `02/Aug/2024:23:34:43 +0000`, in UTC. Beyond the year 9999 the last instant of that range is shown.
pub(crate) fn request_time(time_ms: u64) -> String {
    formatted("%d/%b/%Y:%H:%M:%S +0000", time_ms)
}

/// `Fri Aug 02 23:34:43 UTC 2024`, as lines of an execution log begin.
pub(crate) fn log_time(time_ms: u64) -> String {
    formatted("%a %b %d %H:%M:%S UTC %Y", time_ms)
}

fn formatted(format: &str, time_ms: u64) -> String {
    let instant = i64::try_from(time_ms)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .unwrap_or(Timestamp::MAX);
    jiff::fmt::strtime::format(format, instant).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_like_an_access_log() {
        assert_eq!(
            request_time(1_722_641_683_123),
            "02/Aug/2024:23:34:43 +0000"
        );
        assert_eq!(request_time(0), "01/Jan/1970:00:00:00 +0000");
        assert_eq!(log_time(1_722_641_683_123), "Fri Aug 02 23:34:43 UTC 2024");
    }

    #[test]
    fn the_far_future_is_cut() {
        assert!(
            request_time(u64::MAX).contains("/9999:"),
            "{}",
            request_time(u64::MAX)
        );
    }
}
