//! The Runtime API of the platform.

use http::{HeaderValue, Request, Response, header, request};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::body::Body;

/// Where the platform answers.
#[derive(Clone, Debug)]
pub(crate) struct Platform {
    /// `HOST:PORT`.
    authority: String,
    host: HeaderValue,
}

/// The platform did not answer.
#[derive(Debug, thiserror::Error)]
pub enum PlatformError {
    /// There is no connection.
    #[error("cannot connect to the Runtime API")]
    Connect(#[source] std::io::Error),
    /// The connection broke, or what came over it was no HTTP.
    #[error("the connection to the Runtime API broke")]
    Http(#[from] hyper::Error),
    /// `AWS_LAMBDA_RUNTIME_API` names no host.
    #[error("AWS_LAMBDA_RUNTIME_API is no host and port")]
    Address(#[source] header::InvalidHeaderValue),
}

impl Platform {
    /// `authority` is what `AWS_LAMBDA_RUNTIME_API` says.
    pub(crate) fn new(authority: String) -> Result<Self, PlatformError> {
        let host = HeaderValue::try_from(&authority).map_err(PlatformError::Address)?;
        Ok(Self { authority, host })
    }

    async fn connect(&self) -> Result<SendRequest<Body>, PlatformError> {
        let stream = TcpStream::connect(&self.authority)
            .await
            .map_err(PlatformError::Connect)?;
        // Small messages that wait for each other: a delay would stand in each invocation.
        stream.set_nodelay(true).map_err(PlatformError::Connect)?;
        let (sender, connection) = http1::Builder::new()
            .preserve_header_case(true)
            .handshake(TokioIo::new(stream))
            .await?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the Runtime API broke");
            }
        });
        Ok(sender)
    }
}

/// One connection to the platform, made when it is needed. Dropping it ends a request that waits.
#[derive(Debug)]
pub(crate) struct Upstream {
    platform: Platform,
    connection: Option<SendRequest<Body>>,
}

impl Upstream {
    pub(crate) const fn new(platform: Platform) -> Self {
        Self {
            platform,
            connection: None,
        }
    }

    /// Sends a request. One that found its connection closed, so that the platform has not seen it, is sent over a new one.
    pub(crate) async fn send(
        &mut self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, PlatformError> {
        let mut request = request;
        request
            .headers_mut()
            .insert(header::HOST, self.platform.host.clone());
        if let Some(mut connection) = self.connection.take()
            && connection.ready().await.is_ok()
        {
            match connection.try_send_request(request).await {
                Ok(response) => {
                    self.connection = Some(connection);
                    return Ok(response);
                }
                Err(mut failure) => match failure.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(failure.into_error().into()),
                },
            }
        }
        let mut connection = self.platform.connect().await?;
        let response = connection.send_request(request).await?;
        self.connection = Some(connection);
        Ok(response)
    }
}

/// The head of a request or an answer as it is passed on: without what is said about one connection.
pub(crate) fn passed_on(headers: &mut http::HeaderMap) {
    for name in [header::CONNECTION, header::UPGRADE, header::EXPECT] {
        headers.remove(name);
    }
    headers.remove("keep-alive");
}

/// A request that this layer makes itself.
pub(crate) fn own_request(
    method: http::Method,
    path: &str,
    body: Body,
) -> Result<Request<Body>, http::Error> {
    request::Builder::new().method(method).uri(path).body(body)
}
