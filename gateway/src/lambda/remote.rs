//! A function behind an endpoint that speaks Lambda's Invoke API.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{HeaderName, Method, Request, StatusCode, Uri, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::invoked::{Invoked, LambdaFailure};
use super::uri::FunctionName;
use crate::http_client::{BackendAnswer, HttpClient, SendError};
use crate::incoming::RequestIds;

const FUNCTION_ERROR: HeaderName = HeaderName::from_static("x-amz-function-error");

/// What a function's name and an alias have besides letters and digits.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'$');

/// A function behind an endpoint. Clones share what they have learned of it.
#[derive(Clone, Debug)]
pub struct RemoteFunction {
    name: String,
    /// Where to post events: by the function's name, then by that of its binary.
    addresses: Vec<Uri>,
    /// The address that the endpoint has last answered at.
    known: Arc<AtomicUsize>,
}

impl RemoteFunction {
    /// The function behind `endpoint`, which may know it as `binary`.
    ///
    /// # Errors
    ///
    /// When no address can be made from the endpoint, as a sentence for the log.
    pub(super) fn new(
        endpoint: &Uri,
        function: &FunctionName,
        binary: Option<&str>,
    ) -> Result<Self, String> {
        let by_name = address(endpoint, &function.name, function.qualifier.as_deref());
        let by_binary = binary
            .filter(|binary| *binary != function.name)
            .map(|binary| address(endpoint, binary, None));
        Ok(Self {
            name: function.name.clone(),
            addresses: std::iter::once(by_name)
                .chain(by_binary)
                .collect::<Result<_, _>>()?,
            known: Arc::default(),
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) async fn invoke(
        &self,
        client: &HttpClient,
        event: Bytes,
        ids: &RequestIds,
    ) -> Result<Invoked, LambdaFailure> {
        let known = self.known.load(Ordering::Relaxed);
        let last = self.addresses.iter().enumerate().skip(known);
        let others = self.addresses.iter().enumerate().take(known);
        let mut missing = LambdaFailure::Unusable("it has no address".to_owned());
        for (index, address) in last.chain(others) {
            let answer = post(client, address, event.clone(), ids).await?;
            if answer.status == StatusCode::NOT_FOUND {
                missing = refused(&answer);
                continue;
            }
            self.known.store(index, Ordering::Relaxed);
            return invoked(&answer);
        }
        Err(missing)
    }
}

fn address(endpoint: &Uri, name: &str, qualifier: Option<&str>) -> Result<Uri, String> {
    let base = endpoint.to_string();
    let name = utf8_percent_encode(name, SEGMENT);
    let mut uri = format!(
        "{}/2015-03-31/functions/{name}/invocations",
        base.trim_end_matches('/')
    );
    if let Some(qualifier) = qualifier {
        uri.push_str("?Qualifier=");
        uri.extend(utf8_percent_encode(qualifier, SEGMENT));
    }
    uri.parse()
        .map_err(|error| format!("the function's address `{uri}` cannot be used: {error}"))
}

async fn post(
    client: &HttpClient,
    address: &Uri,
    event: Bytes,
    ids: &RequestIds,
) -> Result<BackendAnswer, LambdaFailure> {
    let request = Request::builder()
        .method(Method::POST)
        .uri(address)
        .header(header::CONTENT_TYPE, "application/json")
        .header("x-amz-invocation-type", "RequestResponse")
        .header("x-amzn-trace-id", ids.trace.as_str())
        .body(event)
        .map_err(|error| LambdaFailure::Unusable(error.to_string()))?;
    client.send(request).await.map_err(|error| match error {
        SendError::Unreachable(why) => LambdaFailure::Unreachable(why),
        SendError::TooLong => LambdaFailure::Unusable("its answer is too long".to_owned()),
    })
}

/// What the endpoint's answer means. Lambda and `sam local` mark the error of a function with a header field; `cargo lambda watch`
/// answers 500 with the error's document, or 200 with it for an error in the function's initialisation.
fn invoked(answer: &BackendAnswer) -> Result<Invoked, LambdaFailure> {
    let is_marked = answer.headers.contains_key(FUNCTION_ERROR);
    let is_ok = answer.status == StatusCode::OK;
    let invoked = Invoked {
        is_error: is_marked || Invoked::is_error_document(&answer.body),
        payload: answer.body.clone(),
    };
    let is_of_function =
        is_ok || (invoked.is_error && answer.status == StatusCode::INTERNAL_SERVER_ERROR);
    if is_of_function {
        Ok(invoked)
    } else {
        Err(refused(answer))
    }
}

fn refused(answer: &BackendAnswer) -> LambdaFailure {
    let text = String::from_utf8_lossy(&answer.body);
    LambdaFailure::Refused {
        status: answer.status,
        message: text.chars().take(500).collect(),
    }
}
