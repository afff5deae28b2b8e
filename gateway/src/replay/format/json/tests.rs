use super::*;

fn read_by<'a>(names: &Names, line: &'a str) -> Result<LogLine<'a>, Unreadable> {
    Members::new(names).read(line)
}

fn request(line: &str) -> Request<'_> {
    match read_by(&Names::default(), line) {
        Ok(LogLine::Request(request)) => request,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn an_access_log_is_read_in_the_forms_that_people_write() {
    for line in [
        r#"{"requestId":"1","apiKeyId":"k1","ip":"192.0.2.1","requestTime":"25/Nov/2026:12:00:00 +0000","httpMethod":"GET","resourcePath":"/users","status":"429"}"#,
        r#"{"apiKeyId":"k1","requestTimeEpoch":"1795608000000","httpMethod":"GET","resourcePath":"/users","status":429,"requestTime":"nonsense"}"#,
        r#"{"apiKeyId":"k1","requestTimeEpoch":1795608000000,"routeKey":"GET /users","status":"429","extra":{"a":[1,{}]},"more":[null,true]}"#,
        r#"2026-11-25T12:00:01.000Z {"apiKeyId":"k1","time":"2026-11-25T12:00:00Z","httpMethod":"GET","resourcePath":"\u002fusers","status":"429"}"#,
    ] {
        let read = request(line);
        assert_eq!(read.caller.as_deref(), Some("k1"), "{line}");
        assert_eq!((&*read.resource, &*read.verb), ("/users", "GET"), "{line}");
        assert_eq!(read.instant.at.as_secs(), 1_795_608_000, "{line}");
        assert!(read.was_refused, "{line}");
    }
}

#[test]
fn the_first_line_chooses_what_tells_callers_apart() {
    let mut members = Members::new(&Names::default());
    let first = r#"{"ip":"192.0.2.1","apiKeyId":"-","time":1795608000}"#;
    let Ok(LogLine::Request(read)) = members.read(first) else {
        panic!()
    };
    assert_eq!(read.caller, None);
    assert_eq!(members.caller_name(), Some("apiKeyId"));
    let without = r#"{"ip":"192.0.2.1","time":1795608000}"#;
    let Ok(LogLine::Request(read)) = members.read(without) else {
        panic!()
    };
    assert_eq!(read.caller, None);
}

#[test]
fn members_are_named_by_the_operator() {
    let names = Names {
        caller: Some("customer".to_owned()),
        time: Some("at".to_owned()),
        status: Some("code".to_owned()),
    };
    let line = r#"{"customer":7,"at":1795608000,"code":429,"apiKeyId":"k","time":5,"status":200}"#;
    let Ok(LogLine::Request(read)) = read_by(&names, line) else {
        panic!()
    };
    assert_eq!(read.caller.as_deref(), Some("7"));
    assert_eq!(read.instant.at.as_secs(), 1_795_608_000);
    assert!(read.was_refused);
}

#[test]
fn decisions_that_were_logged_are_read_and_other_lines_of_a_program_are_not() {
    let flat = r#"{"timestamp":"2026-11-25T12:00:00.5Z","level":"INFO","message":"denied a request","api.stage":"users:dev","resource":"/users","method":"GET","key.id":"k1","plan.id":"p1","decision":"throttled","retry_after_ms":200,"target":"tollgate::limiter::log"}"#;
    let nested = r#"{"timestamp":"2026-11-25T12:00:00.5Z","level":"DEBUG","fields":{"message":"admitted a request","resource":"/users","method":"GET","key.id":"k1","decision":"admitted"},"target":"tollgate::limiter::log"}"#;
    for (line, was_refused) in [(flat, true), (nested, false)] {
        let read = request(line);
        assert_eq!(read.caller.as_deref(), Some("k1"), "{line}");
        assert_eq!((&*read.resource, &*read.verb), ("/users", "GET"), "{line}");
        assert_eq!(read.was_refused, was_refused, "{line}");
        assert!(!read.instant.is_whole_second);
    }
    for line in [
        r#"{"timestamp":"2026-11-25T12:00:00Z","level":"INFO","message":"started","target":"users"}"#,
        r#"{"timestamp":"2026-11-25T12:00:00Z","level":"INFO","decision":"unknown_key","target":"tollgate::limiter::log"}"#,
        r#"{"_aws":{"Timestamp":1795608000000,"CloudWatchMetrics":[]},"Admitted":1}"#,
        r#"{"timestamp":"2026-11-25T12:00:00Z","level":"INFO","fields":"none"}"#,
        r#"{"time":"2026-11-25T12:00:00Z","type":"platform.start","record":{"requestId":"1"}}"#,
    ] {
        assert_eq!(
            read_by(&Names::default(), line),
            Ok(LogLine::Other),
            "{line}"
        );
    }
}

#[test]
fn what_cannot_be_read_says_why_and_repeats_nothing() {
    for (line, why) in [
        ("x", "is no JSON object"),
        (r#"{"apiKeyId":"secret""#, "is no JSON object"),
        (r#"{"apiKeyId":"secret"} trailing"#, "is no JSON object"),
        (r#"{"apiKeyId":"secret"}"#, "has no member for the time"),
        (
            r#"{"apiKeyId":"secret","time":"yesterday"}"#,
            "has a time that cannot be read",
        ),
        (
            r#"{"apiKeyId":"secret","time":null}"#,
            "has no member for the time",
        ),
    ] {
        let error = read_by(&Names::default(), line).unwrap_err().to_string();
        assert!(error.starts_with(why), "{line}: {error}");
        assert!(!error.contains("secret"), "{error}");
    }
}
