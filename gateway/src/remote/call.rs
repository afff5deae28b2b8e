//! A call of the management API: one request, or a few for one that only reads.

use std::time::Duration;

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use serde::Deserialize;
use tokio::time::{sleep, timeout};

use super::{Endpoint, SignError, Signer};
use crate::http_client::{BackendAnswer, HttpClient, SendError};

const ERROR_TYPE: &str = "x-amzn-errortype";

/// What the management API says of a method and path that are no operation of it.
const UNKNOWN_OPERATION: &str = "MissingAuthenticationToken";

/// What it says when a number of keys or plans is reached: trying again does not help.
const LIMIT_EXCEEDED: &str = "LimitExceeded";

/// What AWS says of signatures and credentials that it does not accept.
const CREDENTIALS_REFUSED: [&str; 6] = [
    "ExpiredToken",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidSignature",
    "SignatureDoesNotMatch",
    "UnrecognizedClient",
];

/// How long to wait for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// For one answer. A function that starts, and a store that is asked several times, take a while.
    pub answer: Duration,
    /// Before a read is tried again; twice as long before the next time.
    pub pause: Duration,
    /// How often a read is tried in all, 1 or more. Changes are sent once.
    pub tries: u32,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(30),
            pause: Duration::from_millis(250),
            tries: 3,
        }
    }
}

/// A client of one management API. Clones share connections.
#[derive(Clone, Debug)]
pub struct Client {
    endpoint: Endpoint,
    signer: Signer,
    http: HttpClient,
    timing: Timing,
}

/// What the API refused, as it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status.
    pub status: StatusCode,
    /// Why.
    pub message: String,
}

/// Why a call has no answer of the API.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{url}: {kind}")]
pub struct CallError {
    /// Whom it was sent to.
    pub url: String,
    /// Why.
    pub kind: CallErrorKind,
}

/// Why a call has no answer of the API.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallErrorKind {
    /// There are no credentials to sign with.
    #[error("no usable AWS credentials: {0}")]
    NoCredentials(String),
    /// The request could not be made.
    #[error("{0}")]
    Request(String),
    /// No connection, or it broke off.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// No answer in time. A change may have been made.
    #[error("no answer within {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    /// IAM does not let the caller call the URL, or there is no such URL: AWS says the same of both.
    #[error("access denied: {0}")]
    Denied(String),
    /// The signature or the credentials are not accepted.
    #[error("the credentials are not accepted: {0}")]
    CredentialsRefused(String),
    /// Too many calls.
    #[error("too many calls: {0}")]
    Throttled(String),
    /// A fault on the other side. A change may have been made.
    #[error("status {status}: {message}")]
    Failed {
        /// The status, from 500 on.
        status: StatusCode,
        /// What it says.
        message: String,
    },
    /// The answer is none of a management API.
    #[error("{0}")]
    NotManagement(String),
}

/// The texts of errors: the service's own, and those of the framework in front of it.
#[derive(Deserialize)]
struct ErrorBody {
    #[serde(alias = "Message")]
    message: Option<String>,
}

impl Client {
    /// A client that signs with `signer`.
    pub fn new(endpoint: Endpoint, signer: Signer, timing: Timing) -> Self {
        Self {
            endpoint,
            signer,
            http: HttpClient::default(),
            timing,
        }
    }

    /// Where it sends requests.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Reads `path`, again when the API is busy or fails.
    ///
    /// # Errors
    ///
    /// When there is no answer of a management API. What the API refused is an `Ok(Err(..))`.
    pub async fn get(&self, path: &str) -> Result<Result<Bytes, Refusal>, CallError> {
        let mut pause = self.timing.pause;
        let mut left = self.timing.tries.saturating_sub(1);
        loop {
            let outcome = self.call(Method::GET, path, Bytes::new()).await;
            let Err(error) = &outcome else {
                return outcome;
            };
            if left == 0 || !error.kind.passes() {
                return outcome;
            }
            sleep(pause).await;
            left = left.saturating_sub(1);
            pause = pause.saturating_mul(2);
        }
    }

    /// Sends a change, once.
    ///
    /// # Errors
    ///
    /// As [`Client::get`].
    pub async fn change(
        &self,
        method: Method,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Result<Result<Bytes, Refusal>, CallError> {
        let body = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        self.call(method, path, body).await
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Result<Bytes, Refusal>, CallError> {
        let path = PathAndQuery::try_from(path)
            .map_err(|error| self.error(CallErrorKind::Request(error.to_string())))?;
        let mut headers = HeaderMap::new();
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::ACCEPT, json.clone());
        if !body.is_empty() {
            headers.insert(header::CONTENT_TYPE, json);
        }
        let answer = self.send(method, path, headers, body).await?;
        read(answer).map_err(|kind| self.error(kind))
    }

    /// Signs one request, sends it, and waits for the answer, whatever it says.
    ///
    /// # Errors
    ///
    /// When it cannot be signed, or there is no answer in time.
    pub async fn send(
        &self,
        method: Method,
        path: PathAndQuery,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<BackendAnswer, CallError> {
        let uri = self
            .endpoint
            .uri(path)
            .map_err(|error| self.error(CallErrorKind::Request(error.to_string())))?;
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        self.signer.sign(&mut request).await.map_err(|error| {
            self.error(match error {
                SignError::Credentials(why) => CallErrorKind::NoCredentials(why),
                SignError::Request(_) => CallErrorKind::Request(error.to_string()),
            })
        })?;
        let kind = match timeout(self.timing.answer, self.http.send(request)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(SendError::Unreachable(why))) => CallErrorKind::Unreachable(why),
            Ok(Err(SendError::TooLong)) => {
                CallErrorKind::NotManagement("the answer is over 10 MB".to_owned())
            }
            Err(_elapsed) => CallErrorKind::TimedOut(self.timing.answer),
        };
        Err(self.error(kind))
    }

    /// An error of a call of this API.
    pub fn error(&self, kind: CallErrorKind) -> CallError {
        CallError {
            url: self.endpoint.to_string(),
            kind,
        }
    }
}

impl CallErrorKind {
    /// Whether a moment later it may be gone.
    const fn passes(&self) -> bool {
        match self {
            Self::Throttled(_) | Self::Failed { .. } => true,
            Self::NoCredentials(_)
            | Self::Request(_)
            | Self::Unreachable(_)
            | Self::TimedOut(_)
            | Self::Denied(_)
            | Self::CredentialsRefused(_)
            | Self::NotManagement(_) => false,
        }
    }
}

/// Tells the API's own answers from those of whoever stands before it.
fn read(answer: BackendAnswer) -> Result<Result<Bytes, Refusal>, CallErrorKind> {
    let BackendAnswer {
        status,
        headers,
        body,
    } = answer;
    if status.is_success() {
        return Ok(Ok(body));
    }
    let error_type = headers
        .get(ERROR_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let said = serde_json::from_slice::<ErrorBody>(&body)
        .ok()
        .and_then(|body| body.message);
    let message = said
        .clone()
        .unwrap_or_else(|| format!("it answers with status {status}"));
    let is = |known: &str| error_type.starts_with(known);
    match status {
        StatusCode::FORBIDDEN if is(UNKNOWN_OPERATION) => {
            Err(CallErrorKind::NotManagement(message))
        }
        StatusCode::FORBIDDEN if CREDENTIALS_REFUSED.into_iter().any(is) => {
            Err(CallErrorKind::CredentialsRefused(message))
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(CallErrorKind::Denied(message)),
        StatusCode::TOO_MANY_REQUESTS if !is(LIMIT_EXCEEDED) => {
            Err(CallErrorKind::Throttled(message))
        }
        status if status.is_server_error() => Err(CallErrorKind::Failed { status, message }),
        // The API itself says what is not found, and of which type its answer is.
        StatusCode::NOT_FOUND if error_type.is_empty() => {
            Err(CallErrorKind::NotManagement(message))
        }
        status if status.is_client_error() && said.is_some() => {
            Ok(Err(Refusal { status, message }))
        }
        _ => Err(CallErrorKind::NotManagement(message)),
    }
}
