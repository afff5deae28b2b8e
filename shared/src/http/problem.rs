//! Refusals as problem details: RFC 9457, with the types of draft-ietf-httpapi-ratelimit-headers.
//!
//! API Gateway knows none of this, and its own body stays for everybody who does not ask.

use std::str::FromStr;

use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::fields::Fields;
use super::response::Answer;
use crate::decision::{Denial, Limit};

/// The media type of problem details.
const MEDIA_TYPE: &str = "application/problem+json";

/// API Gateway's.
const JSON: &str = "application/json";

/// The client has used up a limit of its own.
const QUOTA_EXCEEDED: &str = "https://iana.org/assignments/http-problem-types#quota-exceeded";

/// The server cannot take the request at the moment, and the client is not to blame.
const REDUCED_CAPACITY: &str =
    "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity";

/// When refusals are told as problem details.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Problems {
    /// Never: bodies are API Gateway's.
    Off,
    /// To clients that name `application/problem+json` in `Accept`, and do not like `application/json` better.
    #[default]
    Negotiate,
    /// To all.
    Always,
}

/// A text that is none of the words for [`Problems`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be off, negotiate or always")]
pub struct InvalidProblems;

impl FromStr for Problems {
    type Err = InvalidProblems;

    /// Reads `off`, `negotiate` or `always`.
    fn from_str(text: &str) -> Result<Self, InvalidProblems> {
        [Self::Off, Self::Negotiate, Self::Always]
            .into_iter()
            .find(|known| known.as_str() == text)
            .ok_or(InvalidProblems)
    }
}

impl Problems {
    /// What holds where nothing is said: bodies that AWS does not send are off where its fields alone are sent.
    pub const fn usual(fields: Fields) -> Self {
        match fields {
            Fields::All => Self::Negotiate,
            Fields::AwsOnly => Self::Off,
        }
    }

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Negotiate => "negotiate",
            Self::Always => "always",
        }
    }

    /// How a request with these header fields is told that it may not pass.
    pub fn form(self, headers: &HeaderMap) -> Form {
        match self {
            Self::Always => Form::Problem,
            Self::Negotiate if asks(headers) => Form::Problem,
            Self::Off | Self::Negotiate => Form::Aws,
        }
    }
}

/// How the body of a refusal is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `{"message":"…"}`, as API Gateway writes it.
    Aws,
    /// Problem details.
    Problem,
}

impl Form {
    /// The value of `Content-Type`.
    pub const fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Aws => JSON,
            Self::Problem => MEDIA_TYPE,
        })
    }
}

/// A denial as problem details. Where no limit of the client's own is used up, they say no more than the status does.
pub fn of_denial(denial: &Denial) -> String {
    let answer = Answer::of(denial.reason);
    match denial.exceeded() {
        Some(limit) => exceeded(&answer, limit),
        None => blank(answer.status),
    }
}

/// A request that could not be decided, as problem details.
pub fn of_undecided(status: StatusCode) -> String {
    let status = status.as_u16();
    format!(
        r#"{{"type":"{REDUCED_CAPACITY}","title":"Temporary Reduced Capacity","status":{status}}}"#
    )
}

// None of these texts has a character that JSON would have to escape.

fn exceeded(answer: &Answer, limit: Limit) -> String {
    let (status, detail) = (answer.status.as_u16(), answer.message);
    let policy = limit.as_str();
    format!(
        r#"{{"type":"{QUOTA_EXCEEDED}","title":"Quota Exceeded","status":{status},"detail":"{detail}","violated-policies":["{policy}"]}}"#
    )
}

fn blank(status: StatusCode) -> String {
    let title = status.canonical_reason().unwrap_or_default();
    let status = status.as_u16();
    format!(r#"{{"type":"about:blank","title":"{title}","status":{status}}}"#)
}

/// Whether a client names problem details, and likes them as well as API Gateway's JSON at least. A range such as `*/*` does not name them:
/// every client has it.
fn asks(headers: &HeaderMap) -> bool {
    let mut problem = None;
    // The range that fits JSON best, and how much it is liked.
    let mut json = (0_u8, 0_u16);
    let values = headers.get_all(header::ACCEPT).iter();
    for range in values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','))
    {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let Some(weight) = weight(parts) else {
            continue;
        };
        if name.eq_ignore_ascii_case(MEDIA_TYPE) {
            problem = problem.max(Some(weight));
            continue;
        }
        let fit = if name.eq_ignore_ascii_case(JSON) {
            3
        } else if name.eq_ignore_ascii_case("application/*") {
            2
        } else if name == "*/*" {
            1
        } else {
            continue;
        };
        json = json.max((fit, weight));
    }
    problem.is_some_and(|weight| weight > 0 && weight >= json.1)
}

/// The weight among a range's parameters, in thousandths: 1000 where there is none. `None` when it cannot be read.
fn weight<'a>(parameters: impl Iterator<Item = &'a str>) -> Option<u16> {
    for parameter in parameters {
        let Some((name, value)) = parameter.split_once('=') else {
            continue;
        };
        if name.trim().eq_ignore_ascii_case("q") {
            return thousandths(value.trim());
        }
    }
    Some(1_000)
}

/// `0`, `1`, `0.5` or `1.000`, as HTTP writes weights.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole: u16 = match whole {
        "0" => 0,
        "1" => 1_000,
        _ => return None,
    };
    let is_number = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let fraction: u16 = is_number
        .then(|| format!("{fraction:0<3}").parse().ok())
        .flatten()?;
    whole
        .checked_add(fraction)
        .filter(|weight| *weight <= 1_000)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::decision::{BurstLevel, Levels, Reason};

    fn form(problems: Problems, accept: &[&str]) -> Form {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(header::ACCEPT, value.parse().unwrap());
        }
        problems.form(&headers)
    }

    #[test]
    fn only_who_names_problem_details_gets_them() {
        for accept in [
            "application/problem+json",
            "Application/Problem+JSON; charset=utf-8",
            "application/json;q=0.9, application/problem+json",
            "application/json, application/problem+json",
            "application/problem+json;q=0.5, */*;q=0.5",
            "application/problem+json;q=0.001",
            "text/html, application/problem+json, */*;q=0.8",
            "application/json;q=0.2, application/problem+json;q=0.5, */*",
        ] {
            assert_eq!(
                form(Problems::Negotiate, &[accept]),
                Form::Problem,
                "{accept}"
            );
        }
        for accept in [
            "",
            "*/*",
            "application/*",
            "application/json",
            "application/problem+xml",
            "application/json, application/problem+json;q=0.9",
            "application/problem+json;q=0.5, */*",
            "application/problem+json;q=0",
            "application/problem+json;q=high",
            "application/problem+json;q=2",
            "application/problem+json;q=1.5",
            "application/problem+json;q=0.1234",
        ] {
            assert_eq!(form(Problems::Negotiate, &[accept]), Form::Aws, "{accept}");
        }
        let both = ["application/json;q=0.1", "application/problem+json"];
        assert_eq!(form(Problems::Negotiate, &both), Form::Problem);
        assert_eq!(form(Problems::Negotiate, &[]), Form::Aws);
    }

    #[test]
    fn a_setting_goes_before_what_clients_like() {
        let accept = ["application/problem+json"];
        assert_eq!(form(Problems::Off, &accept), Form::Aws);
        assert_eq!(form(Problems::Always, &["application/json"]), Form::Problem);
        assert_eq!(Problems::usual(Fields::AwsOnly), Problems::Off);
        assert_eq!(Problems::usual(Fields::All), Problems::default());
        for problems in [Problems::Off, Problems::Negotiate, Problems::Always] {
            assert_eq!(problems.as_str().parse(), Ok(problems));
        }
        assert_eq!("on".parse::<Problems>(), Err(InvalidProblems));
    }

    fn denied(reason: Reason, remaining: u64) -> serde_json::Value {
        let burst = BurstLevel {
            limit: 10,
            remaining,
            refill: Duration::from_secs(2),
            full_after: Duration::from_secs(2),
        };
        let text = of_denial(&Denial {
            reason,
            key_id: Some("k".into()),
            plan_id: Some("p".into()),
            levels: Levels {
                burst: Some(burst),
                ..Levels::default()
            },
        });
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_limit_of_the_clients_own_is_named_as_its_policy_is() {
        let retry_after = Some(Duration::from_millis(200));
        assert_eq!(
            denied(Reason::Throttled { retry_after }, 0),
            serde_json::json!({
                "type": "https://iana.org/assignments/http-problem-types#quota-exceeded",
                "title": "Quota Exceeded",
                "status": 429,
                "detail": "Too Many Requests",
                "violated-policies": ["burst"],
            })
        );
        let resets_after = Duration::from_mins(1);
        let quota = denied(
            Reason::QuotaExceeded {
                resets_after,
                quota: crate::quota::QuotaName::Own,
            },
            5,
        );
        assert_eq!(quota["violated-policies"], serde_json::json!(["quota"]));
        assert_eq!(quota["detail"], "Limit Exceeded");
    }

    #[test]
    fn everything_else_is_told_as_by_the_status_alone() {
        let shared = denied(Reason::Throttled { retry_after: None }, 5);
        assert_eq!(
            shared,
            serde_json::json!({"type": "about:blank", "title": "Too Many Requests", "status": 429})
        );
        for reason in [
            Reason::MissingKey,
            Reason::UnknownKey,
            Reason::DisabledKey,
            Reason::ExpiredKey,
            Reason::NotInPlan,
            Reason::OutOfScope,
        ] {
            assert_eq!(
                denied(reason, 0),
                serde_json::json!({"type": "about:blank", "title": "Forbidden", "status": 403})
            );
        }
        let undecided = of_undecided(StatusCode::SERVICE_UNAVAILABLE);
        let undecided: serde_json::Value = serde_json::from_str(&undecided).unwrap();
        assert_eq!(undecided["title"], "Temporary Reduced Capacity");
        assert_eq!(undecided["status"], 503);
    }
}
