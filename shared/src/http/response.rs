//! What a denied request is answered.

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

use super::fields::{self, Fields};
use super::problem::{self, Form};
use crate::decision::{Denial, Reason};

const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// How long a client waits when the store did not answer, in seconds.
pub(crate) const UNAVAILABLE_RETRY_AFTER_S: u64 = 1;

/// The answer to a request that may not pass: status, error type and text are API Gateway's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The value of `x-amzn-ErrorType`.
    pub error_type: &'static str,
    /// The text in the member `message` of the body.
    pub message: &'static str,
    /// The type of the gateway response that may replace it.
    pub gateway_response: &'static str,
}

const FORBIDDEN: Answer = Answer {
    status: StatusCode::FORBIDDEN,
    error_type: "ForbiddenException",
    message: "Forbidden",
    gateway_response: "INVALID_API_KEY",
};

const TOO_MANY_REQUESTS: Answer = Answer {
    status: StatusCode::TOO_MANY_REQUESTS,
    error_type: "TooManyRequestsException",
    message: "Too Many Requests",
    gateway_response: "THROTTLED",
};

const LIMIT_EXCEEDED: Answer = Answer {
    status: StatusCode::TOO_MANY_REQUESTS,
    error_type: "LimitExceededException",
    message: "Limit Exceeded",
    gateway_response: "QUOTA_EXCEEDED",
};

const UNAVAILABLE: Answer = Answer {
    status: StatusCode::SERVICE_UNAVAILABLE,
    error_type: "ServiceUnavailableException",
    message: "Service Unavailable",
    gateway_response: "DEFAULT_5XX",
};

impl Answer {
    /// The answer to `reason`. The caller is told no more than API Gateway tells.
    pub const fn of(reason: Reason) -> Self {
        match reason {
            Reason::MissingKey
            | Reason::UnknownKey
            | Reason::DisabledKey
            | Reason::ExpiredKey
            | Reason::NotInPlan
            | Reason::OutOfScope => FORBIDDEN,
            Reason::Throttled { .. } => TOO_MANY_REQUESTS,
            Reason::QuotaExceeded { .. } => LIMIT_EXCEEDED,
        }
    }

    /// The body: `{"message":"…"}`.
    pub fn body(&self) -> String {
        // The texts are ours, and none has a character that JSON would have to escape.
        format!(r#"{{"message":"{}"}}"#, self.message)
    }

    fn response<B: From<String>>(
        &self,
        fields: HeaderMap,
        form: Form,
        body: String,
    ) -> Response<B> {
        let mut response = Response::new(B::from(body));
        *response.status_mut() = self.status;
        *response.headers_mut() = fields;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, form.content_type());
        headers.insert(ERROR_TYPE, HeaderValue::from_static(self.error_type));
        response
    }
}

/// The response to a denied request. Its extensions hold the [`Denial`], so that an outer layer can log it.
pub fn answer_to<B: From<String>>(denial: Denial, fields: Fields, form: Form) -> Response<B> {
    let mut headers = HeaderMap::new();
    fields::insert_denial(&mut headers, &denial, fields);
    let answer = Answer::of(denial.reason);
    let body = match form {
        Form::Aws => answer.body(),
        Form::Problem => problem::of_denial(&denial),
    };
    let mut response = answer.response(headers, form, body);
    response.extensions_mut().insert(denial);
    response
}

/// The response to a request that could not be decided: 503, to be tried again in a second.
pub fn unavailable<B: From<String>>(form: Form) -> Response<B> {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::RETRY_AFTER,
        HeaderValue::from(UNAVAILABLE_RETRY_AFTER_S),
    );
    let body = match form {
        Form::Aws => UNAVAILABLE.body(),
        Form::Problem => problem::of_undecided(UNAVAILABLE.status),
    };
    UNAVAILABLE.response(headers, form, body)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::decision::{BurstLevel, FurtherLevel, Levels, QuotaLevel};
    use crate::quota::{Every, QuotaName};

    fn throttled() -> Denial {
        Denial {
            reason: Reason::Throttled {
                retry_after: Some(Duration::from_millis(1_200)),
            },
            key_id: Some("k".into()),
            plan_id: Some("p".into()),
            levels: Levels {
                burst: Some(BurstLevel {
                    limit: 10,
                    remaining: 0,
                    refill: Duration::from_secs(2),
                    full_after: Duration::from_millis(2_300),
                }),
                quota: Some(QuotaLevel {
                    limit: 1_000,
                    remaining: 993,
                    window: Duration::from_hours(24),
                    resets_after: Duration::from_millis(40_211_300),
                }),
                ..Levels::default()
            },
        }
    }

    fn shown(response: &Response<String>) -> String {
        let mut lines = vec![response.status().to_string()];
        let headers = response.headers().iter();
        lines.extend(headers.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())));
        lines.push(response.body().clone());
        lines.join("\n")
    }

    #[test]
    fn a_throttled_request_is_told_when_to_come_back_and_what_is_left() {
        assert_eq!(
            shown(&answer_to(throttled(), Fields::All, Form::Aws)),
            r#"429 Too Many Requests
retry-after: 2
ratelimit-policy: "burst";q=10;w=2,"quota";q=1000;w=86400
ratelimit: "quota";r=993;t=40212,"burst";r=0;t=3
content-type: application/json
x-amzn-errortype: TooManyRequestsException
{"message":"Too Many Requests"}"#
        );
    }

    #[test]
    fn problem_details_take_the_bodys_place_and_leave_the_fields() {
        assert_eq!(
            shown(&answer_to(throttled(), Fields::All, Form::Problem)),
            r#"429 Too Many Requests
retry-after: 2
ratelimit-policy: "burst";q=10;w=2,"quota";q=1000;w=86400
ratelimit: "quota";r=993;t=40212,"burst";r=0;t=3
content-type: application/problem+json
x-amzn-errortype: TooManyRequestsException
{"type":"https://iana.org/assignments/http-problem-types#quota-exceeded","title":"Quota Exceeded","status":429,"detail":"Too Many Requests","violated-policies":["burst"]}"#
        );
        let undecided: Response<String> = unavailable(Form::Problem);
        assert_eq!(
            undecided.headers()["content-type"],
            "application/problem+json"
        );
        assert_eq!(undecided.headers()["retry-after"], "1");
    }

    #[test]
    fn strict_aws_adds_no_field_of_its_own() {
        assert_eq!(
            shown(&answer_to(throttled(), Fields::AwsOnly, Form::Aws)),
            r#"429 Too Many Requests
content-type: application/json
x-amzn-errortype: TooManyRequestsException
{"message":"Too Many Requests"}"#
        );
    }

    #[test]
    fn every_reason_of_a_forbidden_request_looks_the_same_to_the_caller() {
        let reasons = [
            Reason::MissingKey,
            Reason::UnknownKey,
            Reason::DisabledKey,
            Reason::ExpiredKey,
            Reason::NotInPlan,
            Reason::OutOfScope,
        ];
        for reason in reasons {
            let denial = Denial {
                reason,
                key_id: None,
                plan_id: None,
                levels: Levels::default(),
            };
            let response = answer_to(denial, Fields::All, Form::Aws);
            assert_eq!(
                shown(&response),
                "403 Forbidden\ncontent-type: application/json\nx-amzn-errortype: ForbiddenException\n{\"message\":\"Forbidden\"}"
            );
            assert_eq!(
                response.extensions().get::<Denial>().unwrap().reason,
                reason
            );
        }
    }

    #[test]
    fn a_used_up_quota_has_its_own_text_and_says_when_it_starts_again() {
        let denial = Denial {
            reason: Reason::QuotaExceeded {
                resets_after: Duration::from_secs(59),
                quota: QuotaName::Own,
            },
            ..throttled()
        };
        let response: Response<String> = answer_to(denial, Fields::All, Form::Aws);
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["retry-after"], "59");
        assert_eq!(
            response.headers()["x-amzn-errortype"],
            "LimitExceededException"
        );
        assert_eq!(response.body(), r#"{"message":"Limit Exceeded"}"#);
    }

    #[test]
    fn further_quotas_have_names_of_their_own_and_tell_what_is_beyond_them() {
        let mut denial = throttled();
        denial.reason = Reason::QuotaExceeded {
            resets_after: Duration::from_millis(29_500),
            quota: QuotaName::Further(Every::Minute),
        };
        denial.levels.burst = None;
        denial.levels.further = Box::new([
            FurtherLevel {
                every: Every::Minute,
                limit: 100,
                remaining: 0,
                overage: None,
                window: Duration::from_mins(1),
                resets_after: Duration::from_millis(29_500),
            },
            FurtherLevel {
                every: Every::Day,
                limit: 500,
                remaining: 0,
                overage: Some(12),
                window: Duration::from_hours(24),
                resets_after: Duration::from_millis(40_211_300),
            },
        ]);
        assert_eq!(
            shown(&answer_to(denial, Fields::All, Form::Aws)),
            r#"429 Too Many Requests
retry-after: 30
ratelimit-policy: "quota";q=1000;w=86400,"quota-minute";q=100;w=60,"quota-day";q=500;w=86400
ratelimit: "quota";r=993;t=40212,"quota-minute";r=0;t=30,"quota-day";r=0;t=40212
x-tollgate-overage: "quota-day";n=12
content-type: application/json
x-amzn-errortype: LimitExceededException
{"message":"Limit Exceeded"}"#
        );
    }

    #[test]
    fn a_limit_of_zero_has_no_instant_to_come_back_at() {
        let denial = Denial {
            reason: Reason::Throttled { retry_after: None },
            ..throttled()
        };
        let response: Response<String> = answer_to(denial, Fields::All, Form::Aws);
        assert!(!response.headers().contains_key("retry-after"));
    }

    #[test]
    fn an_undecided_request_is_answered_503() {
        let response: Response<String> = unavailable(Form::Aws);
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "1");
    }
}
