//! What functions write to their logs, as Lambda's advanced logging controls ask for it.
//!
//! | variable | effect |
//! |---|---|
//! | `AWS_LAMBDA_LOG_FORMAT` | `JSON`: a JSON object a line, with `timestamp`, `level`, `message` and the fields of the event beside each other. Else text. |
//! | `AWS_LAMBDA_LOG_LEVEL` | `TRACE`, `DEBUG`, `INFO`, `WARN`, `ERROR` or `FATAL`, for the function and Tollgate. |
//! | `RUST_LOG` | where Lambda sets no level: `info`, or by crate, as in `warn,tollgate=debug`. |
//!
//! Lambda filters lines by the members `timestamp` and `level`, and takes a line without them for one of `INFO`. Other crates are held at
//! `INFO`: below it some of them write what they were sent, and requests carry the values of keys.
//! <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html>

use std::error::Error;
use std::io;

use tracing::Dispatch;
use tracing::dispatcher::set_global_default;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::Registry;

/// The crates of Tollgate's own functions.
const OWN_CRATES: [&str; 4] = ["tollgate", "users", "authorizer", "control"];

/// An error and all that caused it, in one line. Errors of the SDK say little by themselves.
///
/// ```
/// #[derive(Debug, thiserror::Error)]
/// #[error("no answer")]
/// struct NoAnswer(#[source] std::fmt::Error);
///
/// let error = NoAnswer(std::fmt::Error);
/// let cause = std::fmt::Error.to_string();
/// assert_eq!(tollgate::logs::causes(&error), format!("no answer: {cause}"));
/// ```
#[must_use]
pub fn causes(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// What is written, and how.
#[derive(Clone, Debug)]
pub struct Logs {
    format: Format,
    filter: Targets,
}

impl Logs {
    /// What the process's environment asks for. `own` are the crates whose lines are the function's, beside those of Tollgate.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place that reads the environment"
    )]
    pub fn from_env(own: &[&str]) -> Self {
        Self::from_lookup(own, |name| std::env::var(name).ok())
    }

    /// [`Logs::from_env`], with an environment given as a function from a variable's name to its value.
    pub fn from_lookup(own: &[&str], lookup: impl Fn(&str) -> Option<String>) -> Self {
        let value = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let format = match value("AWS_LAMBDA_LOG_FORMAT") {
            Some(format) if format.eq_ignore_ascii_case("JSON") => Format::Json,
            Some(_) | None => Format::Text,
        };
        let level = value("AWS_LAMBDA_LOG_LEVEL").map(|name| level_of(&name));
        let filter = match (level, value("RUST_LOG").and_then(|text| text.parse().ok())) {
            (Some(level), _) => of_level(level, own),
            (None, Some(asked)) => held_back(&asked, own),
            (None, None) => of_level(LevelFilter::INFO, own),
        };
        Self { format, filter }
    }

    /// Starts to write to standard output. Where something else writes this process's logs already, it stays so.
    pub fn start(self) {
        let _another_writes = set_global_default(self.into_dispatch(io::stdout));
    }

    /// What writes to `writer`.
    pub fn into_dispatch<W>(self, writer: W) -> Dispatch
    where
        W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
    {
        let filtered = Registry::default().with(self.filter);
        let layer = fmt::layer().with_writer(writer);
        match self.format {
            // Lambda itself puts the time before each line of text.
            Format::Text => filtered.with(layer.without_time().with_ansi(false)).into(),
            Format::Json => filtered
                .with(layer.json().flatten_event(true).with_span_list(false))
                .into(),
        }
    }
}

/// The level with Lambda's name. A name that nobody knows is `INFO`, as without one.
fn level_of(name: &str) -> LevelFilter {
    if name.eq_ignore_ascii_case("FATAL") {
        LevelFilter::ERROR
    } else {
        name.parse().unwrap_or(LevelFilter::INFO)
    }
}

fn of_level(level: LevelFilter, own: &[&str]) -> Targets {
    let crates = OWN_CRATES.iter().chain(own).copied();
    Targets::new()
        .with_default(level.min(LevelFilter::INFO))
        // The span that has the request's id.
        .with_target("lambda_runtime", LevelFilter::INFO)
        .with_targets(crates.map(|name| (name, level)))
}

/// What was asked for, without what other crates write below `INFO`.
fn held_back(asked: &Targets, own: &[&str]) -> Targets {
    let default = asked.default_level().unwrap_or(LevelFilter::ERROR);
    let is_own = |target: &str| {
        OWN_CRATES.iter().chain(own).any(|name| {
            target
                .strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        })
    };
    let asked_for = asked.iter().map(|(target, level)| {
        let level = if is_own(target) {
            level
        } else {
            level.min(LevelFilter::INFO)
        };
        (target, level)
    });
    of_level(default, own).with_targets(asked_for)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logs(variables: &'static [(&str, &str)]) -> Logs {
        Logs::from_lookup(&["shop"], |name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    /// The lines that are written of one event at each level and from each of three crates.
    fn lines(variables: &'static [(&str, &str)]) -> Vec<String> {
        let written = Written::default();
        let writer = written.clone();
        let dispatch = logs(variables).into_dispatch(move || writer.clone());
        tracing::dispatcher::with_default(&dispatch, || {
            tracing::debug!(target: "tollgate::limiter", { key.id = "client" }, "admitted");
            tracing::info!(target: "tollgate::limiter", "denied");
            tracing::debug!(target: "shop", "sold");
            tracing::error!(target: "shop", "sold out");
            tracing::trace!(target: "hyper", "bytes");
            tracing::debug!(target: "aws_smithy_runtime", "request");
            tracing::info!(target: "shopping", "another crate");
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn without_settings_text_is_written_from_info_on() {
        assert_eq!(
            lines(&[]),
            [
                " INFO tollgate::limiter: denied",
                "ERROR shop: sold out",
                " INFO shopping: another crate",
            ]
        );
    }

    #[test]
    fn json_has_the_members_that_lambda_filters_by_and_the_fields_beside_them() {
        let lines = lines(&[
            ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
            ("AWS_LAMBDA_LOG_LEVEL", "DEBUG"),
            ("RUST_LOG", "off"),
        ]);
        assert_eq!(lines.len(), 5, "{lines:#?}");
        let first: Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(first["level"], "DEBUG");
        assert_eq!(first["message"], "admitted");
        assert_eq!(first["key.id"], "client");
        let timestamp = first["timestamp"].as_str().unwrap();
        assert!(timestamp.ends_with('Z'), "{timestamp}");
    }

    #[test]
    fn no_setting_makes_other_crates_write_what_they_were_sent() {
        for setting in [
            &[("AWS_LAMBDA_LOG_LEVEL", "TRACE")],
            &[("RUST_LOG", "trace")],
            &[("RUST_LOG", "hyper=trace,aws_smithy_runtime=trace")],
        ] {
            let lines = lines(setting);
            assert!(
                lines
                    .iter()
                    .all(|line| !line.contains("bytes") && !line.contains("request")),
                "{setting:?}: {lines:#?}"
            );
        }
    }

    #[test]
    fn levels_have_the_names_of_lambda() {
        assert_eq!(
            lines(&[("AWS_LAMBDA_LOG_LEVEL", "FATAL")]),
            ["ERROR shop: sold out"]
        );
        assert_eq!(
            lines(&[("AWS_LAMBDA_LOG_LEVEL", "WARN")]),
            ["ERROR shop: sold out"]
        );
        assert_eq!(lines(&[("AWS_LAMBDA_LOG_LEVEL", "loud")]).len(), 3);
        assert_eq!(lines(&[("RUST_LOG", "warn,tollgate=debug")]).len(), 3);
    }
}
