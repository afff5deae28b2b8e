//! Questions to whoever sits at the terminal.

use std::io::{self, BufRead, IsTerminal};

use super::failure::Failure;
use super::output::Printer;

/// Who answers questions.
pub trait Operator: Send + Sync {
    /// Whether anybody is there to answer.
    fn is_present(&self) -> bool;

    /// The next line that they type. `None` at the end of the input.
    fn answer(&self) -> Option<String>;
}

/// Whoever sits at this process's terminal, if it has one.
#[derive(Clone, Copy, Debug)]
pub struct AtTerminal;

impl Operator for AtTerminal {
    fn is_present(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    fn answer(&self) -> Option<String> {
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line).ok()?;
        (read > 0).then_some(line)
    }
}

/// Asks whether to go on. Scripts, where nobody can answer, have meant what they say.
pub(super) fn confirm(
    operator: &dyn Operator,
    printer: &Printer,
    question: &str,
) -> Result<(), Failure> {
    if !operator.is_present() {
        return Ok(());
    }
    printer.question(&format!("{question} [y/N] "));
    let answer = operator.answer().unwrap_or_default();
    if ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str()) {
        return Ok(());
    }
    Err(Failure::refused("not confirmed, so nothing was changed").hint("answer `y`, or give --yes"))
}
