//! Bodies of requests.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use tokio::time::timeout;

/// The most bytes of a request's body: 10 MB, as on AWS.
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// The most bytes of a body that is read to be thrown away, so that its sender gets to see the answer.
const MAX_DRAINED_BYTES: usize = 64 * 1024 * 1024;

/// How long a client may take to send a body.
const BODY_TIMEOUT: Duration = Duration::from_mins(1);

/// Why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyError {
    /// It is longer than 10 MB.
    TooLong,
    /// It took too long, or ended early.
    Broken,
}

/// Whether a body may be read, as far as its headers tell.
pub fn may_fit(body: &Incoming) -> bool {
    usize::try_from(body.size_hint().lower()).is_ok_and(|size| size <= MAX_BODY_BYTES)
}

/// Reads a whole body.
///
/// # Errors
///
/// When it is too long, too slow, or ends early.
pub async fn read(body: Incoming) -> Result<Bytes, BodyError> {
    let limited = Limited::new(body, MAX_BODY_BYTES);
    match timeout(BODY_TIMEOUT, limited.collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BodyError::TooLong),
        Ok(Err(_)) | Err(_) => Err(BodyError::Broken),
    }
}

/// Reads a body that is too long, so that a client which sends it whole before it reads gets to see the answer.
pub async fn drain(headers: &HeaderMap, body: Incoming) {
    if headers.contains_key(header::EXPECT) {
        return;
    }
    let mut limited = Limited::new(body, MAX_DRAINED_BYTES);
    let drained = async { while let Some(Ok(_)) = limited.frame().await {} };
    // Whoever is too slow does not get to see it.
    let _ = timeout(BODY_TIMEOUT, drained).await;
}
