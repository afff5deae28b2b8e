//! What is wrong with a template, and where.

use std::fmt;

/// A place in a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
}

impl Position {
    pub(super) const START: Self = Self { line: 1, column: 1 };
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// The first thing that is wrong with a template's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{position}: {message}\nhint: {hint}")]
pub struct ParseTemplateError {
    /// Where.
    pub position: Position,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

/// Why a template gave no text for this input. API Gateway answers 400 to the first, 500 to the others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// `$input.path` or `$input.json` was asked of a body that starts like JSON and is not.
    #[error("the body is not JSON: {message}")]
    BodyIsNotJson {
        /// What the parser of JSON says.
        message: String,
    },
    /// A method cannot do what it was asked to do, such as `substring` beyond the end.
    #[error("{position}: {message}")]
    Call {
        /// Where the method is called.
        position: Position,
        /// What is wrong, and what to write instead.
        message: String,
    },
    /// The same parameter was overridden a second time; API Gateway answers 5xx.
    #[error(
        "{position}: `{name}` is overridden twice; keep the value in a variable and override once, at the end"
    )]
    OverriddenTwice {
        /// Where the second assignment stands.
        position: Position,
        /// The parameter's name.
        name: String,
    },
    /// `$context.responseOverride.status` is no status from 100 to 599.
    #[error("`$context.responseOverride.status` is `{value}`; write a number from 100 to 599")]
    BadStatus {
        /// What was assigned.
        value: String,
    },
    /// The text is too long.
    #[error("the template gives more than {bytes_max} bytes")]
    TooLong {
        /// The bound that was passed.
        bytes_max: usize,
    },
    /// The template does too much.
    #[error("the template takes more than {steps_max} steps")]
    TooManySteps {
        /// The bound that was passed.
        steps_max: usize,
    },
    /// Blocks or values are nested too deeply, for instance a list that contains itself.
    #[error("the template nests blocks or values more than {depth_max} deep")]
    TooDeep {
        /// The bound that was passed.
        depth_max: usize,
    },
}
