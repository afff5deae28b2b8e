//! AWS Lambda's Extensions API, version 2020-01-01, which has the address of the Runtime API.
//!
//! An extension registers before the function asks for its first invocation, and then waits for the events that it has asked for.
//! Those that live in the function's own process use it too: a runtime that wants to end in order registers one without events.
//!
//! Source of the rules: "Using the Lambda Extensions API to create extensions" in the AWS Lambda Developer Guide.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body::Body;
use serde::{Deserialize, Serialize};

use super::body::{ReadError, read_whole};
use super::reply::{self, Reply};
use super::{FunctionError, MAX_ANSWER_BYTES};
use crate::incoming::uuid;

const NAME: &str = "lambda-extension-name";
const IDENTIFIER: &str = "lambda-extension-identifier";
const EVENT_IDENTIFIER: &str = "lambda-extension-event-identifier";
const ERROR_TYPE: &str = "lambda-extension-function-error-type";

/// The longest name in bytes.
const MAX_NAME_BYTES: usize = 128;

/// What an extension may be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// The function is invoked.
    Invoke,
    /// The environment ends.
    Shutdown,
}

/// What an extension says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// `Lambda-Extension-Name`: unique in its environment.
    pub name: String,
    /// What it wants to be told of.
    pub events: Vec<EventKind>,
}

/// What a registered extension is told.
#[derive(Clone, Debug)]
pub struct Registered {
    /// `Lambda-Extension-Identifier`: what it names itself with from then on.
    pub identifier: String,
    /// The function's name.
    pub function_name: String,
    /// The function's version.
    pub function_version: String,
    /// The function's handler.
    pub handler: String,
    /// The function's account.
    pub account_id: String,
}

/// Something that an extension has asked to be told of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(
    tag = "eventType",
    rename_all = "UPPERCASE",
    rename_all_fields = "camelCase"
)]
pub enum ExtensionEvent {
    /// The function is invoked.
    Invoke {
        /// When the function times out, in milliseconds since the Unix epoch.
        deadline_ms: u64,
        /// The invocation's request id.
        request_id: String,
        /// The function's ARN.
        invoked_function_arn: String,
        /// The invocation's trace id.
        tracing: Tracing,
    },
    /// The environment ends.
    Shutdown {
        /// Why, in the words of AWS.
        shutdown_reason: &'static str,
        /// When what is left of the environment is killed, in milliseconds since the Unix epoch.
        deadline_ms: u64,
    },
}

/// The trace that an invocation belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tracing {
    /// `X-Amzn-Trace-Id`.
    #[serde(rename = "type")]
    pub header: &'static str,
    /// The header's value, empty when there is none.
    pub value: String,
}

/// Why a call of an extension is refused: with 403, and these words in front of the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExtensionRefusal {
    /// It registers without a name, or with one that is too long.
    #[error("the header Lambda-Extension-Name must have 1 to {MAX_NAME_BYTES} characters")]
    Name,
    /// It asks for an event that does not exist.
    #[error("extensions can ask for the events INVOKE and SHUTDOWN")]
    EventType,
    /// Another extension has its name.
    #[error("an extension with this name is registered already")]
    AlreadyRegistered,
    /// There are as many extensions as an environment may have.
    #[error("an environment has at most ten extensions")]
    TooMany,
    /// The function has asked for its first invocation.
    #[error("extensions register before the function asks for its first invocation")]
    Closed,
    /// It does not name itself.
    #[error("the header Lambda-Extension-Identifier is missing")]
    NoIdentifier,
    /// No extension has this identifier.
    #[error("no extension has this identifier")]
    UnknownIdentifier,
}

impl ExtensionRefusal {
    const fn error_type(self) -> &'static str {
        match self {
            Self::Name => "Extension.InvalidExtensionName",
            Self::EventType => "Extension.InvalidEventType",
            Self::AlreadyRegistered => "Extension.AlreadyRegistered",
            Self::TooMany => "Extension.TooManyExtensions",
            Self::Closed => "Extension.RegistrationClosed",
            Self::NoIdentifier => "Extension.MissingExtensionIdentifier",
            Self::UnknownIdentifier => "Extension.UnknownExtensionIdentifier",
        }
    }
}

/// What stands behind the Extensions API of one environment.
pub trait ExtensionHost: Send + Sync + 'static {
    /// Takes an extension in.
    ///
    /// # Errors
    ///
    /// When its name is taken, when there are too many extensions, and when the function has begun to ask for invocations.
    fn register(&self, registration: Registration) -> Result<Registered, ExtensionRefusal>;

    /// Waits for the next event of an extension: without end when it has asked for none.
    ///
    /// # Errors
    ///
    /// [`ExtensionRefusal::UnknownIdentifier`].
    fn next_event(
        &self,
        identifier: &str,
    ) -> impl Future<Output = Result<ExtensionEvent, ExtensionRefusal>> + Send;

    /// Notes an extension's last words. One that cannot initialise keeps the function from doing so.
    ///
    /// # Errors
    ///
    /// [`ExtensionRefusal::UnknownIdentifier`].
    fn fail_extension(
        &self,
        identifier: &str,
        error: FunctionError,
    ) -> Result<(), ExtensionRefusal>;
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    events: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    function_name: String,
    function_version: String,
    handler: String,
    account_id: String,
}

/// Answers `POST /extension/register`.
pub(super) async fn register<H, B>(host: &H, headers: &HeaderMap, body: B) -> Reply
where
    H: ExtensionHost,
    B: Body<Data = Bytes>,
    B::Error: std::fmt::Display,
{
    let content = match read_whole(body, MAX_ANSWER_BYTES).await {
        Ok(whole) => whole.content,
        Err(ReadError::TooLarge) => return unreadable("it is over 6 MB"),
        Err(ReadError::Broken(cause)) => return unreadable(&cause),
    };
    let name = headers.get(NAME).and_then(|name| name.to_str().ok());
    let Some(name) = name.filter(|name| (1..=MAX_NAME_BYTES).contains(&name.len())) else {
        return refused(ExtensionRefusal::Name);
    };
    let asked: Asked = match serde_json::from_slice(&content) {
        Ok(asked) => asked,
        Err(error) => return unreadable(&error.to_string()),
    };
    let events: Option<Vec<EventKind>> = asked.events.iter().map(|name| kind(name)).collect();
    let Some(events) = events else {
        return refused(ExtensionRefusal::EventType);
    };
    let name = name.to_owned();
    match host.register(Registration { name, events }) {
        Err(refusal) => refused(refusal),
        Ok(registered) => {
            let told = Told {
                function_name: registered.function_name,
                function_version: registered.function_version,
                handler: registered.handler,
                account_id: registered.account_id,
            };
            let reply = reply::value(StatusCode::OK, &told);
            with_id(reply, IDENTIFIER, &registered.identifier)
        }
    }
}

/// Answers `GET /extension/event/next`.
pub(super) async fn next_event<H: ExtensionHost>(host: &H, headers: &HeaderMap) -> Reply {
    let Some(identifier) = identifier(headers) else {
        return refused(ExtensionRefusal::NoIdentifier);
    };
    let event = match host.next_event(identifier).await {
        Ok(event) => event,
        Err(refusal) => return refused(refusal),
    };
    with_id(
        reply::value(StatusCode::OK, &event),
        EVENT_IDENTIFIER,
        &uuid(),
    )
}

/// Answers `POST /extension/init/error` and `POST /extension/exit/error`.
pub(super) async fn take_error<H, B>(host: &H, headers: &HeaderMap, body: B) -> Reply
where
    H: ExtensionHost,
    B: Body<Data = Bytes>,
    B::Error: std::fmt::Display,
{
    let content = match read_whole(body, MAX_ANSWER_BYTES).await {
        Ok(whole) => whole.content,
        Err(ReadError::TooLarge) => Bytes::from_static(b"The error report is over 6 MB."),
        Err(ReadError::Broken(cause)) => return unreadable(&cause),
    };
    let Some(identifier) = identifier(headers) else {
        return refused(ExtensionRefusal::NoIdentifier);
    };
    let error = FunctionError::of_report(headers.get(ERROR_TYPE), &content);
    match host.fail_extension(identifier, error) {
        Ok(()) => reply::accepted(),
        Err(refusal) => refused(refusal),
    }
}

fn kind(name: &str) -> Option<EventKind> {
    match name {
        "INVOKE" => Some(EventKind::Invoke),
        "SHUTDOWN" => Some(EventKind::Shutdown),
        _ => None,
    }
}

fn identifier(headers: &HeaderMap) -> Option<&str> {
    headers.get(IDENTIFIER).and_then(|id| id.to_str().ok())
}

fn refused(refusal: ExtensionRefusal) -> Reply {
    reply::error(
        StatusCode::FORBIDDEN,
        refusal.error_type(),
        &refusal.to_string(),
    )
}

fn unreadable(why: &str) -> Reply {
    reply::error(
        StatusCode::BAD_REQUEST,
        "InvalidRequestFormat",
        &format!("The body could not be read: {why}."),
    )
}

fn with_id(mut reply: Reply, name: &'static str, id: &str) -> Reply {
    if let Ok(id) = HeaderValue::from_str(id) {
        reply.headers_mut().insert(name, id);
    }
    reply
}
