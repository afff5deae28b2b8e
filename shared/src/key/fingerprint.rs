//! Short names for values, by which one process knows again what it has seen.

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};

use siphasher::sip128::SipHasher24;

use super::{MAX_VALUE_LEN, MIN_VALUE_LEN};
use crate::random::{self, NoEntropy};

/// Makes fingerprints under a secret of its own: whoever chooses values cannot choose their fingerprints, so nobody can send
/// values that crowd into one place of a map.
#[derive(Clone, Copy)]
pub struct Fingerprinter(SipHasher24);

impl Fingerprinter {
    /// With a new random secret.
    ///
    /// # Errors
    ///
    /// When the operating system has no random bytes to give.
    pub fn new() -> Result<Self, NoEntropy> {
        let keyed = SipHasher24::new_with_keys(random::number()?, random::number()?);
        Ok(Self(keyed))
    }

    /// The fingerprint of a text as a client sent it; `None` when no value is so short or so long. Nothing else is checked.
    ///
    /// ```
    /// use tollgate::key::Fingerprinter;
    ///
    /// let fingerprinter = Fingerprinter::new().unwrap();
    /// let of = |text| fingerprinter.fingerprint(text);
    /// assert_eq!(of("a-value-of-a-good-length"), of("a-value-of-a-good-length"));
    /// assert_ne!(of("a-value-of-a-good-length"), of("another-value-of-a-good-length"));
    /// assert_eq!(of("short"), None);
    /// ```
    pub fn fingerprint(&self, text: &str) -> Option<Fingerprint> {
        if !(MIN_VALUE_LEN..=MAX_VALUE_LEN).contains(&text.len()) {
            return None;
        }
        let hash = self.0.hash(text.as_bytes());
        Some(Fingerprint {
            place: hash.h1,
            rest: hash.h2,
        })
    }
}

impl fmt::Debug for Fingerprinter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprinter(..)")
    }
}

/// SipHash-2-4 of a value, 128 bits. It stands for the value in this process's memory, and does not reveal it.
///
/// Two values have the same one with a probability of 2^-128, and finding such two would take the secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    place: u64,
    rest: u64,
}

impl Hash for Fingerprint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.place);
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(..)")
    }
}

/// Takes the bits of a [`Fingerprint`] as they are: they are spread evenly already.
#[derive(Clone, Copy, Debug, Default)]
pub struct AsItIs(u64);

impl BuildHasher for AsItIs {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        Self::default()
    }
}

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: &str = "a-value-of-a-good-length";

    #[test]
    fn each_process_has_fingerprints_of_its_own() {
        let of = || Fingerprinter::new().unwrap().fingerprint(VALUE);
        assert_ne!(of(), of());
    }

    #[test]
    fn only_texts_as_long_as_values_have_one() {
        let fingerprinter = Fingerprinter::new().unwrap();
        for len in [0, 1, 19, 20, 128, 129, 10_000] {
            let text = "k".repeat(len);
            let expected = (20..=128).contains(&len);
            assert_eq!(
                fingerprinter.fingerprint(&text).is_some(),
                expected,
                "{len}"
            );
        }
    }

    #[test]
    fn nothing_of_a_value_or_of_the_secret_is_shown() {
        let fingerprinter = Fingerprinter::new().unwrap();
        let fingerprint = fingerprinter.fingerprint(VALUE).unwrap();
        let shown = format!("{fingerprinter:?} {fingerprint:?}");
        assert_eq!(shown, "Fingerprinter(..) Fingerprint(..)");
    }

    #[test]
    fn the_places_of_values_that_differ_little_are_far_apart() {
        let fingerprinter = Fingerprinter::new().unwrap();
        let mut filled = [0_u32; 16];
        for number in 0..16_000 {
            let value = format!("a-value-of-a-good-length-{number}");
            let place = AsItIs::default().hash_one(fingerprinter.fingerprint(&value).unwrap());
            filled[usize::try_from(place % 16).unwrap()] += 1;
        }
        // 1,000 each on average; each of these is 9 standard deviations away.
        assert!(
            filled.iter().all(|count| (720..1_280).contains(count)),
            "{filled:?}"
        );
    }
}
