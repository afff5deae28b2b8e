//! Values in a stream, which is read in pieces.

use std::io::{self, ErrorKind, Read};

use tollgate::key::{KeyValue, NATIVE_VALUE_LEN, native_values};

/// How many bytes are looked at together.
const PIECE: usize = 256 * 1024;

/// What is looked at again with the next piece: a value may begin in one and end in the next.
const OVERLAP: usize = NATIVE_VALUE_LEN - 1;

/// Where in a file something begins. Both numbers begin at 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: u64,
    /// The byte in the line.
    pub column: u64,
}

/// Reads a stream to its end and tells of each value in it. The number of bytes.
///
/// # Errors
///
/// When the stream cannot be read on.
pub fn read(mut stream: impl Read, mut tell: impl FnMut(Place, KeyValue)) -> io::Result<u64> {
    let mut buffer = vec![0; PIECE];
    // How much of the buffer is left of the piece before, and what stands before the buffer.
    let mut kept = 0_usize;
    let mut before = Position::default();
    let mut total = 0_u64;
    loop {
        let read = fill(&mut stream, buffer.get_mut(kept..).unwrap_or_default())?;
        total = total.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        let filled = kept.saturating_add(read);
        let piece = buffer.get(..filled).unwrap_or_default();
        // No value begins before this: it has been told of.
        let mut next_start = filled.saturating_sub(OVERLAP);
        let mut at = before;
        let mut passed = 0;
        for (range, value) in native_values(piece) {
            at.pass(piece.get(passed..range.start).unwrap_or_default());
            passed = range.start;
            next_start = next_start.max(range.end);
            tell(at.place(), value);
        }
        if read == 0 {
            return Ok(total);
        }
        before.pass(piece.get(..next_start).unwrap_or_default());
        buffer.copy_within(next_start..filled, 0);
        kept = filled.saturating_sub(next_start);
    }
}

/// Fills the buffer, unless the stream ends. The number of bytes; 0 at its end.
fn fill(stream: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match stream.read(rest) {
            Ok(0) => break,
            Ok(read) => filled = filled.saturating_add(read),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// How much has been passed.
#[derive(Clone, Copy, Default)]
struct Position {
    lines: u64,
    /// Since the last end of a line.
    bytes: u64,
}

impl Position {
    fn pass(&mut self, bytes: &[u8]) {
        let count = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => {
                let ends: u64 = bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum();
                self.lines = self.lines.saturating_add(ends);
                let rest = bytes.get(last.saturating_add(1)..).unwrap_or_default();
                self.bytes = count(rest);
            }
            None => self.bytes = self.bytes.saturating_add(count(bytes)),
        }
    }

    const fn place(self) -> Place {
        Place {
            line: self.lines.saturating_add(1),
            column: self.bytes.saturating_add(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use tollgate::key::EnvironmentLetter;

    use super::*;

    /// A stream that gives few bytes at a time.
    struct Trickle<'a>(&'a [u8]);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let len = buffer.len().min(1_000).min(self.0.len());
            let (now, later) = self.0.split_at(len);
            buffer[..len].copy_from_slice(now);
            self.0 = later;
            Ok(len)
        }
    }

    fn found(bytes: &[u8]) -> Vec<(u64, u64, KeyValue)> {
        let mut found = Vec::new();
        let tell = |place: Place, value| found.push((place.line, place.column, value));
        let total = read(Trickle(bytes), tell).unwrap();
        assert_eq!(total, bytes.len() as u64);
        found
    }

    #[test]
    fn a_value_is_found_once_wherever_a_piece_ends() {
        let value = KeyValue::generate(EnvironmentLetter::of("dev")).unwrap();
        for shift in 0..=2 * NATIVE_VALUE_LEN {
            let mut bytes = vec![b'\n'; PIECE - shift];
            bytes.extend(b"key: ");
            bytes.extend(value.expose().as_bytes());
            bytes.extend(vec![b'.'; 2 * PIECE]);
            bytes.extend(value.expose().as_bytes());
            let line = (PIECE - shift + 1) as u64;
            let second = (5 + NATIVE_VALUE_LEN + 2 * PIECE + 1) as u64;
            assert_eq!(
                found(&bytes),
                [(line, 6, value.clone()), (line, second, value.clone())],
                "{shift}"
            );
        }
    }

    #[test]
    fn small_streams_are_read_whole() {
        let value = KeyValue::generate(EnvironmentLetter::of("dev")).unwrap();
        assert_eq!(found(b""), []);
        assert_eq!(found(b"nothing\nhere"), []);
        assert_eq!(found(value.expose().as_bytes()), [(1, 1, value.clone())]);
        let two = format!("a\nb {0}\n{0}", value.expose());
        let expected = [(2, 3, value.clone()), (3, 1, value)];
        assert_eq!(found(two.as_bytes()), expected);
    }
}
