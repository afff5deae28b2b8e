//! Lines of metrics, read again by who sees a function's log.

use std::borrow::Cow;

use serde::Deserialize;

use super::{NAMESPACE, OVERAGE, Outcome};
use crate::id::PlanId;

/// How each line of [`Metrics`](super::Metrics) starts.
const START: &str = r#"{"_aws":"#;

/// A decision, as a line of [`Metrics`](super::Metrics) tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// What the request came to.
    pub outcome: Outcome,
    /// The plan that was asked, when one covers the stage.
    pub plan_id: Option<PlanId>,
}

impl Counted {
    /// Reads a line without its end. `None` for any other line, also for one with metrics of another namespace.
    ///
    /// ```
    /// use tollgate::metrics::{Counted, Outcome};
    ///
    /// let line = r#"{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"Tollgate","Dimensions":[["FunctionName"]],
    ///     "Metrics":[{"Name":"Forbidden","Unit":"Count"}]}]},"FunctionName":"users","Forbidden":1}"#;
    /// let counted = Counted { outcome: Outcome::Forbidden, plan_id: None };
    /// assert_eq!(Counted::read(line), Some(counted));
    /// assert_eq!(Counted::read("started"), None);
    /// ```
    #[must_use]
    pub fn read(line: &str) -> Option<Self> {
        // Most lines are none, and need not be parsed to know it.
        if !line.starts_with(START) {
            return None;
        }
        let line: Line<'_> = serde_json::from_str(line).ok()?;
        let [directive] = line.metadata.directives.as_slice() else {
            return None;
        };
        if directive.namespace != NAMESPACE {
            return None;
        }
        let is_named = |outcome: &Outcome| {
            let names = directive.metrics.iter().map(|metric| &*metric.name);
            let names = names.filter(|name| *name != OVERAGE);
            names.eq(outcome.metrics().iter().copied())
        };
        Some(Self {
            outcome: Outcome::ALL.into_iter().find(is_named)?,
            plan_id: line.plan.map(|id| PlanId::new(&*id)),
        })
    }
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, rename = "_aws")]
    metadata: Metadata<'a>,
    #[serde(borrow, rename = "Plan")]
    plan: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow, rename = "CloudWatchMetrics")]
    directives: Vec<Directive<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    #[serde(borrow)]
    namespace: Cow<'a, str>,
    #[serde(borrow)]
    metrics: Vec<Metric<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metric<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

#[cfg(test)]
mod tests {
    use super::super::Line as Written;
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn what_was_written_is_read_again() {
        for outcome in Outcome::ALL {
            for plan_id in [None, Some(PlanId::from("a \"plan\" with a long id"))] {
                let line = Written {
                    timestamp: Timestamp::from_secs(1_795_435_200),
                    function_name: "users",
                    plan_id: plan_id.as_ref(),
                    outcome,
                    is_beyond: outcome == Outcome::Admitted,
                };
                let line = serde_json::to_string(&line).unwrap();
                assert_eq!(
                    Counted::read(&line),
                    Some(Counted { outcome, plan_id }),
                    "{line}"
                );
            }
        }
    }

    #[test]
    fn other_metrics_are_not_decisions() {
        let directive = |namespace: &str, name: &str| {
            format!(r#"{{"Namespace":"{namespace}","Metrics":[{{"Name":"{name}"}}]}}"#)
        };
        for directives in [
            directive("Shop", "Admitted"),
            directive("Tollgate", "Sold"),
            String::new(),
            [directive("Tollgate", "Admitted"), directive("Shop", "Sold")].join(","),
        ] {
            let line = format!(r#"{{"_aws":{{"CloudWatchMetrics":[{directives}]}},"Admitted":1}}"#);
            assert_eq!(Counted::read(&line), None, "{line}");
        }
        assert_eq!(Counted::read(r#"{"_aws":"#), None);
    }
}
