//! Reads the variables of a function's environment.

use super::settings::variable;
use crate::key::{Pepper, WeakPepper};

/// A variable that is missing or cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VariableError {
    /// A required variable is not set.
    #[error("the environment variable {0} is not set; the function's template has to set it")]
    Missing(&'static str),
    /// The pepper is too short.
    #[error("the environment variable TOLLGATE_PEPPER cannot be used: {0}")]
    Pepper(#[from] WeakPepper),
    /// A switch has a value that it does not know.
    #[error("the environment variable {name} is neither {on} nor {off}")]
    NotASwitch {
        /// The variable.
        name: &'static str,
        /// One value that it knows.
        on: &'static str,
        /// The other.
        off: &'static str,
    },
}

/// An environment, given as a function from a variable's name to its value. An empty value counts as none.
///
/// ```
/// use tollgate::http::Variables;
///
/// let variables = Variables::new(|name| (name == "TOLLGATE_TABLE").then(|| "tollgate".to_owned()));
/// assert_eq!(variables.required("TOLLGATE_TABLE")?, "tollgate");
/// assert!(variables.required("TOLLGATE_PEPPER").is_err());
/// # Ok::<(), tollgate::http::VariableError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Variables<F> {
    lookup: F,
}

/// The value of a variable of this process.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the place that reads the environment"
)]
pub fn process_variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl<F: Fn(&str) -> Option<String>> Variables<F> {
    /// The environment that `lookup` answers for.
    pub const fn new(lookup: F) -> Self {
        Self { lookup }
    }

    /// The value of a variable; `None` when it is not set or empty.
    pub fn value(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    /// The value of a variable that has to be there.
    ///
    /// # Errors
    ///
    /// When it is not set or empty.
    pub fn required(&self, name: &'static str) -> Result<String, VariableError> {
        self.value(name).ok_or(VariableError::Missing(name))
    }

    /// The secret under which keys' values are hashed.
    ///
    /// # Errors
    ///
    /// When it is not set, or too short.
    pub fn pepper(&self) -> Result<Pepper, VariableError> {
        Ok(Pepper::new(self.required(variable::PEPPER)?.as_bytes())?)
    }

    /// Whether a variable has the value `on`, or the value `off`. `None` when it is not set or empty.
    ///
    /// # Errors
    ///
    /// When it has another value.
    pub fn switch(
        &self,
        name: &'static str,
        on: &'static str,
        off: &'static str,
    ) -> Result<Option<bool>, VariableError> {
        match self.value(name) {
            None => Ok(None),
            Some(text) if text == on => Ok(Some(true)),
            Some(text) if text == off => Ok(Some(false)),
            Some(_) => Err(VariableError::NotASwitch { name, on, off }),
        }
    }
}
