//! Random text from the operating system's entropy.

use std::fmt;

/// Letters and digits of both cases.
pub const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Lower-case letters and digits, the alphabet of API Gateway's ids.
pub const BASE36: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// The operating system gave no random bytes.
#[derive(Debug)]
pub struct NoEntropy(getrandom::Error);

impl fmt::Display for NoEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the operating system gave no random bytes: {}", self.0)
    }
}

impl std::error::Error for NoEntropy {}

/// `len` characters of `alphabet`, each equally likely.
///
/// # Errors
///
/// When the operating system has no random bytes to give.
pub fn text(alphabet: &[u8], len: usize) -> Result<String, NoEntropy> {
    let size = alphabet.len().clamp(1, 256);
    // Bytes beyond the largest multiple of the alphabet's size would favour its first characters.
    let fair = 256 - 256 % size;
    let mut out = String::with_capacity(len);
    let mut bytes = [0_u8; 64];
    while out.len() < len {
        getrandom::fill(&mut bytes).map_err(NoEntropy)?;
        out.extend(
            bytes
                .iter()
                .map(|byte| usize::from(*byte))
                .filter(|byte| *byte < fair)
                .filter_map(|byte| alphabet.get(byte % size))
                .map(|character| char::from(*character))
                .take(len - out.len()),
        );
    }
    Ok(out)
}

/// A random number.
///
/// # Errors
///
/// When the operating system has no random bytes to give.
pub fn number() -> Result<u64, NoEntropy> {
    getrandom::u64().map_err(NoEntropy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_the_length_and_the_alphabet_that_were_asked_for() {
        for len in [0, 1, 10, 200] {
            let text = text(BASE36, len).unwrap();
            assert_eq!(text.len(), len);
            assert!(text.bytes().all(|byte| BASE36.contains(&byte)));
        }
    }

    #[test]
    fn every_character_of_the_alphabet_appears() {
        let text = text(BASE62, 20_000).unwrap();
        assert!(BASE62.iter().all(|byte| text.as_bytes().contains(byte)));
    }
}
