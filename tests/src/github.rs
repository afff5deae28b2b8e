//! What GitHub signs its messages with: a key pair of the test's own.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::Error;

/// The algorithm and the curve in the DER of a public key on P-256, as every tool writes them (RFC 5480).
const HEAD: &[u8] = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";

/// The characters of a line in PEM.
const LINE: usize = 64;

/// A key pair, and the identifier of its public half.
pub struct Signer {
    identifier: String,
    pair: EcdsaKeyPair,
}

impl Signer {
    /// A new pair.
    ///
    /// # Errors
    ///
    /// When none can be made.
    pub fn new(identifier: &str) -> Result<Self, Error> {
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new())?;
        Ok(Self {
            identifier: identifier.to_owned(),
            pair: EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref())?,
        })
    }

    /// The signature of a message, as it stands in its header field.
    ///
    /// # Errors
    ///
    /// When the message cannot be signed.
    pub fn sign(&self, message: &[u8]) -> Result<String, Error> {
        let signature = self.pair.sign(&SystemRandom::new(), message)?;
        Ok(STANDARD.encode(signature.as_ref()))
    }

    /// The list of public keys that GitHub publishes.
    pub fn list(signers: &[&Self]) -> Vec<u8> {
        let keys = signers.iter().map(|signer| {
            json!({
                "key_identifier": signer.identifier,
                "key": signer.pem(),
                "is_current": true,
            })
        });
        json!({"public_keys": keys.collect::<Vec<_>>()})
            .to_string()
            .into_bytes()
    }

    fn pem(&self) -> String {
        let der = [HEAD, self.pair.public_key().as_ref()].concat();
        let text = STANDARD.encode(der);
        let (first, second) = text.split_at(LINE.min(text.len()));
        format!("-----BEGIN PUBLIC KEY-----\n{first}\n{second}\n-----END PUBLIC KEY-----\n")
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("identifier", &self.identifier)
            .finish_non_exhaustive()
    }
}
