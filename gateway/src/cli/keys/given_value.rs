//! A value that an operator chooses.

use std::convert::Infallible;
use std::fmt;
use std::io::{BufRead as _, BufReader, Read};
use std::str::FromStr;

use tollgate::key::KeyValue;

use super::super::failure::Failure;

/// More than the longest value has, and its end of line.
const MAX_LINE_BYTES: u64 = 1_024;

/// A value as it was typed. Its `Debug` shows none of it, and no error of the parser does.
#[derive(Clone)]
pub(in crate::cli) struct GivenValue(String);

impl GivenValue {
    /// The value.
    pub(super) fn value(&self, input: impl Read) -> Result<KeyValue, Failure> {
        KeyValue::parse(&self.text(input)?)
            .map_err(|error| Failure::failed("--value cannot be used").caused_by(&error))
    }

    /// The text of a value, which may be none that a key can have; what `input` has in its first line when `-` was typed.
    pub(in crate::cli) fn text(&self, input: impl Read) -> Result<String, Failure> {
        if self.0 != "-" {
            return Ok(self.0.clone());
        }
        let mut line = String::new();
        BufReader::new(input.take(MAX_LINE_BYTES))
            .read_line(&mut line)
            .map_err(|error| {
                Failure::failed("the value cannot be read from standard input").caused_by(&error)
            })?;
        Ok(line.trim_end_matches(['\r', '\n']).to_owned())
    }
}

impl FromStr for GivenValue {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for GivenValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GivenValue(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(in crate::cli) fn text(given: &str, input: &[u8]) -> String {
        GivenValue(given.to_owned()).text(input).unwrap()
    }

    #[test]
    fn a_dash_reads_the_first_line_of_the_input_and_anything_else_is_the_value() {
        let value = "a-value-of-twenty-characters";
        assert_eq!(text(value, b"another"), value);
        for end in ["", "\n", "\r\n", "\nand more\n"] {
            assert_eq!(text("-", format!("{value}{end}").as_bytes()), value);
        }
        assert_eq!(text("-", b""), "");
    }

    #[test]
    fn input_that_never_ends_its_line_is_not_read_for_ever() {
        assert_eq!(text("-", &[b'a'; 5_000]).len(), 1_024);
        let binary = GivenValue("-".to_owned()).text(&[0xff, 0xfe][..]);
        assert!(binary.is_err());
    }
}
