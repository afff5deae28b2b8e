//! The access log of an Application Load Balancer: fields between blanks, some of them in quotation marks.
//!
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html>

use std::borrow::Cow;

use super::common::{quoted, without_query};
use super::{LogLine, Request, THROTTLED_STATUS, Unreadable, named, no_such_field};
use crate::replay::instant::Instant;

/// What the first field can say.
pub(super) const KINDS: [&str; 6] = ["http", "https", "h2", "grpcs", "ws", "wss"];

/// What tells callers apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// The address of the client, without its port.
    Client,
    /// The name that the client asked for.
    DomainName,
    /// The header field `User-Agent`.
    UserAgent,
}

impl Caller {
    const NAMES: [(&'static str, Self); 4] = [
        ("client", Self::Client),
        ("ip", Self::Client),
        ("domain_name", Self::DomainName),
        ("user_agent", Self::UserAgent),
    ];

    pub(super) fn parse(name: Option<&str>) -> Result<Self, Unreadable> {
        let Some(name) = name else {
            return Ok(Self::Client);
        };
        let found = Self::NAMES.iter().find(|(known, _)| *known == name);
        let known = ["client", "domain_name", "user_agent"];
        found
            .map(|(_, caller)| *caller)
            .ok_or_else(|| no_such_field("the log of a load balancer", name, &known))
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::DomainName => "domain_name",
            Self::UserAgent => "user_agent",
        }
    }
}

pub(super) fn read(line: &str, caller: Caller) -> Result<LogLine<'_>, Unreadable> {
    parts(line, caller)
        .map(LogLine::Request)
        .ok_or(Unreadable(Cow::Borrowed(
            "is not of a load balancer's access log",
        )))
}

fn parts(line: &str, caller: Caller) -> Option<Request<'_>> {
    let mut fields = Fields { rest: line };
    if !KINDS.contains(&fields.next()?) {
        return None;
    }
    let answered_at = fields.next()?;
    let client = fields.nth(1)?;
    // The target, three times, the status, that of the target, and two numbers of bytes.
    let status = fields.nth(4)?;
    let request = fields.nth(3)?;
    let user_agent = fields.next()?;
    // Cipher, protocol, group of targets, trace.
    let domain_name = fields.nth(4);
    // Certificate, rule. Older logs have less. A request is decided when it comes, and answered later.
    let came_at = fields.nth(2).and_then(Instant::of_rfc3339);
    let caller = match caller {
        Caller::Client => client.rsplit_once(':').map_or(client, |(ip, _port)| ip),
        Caller::DomainName => domain_name.unwrap_or_default(),
        Caller::UserAgent => user_agent,
    };
    let mut request = request.split(' ');
    let verb = request.next().unwrap_or_default();
    let url = request.next().unwrap_or_default();
    Some(Request {
        instant: came_at.or_else(|| Instant::of_rfc3339(answered_at))?,
        caller: named(Cow::Borrowed(caller)),
        resource: Cow::Borrowed(path(url)),
        verb: Cow::Borrowed(verb),
        was_refused: status == THROTTLED_STATUS,
    })
}

/// `/users` of `https://example.com:443/users?limit=5`.
fn path(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path_at = after_scheme.find('/').unwrap_or(after_scheme.len());
    without_query(after_scheme.get(path_at..).unwrap_or_default())
}

/// Fields between single blanks.
struct Fields<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Fields<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let (field, rest) = match quoted(self.rest) {
            Some((field, rest)) => (field, rest.strip_prefix(' ').unwrap_or(rest)),
            None => self.rest.split_once(' ').unwrap_or((self.rest, "")),
        };
        self.rest = rest;
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"https 2026-11-25T12:00:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.0.2.7:2817 10.0.0.1:80 0.086 0.048 0.037 429 200 0 57 "GET https://api.example.com:443/users/5?a=b HTTP/1.1" "curl/7.46.0 \"x\"" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "Root=1-58337281-1d84f3d73c47ec4e58577259" "api.example.com" "arn:aws:acm:us-east-2:123456789012:certificate/1" 1 2026-11-25T11:59:59.986000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-""#;

    fn request(line: &str, by: Option<&str>) -> Request<'static> {
        let line: &'static str = Box::leak(line.to_owned().into_boxed_str());
        match read(line, Caller::parse(by).unwrap()).unwrap() {
            LogLine::Request(request) => request,
            LogLine::Other => panic!("no request: {line}"),
        }
    }

    #[test]
    fn a_request_counts_when_it_came() {
        let read = request(LINE, None);
        assert_eq!(read.instant.at.as_millis(), 1_795_607_999_986);
        assert_eq!(read.caller.as_deref(), Some("192.0.2.7"));
        assert_eq!((&*read.resource, &*read.verb), ("/users/5", "GET"));
        assert!(read.was_refused);
        let older = LINE.split(" \"Root").next().unwrap();
        let read = request(older, None);
        assert_eq!(read.instant.at.as_millis(), 1_795_608_000_186);
    }

    #[test]
    fn callers_are_told_apart_by_address_name_or_program() {
        for (by, caller) in [
            ("client", "192.0.2.7"),
            ("domain_name", "api.example.com"),
            ("user_agent", r#"curl/7.46.0 \"x\""#),
        ] {
            assert_eq!(request(LINE, Some(by)).caller.as_deref(), Some(caller));
        }
        assert!(Caller::parse(Some("port")).is_err());
        let of_v6 = LINE.replace("192.0.2.7:2817", "[2001:db8::1]:2817");
        assert_eq!(
            request(&of_v6, None).caller.as_deref(),
            Some("[2001:db8::1]")
        );
    }

    #[test]
    fn a_line_that_is_cut_off_is_not_read() {
        for line in [
            "https",
            "https 2026-11-25T12:00:00Z app/x 192.0.2.7:1",
            "ftp x",
        ] {
            assert!(read(line, Caller::Client).is_err(), "{line}");
        }
    }
}
