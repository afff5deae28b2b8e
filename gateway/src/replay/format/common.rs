//! The common log format, and the combined one: `host identity user [time] "GET /path HTTP/1.1" status bytes …`.
//!
//! API Gateway's own example of it has no blank between the bracket and the quotation mark.

use std::borrow::Cow;

use super::{LogLine, Request, THROTTLED_STATUS, Unreadable, named, no_such_field};
use crate::replay::instant::Instant;

/// What tells callers apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// The first field.
    Host,
    /// The second one; API Gateway writes `$context.identity.caller` there.
    Identity,
    /// The third one.
    User,
}

impl Caller {
    const NAMES: [(&'static str, Self); 6] = [
        ("host", Self::Host),
        ("ip", Self::Host),
        ("identity", Self::Identity),
        ("caller", Self::Identity),
        ("user", Self::User),
        ("authuser", Self::User),
    ];

    pub(super) fn parse(name: Option<&str>) -> Result<Self, Unreadable> {
        let Some(name) = name else {
            return Ok(Self::Host);
        };
        let found = Self::NAMES.iter().find(|(known, _)| *known == name);
        found.map(|(_, caller)| *caller).ok_or_else(|| {
            no_such_field("the common log format", name, &["host", "identity", "user"])
        })
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Identity => "identity",
            Self::User => "user",
        }
    }
}

pub(super) fn read(line: &str, caller: Caller) -> Result<LogLine<'_>, Unreadable> {
    parts(line, caller)
        .map(LogLine::Request)
        .ok_or(Unreadable(Cow::Borrowed("is not of the common log format")))
}

fn parts(line: &str, caller: Caller) -> Option<Request<'_>> {
    let (who, rest) = line.split_once('[')?;
    let (time, rest) = rest.split_once(']')?;
    let (request, answer) = quoted(rest.trim_start())?;
    let mut who = who.split_ascii_whitespace();
    let fields = (who.next()?, who.next()?, who.next()?);
    let caller = match caller {
        Caller::Host => fields.0,
        Caller::Identity => fields.1,
        Caller::User => fields.2,
    };
    let mut request = request.split(' ');
    let verb = request.next().unwrap_or_default();
    let path = request.next().unwrap_or_default();
    let status = answer.split_ascii_whitespace().next()?;
    Some(Request {
        instant: Instant::of_common_log(time)?,
        caller: named(Cow::Borrowed(caller)),
        resource: Cow::Borrowed(without_query(path)),
        verb: Cow::Borrowed(verb),
        was_refused: status == THROTTLED_STATUS,
    })
}

/// What stands between quotation marks at the start of `text`, and what follows. A quotation mark inside is written `\"`.
pub(super) fn quoted(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('"')?;
    let mut is_escaped = false;
    let end = inside.bytes().position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    })?;
    let (inside, rest) = inside.split_at_checked(end)?;
    Some((inside, rest.get(1..)?))
}

pub(super) fn without_query(path: &str) -> &str {
    path.split_once('?').map_or(path, |(path, _query)| path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"192.0.2.1 AIDA joe [25/Nov/2026:12:00:00 +0000] "GET /users?limit=5 HTTP/1.1" 429 26 "-" "a \"b\" c""#;

    fn request(line: &str, by: Option<&str>) -> Request<'static> {
        let caller = Caller::parse(by).unwrap();
        let line: &'static str = Box::leak(line.to_owned().into_boxed_str());
        match read(line, caller).unwrap() {
            LogLine::Request(request) => request,
            LogLine::Other => panic!("no request: {line}"),
        }
    }

    #[test]
    fn a_line_is_read_whoever_wrote_it() {
        let read = request(LINE, None);
        assert_eq!(read.caller.as_deref(), Some("192.0.2.1"));
        assert_eq!((&*read.resource, &*read.verb), ("/users", "GET"));
        assert_eq!(read.instant.at.as_secs(), 1_795_608_000);
        assert!(read.was_refused && read.instant.is_whole_second);
        let of_api_gateway =
            r#"192.0.2.1 - - [25/Nov/2026:12:00:00 +0000]"POST /users HTTP/1.1" 201 26 id"#;
        let read = request(of_api_gateway, Some("user"));
        assert_eq!((read.caller, &*read.verb), (None, "POST"));
    }

    #[test]
    fn callers_are_told_apart_by_any_of_the_fields_before_the_time() {
        for (by, caller) in [("ip", "192.0.2.1"), ("identity", "AIDA"), ("user", "joe")] {
            assert_eq!(request(LINE, Some(by)).caller.as_deref(), Some(caller));
        }
        let error = Caller::parse(Some("apiKeyId")).unwrap_err().to_string();
        assert!(
            error.contains("`apiKeyId`") && error.contains("host, identity, user"),
            "{error}"
        );
    }

    #[test]
    fn other_lines_are_told_apart() {
        for line in [
            "",
            "x",
            "a b c [25/Nov/2026:12:00:00 +0000] GET",
            "a b [25/Nov/2026:12:00:00 +0000] \"GET / HTTP/1.1\" 200 5",
            "a b c [now] \"GET / HTTP/1.1\" 200 5",
            "a b c [25/Nov/2026:12:00:00 +0000] \"GET / HTTP/1.1\"",
        ] {
            assert!(read(line, Caller::Host).is_err(), "{line}");
        }
    }
}
