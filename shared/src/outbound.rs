//! Requests of functions to others: to webhooks, and signed ones to services of AWS that need no client of their own.

use std::error::Error;
use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::logs::causes;
use crate::time::Timestamp;

/// How long an idle connection is kept. A frozen process finds out that others were shorter.
const IDLE: Duration = Duration::from_secs(4);

/// The most bytes of an answer that are read, unless another bound is set.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// Sends requests. Clones share its connections.
#[derive(Clone)]
pub struct Outbound {
    max_answer_bytes: usize,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct OutboundAnswer {
    /// Its status.
    pub status: StatusCode,
    /// Its body.
    pub body: Bytes,
}

/// Why there is no answer. The text shows neither the URL nor a credential.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// No certificates, or no TLS.
    #[error("no HTTPS can be spoken: {0}")]
    NoTls(String),
    /// The request cannot be signed: there are no credentials.
    #[error("the request cannot be signed: {0}")]
    Unsigned(String),
    /// The server cannot be reached, or broke off.
    #[error("no answer: {0}")]
    Unreachable(String),
    /// The answer is longer than is read.
    #[error("an answer of more than {0} bytes")]
    TooLong(usize),
    /// There is no answer in time.
    #[error("no answer within {} ms", .0.as_millis())]
    TooLate(Duration),
}

impl Outbound {
    /// Reads the certificates of the system. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// `NoTls` when there are none.
    pub fn new() -> Result<Self, OutboundError> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        let https = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::aws_lc_rs::default_provider())
            .map_err(|error| OutboundError::NoTls(error.to_string()))?
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_timer(TokioTimer::new())
            .build(https);
        Ok(Self {
            max_answer_bytes: MAX_ANSWER_BYTES,
            client,
        })
    }

    /// The same, which reads answers of so many bytes at the most, in place of a megabyte.
    #[must_use]
    pub fn with_answers_up_to(self, max_answer_bytes: usize) -> Self {
        Self {
            max_answer_bytes,
            ..self
        }
    }

    /// Sends a request, whose URI is a whole one, and reads the answer.
    ///
    /// # Errors
    ///
    /// `Unreachable`, `TooLong` and `TooLate`. The server may have got the request.
    pub async fn send(
        &self,
        request: Request<Bytes>,
        patience: Duration,
    ) -> Result<OutboundAnswer, OutboundError> {
        let sending = async {
            let unreachable =
                |error: &(dyn Error + 'static)| OutboundError::Unreachable(causes(error));
            let response = self.client.request(request.map(Full::new)).await;
            let (parts, body) = response.map_err(|error| unreachable(&error))?.into_parts();
            let body = Limited::new(body, self.max_answer_bytes).collect().await;
            let body = body.map_err(|error| {
                if error.is::<LengthLimitError>() {
                    OutboundError::TooLong(self.max_answer_bytes)
                } else {
                    unreachable(&*error)
                }
            });
            let body = body?.to_bytes();
            Ok(OutboundAnswer {
                status: parts.status,
                body,
            })
        };
        match tokio::time::timeout(patience, sending).await {
            Ok(answer) => answer,
            Err(_elapsed) => Err(OutboundError::TooLate(patience)),
        }
    }
}

/// A service of AWS, as signatures name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// EventBridge.
    Events,
    /// S3, whose signatures take the path as it is.
    S3,
}

impl Service {
    const fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::S3 => "s3",
        }
    }

    fn settings(self) -> SigningSettings {
        let mut settings = SigningSettings::default();
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        match self {
            Self::Events => {}
            Self::S3 => {
                settings.percent_encoding_mode = PercentEncodingMode::Single;
                settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
            }
        }
        settings
    }
}

/// Signs requests to services of AWS (Signature Version 4).
#[derive(Clone)]
pub struct Signer {
    credentials: SharedCredentialsProvider,
    region: String,
}

impl Signer {
    /// Signs with the credentials and for the region of `config`.
    ///
    /// # Errors
    ///
    /// `Unsigned` when it has none.
    pub fn new(config: &aws_config::SdkConfig) -> Result<Self, OutboundError> {
        let lacking = |what: &str| OutboundError::Unsigned(format!("there is no {what}"));
        let credentials = config.credentials_provider();
        let region = config.region().ok_or_else(|| lacking("region"))?;
        Ok(Self {
            credentials: credentials.ok_or_else(|| lacking("credential"))?,
            region: region.to_string(),
        })
    }

    /// Signs a request, whose URI is a whole one: its method, path, query, host, body, and all its header fields.
    ///
    /// # Errors
    ///
    /// `Unsigned` when there are no credentials, or a field is no text.
    pub async fn sign(
        &self,
        service: Service,
        request: &mut Request<Bytes>,
        now: Timestamp,
    ) -> Result<(), OutboundError> {
        let unsigned = |error: &(dyn Error + 'static)| OutboundError::Unsigned(causes(error));
        let credentials = self.credentials.provide_credentials().await;
        let identity = credentials.map_err(|error| unsigned(&error))?.into();
        let now = Duration::from_nanos(now.as_nanos());
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(service.name())
            .time(UNIX_EPOCH.checked_add(now).unwrap_or(UNIX_EPOCH))
            .settings(service.settings())
            .build()
            .map_err(|error| unsigned(&error))?
            .into();
        let fields = request
            .headers()
            .iter()
            .map(|(name, value)| Ok((name.as_str(), value.to_str()?)))
            .collect::<Result<Vec<_>, header::ToStrError>>()
            .map_err(|error| unsigned(&error))?;
        let signable = SignableRequest::new(
            request.method().as_str(),
            request.uri().to_string(),
            fields.into_iter(),
            SignableBody::Bytes(request.body()),
        )
        .map_err(|error| unsigned(&error))?;
        let (instructions, _signature) = sign(signable, &parameters)
            .map_err(|error| unsigned(&error))?
            .into_parts();
        let (fields, _query) = instructions.into_parts();
        for field in fields {
            let value = HeaderValue::from_str(field.value());
            let mut value = value.map_err(|error| unsigned(&error))?;
            value.set_sensitive(field.sensitive());
            request.headers_mut().insert(field.name(), value);
        }
        Ok(())
    }
}

/// Shows no URL and no credential.
impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound").finish_non_exhaustive()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}
