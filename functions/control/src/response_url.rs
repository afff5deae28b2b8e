//! Where CloudFormation waits for the answer: a URL of S3 that is signed for one `PUT`.

use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::{Instant, sleep, timeout};
use tollgate::logs::causes;

/// The longest wait for S3 at one try.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// The wait after the first try. It doubles with each one.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// The longest wait of all.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How long an idle connection is kept. S3 keeps its own longer.
const IDLE: Duration = Duration::from_secs(4);

type Connections = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// A `ResponseURL` that may be used: HTTPS, or HTTP on this machine, for tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResponseUrl(Uri);

/// Why CloudFormation could not be answered. No text shows the URL: it is a credential.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// The request has no URL that an answer may be sent to.
    #[error("the request has no ResponseURL with https")]
    NoUrl,
    /// No certificates, or no TLS.
    #[error("no HTTPS can be spoken: {0}")]
    NoTls(String),
    /// S3 does not take the answer, and will not.
    #[error("the ResponseURL refuses the answer with status {0}")]
    Refused(u16),
    /// The answer was not taken in the time that the function has.
    #[error(
        "the ResponseURL did not take the answer in time, {tries} tries were made, the last failed: {last}"
    )]
    TimedOut {
        /// How often it was tried.
        tries: u32,
        /// What went wrong at last.
        last: String,
    },
}

impl ResponseUrl {
    pub(crate) fn parse(text: &str) -> Result<Self, AnswerError> {
        let uri: Uri = text.parse().map_err(|_no_uri| AnswerError::NoUrl)?;
        let host = uri.host().unwrap_or_default();
        match uri.scheme_str() {
            Some("https") if !host.is_empty() => Ok(Self(uri)),
            Some("http") if is_loopback(host) => Ok(Self(uri)),
            _ => Err(AnswerError::NoUrl),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Delivers answers. The connections are made by the first one.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    connections: OnceLock<Result<Connections, String>>,
}

/// What came of one try.
enum Tried {
    Delivered,
    Refused(u16),
    Failed(String),
}

impl Answers {
    /// Puts an answer to its URL. What fails is tried again until `until`, with waits that grow.
    ///
    /// # Errors
    ///
    /// When it is refused, or not taken in time.
    pub(crate) async fn put(
        &self,
        url: &ResponseUrl,
        body: &Bytes,
        until: Instant,
    ) -> Result<(), AnswerError> {
        let connections = self
            .connections
            .get_or_init(connect)
            .as_ref()
            .map_err(|why| AnswerError::NoTls(why.clone()))?;
        let mut wait = FIRST_WAIT;
        let mut tries = 0;
        let mut last = "there was no time for a try".to_owned();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(AnswerError::TimedOut { tries, last });
            }
            tries += 1;
            match timeout(left.min(ATTEMPT_TIMEOUT), attempt(connections, url, body)).await {
                Ok(Tried::Delivered) => return Ok(()),
                Ok(Tried::Refused(status)) => return Err(AnswerError::Refused(status)),
                Ok(Tried::Failed(why)) => last = why,
                Err(_elapsed) => "no answer in time".clone_into(&mut last),
            }
            tracing::warn!(tries, last, "the ResponseURL did not take the answer");
            let left = until.saturating_duration_since(Instant::now());
            sleep(wait.min(left)).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }
}

async fn attempt(connections: &Connections, url: &ResponseUrl, body: &Bytes) -> Tried {
    let mut request = Request::new(Full::new(body.clone()));
    *request.method_mut() = Method::PUT;
    *request.uri_mut() = url.0.clone();
    // The signature was made for an empty type.
    request
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(""));
    match connections.request(request).await {
        Ok(response) if response.status().is_success() => Tried::Delivered,
        Ok(response) => {
            let status = response.status();
            let may_pass =
                status == StatusCode::REQUEST_TIMEOUT || status == StatusCode::TOO_MANY_REQUESTS;
            if status.is_client_error() && !may_pass {
                Tried::Refused(status.as_u16())
            } else {
                Tried::Failed(format!("status {}", status.as_u16()))
            }
        }
        Err(error) => Tried::Failed(causes(&error)),
    }
}

fn connect() -> Result<Connections, String> {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    let https = HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(rustls::crypto::aws_lc_rs::default_provider())
        .map_err(|error| error.to_string())?
        .https_or_http()
        .enable_http1()
        .wrap_connector(http);
    Ok(Client::builder(TokioExecutor::new())
        .pool_idle_timeout(IDLE)
        .pool_timer(TokioTimer::new())
        .build(https))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_this_machine_are_answered() {
        for url in [
            "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/arn?X-Amz-Signature=0f",
            "http://127.0.0.1:9/response",
            "http://localhost/response",
            "http://[::1]:9/response",
        ] {
            assert!(ResponseUrl::parse(url).is_ok(), "{url}");
        }
        for url in [
            "",
            "/response",
            "https:///response",
            "http://example.com/response",
            "http://169.254.169.254/latest",
            "http://127.0.0.1.example.com/",
            "ftp://127.0.0.1/response",
        ] {
            assert_eq!(ResponseUrl::parse(url), Err(AnswerError::NoUrl), "{url}");
        }
    }
}
