//! Asking GitHub for its public keys.

use std::future::Future;
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Uri, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;

/// The longest wait for the keys: GitHub waits 30 s for the answer to its message.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How long an idle connection is kept.
const IDLE: Duration = Duration::from_secs(20);

/// The longest list of keys, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// Where the public keys come from.
pub trait Fetch: Send + Sync + 'static {
    /// The list as JSON.
    ///
    /// # Errors
    ///
    /// When it cannot be had.
    fn fetch(&self) -> impl Future<Output = Result<Bytes, FetchError>> + Send;
}

/// Why there are no public keys.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No connection, or it broke off.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// No answer in time.
    #[error("no answer within {} s", TIMEOUT.as_secs())]
    TimedOut,
    /// Another status than 200.
    #[error("status {0}")]
    Status(u16),
    /// The answer is too long or no list of keys.
    #[error("the answer is no list of public keys")]
    NoList,
}

/// A URL that the keys are not fetched from.
#[derive(Debug, thiserror::Error)]
pub enum InvalidUrl {
    /// It is not encrypted, and not on this machine.
    #[error("the URL of the public keys has to begin with https://")]
    NotHttps,
    /// No certificates, or no TLS.
    #[error("no HTTPS can be spoken: {0}")]
    NoTls(String),
}

/// Fetches over HTTPS; over HTTP from this machine, for tests.
#[derive(Debug)]
pub struct HttpsFetch {
    uri: Uri,
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
}

impl HttpsFetch {
    /// Fetches from `url`.
    ///
    /// # Errors
    ///
    /// When the URL is no `https` one, or the machine has no certificates.
    pub fn new(url: &str) -> Result<Self, InvalidUrl> {
        let uri: Uri = url.parse().map_err(|_no_uri| InvalidUrl::NotHttps)?;
        match (uri.scheme_str(), uri.host()) {
            (Some("https"), Some(_)) => {}
            (Some("http"), Some(host)) if is_loopback(host) => {}
            _ => return Err(InvalidUrl::NotHttps),
        }
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        let https = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::aws_lc_rs::default_provider())
            .map_err(|error| InvalidUrl::NoTls(error.to_string()))?
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_timer(TokioTimer::new())
            .build(https);
        Ok(Self { uri, client })
    }

    async fn attempt(&self) -> Result<Bytes, FetchError> {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        // GitHub refuses requests without one.
        let agent = HeaderValue::from_static("tollgate");
        headers.insert(header::USER_AGENT, agent);
        let json = HeaderValue::from_static("application/vnd.github+json");
        headers.insert(header::ACCEPT, json);
        let no_answer =
            |error: &dyn std::error::Error| FetchError::NoAnswer(tollgate::logs::causes(error));
        let response = self
            .client
            .request(request)
            .await
            .map_err(|error| no_answer(&error))?;
        if response.status() != http::StatusCode::OK {
            return Err(FetchError::Status(response.status().as_u16()));
        }
        let body = Limited::new(response.into_body(), MAX_BYTES);
        let body = body.collect().await;
        // Whether it is too long or broke off: in neither case it is a list.
        Ok(body.map_err(|_cut| FetchError::NoList)?.to_bytes())
    }
}

impl Fetch for HttpsFetch {
    async fn fetch(&self) -> Result<Bytes, FetchError> {
        match timeout(TIMEOUT, self.attempt()).await {
            Ok(fetched) => fetched,
            Err(_elapsed) => Err(FetchError::TimedOut),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_over_https_or_from_this_machine() {
        for url in [
            "https://api.github.com/meta/public_keys/secret_scanning",
            "http://127.0.0.1:9/keys",
            "http://[::1]/keys",
        ] {
            assert!(HttpsFetch::new(url).is_ok(), "{url}");
        }
        for url in [
            "",
            "/keys",
            "http://api.github.com/",
            "http://127.0.0.1.example.com/",
            "ftp://127.0.0.1/",
        ] {
            let refused = HttpsFetch::new(url);
            assert!(matches!(refused, Err(InvalidUrl::NotHttps)), "{url}");
        }
    }
}
