//! The signature of a webhook, with which its receiver knows who has sent it, and when.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::hexadecimal;
use crate::time::Timestamp;

/// The header field that has the signature: `t=<seconds since the epoch>,v1=<64 hexadecimal digits>`.
pub const SIGNATURE_FIELD: &str = "tollgate-signature";

/// The least length of a secret, in bytes.
pub const MIN_SECRET_LEN: usize = 16;

/// The secret that a webhook's sender and its receiver share. Its `Debug` shows none of it.
#[derive(Clone)]
pub struct WebhookSecret(Hmac<Sha256>);

/// A secret that is too short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the webhook's secret has {0} bytes; it needs at least {MIN_SECRET_LEN}")]
pub struct WeakSecret(usize);

impl WebhookSecret {
    /// Takes the secret.
    ///
    /// # Errors
    ///
    /// When it has fewer than [`MIN_SECRET_LEN`] bytes.
    pub fn new(secret: &[u8]) -> Result<Self, WeakSecret> {
        if secret.len() < MIN_SECRET_LEN {
            return Err(WeakSecret(secret.len()));
        }
        Hmac::new_from_slice(secret)
            .map(Self)
            .map_err(|_any_length_is_taken| WeakSecret(secret.len()))
    }

    /// The value of [`SIGNATURE_FIELD`] for a body that is sent at `now`: HMAC-SHA-256 over the seconds, a full stop and the body. A
    /// receiver that refuses what is older than five minutes cannot be sent the same again later.
    pub fn sign(&self, now: Timestamp, body: &[u8]) -> String {
        let seconds = now.as_secs();
        let mut mac = self.0.clone();
        mac.update(format!("{seconds}.").as_bytes());
        mac.update(body);
        let digits = hexadecimal(mac.finalize().into_bytes().iter());
        format!("t={seconds},v1={digits}")
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_covers_the_instant_and_the_body() {
        let secret = WebhookSecret::new(b"a secret for the tests").unwrap();
        let now = Timestamp::from_secs(1_795_435_200);
        let signed = secret.sign(now, b"{}");
        // printf '1795435200.{}' | openssl dgst -sha256 -hmac 'a secret for the tests'
        let expected = "5406108d08731064a5276d271643923c123359afe0d44d65d5edc688386f054d";
        assert_eq!(signed, format!("t=1795435200,v1={expected}"));
        assert_ne!(signed, secret.sign(now, b"{ }"));
    }

    #[test]
    fn a_short_secret_is_refused_and_none_is_shown() {
        assert_eq!(WebhookSecret::new(b"short").unwrap_err(), WeakSecret(5));
        let secret = WebhookSecret::new(b"a secret for the tests").unwrap();
        assert_eq!(format!("{secret:?}"), "WebhookSecret(..)");
    }
}
