//! Signatures of requests (AWS Signature Version 4), for Lambda.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, header};
use tollgate::logs::causes;
use tollgate::time::Clock;

/// The service that requests to function URLs are signed for.
const SERVICE: &str = "lambda";

/// What header fields that a signature has to cover start with.
const AMAZON: &str = "x-amz-";

/// Signs requests as whoever the credentials belong to.
#[derive(Clone)]
pub struct Signer {
    credentials: SharedCredentialsProvider,
    region: String,
    clock: Arc<dyn Clock>,
}

/// Why a request could not be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// There are no credentials, or they have expired and cannot be renewed.
    #[error("{0}")]
    Credentials(String),
    /// The request has parts that cannot be signed.
    #[error("the request cannot be signed: {0}")]
    Request(String),
}

impl Signer {
    /// Signs for `region`. The credentials are asked for with each request, and keep what they know.
    pub fn new(
        credentials: SharedCredentialsProvider,
        region: impl Into<String>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            credentials,
            region: region.into(),
            clock,
        }
    }

    /// Signs a request, whose URI is a whole one: its method, path, query, host, body, content type and every field of AWS's own.
    ///
    /// # Errors
    ///
    /// When there are no credentials, or a field that is signed is no text.
    pub async fn sign(&self, request: &mut Request<Bytes>) -> Result<(), SignError> {
        let credentials = self
            .credentials
            .provide_credentials()
            .await
            .map_err(|error| SignError::Credentials(causes(&error)))?;
        let identity = credentials.into();
        let unsignable = |error: &dyn std::error::Error| SignError::Request(causes(error));
        let mut settings = SigningSettings::default();
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let now = Duration::from_nanos(self.clock.now().as_nanos());
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(SERVICE)
            .time(UNIX_EPOCH.checked_add(now).unwrap_or(UNIX_EPOCH))
            .settings(settings)
            .build()
            .map_err(|error| unsignable(&error))?
            .into();
        let signed_fields = request
            .headers()
            .iter()
            .filter(|(name, _)| is_signed(name))
            .map(|(name, value)| Ok((name.as_str(), value.to_str()?)))
            .collect::<Result<Vec<_>, header::ToStrError>>()
            .map_err(|error| unsignable(&error))?;
        let signable = SignableRequest::new(
            request.method().as_str(),
            request.uri().to_string(),
            signed_fields.into_iter(),
            SignableBody::Bytes(request.body()),
        )
        .map_err(|error| unsignable(&error))?;
        let (instructions, _signature) = sign(signable, &parameters)
            .map_err(|error| unsignable(&error))?
            .into_parts();
        let (fields, _query) = instructions.into_parts();
        for field in fields {
            let mut value =
                HeaderValue::from_str(field.value()).map_err(|error| unsignable(&error))?;
            value.set_sensitive(field.sensitive());
            request.headers_mut().insert(field.name(), value);
        }
        Ok(())
    }
}

fn is_signed(name: &HeaderName) -> bool {
    name == header::CONTENT_TYPE || name.as_str().starts_with(AMAZON)
}

/// Shows no credentials.
impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}
