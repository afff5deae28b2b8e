//! Why the gateway answers a request itself.

use std::borrow::Cow;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use tollgate::decision::Denial;
use tollgate::http::fields::{self, Fields};
use tollgate::http::{Answer, Form, problem};
use tollgate::rest_api::GatewayResponseKind;

use crate::authorize::Refused;

/// An answer of the gateway's own, before the API's gateway responses are applied to it.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The gateway response that applies.
    pub(crate) kind: GatewayResponseKind,
    /// The status where the gateway response names none.
    pub(crate) status: StatusCode,
    /// The value of `x-amzn-ErrorType`.
    pub(super) error_type: &'static str,
    /// `$context.error.message`; `None` is null.
    pub(super) message: Option<Cow<'static, str>>,
    /// `$context.error.validationErrorString`.
    pub(super) validation_error: Option<String>,
    /// The body where no template replaces it, if it is not `{"message":…}`.
    pub(super) body: Option<&'static str>,
    /// What Tollgate adds.
    pub(super) beyond: Option<Box<Beyond>>,
}

/// What answers have beyond API Gateway's.
#[derive(Debug, Default)]
pub(super) struct Beyond {
    /// Fields such as `Retry-After`.
    pub(super) fields: HeaderMap,
    /// Problem details, for a client that wants them. They stand in for API Gateway's own body, and not for one of the API's.
    pub(super) problem: Option<String>,
}

const INTERNAL_SERVER_ERROR: &str = "InternalServerErrorException";

impl Failure {
    fn new(
        kind: GatewayResponseKind,
        status: StatusCode,
        error_type: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            kind,
            status,
            error_type,
            message: Some(message.into()),
            validation_error: None,
            body: None,
            beyond: None,
        }
    }

    /// There is no such API, or it has no such stage. AWS does not tell the two apart.
    pub(crate) fn no_stage() -> Self {
        Self::new(
            GatewayResponseKind::Default4xx,
            StatusCode::FORBIDDEN,
            "ForbiddenException",
            "Forbidden",
        )
    }

    /// No resource has this path, or it has no such method.
    pub(crate) fn no_method() -> Self {
        Self::new(
            GatewayResponseKind::MissingAuthenticationToken,
            StatusCode::FORBIDDEN,
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        )
    }

    /// The header fields are too long.
    pub(super) fn headers_too_large() -> Self {
        Self::new(
            GatewayResponseKind::Default4xx,
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "BadRequestException",
            "Request Header Fields Too Large",
        )
    }

    /// The body is too long.
    pub(super) fn body_too_large() -> Self {
        Self::new(
            GatewayResponseKind::RequestTooLarge,
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestTooLargeException",
            "HTTP content length exceeded 10485760 bytes.",
        )
    }

    /// The body did not arrive whole.
    pub(super) fn bad_request() -> Self {
        Self::new(
            GatewayResponseKind::Default4xx,
            StatusCode::BAD_REQUEST,
            "BadRequestException",
            "Bad Request",
        )
    }

    /// Required parameters are missing.
    pub(super) fn missing_parameters(names: &[&str]) -> Self {
        Self::new(
            GatewayResponseKind::BadRequestParameters,
            StatusCode::BAD_REQUEST,
            "BadRequestException",
            format!(
                "Missing required request parameters: [{}]",
                names.join(", ")
            ),
        )
    }

    /// The body is not what its model asks for.
    pub(super) fn invalid_body(why: String) -> Self {
        Self {
            validation_error: Some(why),
            ..Self::new(
                GatewayResponseKind::BadRequestBody,
                StatusCode::BAD_REQUEST,
                "BadRequestException",
                "Invalid request body",
            )
        }
    }

    /// A mapping reads the body as JSON, and it is none.
    pub(super) fn not_json(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            GatewayResponseKind::BadRequestBody,
            StatusCode::BAD_REQUEST,
            "BadRequestException",
            message,
        )
    }

    /// No template is there for the body's media type, and it may not pass as it is.
    pub(super) fn unsupported_media_type() -> Self {
        Self::new(
            GatewayResponseKind::UnsupportedMediaType,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "BadRequestException",
            "Unsupported Media Type",
        )
    }

    /// The authorizer does not let the request pass.
    pub(crate) fn refused(refused: &Refused) -> Self {
        let error = refused.error();
        Self {
            kind: error.kind,
            status: error.status,
            error_type: error.error_type,
            message: error.message.map(Cow::Borrowed),
            validation_error: None,
            body: Some(error.body),
            beyond: None,
        }
    }

    /// The API's definition cannot be carried out. The log says why, the client is not told.
    pub(crate) fn configuration() -> Self {
        Self::new(
            GatewayResponseKind::ApiConfigurationError,
            StatusCode::INTERNAL_SERVER_ERROR,
            INTERNAL_SERVER_ERROR,
            "Internal server error",
        )
    }

    /// The gateway cannot go on, for example because a backend's answer is too long.
    pub(super) fn internal() -> Self {
        Self {
            kind: GatewayResponseKind::Default5xx,
            ..Self::configuration()
        }
    }

    /// The function failed, or its answer makes no sense.
    pub(super) fn bad_function() -> Self {
        Self {
            status: StatusCode::BAD_GATEWAY,
            ..Self::internal()
        }
    }

    /// The backend did not answer in time.
    pub(super) fn timed_out() -> Self {
        Self::new(
            GatewayResponseKind::IntegrationTimeout,
            StatusCode::GATEWAY_TIMEOUT,
            INTERNAL_SERVER_ERROR,
            "Endpoint request timed out",
        )
    }

    /// The backend cannot be reached, or breaks off.
    pub(super) fn unreachable() -> Self {
        Self::new(
            GatewayResponseKind::IntegrationFailure,
            StatusCode::GATEWAY_TIMEOUT,
            INTERNAL_SERVER_ERROR,
            "Network error communicating with endpoint",
        )
    }

    /// The gateway or the store cannot take the request now.
    pub(super) fn unavailable() -> Self {
        Self::undecided(Form::Aws)
    }

    /// The request could not be decided.
    pub(super) fn undecided(form: Form) -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let mut fields = HeaderMap::new();
        fields.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        let problem = match form {
            Form::Aws => None,
            Form::Problem => Some(problem::of_undecided(status)),
        };
        Self {
            beyond: Some(Box::new(Beyond { fields, problem })),
            ..Self::new(
                GatewayResponseKind::Default5xx,
                status,
                "ServiceUnavailableException",
                "Service Unavailable",
            )
        }
    }

    /// The same for an API that has an answer of its own: API Gateway's, which that changes.
    pub(super) fn without_problem(mut self) -> Self {
        if let Some(beyond) = &mut self.beyond {
            beyond.problem = None;
        }
        self
    }

    /// The key, its plan or a limit does not let the request pass.
    pub(crate) fn denied(denial: &Denial, which: Fields, form: Form) -> Self {
        let answer = Answer::of(denial.reason);
        let mut fields = HeaderMap::new();
        fields::insert_denial(&mut fields, denial, which);
        let problem = match form {
            Form::Aws => None,
            Form::Problem => Some(problem::of_denial(denial)),
        };
        Self {
            beyond: Some(Box::new(Beyond { fields, problem })),
            ..Self::new(
                GatewayResponseKind::parse(answer.gateway_response)
                    .unwrap_or(GatewayResponseKind::Default4xx),
                answer.status,
                answer.error_type,
                answer.message,
            )
        }
    }
}
