//! One HTTP client for everything that the gateway asks of others: backends of APIs, Lambda endpoints, function URLs.

mod connection;
mod pool;
mod streamed;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::uri::Scheme;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::{ClientConfig, RootCertStore};
use tollgate::logs::causes;
use tower_service::Service as _;
use tracing::warn;

use connection::Connection;
use pool::{Lent, Origin, Pool};
pub use streamed::{StreamError, Streamed};

/// The most bytes of an answer: 10 MB, as on AWS.
const MAX_ANSWER_BYTES: usize = 10 * 1024 * 1024;

type Connector = HttpsConnector<HttpConnector>;

/// A client for every server. Clones share its connections.
#[derive(Clone, Default)]
pub struct HttpClient {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Made by the first request: not every gateway sends requests, and reading the certificates of the system takes a while.
    connector: OnceLock<Result<Connector, String>>,
    pool: Pool,
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
        let response = self.open(request).await?;
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

    /// Sends a request, whose URI is a whole one, and comes back when the head of the answer is there. The caller bounds that time.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached or breaks off.
    pub async fn open(&self, request: Request<Bytes>) -> Result<Response<Streamed>, SendError> {
        let (origin, connection, response) = self.dispatch(request).await?;
        let pool = self.shared.pool.clone();
        let lent = Lent {
            pool,
            origin,
            connection,
        };
        Ok(response.map(|body| Streamed::new(body, lent)))
    }

    async fn dispatch(
        &self,
        request: Request<Bytes>,
    ) -> Result<(Origin, Connection, Response<Incoming>), SendError> {
        let (origin, mut request) = addressed(request.map(Full::new))?;
        while let Some(mut connection) = self.shared.pool.take(&origin).await {
            match connection.send(request).await {
                Ok(response) => return Ok((origin, connection, response)),
                Err(mut error) => match error.take_message() {
                    // The server has closed the connection before it saw anything of the request.
                    Some(unsent) => request = unsent,
                    None => return Err(unreachable(error.error())),
                },
            }
        }
        let mut connection = self.connect(&origin).await?;
        match connection.send(request).await {
            Ok(response) => Ok((origin, connection, response)),
            Err(error) => Err(unreachable(error.error())),
        }
    }

    async fn connect(&self, origin: &Origin) -> Result<Connection, SendError> {
        let connector = self.shared.connector.get_or_init(connector);
        let connector = connector
            .as_ref()
            .map_err(|why| SendError::Unreachable(why.clone()))?;
        let uri = Uri::builder()
            .scheme(origin.scheme.clone())
            .authority(origin.authority.clone())
            .path_and_query("/")
            .build()
            .map_err(|error| unreachable(&error))?;
        let stream = connector
            .clone()
            .call(uri)
            .await
            .map_err(|error| unreachable(&*error))?;
        Connection::over(stream)
            .await
            .map_err(|error| unreachable(&error))
    }
}

fn unreachable(error: &(dyn Error + 'static)) -> SendError {
    SendError::Unreachable(causes(error))
}

/// Splits a request's URI into the server and what the server is asked for, as HTTP/1.1 sends it.
fn addressed(
    mut request: Request<Full<Bytes>>,
) -> Result<(Origin, Request<Full<Bytes>>), SendError> {
    let mut parts = request.uri().clone().into_parts();
    let (Some(scheme), Some(authority)) = (parts.scheme.take(), parts.authority.take()) else {
        let why = format!("`{}` names no server", request.uri());
        return Err(SendError::Unreachable(why));
    };
    let host = authority.host();
    let default_port = if scheme == Scheme::HTTPS { 443 } else { 80 };
    let host = match authority.port_u16() {
        Some(port) if port != default_port => HeaderValue::try_from(format!("{host}:{port}")),
        Some(_) | None => HeaderValue::from_str(host),
    };
    let host = host.map_err(|error| unreachable(&error))?;
    let headers = request.headers_mut();
    headers.entry(header::HOST).or_insert(host);
    // What sends a body says how long it is. Another length beside it would make its end part of the next request, or the other way round.
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::TRANSFER_ENCODING);
    *request.uri_mut() = parts.path_and_query.map_or_else(Uri::default, Uri::from);
    Ok((Origin { scheme, authority }, request))
}

fn connector() -> Result<Connector, String> {
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
    Ok(https.https_or_http().enable_http1().wrap_connector(http))
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").finish_non_exhaustive()
    }
}
