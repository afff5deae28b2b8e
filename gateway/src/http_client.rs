//! One HTTP client for everything that the gateway asks of others: backends of APIs, Lambda endpoints, function URLs.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use tollgate::logs::causes;
use tracing::warn;

/// The most bytes of an answer: 10 MB, as on AWS.
const MAX_ANSWER_BYTES: usize = 10 * 1024 * 1024;

/// How long an idle connection is kept. Servers keep theirs for 5 s or longer: a request on one that is just being closed would fail.
const IDLE: Duration = Duration::from_secs(4);

type Connections = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// A client for every server. Clones share its connections.
#[derive(Clone, Default)]
pub struct HttpClient {
    /// Made by the first request: not every gateway sends requests, and reading the certificates of the system takes a while.
    connections: Arc<OnceLock<Result<Connections, String>>>,
}

/// A server's answer.
#[derive(Clone, Debug)]
pub struct BackendAnswer {
    /// Its status.
    pub status: StatusCode,
    /// Its header fields.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// Why a server gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendError {
    /// It cannot be reached, or broke off.
    Unreachable(String),
    /// Its answer is over 10 MB.
    TooLong,
}

impl HttpClient {
    /// Sends a request, whose URI is a whole one, and reads the answer. The caller bounds the time.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached or breaks off, and when its answer is over 10 MB.
    pub async fn send(&self, request: Request<Bytes>) -> Result<BackendAnswer, SendError> {
        let connections = self
            .connections
            .get_or_init(connect)
            .as_ref()
            .map_err(|why| SendError::Unreachable(why.clone()))?;
        let unreachable = |error: &dyn std::error::Error| SendError::Unreachable(causes(error));
        let response = connections
            .request(request.map(Full::new))
            .await
            .map_err(|error| unreachable(&error))?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, MAX_ANSWER_BYTES)
            .collect()
            .await
            .map_err(|error| {
                if error.is::<LengthLimitError>() {
                    SendError::TooLong
                } else {
                    unreachable(&*error)
                }
            })?;
        Ok(BackendAnswer {
            status: parts.status,
            headers: parts.headers,
            body: body.to_bytes(),
        })
    }
}

fn connect() -> Result<Connections, String> {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let builder = HttpsConnectorBuilder::new();
    let https = match builder.with_provider_and_native_roots(provider.clone()) {
        Ok(builder) => builder,
        Err(error) => {
            warn!(%error, "nothing can be reached by HTTPS: the system has no certificates");
            let config = ClientConfig::builder_with_provider(Arc::new(provider))
                .with_safe_default_protocol_versions()
                .map_err(|error| format!("TLS cannot be used: {error}"))?
                .with_root_certificates(RootCertStore::empty())
                .with_no_client_auth();
            HttpsConnectorBuilder::new().with_tls_config(config)
        }
    };
    let https = https.https_or_http().enable_http1().wrap_connector(http);
    Ok(Client::builder(TokioExecutor::new())
        .pool_idle_timeout(IDLE)
        .pool_timer(TokioTimer::new())
        .build(https))
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").finish_non_exhaustive()
    }
}
