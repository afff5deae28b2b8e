//! What processes write, forwarded line by line. What they say of decisions is counted on the way.

mod decisions;
mod json;

use std::fmt;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt};
use tracing::Level;

pub(super) use decisions::Decisions;
use json::{JsonLine, Members};

/// The longest piece of a line that is forwarded at once, in bytes. Longer lines come in several pieces.
const MAX_LINE_BYTES: usize = 16 * 1024;

/// Which of its two streams a process wrote to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl fmt::Display for LogStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        })
    }
}

/// A line that a process wrote.
#[derive(Clone, Copy, Debug)]
pub struct LogLine<'a> {
    /// The function's name.
    pub function: &'a str,
    /// Where the process wrote it.
    pub stream: LogStream,
    /// The line without its end; at most 16 KiB, longer ones come in pieces. Bytes that are not UTF-8 are replaced.
    pub text: &'a str,
    /// The same, when it is a JSON object.
    members: Option<&'a Members>,
}

/// Receives each line. It is called on the gateway's threads and must not block.
pub type LogSink = Arc<dyn Fn(LogLine<'_>) + Send + Sync>;

/// Sends each line to `tracing` with the target `tollgate::function`. A line of JSON keeps its level, and is shown as text.
pub fn tracing_sink() -> LogSink {
    macro_rules! emit {
        ($level:expr, $line:ident, $text:expr) => {
            tracing::event!(
                target: "tollgate::function",
                $level,
                function = $line.function,
                stream = %$line.stream,
                "{}",
                $text
            )
        };
    }
    Arc::new(|line| match line.members.and_then(JsonLine::new) {
        None => match leveled(line.text) {
            (Level::ERROR, text) => emit!(Level::ERROR, line, text),
            (Level::WARN, text) => emit!(Level::WARN, line, text),
            // What a function shows of its own is not hidden, whatever it calls it.
            (_, text) => emit!(Level::INFO, line, text),
        },
        Some(JsonLine { level, text }) => match level {
            Level::TRACE => emit!(Level::TRACE, line, text),
            Level::DEBUG => emit!(Level::DEBUG, line, text),
            Level::INFO => emit!(Level::INFO, line, text),
            Level::WARN => emit!(Level::WARN, line, text),
            Level::ERROR => emit!(Level::ERROR, line, text),
        },
    })
}

/// A line of text without the level that it begins with, and that level; without one, that of people's own words.
fn leveled(text: &str) -> (Level, &str) {
    let levels = [
        ("ERROR ", Level::ERROR),
        ("WARN ", Level::WARN),
        ("INFO ", Level::INFO),
    ];
    let trimmed = text.trim_start();
    let found = levels
        .into_iter()
        .find_map(|(word, level)| Some((level, trimmed.strip_prefix(word)?)));
    found.unwrap_or((Level::INFO, text))
}

/// Reads `source` to its end and gives each line to `sink`, but those that are there to be counted by `decisions`. Memory use is bounded,
/// whatever is written.
pub(super) async fn forward(
    mut source: impl AsyncRead + Unpin,
    function: Arc<str>,
    stream: LogStream,
    sink: LogSink,
    mut decisions: Option<Decisions>,
) {
    let mut pending = Vec::with_capacity(MAX_LINE_BYTES);
    let mut emit = |line: &[u8]| {
        let text = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
        if let Some(decisions) = &mut decisions
            && decisions.take(&text)
        {
            return;
        }
        let members = Members::read(&text);
        if let (Some(decisions), Some(members)) = (&mut decisions, &members) {
            decisions.look_at(members);
        }
        sink(LogLine {
            function: &function,
            stream,
            text: &text,
            members: members.as_ref(),
        });
    };
    loop {
        let room = MAX_LINE_BYTES.saturating_sub(pending.len());
        let limit = u64::try_from(room).unwrap_or(u64::MAX);
        match (&mut source).take(limit).read_buf(&mut pending).await {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(%error, function = &*function, "the output of a process cannot be read");
                break;
            }
        }
        split_lines(&mut pending, &mut emit);
    }
    if !pending.is_empty() {
        emit(&pending);
    }
}

/// Gives each whole line in `pending` to `emit` and keeps the rest; a rest of the greatest length is given as it is.
fn split_lines(pending: &mut Vec<u8>, emit: &mut impl FnMut(&[u8])) {
    let mut rest = pending.as_slice();
    while let Some((line, after)) = split_once_newline(rest) {
        emit(line);
        rest = after;
    }
    if rest.len() >= MAX_LINE_BYTES {
        emit(rest);
        rest = &[];
    }
    let kept_bytes = rest.len();
    let used_bytes = pending.len().saturating_sub(kept_bytes);
    pending.drain(..used_bytes);
}

fn split_once_newline(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((bytes.get(..end)?, bytes.get(end.checked_add(1)?..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    async fn lines(written: &[u8]) -> Vec<String> {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink: LogSink = {
            let seen = Arc::clone(&seen);
            Arc::new(move |line| seen.lock().unwrap().push(line.text.to_owned()))
        };
        forward(written, "f".into(), LogStream::Stdout, sink, None).await;
        Arc::try_unwrap(seen).unwrap().into_inner().unwrap()
    }

    #[test]
    fn a_line_of_text_keeps_the_level_that_it_begins_with() {
        for (text, expected) in [
            (
                "ERROR layer::plans: it broke",
                (Level::ERROR, "layer::plans: it broke"),
            ),
            (" WARN it may break", (Level::WARN, "it may break")),
            (" INFO it works", (Level::INFO, "it works")),
            ("DEBUG as I said", (Level::INFO, "DEBUG as I said")),
            ("ERRORS: 0", (Level::INFO, "ERRORS: 0")),
            ("  indented", (Level::INFO, "  indented")),
        ] {
            assert_eq!(leveled(text), expected);
        }
    }

    #[tokio::test]
    async fn splits_lines_and_keeps_an_unfinished_last_one() {
        assert_eq!(
            lines(b"one\r\n\ntwo\nrest").await,
            ["one", "", "two", "rest"]
        );
        assert!(lines(b"").await.is_empty());
    }

    #[tokio::test]
    async fn a_line_without_end_comes_in_bounded_pieces() {
        let endless = vec![b'x'; MAX_LINE_BYTES * 3 + 1];
        let lengths: Vec<_> = lines(&endless).await.iter().map(String::len).collect();
        assert_eq!(lengths, [MAX_LINE_BYTES, MAX_LINE_BYTES, MAX_LINE_BYTES, 1]);
    }

    #[tokio::test]
    async fn replaces_what_is_not_utf8() {
        assert_eq!(lines(b"a\xffb\n").await, ["a\u{fffd}b"]);
    }
}
