//! What is fuzzed.

use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher as _;

use fastrand::Rng;

pub use crate::targets::ALL;

/// Something that reads what others wrote.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: of its folder in the corpus too.
    pub name: &'static str,
    /// Words of its language, which are put into inputs.
    pub words: &'static [&'static str],
    /// Makes an input that is not made from another, where arbitrary bytes would not get far.
    pub fresh: Option<fn(&mut Rng) -> Vec<u8>>,
    /// How much memory one case may take.
    pub memory: Memory,
    /// One case costs as much as so many cheap ones: of the steps of a run it makes one in so many.
    pub weight: u64,
    /// Reads one input and checks what is promised of it. The error says which promise was broken.
    pub check: fn(&[u8]) -> Result<Seen, String>,
}

/// The most memory that a case may have at a time.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// However short the input is, in bytes.
    pub base_bytes: u64,
    /// And for each byte of the input, in bytes.
    pub bytes_per_byte: u64,
}

impl Memory {
    /// The bound for an input of `len` bytes.
    #[must_use]
    pub fn bound(self, len: usize) -> u64 {
        let len = u64::try_from(len).unwrap_or(u64::MAX);
        self.base_bytes
            .saturating_add(self.bytes_per_byte.saturating_mul(len))
    }
}

/// What became of an input that broke no promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It was read.
    Taken(Mark),
    /// It was refused with an error.
    Refused(Mark),
}

impl Seen {
    /// What was read, by how it is told in words.
    #[must_use]
    pub fn taken(told: &str) -> Self {
        Self::Taken(Mark::of(told))
    }

    /// Why it was refused, in words.
    #[must_use]
    pub fn refused(told: &str) -> Self {
        Self::Refused(Mark::of(told))
    }

    /// How the target answered.
    #[must_use]
    pub const fn mark(self) -> Mark {
        match self {
            Self::Taken(mark) | Self::Refused(mark) => mark,
        }
    }
}

/// A way in which a target answers. An input with a new one has reached code that no other has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mark(u64);

impl Mark {
    /// The mark of a text, without what an input can put into it: figures, and what stands in quotation marks.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        let mut quote = None;
        for byte in text.bytes().take(400) {
            match (quote, byte) {
                (Some(open), close) if open == close => quote = None,
                (Some(_), _) | (None, b'0'..=b'9') => {}
                (None, b'`' | b'\'' | b'"') => quote = Some(byte),
                (None, other) => hasher.write_u8(other),
            }
        }
        Self(hasher.finish())
    }

    /// The mark as a number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}
