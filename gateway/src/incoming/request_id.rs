//! The ids that accompany a request.

use http::HeaderName;
use tollgate::random::{self, BASE62};

/// The field that carries a request's id on AWS.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

const HEX: &[u8; 16] = b"0123456789abcdef";

/// The ids of one request, in the forms of AWS.
#[derive(Clone, Debug)]
pub struct RequestIds {
    /// `x-amzn-RequestId`: a UUID.
    pub request: String,
    /// `x-amz-apigw-id`.
    pub extended: String,
    /// `X-Amzn-Trace-Id`.
    pub trace: String,
}

impl RequestIds {
    /// New ids for a request that arrived `now_s` seconds after the epoch.
    ///
    /// # Errors
    ///
    /// When the operating system has no random bytes to give.
    pub fn new(now_s: u64) -> Result<Self, random::NoEntropy> {
        Ok(Self {
            request: uuid()?,
            extended: format!("{}=", random::text(BASE62, 15)?),
            trace: format!("Root=1-{now_s:08x}-{}", random::text(HEX, 24)?),
        })
    }
}

/// A random UUID.
///
/// # Errors
///
/// When the operating system has no random bytes to give.
pub fn uuid() -> Result<String, random::NoEntropy> {
    let hex = random::text(HEX, 30)?;
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    Ok(format!(
        "{}-{}-4{}-a{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 15),
        part(15, 18),
        part(18, 30)
    ))
}
