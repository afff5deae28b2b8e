//! API key values: their format, their checksum, and the keyed hash under which they are stored.

mod fingerprint;
mod native;

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::random::{self, BASE62, NoEntropy};

pub use fingerprint::{AsItIs, Fingerprint, Fingerprinter};
pub use native::{NATIVE_VALUE_LEN, native_values};

/// The shortest value that API Gateway accepts, in characters.
pub const MIN_VALUE_LEN: usize = 20;

/// The longest value that API Gateway accepts, in characters.
pub const MAX_VALUE_LEN: usize = 128;

/// The tag of a key whose value was found in public: since when it is known, such as `2026-11-25T12:00:00Z`.
pub const LEAKED_AT: &str = "tollgate:leaked-at";

/// What every native value starts with. Values are in the hands of clients: never change this.
const PREFIX: &str = "tg_";
const RANDOM_LEN: usize = 30;
const CHECKSUM_LEN: usize = 6;
/// How many of its last characters a redacted value shows. In a native one they belong to the checksum.
const SHOWN_LEN: usize = 4;
/// `tg_`, the environment's letter, `_`, the random part, the checksum.
const NATIVE_LEN: usize = 3 + 1 + 1 + RANDOM_LEN + CHECKSUM_LEN;

/// The letter that tells the keys of one environment from those of another at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnvironmentLetter(char);

impl EnvironmentLetter {
    /// The first letter of an environment's or a stage's name, in lower case: `d` for `dev`, `p` for `prod`.
    /// A name that does not start with a letter gets `x`.
    ///
    /// ```
    /// use tollgate::key::EnvironmentLetter;
    ///
    /// assert_eq!(EnvironmentLetter::of("prod").as_char(), 'p');
    /// assert_eq!(EnvironmentLetter::of("$default").as_char(), 'x');
    /// ```
    #[must_use]
    pub fn of(name: &str) -> Self {
        let letter = name.chars().next().map(|first| first.to_ascii_lowercase());
        Self(letter.filter(char::is_ascii_lowercase).unwrap_or('x'))
    }

    /// The letter, `a` to `z`.
    pub const fn as_char(self) -> char {
        self.0
    }
}

/// Why a text is not the value of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseKeyError {
    /// Shorter than [`MIN_VALUE_LEN`]. The text is API Gateway's.
    #[error("API Key value should be at least 20 characters")]
    TooShort,
    /// Longer than [`MAX_VALUE_LEN`]. The text is API Gateway's.
    #[error("API Key value exceeds maximum size of 128 characters")]
    TooLong,
    /// A character that does not belong into a header.
    #[error("API Key value may have only visible ASCII characters, and no spaces")]
    Character,
    /// The form of a native value with a checksum that does not fit: a typing error.
    #[error("API Key value starts like a Tollgate key, but its checksum does not fit")]
    Checksum,
}

/// The value of a key: a secret. Its `Debug` shows none of it.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyValue(Box<str>);

impl KeyValue {
    /// A new native value: `tg_`, the environment's letter, `_`, 30 random characters and a checksum of 6.
    ///
    /// # Errors
    ///
    /// When the operating system has no random bytes to give.
    ///
    /// ```
    /// use tollgate::key::{EnvironmentLetter, KeyValue};
    ///
    /// let value = KeyValue::generate(EnvironmentLetter::of("dev")).unwrap();
    /// assert!(value.expose().starts_with("tg_d_"));
    /// assert!(KeyValue::parse(value.expose()).is_ok());
    /// assert_eq!(format!("{value:?}"), "KeyValue(..)");
    /// ```
    pub fn generate(environment: EnvironmentLetter) -> Result<Self, NoEntropy> {
        let mut value = format!("{PREFIX}{}_", environment.as_char());
        value.push_str(&random::text(BASE62, RANDOM_LEN)?);
        let checksum = checksum(&value);
        value.extend(checksum.map(char::from));
        Ok(Self(value.into()))
    }

    /// Takes a value that a client sent, or that an operator chose. No store is asked.
    ///
    /// # Errors
    ///
    /// When the length is not 20 to 128, a character is not visible ASCII, or a native value's checksum does not fit.
    pub fn parse(text: &str) -> Result<Self, ParseKeyError> {
        if text.len() < MIN_VALUE_LEN {
            return Err(ParseKeyError::TooShort);
        }
        if text.len() > MAX_VALUE_LEN {
            return Err(ParseKeyError::TooLong);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ParseKeyError::Character);
        }
        if let Some((body, found)) = native_parts(text)
            && checksum(body) != *found.as_bytes()
        {
            return Err(ParseKeyError::Checksum);
        }
        Ok(Self(text.into()))
    }

    /// The secret itself. Call it only where the secret has to leave the process.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The value for people who have to know which one it is, and not what it is: `tg_d_…uRQ9`.
    pub fn redacted(&self) -> String {
        let head =
            native_parts(&self.0).and_then(|_native| self.0.get(..PREFIX.len().saturating_add(2)));
        let tail = self.0.len().saturating_sub(SHOWN_LEN);
        let tail = self.0.get(tail..).unwrap_or_default();
        format!("{}…{tail}", head.unwrap_or_default())
    }

    /// The keyed hash under which the value is stored.
    pub fn hash(&self, pepper: &Pepper) -> KeyHash {
        KeyHash(pepper.authenticate(self.0.as_bytes()))
    }
}

impl fmt::Debug for KeyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyValue(..)")
    }
}

/// The body and the checksum of a text in the native form, whether or not they fit.
fn native_parts(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix(PREFIX)?;
    let mut characters = rest.chars();
    let has_letter = characters
        .next()
        .is_some_and(|letter| letter.is_ascii_lowercase());
    let has_mark = characters.next() == Some('_');
    let is_base62 = characters.all(|character| character.is_ascii_alphanumeric());
    if text.len() != NATIVE_LEN || !has_letter || !has_mark || !is_base62 {
        return None;
    }
    text.split_at_checked(NATIVE_LEN.saturating_sub(CHECKSUM_LEN))
}

/// CRC-32 in six base-62 digits. It finds typing errors; it is no protection against anybody.
fn checksum(body: &str) -> [u8; CHECKSUM_LEN] {
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut digits = [b'0'; CHECKSUM_LEN];
    for digit in digits.iter_mut().rev() {
        let index = usize::try_from(rest % 62).unwrap_or(0);
        *digit = BASE62.get(index).copied().unwrap_or(b'0');
        rest /= 62;
    }
    digits
}

/// The secret that keys the hashes of values. Without it, a copy of the table opens nothing.
#[derive(Clone)]
pub struct Pepper(Hmac<Sha256>);

/// A pepper of fewer than 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pepper has {0} bytes; it needs at least 16")]
pub struct WeakPepper(usize);

impl Pepper {
    /// Takes the secret.
    ///
    /// # Errors
    ///
    /// When it has fewer than 16 bytes.
    pub fn new(secret: &[u8]) -> Result<Self, WeakPepper> {
        if secret.len() < 16 {
            return Err(WeakPepper(secret.len()));
        }
        Hmac::new_from_slice(secret)
            .map(Self)
            .map_err(|_any_length_is_taken| WeakPepper(secret.len()))
    }

    fn authenticate(&self, message: &[u8]) -> [u8; 32] {
        let mut mac = self.0.clone();
        mac.update(message);
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pepper(..)")
    }
}

/// HMAC-SHA-256 of a value under the pepper. It identifies the value and does not reveal it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyHash([u8; 32]);

impl fmt::Display for KeyHash {
    /// 64 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
