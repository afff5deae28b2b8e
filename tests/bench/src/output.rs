//! The only place that prints: the table to the standard output, everything else to the standard error.

use std::io::{self, Write as _};

/// Says what is being done.
#[expect(clippy::print_stderr, reason = "this is the one place that prints")]
pub(crate) fn progress(text: &str) {
    eprintln!("{text}");
}

/// Prints what was asked for.
///
/// # Errors
///
/// When nobody reads it.
pub(crate) fn show(text: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}
