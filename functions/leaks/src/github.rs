//! GitHub's signatures: ECDSA on P-256 with SHA-256, over the bytes of a message.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// What stands before the point in the DER of a `SubjectPublicKeyInfo` on P-256 (RFC 5480): the algorithm, the curve, and the lengths.
const SPKI_OF_P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// The length of a point that is not compressed, in bytes.
const POINT_LEN: usize = 65;

/// The longest identifier of a public key, in bytes. GitHub's are SHA-256 in hexadecimal digits.
const MAX_IDENTIFIER_LEN: usize = 128;

/// The longest signature, in the characters of Base64: in DER, one on P-256 has 72 bytes at the most.
const MAX_SIGNATURE_LEN: usize = 128;

/// The most public keys that are taken from a list. GitHub has a handful.
const MAX_KEYS: usize = 32;

/// A public key that GitHub signs with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey {
    pub(crate) identifier: String,
    point: [u8; POINT_LEN],
}

/// What the header fields of a message say of its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) key_identifier: String,
    der: Vec<u8>,
}

#[derive(Deserialize)]
struct KeyList {
    public_keys: Vec<KeyDocument>,
}

#[derive(Deserialize)]
struct KeyDocument {
    key_identifier: String,
    /// In PEM.
    key: String,
}

impl PublicKey {
    /// Reads GitHub's list. A key that cannot be read, or is no key on P-256, is left out. `None` when it is no such list.
    pub(crate) fn list(json: &[u8]) -> Option<Vec<Self>> {
        let list: KeyList = serde_json::from_slice(json).ok()?;
        let keys = list.public_keys.into_iter().filter_map(|document| {
            Some(Self {
                point: point(&document.key)?,
                identifier: document.key_identifier,
            })
        });
        Some(keys.take(MAX_KEYS).collect())
    }

    /// Whether the signature is this key's for the message.
    pub(crate) fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.point);
        key.verify(message, &signature.der).is_ok()
    }
}

impl Signature {
    /// Reads the two header fields. `None` when they cannot be a signature.
    pub(crate) fn read(key_identifier: &str, signature: &str) -> Option<Self> {
        let is_identifier = (1..=MAX_IDENTIFIER_LEN).contains(&key_identifier.len());
        if !is_identifier || signature.len() > MAX_SIGNATURE_LEN {
            return None;
        }
        Some(Self {
            key_identifier: key_identifier.to_owned(),
            der: STANDARD.decode(signature).ok()?,
        })
    }
}

/// The point of a public key on P-256 in PEM.
fn point(pem: &str) -> Option<[u8; POINT_LEN]> {
    let body = pem
        .trim()
        .strip_prefix("-----BEGIN PUBLIC KEY-----")?
        .strip_suffix("-----END PUBLIC KEY-----")?;
    let body: String = body.split_ascii_whitespace().collect();
    let der = STANDARD.decode(body).ok()?;
    der.strip_prefix(&SPKI_OF_P256)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use ::tests::Signer;

    use super::*;

    #[test]
    fn a_signature_holds_for_its_message_and_its_key_alone() {
        let (signer, other) = (Signer::new("one").unwrap(), Signer::new("other").unwrap());
        let keys = PublicKey::list(&Signer::list(&[&signer, &other])).unwrap();
        let [key, other] = keys.as_slice() else {
            panic!("{keys:?}");
        };
        let signature = Signature::read("one", &signer.sign(b"message").unwrap()).unwrap();
        assert!(key.verifies(b"message", &signature));
        assert!(!key.verifies(b"messages", &signature));
        assert!(!other.verifies(b"message", &signature));
    }

    #[test]
    fn what_cannot_be_a_signature_is_not_one() {
        assert!(Signature::read("", "AAAA").is_none());
        assert!(Signature::read(&"i".repeat(129), "AAAA").is_none());
        assert!(Signature::read("i", "not Base64").is_none());
        assert!(Signature::read("i", &"A".repeat(132)).is_none());
        let keys = PublicKey::list(&Signer::list(&[&Signer::new("i").unwrap()])).unwrap();
        let nonsense = Signature::read("i", "AAAA").unwrap();
        assert!(!keys[0].verifies(b"message", &nonsense));
    }

    #[test]
    fn a_key_that_cannot_be_read_is_left_out() {
        let list = |key: &str| {
            let list = serde_json::json!({"public_keys": [{"key_identifier": "i", "key": key, "is_current": true}]});
            PublicKey::list(list.to_string().as_bytes())
        };
        for key in [
            "",
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
            "-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----",
        ] {
            assert_eq!(list(key), Some(Vec::new()), "{key}");
        }
        for json in ["", "{}", "[]", "<html>"] {
            assert_eq!(PublicKey::list(json.as_bytes()), None, "{json}");
        }
    }
}
