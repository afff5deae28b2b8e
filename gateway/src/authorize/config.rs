//! Authorizers made ready for requests.

use std::time::Duration;

use regex_lite::Regex;
use tollgate::rest_api::{Authorizer, AuthorizerKind};

use super::answer::AnswerForm;
use super::identity::{Identity, IdentitySource};
use crate::event::ProxyRequest;
use crate::template::{LambdaAuthorizerSpec, PayloadVersion};

/// The time to live of answers for which no other is set, in seconds.
const DEFAULT_TTL_S: u32 = 300;

/// The longest time to live, in seconds.
const MAX_TTL_S: u32 = 3_600;

/// Where the token of a `TOKEN` authorizer stands when nothing else is said.
const DEFAULT_TOKEN_SOURCE: &str = "method.request.header.Authorization";

/// An authorizer made ready for requests: its expressions are read once.
///
/// One that cannot be executed refuses every request with 500, so that a method is never more open than it says.
#[derive(Clone, Debug)]
pub struct LambdaAuthorizer {
    id: String,
    uri: Option<String>,
    executable: Result<Executable, ConfigurationError>,
}

/// Why an authorizer cannot be executed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ConfigurationError {
    #[error("authorizers of the kind {0} are stored and not simulated; use TOKEN or REQUEST")]
    Kind(AuthorizerKind),
    #[error("it has no authorizerUri")]
    NoUri,
    #[error(
        "`{0}` is no identity source; use method.request.header.NAME, method.request.querystring.NAME, stageVariables.NAME or context.NAME"
    )]
    IdentitySource(String),
    #[error(
        "`{0}` is no identity source; use $request.header.NAME, $request.querystring.NAME, $stageVariables.NAME or $context.NAME"
    )]
    HttpIdentitySource(String),
    #[error("a TOKEN authorizer has one header as its identity source, and not `{0}`")]
    TokenSource(String),
    #[error(
        "its identityValidationExpression is no regular expression that is understood here: {0}"
    )]
    Expression(String),
}

/// How a request's identity is passed to the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EventKind {
    Token,
    Request,
    /// To an HTTP API, which has events of its own.
    Http(PayloadVersion),
}

/// An authorizer of a kind that is executed.
#[derive(Clone, Debug)]
pub(super) struct Executable {
    pub(super) kind: EventKind,
    pub(super) form: AnswerForm,
    /// Zero: answers are not remembered.
    pub(super) ttl: Duration,
    sources: Vec<IdentitySource>,
    expression: Option<Regex>,
}

impl LambdaAuthorizer {
    /// Reads the expressions of `authorizer`. What is wrong with it is logged with each request.
    #[must_use]
    pub fn new(authorizer: &Authorizer) -> Self {
        Self {
            id: authorizer.id.clone(),
            uri: authorizer.authorizer_uri.clone(),
            executable: Executable::new(authorizer),
        }
    }

    /// An authorizer of an HTTP API. Its name stands for its id, and its function's ARN for the URI.
    #[must_use]
    pub fn of_http_api(spec: &LambdaAuthorizerSpec) -> Self {
        Self {
            id: spec.name.clone(),
            uri: Some(spec.function_arn.clone()),
            executable: Executable::of_http_api(spec),
        }
    }

    /// The authorizer's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The integration URI of the function, with `${stageVariables.name}` as it was written.
    pub fn uri(&self) -> Option<&str> {
        self.uri.as_deref()
    }

    pub(super) const fn executable(&self) -> Result<&Executable, &ConfigurationError> {
        self.executable.as_ref()
    }
}

impl Executable {
    fn new(authorizer: &Authorizer) -> Result<Self, ConfigurationError> {
        let kind = match authorizer.kind {
            AuthorizerKind::Token => EventKind::Token,
            AuthorizerKind::Request => EventKind::Request,
            AuthorizerKind::CognitoUserPools | AuthorizerKind::Jwt => {
                return Err(ConfigurationError::Kind(authorizer.kind));
            }
        };
        if authorizer.authorizer_uri.is_none() {
            return Err(ConfigurationError::NoUri);
        }
        let ttl_s = authorizer
            .authorizer_result_ttl_in_seconds
            .unwrap_or(DEFAULT_TTL_S)
            .min(MAX_TTL_S);
        Ok(Self {
            kind,
            form: AnswerForm::RestPolicy,
            ttl: Duration::from_secs(ttl_s.into()),
            sources: sources(kind, authorizer.identity_source.as_deref())?,
            expression: expression(kind, authorizer)?,
        })
    }

    fn of_http_api(spec: &LambdaAuthorizerSpec) -> Result<Self, ConfigurationError> {
        let source = |text: &String| {
            IdentitySource::parse_http(text)
                .ok_or_else(|| ConfigurationError::HttpIdentitySource(text.clone()))
        };
        Ok(Self {
            kind: EventKind::Http(spec.payload_version),
            form: if spec.simple_responses {
                AnswerForm::HttpSimple
            } else {
                AnswerForm::HttpPolicy
            },
            ttl: Duration::from_secs(spec.ttl_s.min(MAX_TTL_S).into()),
            sources: spec
                .identity_sources
                .iter()
                .map(source)
                .collect::<Result<_, _>>()?,
            expression: None,
        })
    }

    /// Who asks, as `request` says it. `None` when a part is missing or empty, or the token does not have the form that is asked for.
    pub(super) fn identity(&self, request: &ProxyRequest<'_>) -> Option<Identity> {
        let identity = Identity::read(&self.sources, request)?;
        let fits = |expression: &Regex| identity.token().is_some_and(|it| expression.is_match(it));
        self.expression
            .as_ref()
            .is_none_or(fits)
            .then_some(identity)
    }
}

fn sources(kind: EventKind, text: Option<&str>) -> Result<Vec<IdentitySource>, ConfigurationError> {
    let text = match (kind, text.map(str::trim).filter(|text| !text.is_empty())) {
        (_, Some(text)) => text,
        (EventKind::Token, None) => DEFAULT_TOKEN_SOURCE,
        (EventKind::Request | EventKind::Http(_), None) => return Ok(Vec::new()),
    };
    let sources = text
        .split(',')
        .map(str::trim)
        .map(|part| {
            IdentitySource::parse(part)
                .ok_or_else(|| ConfigurationError::IdentitySource(part.to_owned()))
        })
        .collect::<Result<Vec<_>, _>>()?;
    match (kind, sources.as_slice()) {
        (EventKind::Token, [IdentitySource::Header(_)])
        | (EventKind::Request | EventKind::Http(_), _) => Ok(sources),
        (EventKind::Token, _) => Err(ConfigurationError::TokenSource(text.to_owned())),
    }
}

/// The expression, which has to fit the whole token. It means something for tokens only.
fn expression(
    kind: EventKind,
    authorizer: &Authorizer,
) -> Result<Option<Regex>, ConfigurationError> {
    match (kind, authorizer.identity_validation_expression.as_deref()) {
        (EventKind::Request | EventKind::Http(_), _) | (EventKind::Token, None | Some("")) => {
            Ok(None)
        }
        (EventKind::Token, Some(expression)) => {
            // Alone first: with an anchor around it, `a)|(b` would be an expression.
            Regex::new(expression)
                .and_then(|_| Regex::new(&format!("^(?:{expression})$")))
                .map(Some)
                .map_err(|error| ConfigurationError::Expression(error.to_string()))
        }
    }
}
