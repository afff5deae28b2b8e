//! Where files go.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use tollgate::outbound::{Outbound, OutboundError, Service, Signer};
use tollgate::time::Timestamp;

use crate::config::Place;

/// The longest wait for S3 at one try.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often it is tried.
const MAX_TRIES: u32 = 3;

/// The wait after the first try. It doubles with each one.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// Puts files where they belong.
#[derive(Clone, Debug)]
pub struct Target {
    place: Place,
    outbound: Outbound,
    signer: Signer,
}

/// Why a file could not be put.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// A folder does not take it.
    #[error("`{name}` cannot be written: {cause}")]
    Folder {
        /// The file.
        name: String,
        /// Why.
        cause: std::io::Error,
    },
    /// The object has no URL.
    #[error("the object `{0}` has no URL")]
    Url(String),
    /// S3 cannot be asked.
    #[error("the object `{name}` cannot be put: {cause}")]
    Unasked {
        /// The object.
        name: String,
        /// Why.
        cause: OutboundError,
    },
    /// S3 refuses it.
    #[error("S3 refuses the object `{name}` with status {status}")]
    Refused {
        /// The object.
        name: String,
        /// The status.
        status: u16,
    },
}

impl PutError {
    /// Whether it may go when it is tried again.
    const fn may_pass(&self) -> bool {
        match self {
            Self::Unasked { .. } => true,
            Self::Refused { status, .. } => matches!(*status, 429 | 500..=599),
            Self::Url(_) | Self::Folder { .. } => false,
        }
    }
}

impl Target {
    /// Puts files to `place`, with the credentials and for the region of `sdk_config`.
    ///
    /// # Errors
    ///
    /// When there are no certificates, no region or no credentials.
    pub fn new(sdk_config: &aws_config::SdkConfig, place: Place) -> Result<Self, OutboundError> {
        Ok(Self {
            place,
            outbound: Outbound::new()?,
            signer: Signer::new(sdk_config)?,
        })
    }

    /// Puts a file whole, in the place of one of the same name.
    ///
    /// # Errors
    ///
    /// When it is refused, or cannot be put after some tries.
    pub async fn put(
        &self,
        name: &str,
        media_type: &'static str,
        bytes: Bytes,
        now: Timestamp,
    ) -> Result<(), PutError> {
        match &self.place {
            Place::Folder(folder) => {
                replace(folder, name, &bytes).map_err(|cause| PutError::Folder {
                    name: name.to_owned(),
                    cause,
                })
            }
            Place::S3 {
                endpoint,
                bucket,
                prefix,
            } => {
                let endpoint = endpoint.trim_end_matches('/');
                let url = format!("{endpoint}/{bucket}/{prefix}{name}");
                self.put_s3(&url, name, media_type, bytes, now).await
            }
        }
    }

    async fn put_s3(
        &self,
        url: &str,
        name: &str,
        media_type: &'static str,
        bytes: Bytes,
        now: Timestamp,
    ) -> Result<(), PutError> {
        let mut wait = FIRST_WAIT;
        let mut tries = 0;
        loop {
            tries += 1;
            match self.try_s3(url, name, media_type, bytes.clone(), now).await {
                Err(error) if error.may_pass() && tries < MAX_TRIES => {
                    tracing::warn!(%error, tries, "an object was not put yet");
                }
                put => return put,
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
    }

    async fn try_s3(
        &self,
        url: &str,
        name: &str,
        media_type: &'static str,
        bytes: Bytes,
        now: Timestamp,
    ) -> Result<(), PutError> {
        let unasked = |cause| PutError::Unasked {
            name: name.to_owned(),
            cause,
        };
        let mut request = Request::new(bytes);
        *request.method_mut() = Method::PUT;
        *request.uri_mut() = url
            .parse()
            .map_err(|_no_uri| PutError::Url(name.to_owned()))?;
        let fields = request.headers_mut();
        fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        let signed = self.signer.sign(Service::S3, &mut request, now).await;
        signed.map_err(unasked)?;
        let answer = self.outbound.send(request, PATIENCE).await;
        let status = answer.map_err(unasked)?.status;
        if status.is_success() {
            return Ok(());
        }
        Err(PutError::Refused {
            name: name.to_owned(),
            status: status.as_u16(),
        })
    }
}

/// Writes a file whole, or not at all.
fn replace(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let partial = folder.join(format!("{name}.partial"));
    let mut file = std::fs::File::create(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&partial, folder.join(name))
}
