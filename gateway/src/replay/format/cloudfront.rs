//! `CloudFront`'s standard log: fields between tabs, which a line that starts with `#Fields:` names.
//!
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html>

use std::borrow::Cow;

use super::{LogLine, Request, THROTTLED_STATUS, Unreadable, named, no_such_field};
use crate::replay::instant::Instant;

/// The fewest columns that any of these logs has had.
pub(super) const FEWEST_COLUMNS: usize = 9;

/// The columns where no line names them: they have always come in this order.
const USUAL: &str = "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end";

const DEFAULT_CALLER: &str = "c-ip";

/// Where the columns stand that are read.
#[derive(Debug)]
pub(super) struct Columns {
    caller_name: String,
    date: usize,
    time: usize,
    caller: usize,
    method: usize,
    path: usize,
    status: usize,
}

impl Columns {
    pub(super) fn new(caller: Option<&str>) -> Result<Self, Unreadable> {
        let caller = match caller {
            None | Some("ip") => DEFAULT_CALLER,
            Some(name) => name,
        };
        Self::of_names(USUAL, caller)
    }

    fn of_names(names: &str, caller: &str) -> Result<Self, Unreadable> {
        let names: Vec<&str> = names.split_ascii_whitespace().collect();
        let at = |name: &str| {
            names
                .iter()
                .position(|known| *known == name)
                .ok_or_else(|| no_such_field("the log of CloudFront", name, &names))
        };
        Ok(Self {
            date: at("date")?,
            time: at("time")?,
            method: at("cs-method")?,
            path: at("cs-uri-stem")?,
            status: at("sc-status")?,
            caller: at(caller)?,
            caller_name: caller.to_owned(),
        })
    }

    pub(super) fn caller_name(&self) -> &str {
        &self.caller_name
    }

    pub(super) fn read<'a>(&mut self, line: &'a str) -> Result<LogLine<'a>, Unreadable> {
        if let Some(names) = line.strip_prefix("#Fields:") {
            *self = Self::of_names(names, &self.caller_name)?;
            return Ok(LogLine::Other);
        }
        if line.starts_with('#') {
            return Ok(LogLine::Other);
        }
        self.parts(line)
            .map(LogLine::Request)
            .ok_or(Unreadable(Cow::Borrowed(
                "is not of CloudFront's standard log",
            )))
    }

    fn parts<'a>(&self, line: &'a str) -> Option<Request<'a>> {
        let (mut date, mut time, mut status) = (None, None, None);
        let (mut caller, mut method, mut path) = (None, None, None);
        for (at, field) in line.split('\t').enumerate() {
            // Two of them may be the same column.
            for (column, found) in [
                (self.date, &mut date),
                (self.time, &mut time),
                (self.status, &mut status),
                (self.caller, &mut caller),
                (self.method, &mut method),
                (self.path, &mut path),
            ] {
                if column == at {
                    *found = Some(field);
                }
            }
        }
        Some(Request {
            instant: Instant::of_date_and_time(date?, time?)?,
            caller: named(Cow::Borrowed(caller?)),
            resource: Cow::Borrowed(path?),
            verb: Cow::Borrowed(method?),
            was_refused: status? == THROTTLED_STATUS,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "2026-11-25\t12:00:00\tFRA56-P1\t392\t192.0.2.100\tGET\td111111abcdef8.cloudfront.net\t/users\t429\t-\tMozilla/5.0\tq=1\t-\tError\tid==\tapi.example.com\thttps\t23\t0.001";

    fn request<'a>(columns: &mut Columns, line: &'a str) -> Request<'a> {
        match columns.read(line).unwrap() {
            LogLine::Request(request) => request,
            LogLine::Other => panic!("no request: {line}"),
        }
    }

    #[test]
    fn columns_are_found_by_their_names() {
        let mut columns = Columns::new(None).unwrap();
        let read = request(&mut columns, LINE);
        assert_eq!(read.caller.as_deref(), Some("192.0.2.100"));
        assert_eq!((&*read.resource, &*read.verb), ("/users", "GET"));
        assert_eq!(read.instant.at.as_secs(), 1_795_608_000);
        assert!(read.was_refused);
        for comment in [
            "#Version: 1.0",
            "#Fields: date time c-ip cs-method cs-uri-stem sc-status",
        ] {
            assert_eq!(columns.read(comment), Ok(LogLine::Other));
        }
        let read = request(
            &mut columns,
            "2026-11-25\t12:00:01\t192.0.2.9\tPUT\t/x\t200",
        );
        assert_eq!(read.caller.as_deref(), Some("192.0.2.9"));
        assert!(!read.was_refused);
    }

    #[test]
    fn any_column_tells_callers_apart() {
        let mut columns = Columns::new(Some("cs(User-Agent)")).unwrap();
        assert_eq!(
            request(&mut columns, LINE).caller.as_deref(),
            Some("Mozilla/5.0")
        );
        let mut columns = Columns::new(Some("cs(Cookie)")).unwrap();
        assert_eq!(request(&mut columns, LINE).caller, None);
        assert!(Columns::new(Some("apiKeyId")).is_err());
        let fewer = "#Fields: date time cs-method cs-uri-stem sc-status";
        assert!(columns.read(fewer).is_err());
    }

    #[test]
    fn a_line_that_is_cut_off_is_not_read() {
        let mut columns = Columns::new(None).unwrap();
        for line in ["2026-11-25\t12:00:00\tFRA", "x\ty\tz\t1\t2\t3\t4\t5\t6"] {
            assert!(columns.read(line).is_err(), "{line}");
        }
    }
}
