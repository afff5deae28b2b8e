//! The only place that prints.

use std::io::{self, Write as _};

/// Prints a line.
///
/// # Errors
///
/// When nobody reads it.
pub(crate) fn show(text: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

/// Says what went wrong.
#[expect(clippy::print_stderr, reason = "this is the one place that prints")]
pub(crate) fn complain(text: &str) {
    eprintln!("{text}");
}
