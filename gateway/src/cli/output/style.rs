//! Emphasis. The codes are taken out again where a stream has no colours, so meaning must survive without them.

use anstyle::{AnsiColor, Style};

/// Bold, for headers and for what matters most.
#[must_use]
pub fn bold(text: &str) -> String {
    styled(Style::new().bold(), text)
}

/// Dim, for labels and for what matters least.
#[must_use]
pub fn dim(text: &str) -> String {
    styled(Style::new().dimmed(), text)
}

/// Red, for errors and refusals.
#[must_use]
pub fn red(text: &str) -> String {
    styled(AnsiColor::Red.on_default().bold(), text)
}

/// Yellow, for warnings.
#[must_use]
pub fn yellow(text: &str) -> String {
    styled(AnsiColor::Yellow.on_default(), text)
}

/// Green, for what went well.
#[must_use]
pub fn green(text: &str) -> String {
    styled(AnsiColor::Green.on_default(), text)
}

fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}
