//! What the command line writes: data on stdout, prose on stderr. Nothing else in this package prints.

pub mod style;

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

use anstream::AutoStream;
use comfy_table::{CellAlignment, Table};
use serde::Serialize;

use super::failure::Failure;

/// When to write colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coloring {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

/// Writes to stdout and stderr. Clones share the streams.
///
/// Texts may carry the codes of [`style`]; they are taken out where a stream has no colours.
#[derive(Clone, Debug)]
pub struct Printer {
    data: Stream,
    prose: Stream,
    json: bool,
    /// Somebody sits before the prose.
    is_watched: bool,
}

#[derive(Clone)]
struct Stream {
    sink: Arc<Mutex<Sink>>,
    /// Whether the stream shows colours when nobody says otherwise.
    auto_color: bool,
    color: bool,
}

struct Sink {
    writer: Box<dyn Write + Send>,
    failure: Option<io::Error>,
}

impl Printer {
    /// Writes to this process's stdout and stderr, with colours on a terminal.
    #[must_use]
    pub fn of_process() -> Self {
        let (out, err) = (io::stdout(), io::stderr());
        let out_color = AutoStream::choice(&out) != anstream::ColorChoice::Never;
        let err_color = AutoStream::choice(&err) != anstream::ColorChoice::Never;
        let is_watched = err.is_terminal();
        Self {
            data: Stream::new(out, out_color),
            prose: Stream::new(err, err_color),
            json: false,
            is_watched,
        }
    }

    /// Writes data to `data` and prose to `prose`, without colours.
    #[must_use]
    pub fn new(data: impl Write + Send + 'static, prose: impl Write + Send + 'static) -> Self {
        Self {
            data: Stream::new(data, false),
            prose: Stream::new(prose, false),
            json: false,
            is_watched: false,
        }
    }

    /// The same streams with other manners. With `json`, commands write one JSON value to stdout and nothing else.
    #[must_use]
    pub fn with_manners(&self, coloring: Coloring, json: bool) -> Self {
        Self {
            data: self.data.colored(coloring),
            prose: self.prose.colored(coloring),
            json,
            is_watched: self.is_watched,
        }
    }

    /// Whether the operator asked for JSON.
    pub const fn is_json(&self) -> bool {
        self.json
    }

    /// A line of data.
    pub fn line(&self, text: &str) {
        self.data.write_line(text);
    }

    /// Data in columns, under bold headers. Cells are plain text; control characters in them are shown, not obeyed.
    /// A column of numbers is aligned to the right.
    pub fn table(&self, headers: &[&str], rows: &[Vec<String>]) {
        let rendered = render_table(headers, rows);
        for (index, line) in rendered.lines().enumerate() {
            if index == 0 {
                self.line(&style::bold(line));
            } else {
                self.line(line);
            }
        }
    }

    /// Data about one thing: a label and a value on each line.
    pub fn fields(&self, fields: &[(&str, String)]) {
        let width = fields.iter().map(|(label, _)| label.len()).max();
        let width = width.unwrap_or(0);
        for (label, value) in fields {
            let label = style::dim(&format!("{label:width$}"));
            self.line(&format!("{label}  {}", printable(value)));
        }
    }

    /// One JSON value.
    pub fn json<T: Serialize + ?Sized>(&self, value: &T) {
        match serde_json::to_string_pretty(value) {
            Ok(text) => self.line(&text),
            Err(error) => self.data.fail(error.into()),
        }
    }

    /// A line of prose.
    pub fn note(&self, text: &str) {
        self.prose.write_line(text);
    }

    /// A line of prose about something that may be wrong.
    pub fn warning(&self, text: &str) {
        self.note(&format!("{} {text}", style::yellow("warning:")));
    }

    /// How far it is, in the place of what was said of that before. Nothing where nobody watches.
    pub fn progress(&self, text: &str) {
        if self.is_watched {
            self.prose
                .write_raw(&format!("\r{}\x1b[K", printable(text)));
        }
    }

    /// Takes away what was said last of how far it is.
    pub fn end_progress(&self) {
        self.progress("");
    }

    /// A question, which ends without a new line.
    pub fn question(&self, text: &str) {
        self.prose.write(text);
    }

    /// Why a command was not done: the error, its causes, and what to do.
    pub fn failure(&self, failure: &Failure) {
        let message = printable(failure.message());
        self.note(&format!("{} {message}", style::red("error:")));
        for cause in failure.causes() {
            self.note(&format!("{} {}", style::dim("cause:"), printable(cause)));
        }
        for hint in failure.hints() {
            self.note(&format!("{} {}", style::bold("hint:"), printable(hint)));
        }
    }

    /// Flushes both streams.
    ///
    /// # Errors
    ///
    /// When something could not be written. A reader who went away early, such as `head`, is no error.
    pub fn finish(&self) -> io::Result<()> {
        self.data.finish().and(self.prose.finish())
    }
}

impl Stream {
    fn new(writer: impl Write + Send + 'static, auto_color: bool) -> Self {
        let sink = Sink {
            writer: Box::new(writer),
            failure: None,
        };
        Self {
            sink: Arc::new(Mutex::new(sink)),
            auto_color,
            color: auto_color,
        }
    }

    fn colored(&self, coloring: Coloring) -> Self {
        let color = match coloring {
            Coloring::Auto => self.auto_color,
            Coloring::Always => true,
            Coloring::Never => false,
        };
        Self {
            color,
            ..self.clone()
        }
    }

    fn write_line(&self, text: &str) {
        self.write(&format!("{text}\n"));
    }

    fn write(&self, text: &str) {
        if self.color {
            self.write_raw(text);
        } else {
            self.write_raw(&anstream::adapter::strip_str(text).to_string());
        }
    }

    /// Writes codes too.
    fn write_raw(&self, text: &str) {
        let outcome = {
            let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
            let written = sink.writer.write_all(text.as_bytes());
            written.and_then(|()| sink.writer.flush())
        };
        if let Err(error) = outcome {
            self.fail(error);
        }
    }

    fn fail(&self, error: io::Error) {
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        sink.failure.get_or_insert(error);
    }

    fn finish(&self) -> io::Result<()> {
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        match sink.failure.take() {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            Some(_) | None => Ok(()),
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("color", &self.color)
            .finish_non_exhaustive()
    }
}

/// `text` with its control characters written out, so that a name from the store cannot steer a terminal.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|character| {
            let escaped = character.is_control().then(|| character.escape_default());
            let plain = escaped.is_none().then_some(character);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect()
}

fn render_table(headers: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(headers.to_vec());
    table.add_rows(
        rows.iter()
            .map(|row| row.iter().map(|cell| printable(cell)).collect::<Vec<_>>()),
    );
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        let mut cells = rows.iter().filter_map(|row| row.get(index)).peekable();
        if cells.peek().is_some() && cells.all(|cell| is_number(cell)) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

/// A count, or the `-` that stands for none.
fn is_number(cell: &str) -> bool {
    cell == "-" || (!cell.is_empty() && cell.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::Captured;

    fn printed(coloring: Coloring, print: impl Fn(&Printer)) -> (String, String) {
        let (out, err) = (Captured::default(), Captured::default());
        let printer = Printer::new(out.clone(), err.clone()).with_manners(coloring, false);
        print(&printer);
        printer.finish().unwrap();
        (out.text(), err.text())
    }

    #[test]
    fn a_table_is_aligned_and_numbers_stand_to_the_right() {
        let rows = [
            vec!["joe".to_owned(), "5".to_owned()],
            vec!["a longer name".to_owned(), "-".to_owned()],
            vec!["ann".to_owned(), "1000".to_owned()],
        ];
        let (out, err) = printed(Coloring::Never, |printer| {
            printer.table(&["NAME", "USED"], &rows);
        });
        let expected = "\
NAME           USED
joe               5
a longer name     -
ann            1000
";
        assert_eq!(out, expected);
        assert_eq!(err, "");
    }

    #[test]
    fn colours_are_written_when_asked_for_and_taken_out_otherwise() {
        let (_, err) = printed(Coloring::Always, |printer| printer.warning("late"));
        assert!(err.contains('\u{1b}'), "{err:?}");
        for coloring in [Coloring::Never, Coloring::Auto] {
            let (_, err) = printed(coloring, |printer| printer.warning("late"));
            assert_eq!(err, "warning: late\n");
        }
    }

    #[test]
    fn control_characters_of_a_name_are_shown_and_not_obeyed() {
        let rows = [vec!["red\u{1b}[31m\n".to_owned()]];
        let (out, _) = printed(Coloring::Never, |printer| printer.table(&["NAME"], &rows));
        assert_eq!(out, "NAME\nred\\u{1b}[31m\\n\n");
        let failure = Failure::refused("no `a\u{1b}[2Jb`");
        let (_, err) = printed(Coloring::Never, |printer| printer.failure(&failure));
        assert_eq!(err, "error: no `a\\u{1b}[2Jb`\n");
    }

    struct Broken(io::ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_is_an_error_and_a_reader_who_left_is_none() {
        let full = Printer::new(Broken(io::ErrorKind::StorageFull), io::sink());
        full.line("data");
        let error = full.finish().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        let left = Printer::new(Broken(io::ErrorKind::BrokenPipe), io::sink());
        left.line("data");
        assert!(left.finish().is_ok());
    }
}
