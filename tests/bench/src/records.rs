//! What callers saw: when each check began, how long it took, and how it ended.

use std::fmt::Write as _;
use std::path::Path;

use ::tests::Result;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The request may pass.
    Admitted,
    /// The request may not pass.
    Refused,
    /// The limiter could not decide.
    Failed,
}

impl Outcome {
    fn letter(self) -> char {
        match self {
            Self::Admitted => 'a',
            Self::Refused => 'r',
            Self::Failed => 'e',
        }
    }

    fn of_letter(letter: &str) -> Option<Self> {
        [Self::Admitted, Self::Refused, Self::Failed]
            .into_iter()
            .find(|outcome| letter.chars().eq([outcome.letter()]))
    }
}

/// One check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// When it began, in nanoseconds since the epoch.
    pub(crate) start_ns: u64,
    /// How long it took, in nanoseconds.
    pub(crate) took_ns: u64,
    /// How it ended.
    pub(crate) outcome: Outcome,
}

impl Record {
    /// When it was answered, in nanoseconds since the epoch.
    pub(crate) fn end_ns(&self) -> u64 {
        self.start_ns.saturating_add(self.took_ns)
    }

    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let record = Self {
            start_ns: words.next()?.parse().ok()?,
            took_ns: words.next()?.parse().ok()?,
            outcome: Outcome::of_letter(words.next()?)?,
        };
        words.next().is_none().then_some(record)
    }
}

/// Writes records as the callers' protocol has them.
///
/// # Errors
///
/// When the file cannot be written.
pub(crate) fn write(file: &Path, records: &[Record]) -> Result<()> {
    let mut text = String::with_capacity(records.len().saturating_mul(32));
    for record in records {
        let Record {
            start_ns,
            took_ns,
            outcome,
        } = record;
        writeln!(text, "{start_ns} {took_ns} {}", outcome.letter())?;
    }
    std::fs::write(file, text)?;
    Ok(())
}

/// Reads the records of one program of callers.
///
/// # Errors
///
/// When the file cannot be read, or a line is not a record.
pub(crate) fn read(file: &Path) -> Result<Vec<Record>> {
    let text = std::fs::read_to_string(file)?;
    text.lines()
        .map(|line| {
            Record::parse(line)
                .ok_or_else(|| format!("{}: not a record: {line}", file.display()).into())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_as_they_were_written() {
        let records: Vec<_> = [Outcome::Admitted, Outcome::Refused, Outcome::Failed]
            .into_iter()
            .zip(1_795_907_690_899_607_201_u64..)
            .map(|(outcome, start_ns)| Record {
                start_ns,
                took_ns: 4_200_000,
                outcome,
            })
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("records");
        write(&file, &records).unwrap();
        assert_eq!(read(&file).unwrap(), records);
    }

    #[test]
    fn what_is_no_record_is_refused() {
        for line in ["", "1 2", "1 2 x", "1 2 ar", "1 2 a 3", "-1 2 a"] {
            assert_eq!(Record::parse(line), None, "{line}");
        }
    }
}
