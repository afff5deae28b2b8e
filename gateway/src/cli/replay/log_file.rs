//! A log, line by line.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};

use flate2::bufread::MultiGzDecoder;

use super::super::failure::Failure;

/// How much is read at a time.
const BUFFER_BYTES: usize = 256 * 1024;

/// The longest line that is read. Those of the services are far shorter.
const MAX_LINE_BYTES: u64 = 1024 * 1024;

/// How compressed files start.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A log that is read from its start to its end. Its memory is one line.
pub(super) struct LogFile {
    name: String,
    reader: Box<dyn BufRead>,
    line: Vec<u8>,
}

/// A line of a log.
pub(super) enum Line<'a> {
    /// All of it, without its end.
    Whole(&'a [u8]),
    /// One that is too long to be read.
    TooLong,
}

impl LogFile {
    /// Opens a file, or stdin where the name is `-`.
    pub(super) fn open(name: &str) -> Result<Self, Failure> {
        let opened: io::Result<Box<dyn BufRead>> = if name == "-" {
            unpacked(BufReader::with_capacity(BUFFER_BYTES, io::stdin()))
        } else {
            File::open(name).and_then(|file| unpacked(BufReader::with_capacity(BUFFER_BYTES, file)))
        };
        let reader = opened.map_err(|error| unreadable(name, &error))?;
        Ok(Self {
            name: name.to_owned(),
            reader,
            line: Vec::new(),
        })
    }

    /// The next line. `None` at the end.
    pub(super) fn next_line(&mut self) -> Result<Option<Line<'_>>, Failure> {
        self.line.clear();
        let (reader, line) = (&mut self.reader, &mut self.line);
        let read = reader
            .as_mut()
            .take(MAX_LINE_BYTES)
            .read_until(b'\n', line)
            .map_err(|error| unreadable(&self.name, &error))?;
        if read == 0 {
            return Ok(None);
        }
        let is_whole = self.line.pop_if(|last| *last == b'\n').is_some();
        if !is_whole && u64::try_from(read).is_ok_and(|read| read == MAX_LINE_BYTES) {
            self.reader
                .skip_until(b'\n')
                .map_err(|error| unreadable(&self.name, &error))?;
            return Ok(Some(Line::TooLong));
        }
        Ok(Some(Line::Whole(&self.line)))
    }
}

fn unpacked(mut reader: impl BufRead + 'static) -> io::Result<Box<dyn BufRead>> {
    if !reader.fill_buf()?.starts_with(&GZIP) {
        return Ok(Box::new(reader));
    }
    let decoder = MultiGzDecoder::new(reader);
    Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, decoder)))
}

fn unreadable(name: &str, error: &io::Error) -> Failure {
    Failure::failed(format!("the log `{name}` cannot be read")).caused_by(error)
}
