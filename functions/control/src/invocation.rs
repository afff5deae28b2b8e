//! What Lambda says about one invocation of the function.

use std::time::Duration;

use lambda_runtime::Context;
use tokio::time::Instant;
use tollgate::time::Timestamp;

/// The most of the time that is kept back for the end.
const MAX_RESERVE: Duration = Duration::from_secs(30);

/// One invocation of the function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// When Lambda stops the function.
    pub deadline: Timestamp,
    /// The ARN of the function that was called, such as `arn:aws:lambda:us-east-1:123456789012:function:control`.
    pub function_arn: String,
}

impl From<&Context> for Invocation {
    fn from(context: &Context) -> Self {
        Self {
            deadline: Timestamp::from_millis(context.deadline),
            function_arn: context.invoked_function_arn.clone(),
        }
    }
}

/// How the time of an invocation is divided.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// How long the work may take: a third of the time, or 30 s, is kept back.
    pub(crate) work: Duration,
    /// Until when an answer may be delivered: a little before Lambda stops the function.
    pub(crate) answer_until: Instant,
}

impl Invocation {
    pub(crate) fn budget(&self, now: Timestamp) -> Budget {
        let left = self.deadline.saturating_since(now);
        let answer = left.saturating_sub((left / 10).min(Duration::from_secs(2)));
        Budget {
            work: left.saturating_sub((left / 3).min(MAX_RESERVE)),
            answer_until: Instant::now() + answer,
        }
    }

    /// The account of the function; `None` where nothing real has called it.
    pub(crate) fn account_id(&self) -> Option<&str> {
        self.arn_part(4)
    }

    /// The region of the function.
    pub(crate) fn region(&self) -> Option<&str> {
        self.arn_part(3)
    }

    fn arn_part(&self, place: usize) -> Option<&str> {
        let part = self.function_arn.split(':').nth(place)?;
        Some(part).filter(|part| !part.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_795_435_200);

    fn invocation(left: Duration) -> Invocation {
        Invocation {
            deadline: NOW.saturating_add(left),
            function_arn: "arn:aws:lambda:eu-west-1:123456789012:function:control".to_owned(),
        }
    }

    #[test]
    fn the_function_knows_its_account_and_region() {
        let invocation = invocation(Duration::ZERO);
        assert_eq!(invocation.account_id(), Some("123456789012"));
        assert_eq!(invocation.region(), Some("eu-west-1"));
        let local = Invocation {
            function_arn: String::new(),
            ..invocation
        };
        assert_eq!((local.account_id(), local.region()), (None, None));
    }

    #[test]
    fn work_leaves_time_for_the_answer() {
        let work = |secs| {
            let left = Duration::from_secs(secs);
            invocation(left).budget(NOW).work.as_secs()
        };
        assert_eq!(work(300), 270);
        assert_eq!(work(90), 60);
        assert_eq!(work(9), 6);
        assert_eq!(work(0), 0);
    }
}
