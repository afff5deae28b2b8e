//! The lines of access logs.

mod alb;
mod cloudfront;
mod common;
mod json;

use std::borrow::Cow;
use std::fmt;

use tollgate::plan::MethodName;

use super::instant::Instant;
use cloudfront::Columns;
use json::Members;

/// Who writes logs in which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A JSON object a line: API Gateway's access logs, and Tollgate's own lines of decisions.
    Json,
    /// The common log format, also with what the combined one adds.
    Common,
    /// `CloudFront`'s standard log: fields between tabs, which a line that starts with `#Fields:` names.
    CloudFront,
    /// The access log of an Application Load Balancer.
    Alb,
}

impl Format {
    /// The form of a log that has `line` as the first that is not empty. What nothing else looks like is the common log format.
    #[must_use]
    pub fn detect(line: &str) -> Self {
        let first_word = line.split(' ').next().unwrap_or(line);
        if json::object_of(line).is_some() {
            Self::Json
        } else if line.starts_with("#Version:") || line.starts_with("#Fields:") {
            Self::CloudFront
        } else if alb::KINDS.contains(&first_word) {
            Self::Alb
        } else if line.split('\t').count() >= cloudfront::FEWEST_COLUMNS {
            Self::CloudFront
        } else {
            Self::Common
        }
    }

    /// The name, as an operator writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Common => "clf",
            Self::CloudFront => "cloudfront",
            Self::Alb => "alb",
        }
    }
}

/// How a log names what is read of it; `None` is the usual names of its form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// What tells callers apart: a JSON member, a column, or a field of the form.
    pub caller: Option<String>,
    /// The JSON member that has the time.
    pub time: Option<String>,
    /// The JSON member that has the status of the answer.
    pub status: Option<String>,
}

/// A request, as a log tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    pub(super) instant: Instant,
    /// Who asked. `None`: nobody whom the log names, as a request without a key.
    pub(super) caller: Option<Cow<'a, str>>,
    pub(super) resource: Cow<'a, str>,
    pub(super) verb: Cow<'a, str>,
    /// Whether it was refused at the time: 429, or a decision that says so.
    pub(super) was_refused: bool,
}

impl Request<'_> {
    pub(super) fn method(&self) -> MethodName<'_> {
        MethodName {
            resource: &self.resource,
            verb: &self.verb,
        }
    }
}

/// A line that could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogLine<'a> {
    /// It tells of a request.
    Request(Request<'a>),
    /// It does not: a header, a comment, another line of a program's log, a request that no plan was asked about.
    Other,
}

/// Why a line cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable(Cow<'static, str>);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreadable {}

/// Reads the lines of one log, from the first to the last.
#[derive(Debug)]
pub struct LogReader {
    form: Form,
}

#[derive(Debug)]
enum Form {
    Json(Members),
    Common(common::Caller),
    CloudFront(Columns),
    Alb(alb::Caller),
}

impl LogReader {
    /// A reader of logs of this form.
    ///
    /// # Errors
    ///
    /// When the form has no field that the names ask for.
    pub fn new(format: Format, names: &Names) -> Result<Self, Unreadable> {
        let form = match format {
            Format::Json => Form::Json(Members::new(names)),
            Format::Common => Form::Common(common::Caller::parse(names.caller.as_deref())?),
            Format::CloudFront => Form::CloudFront(Columns::new(names.caller.as_deref())?),
            Format::Alb => Form::Alb(alb::Caller::parse(names.caller.as_deref())?),
        };
        Ok(Self { form })
    }

    /// Reads one line, without its end.
    ///
    /// # Errors
    ///
    /// When the line is not of the log's form.
    pub fn read<'a>(&mut self, line: &'a str) -> Result<LogLine<'a>, Unreadable> {
        if line.is_empty() {
            return Ok(LogLine::Other);
        }
        match &mut self.form {
            Form::Json(members) => members.read(line),
            Form::Common(caller) => common::read(line, *caller),
            Form::CloudFront(columns) => columns.read(line),
            Form::Alb(caller) => alb::read(line, *caller),
        }
    }

    /// What tells callers apart, as far as the lines so far have shown.
    pub fn caller_name(&self) -> Option<&str> {
        match &self.form {
            Form::Json(members) => members.caller_name(),
            Form::Common(caller) => Some(caller.as_str()),
            Form::CloudFront(columns) => Some(columns.caller_name()),
            Form::Alb(caller) => Some(caller.as_str()),
        }
    }
}

/// The caller that a field names: logs write `-` for nobody.
fn named(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    (!text.is_empty() && text != "-").then_some(text)
}

const THROTTLED_STATUS: &str = "429";

fn no_such_field(form: &str, asked: &str, known: &[&str]) -> Unreadable {
    let known = known.join(", ");
    Unreadable(format!("{form} has no field `{asked}` to tell callers apart by: {known}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_tells_the_form() {
        for (line, format) in [
            (r#"{"requestId":"1"}"#, Format::Json),
            (
                r#"2026-11-25T12:00:00.000Z {"requestId":"1"}"#,
                Format::Json,
            ),
            ("#Version: 1.0", Format::CloudFront),
            (
                "2026-11-25\t12:00:00\tFRA56\t5\t192.0.2.1\tGET\td.cloudfront.net\t/users\t200",
                Format::CloudFront,
            ),
            (
                "h2 2026-11-25T12:00:00.000000Z app/lb/5 192.0.2.1:5 -",
                Format::Alb,
            ),
            (
                r#"192.0.2.1 - - [25/Nov/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 5"#,
                Format::Common,
            ),
            ("anything", Format::Common),
        ] {
            assert_eq!(Format::detect(line), format, "{line}");
        }
    }
}
