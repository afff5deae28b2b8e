//! The only place that prints.

use std::io::{self, Write as _};

/// Prints a line.
///
/// # Errors
///
/// When nobody reads it.
pub fn show(text: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

/// Prints the line with which a run closes.
///
/// # Errors
///
/// When nobody reads it.
pub fn conclude(what: &str, steps: u64, faults: u64, violations: u64) -> io::Result<()> {
    show(&format!(
        "{what}: {steps} steps, {faults} faults, {violations} violations"
    ))
}

/// Says what went wrong.
#[expect(clippy::print_stderr, reason = "this is the one place that prints")]
pub fn complain(text: &str) {
    eprintln!("{text}");
}
