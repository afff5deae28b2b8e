//! Counts of decisions, in CloudWatch's Embedded Metric Format: lines of JSON in the log, from which CloudWatch makes metrics.
//!
//! A decision is one line with one metric of the namespace `Tollgate`: `Admitted`, `Throttled`, `QuotaExceeded`, `Forbidden` or
//! `StoreFailed`, each with the value 1; a request that passes because its plan says so while the store does not answer has two,
//! `AdmittedUncharged` and `StoreFailed`; so has one that passes because its plan is in shadow mode, `Admitted` and `WouldThrottle` or
//! `WouldExceedQuota`, and one that passes beyond a soft quota, `Admitted` and `Overage`. The dimensions are the function, and the function
//! and the plan's id where a plan was asked. Keys
//! are no dimension: each would be a metric of its own, and metrics are paid for one by one. The log lines of decisions have the key's id.
//!
//! Nothing is kept between requests: a frozen process would hold counts back, and one that ends would lose them.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

mod counted;
mod outcome;

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

use crate::decision::{Allowance, Decision};
use crate::id::PlanId;
use crate::store::StoreError;
use crate::time::Timestamp;

pub use counted::Counted;
pub use outcome::Outcome;

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Tollgate";

/// Where counts go. Clones write to the same place.
#[derive(Clone, Default)]
pub struct Metrics(Option<Sink>);

#[derive(Clone)]
struct Sink {
    function_name: Arc<str>,
    writer: Arc<Mutex<dyn Write + Send>>,
}

impl Metrics {
    /// Counts nothing.
    #[must_use]
    pub const fn off() -> Self {
        Self(None)
    }

    /// Writes to this process's standard output, which is a function's log.
    #[must_use]
    pub fn to_stdout(function_name: &str) -> Self {
        Self::to(function_name, io::stdout())
    }

    /// Writes lines to `writer`.
    #[must_use]
    pub fn to(function_name: &str, writer: impl Write + Send + 'static) -> Self {
        Self(Some(Sink {
            function_name: function_name.into(),
            writer: Arc::new(Mutex::new(writer)),
        }))
    }

    /// Counts a decision that was made at `now`. A log that takes no more lines does not hold up the request.
    pub fn count(&self, decision: &Result<Decision, StoreError>, now: Timestamp) {
        if let Some(sink) = &self.0
            && let Some(outcome) = Outcome::of(decision)
        {
            let line = Line {
                timestamp: now,
                function_name: &sink.function_name,
                plan_id: decision.as_ref().ok().and_then(Decision::plan_id),
                outcome,
                is_beyond: decision.as_ref().is_ok_and(is_beyond_a_soft_quota),
            };
            // One write a line, so that lines of several threads do not mix.
            let _lost_when_the_log_is_gone = serde_json::to_vec(&line).map(|mut text| {
                text.push(b'\n');
                let mut writer = sink.writer.lock().unwrap_or_else(PoisonError::into_inner);
                writer.write_all(&text).and_then(|()| writer.flush())
            });
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let function_name = self.0.as_ref().map(|sink| &sink.function_name);
        f.debug_tuple("Metrics").field(&function_name).finish()
    }
}

/// One line.
struct Line<'a> {
    timestamp: Timestamp,
    function_name: &'a str,
    plan_id: Option<&'a PlanId>,
    outcome: Outcome,
    /// Whether it passed beyond a soft quota.
    is_beyond: bool,
}

/// What is counted beside [`Outcome::metrics`] of a request that passes beyond a soft quota.
const OVERAGE: &str = "Overage";

fn is_beyond_a_soft_quota(decision: &Decision) -> bool {
    match decision {
        Decision::Allow(Allowance::Metered(metered) | Allowance::Uncharged(metered)) => {
            metered.overage().is_some()
        }
        Decision::Allow(Allowance::Unmetered | Allowance::Shadowed(..)) | Decision::Deny(_) => {
            false
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    timestamp: u64,
    cloud_watch_metrics: [Directive; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: &'static str,
    dimensions: &'static [&'static [&'static str]],
    metrics: Vec<Metric>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    name: &'static str,
    unit: &'static str,
}

const FUNCTION_NAME: &str = "FunctionName";
const PLAN: &str = "Plan";

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let dimensions: &'static [&'static [&'static str]] = match self.plan_id {
            None => &[&[FUNCTION_NAME]],
            Some(_) => &[&[FUNCTION_NAME], &[FUNCTION_NAME, PLAN]],
        };
        let beyond = self.is_beyond.then_some(OVERAGE);
        let names = self.outcome.metrics().iter().copied().chain(beyond);
        let metric = |name| Metric {
            name,
            unit: "Count",
        };
        let metadata = Metadata {
            timestamp: self.timestamp.as_millis(),
            cloud_watch_metrics: [Directive {
                namespace: NAMESPACE,
                dimensions,
                metrics: names.clone().map(metric).collect(),
            }],
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("_aws", &metadata)?;
        map.serialize_entry(FUNCTION_NAME, self.function_name)?;
        if let Some(plan_id) = self.plan_id {
            map.serialize_entry(PLAN, plan_id.as_str())?;
        }
        for name in names {
            map.serialize_entry(name, &1)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::decision::{Denial, FurtherLevel, Levels, Metered, Reason};
    use crate::metadata::Metadata;
    use crate::quota::{Every, QuotaName, Quotas};
    use crate::store::StoreErrorKind;

    const NOW: Timestamp = Timestamp::from_millis(1_795_435_200_123);

    /// What metrics write, to be read again.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn line_for(decision: &Result<Decision, StoreError>) -> String {
        let log = Log::default();
        Metrics::to("users", log.clone()).count(decision, NOW);
        String::from_utf8(log.0.lock().unwrap().clone()).unwrap()
    }

    fn denied(reason: Reason, plan_id: Option<PlanId>) -> Decision {
        Decision::Deny(Denial {
            reason,
            key_id: Some("client".into()),
            plan_id,
            levels: Levels::default(),
        })
    }

    fn metered() -> Metered {
        Metered {
            key_id: "client".into(),
            customer_id: Some("customer".into()),
            plan_id: "bronze".into(),
            cost: 1,
            quotas: Quotas::default(),
            levels: Levels::default(),
            metadata: Metadata::default(),
        }
    }

    #[test]
    fn an_admission_is_counted_for_the_function_and_for_its_plan_and_not_for_the_key() {
        let admitted = Ok(Decision::Allow(Allowance::Metered(metered())));
        assert_eq!(
            line_for(&admitted),
            concat!(
                r#"{"_aws":{"Timestamp":1795435200123,"CloudWatchMetrics":[{"Namespace":"Tollgate","#,
                r#""Dimensions":[["FunctionName"],["FunctionName","Plan"]],"Metrics":[{"Name":"Admitted","Unit":"Count"}]}]},"#,
                r#""FunctionName":"users","Plan":"bronze","Admitted":1}"#,
                "\n"
            )
        );
    }

    #[test]
    fn every_outcome_has_a_metric_of_its_own_and_an_uncharged_one_says_that_the_store_failed_too() {
        let throttled = Reason::Throttled { retry_after: None };
        let used_up = Reason::QuotaExceeded {
            resets_after: Duration::ZERO,
            quota: QuotaName::Own,
        };
        let plan = || Some(PlanId::from("bronze"));
        let beyond = FurtherLevel {
            every: Every::Month,
            limit: 10,
            remaining: 0,
            overage: Some(1),
            window: Duration::from_hours(720),
            resets_after: Duration::ZERO,
        };
        let mut over = metered();
        over.levels.further = Box::new([beyond]);
        let cases = [
            (
                Ok(Decision::Allow(Allowance::Metered(over))),
                r#""Plan":"bronze","Admitted":1,"Overage":1}"#,
            ),
            (
                Ok(Decision::Allow(Allowance::Uncharged(metered()))),
                r#""Plan":"bronze","AdmittedUncharged":1,"StoreFailed":1}"#,
            ),
            (
                Ok(denied(throttled, plan())),
                r#""Plan":"bronze","Throttled":1}"#,
            ),
            (
                Ok(denied(used_up, plan())),
                r#""Plan":"bronze","QuotaExceeded":1}"#,
            ),
            (
                Ok(denied(Reason::MissingKey, None)),
                r#""FunctionName":"users","Forbidden":1}"#,
            ),
            (
                Ok(denied(Reason::DisabledKey, None)),
                r#""FunctionName":"users","Forbidden":1}"#,
            ),
            (
                Err(StoreError::new(
                    StoreErrorKind::Unavailable,
                    "down",
                    fmt::Error,
                )),
                r#""FunctionName":"users","StoreFailed":1}"#,
            ),
        ];
        for (decision, end) in cases {
            let line = line_for(&decision);
            assert!(line.trim_end().ends_with(end), "{line}");
        }
    }

    #[test]
    fn what_needs_no_key_is_not_counted() {
        assert_eq!(line_for(&Ok(Decision::Allow(Allowance::Unmetered))), "");
        Metrics::off().count(&Ok(denied(Reason::MissingKey, None)), NOW);
    }
}
