//! What a process says of the decisions that it has made.

use std::collections::HashMap;
use std::sync::Arc;

use tollgate::id::{KeyId, PlanId};
use tollgate::limiter::LOG_TARGET;
use tollgate::metrics::{Counted, Outcome};
use tollgate::time::Clock;

use super::json::Members;
use crate::tally::{Client, Subject, Tally};

/// For how many plans and outcomes it is remembered what has been counted already. A process has few plans; its lines might have any.
const MAX_REMEMBERED: usize = 4_096;

/// How long an id in a line may be, in bytes. Those that the store makes are shorter, and so are all that a template declares.
const MAX_ID_LEN: usize = 128;

/// Counts the decisions of one process, each once.
///
/// What a function writes is believed: nobody else can write its lines, and a function that repeats what its clients send can be made to
/// say anything of plans and keys. It cannot take memory without end: lines with longer ids than there are say nothing.
///
/// Two kinds of lines tell of a decision. Its line of [`metrics`](tollgate::metrics) has the outcome and the plan. Before it may come the
/// limiter's own line, which has the key too; which of them are written depends on the level of the log. So a limiter's line is counted
/// with its key, and the next line of metrics with its outcome and its plan is not counted again: whichever decision that line was about,
/// the sums are the same.
pub(in crate::invoke) struct Decisions {
    tally: Tally,
    clock: Arc<dyn Clock>,
    /// How many lines of metrics are still to come of what has been counted.
    counted: HashMap<(Outcome, Option<PlanId>), u64>,
}

impl Decisions {
    /// Counts what one process says.
    pub(in crate::invoke) fn new(tally: Tally, clock: Arc<dyn Clock>) -> Self {
        Self {
            tally,
            clock,
            counted: HashMap::new(),
        }
    }

    /// Whether the line is one of metrics, which is then counted.
    pub(super) fn take(&mut self, line: &str) -> bool {
        let Some(Counted { outcome, plan_id }) = Counted::read(line) else {
            return false;
        };
        if !plan_id.as_ref().is_none_or(|id| is_sound(id.as_str())) {
            return false;
        }
        match self.counted.get_mut(&(outcome, plan_id.clone())) {
            Some(still) if *still > 0 => *still = still.saturating_sub(1),
            Some(_) | None => self.count(outcome, plan_id, Client::Unknown),
        }
        true
    }

    /// Counts the decision that another line tells of, if it does.
    pub(super) fn look_at(&mut self, members: &Members) {
        if members.text("target") != Some(LOG_TARGET) {
            return;
        }
        let Some(outcome) = members.text("decision").and_then(Outcome::of_short_name) else {
            return;
        };
        let (plan_id, key_id) = (members.text("plan.id"), members.text("key.id"));
        if !plan_id.into_iter().chain(key_id).all(is_sound) {
            return;
        }
        let plan_id = plan_id.map(PlanId::from);
        let key_id = key_id.map(KeyId::from);
        let remembered = self.counted.len();
        match self.counted.get_mut(&(outcome, plan_id.clone())) {
            Some(still) => *still = still.saturating_add(1),
            None if remembered < MAX_REMEMBERED => {
                self.counted.insert((outcome, plan_id.clone()), 1);
            }
            None => return,
        }
        self.count(outcome, plan_id, key_id.into());
    }

    fn count(&self, outcome: Outcome, plan_id: Option<PlanId>, client: Client) {
        let subject = Subject { plan_id, client };
        self.tally.count(outcome, subject, self.clock.now());
    }
}

/// Whether this can be the id of a plan or a key.
const fn is_sound(id: &str) -> bool {
    id.len() <= MAX_ID_LEN
}

#[cfg(test)]
mod tests {
    use tollgate::quota::Day;
    use tollgate::time::{ManualClock, Timestamp};

    use super::*;
    use crate::tally::Counts;

    const NOW: Timestamp = Timestamp::from_secs(1_795_435_200);

    struct Process {
        tally: Tally,
        decisions: Decisions,
    }

    impl Process {
        fn new() -> Self {
            let tally = Tally::new(NOW);
            let clock = Arc::new(ManualClock::new(NOW));
            Self {
                decisions: Decisions::new(tally.clone(), clock),
                tally,
            }
        }

        fn metrics(&mut self, outcome: Outcome, plan: &str) {
            let name = outcome.metrics()[0];
            let line = format!(
                r#"{{"_aws":{{"Timestamp":1,"CloudWatchMetrics":[{{"Namespace":"Tollgate","Metrics":[{{"Name":"{name}"}}]}}]}},"Plan":"{plan}"}}"#
            );
            assert!(self.decisions.take(&line), "{line}");
        }

        fn denied(&mut self, decision: &str, plan: &str, key: &str) {
            let line = format!(
                r#"{{"level":"INFO","message":"denied a request","target":"tollgate::limiter::log","key.id":"{key}","plan.id":"{plan}","decision":"{decision}"}}"#
            );
            assert!(!self.decisions.take(&line));
            self.decisions.look_at(&Members::read(&line).unwrap());
        }

        fn clients(&self, plan: &str) -> Vec<(Client, Counts)> {
            let day = Day::of(NOW);
            let clients = self.tally.sums(day, day, |_, plan_id, client| {
                plan_id
                    .is_some_and(|id| id.as_str() == plan)
                    .then(|| client.clone())
            });
            clients.into_iter().collect()
        }
    }

    fn key(id: &str) -> Client {
        Client::Key(id.into())
    }

    #[test]
    fn a_refusal_with_both_lines_counts_once_and_with_its_key() {
        let mut process = Process::new();
        // Two requests at the same time: their lines come in any order, the limiter's before that of the metrics.
        process.denied("throttled", "gold", "a");
        process.denied("throttled", "gold", "b");
        process.metrics(Outcome::Throttled, "gold");
        process.metrics(Outcome::Admitted, "gold");
        process.metrics(Outcome::Throttled, "gold");
        assert_eq!(
            process.clients("gold"),
            [
                (key("a"), Counts::one(Outcome::Throttled)),
                (key("b"), Counts::one(Outcome::Throttled)),
                (Client::Unknown, Counts::one(Outcome::Admitted)),
            ]
        );
    }

    #[test]
    fn where_one_kind_of_line_is_not_written_the_other_counts() {
        let mut process = Process::new();
        process.metrics(Outcome::QuotaExceeded, "of a level above INFO");
        process.denied("quota_exceeded", "without metrics", "a");
        let one = Counts::one(Outcome::QuotaExceeded);
        assert_eq!(
            process.clients("of a level above INFO"),
            [(Client::Unknown, one)]
        );
        assert_eq!(process.clients("without metrics"), [(key("a"), one)]);
    }

    #[test]
    fn ids_that_are_too_long_are_not_counted() {
        let mut process = Process::new();
        let (longest, longer) = ("k".repeat(MAX_ID_LEN), "k".repeat(MAX_ID_LEN + 1));
        process.denied("throttled", "gold", &longer);
        process.denied("throttled", &longer, "a");
        let line = format!(
            r#"{{"_aws":{{"Timestamp":1,"CloudWatchMetrics":[{{"Namespace":"Tollgate","Metrics":[{{"Name":"Throttled"}}]}}]}},"Plan":"{longer}"}}"#
        );
        assert!(!process.decisions.take(&line));
        assert!(process.decisions.counted.is_empty());
        process.denied("throttled", "gold", &longest);
        assert_eq!(
            process.clients("gold"),
            [(key(&longest), Counts::one(Outcome::Throttled))]
        );
    }

    #[test]
    fn lines_of_others_count_for_nothing() {
        let mut process = Process::new();
        for line in [
            r#"{"decision":"throttled","plan.id":"gold","key.id":"a"}"#,
            r#"{"target":"shop","decision":"throttled","plan.id":"gold","key.id":"a"}"#,
            r#"{"target":"tollgate::limiter::log","decision":"sold","plan.id":"gold","key.id":"a"}"#,
        ] {
            assert!(!process.decisions.take(line));
            process.decisions.look_at(&Members::read(line).unwrap());
        }
        assert_eq!(process.clients("gold"), []);
    }
}
