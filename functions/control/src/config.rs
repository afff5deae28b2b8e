//! What the function is told by its environment.

use tollgate::http::{VariableError, Variables, process_variable, variable};
use tollgate::key::{EnvironmentLetter, Pepper};

/// The stage, whose first letter stands in the values of new keys: `dev`, `test`, `beta`, `prod`.
pub const ENVIRONMENT: &str = "TOLLGATE_ENVIRONMENT";
/// `false`: the values of keys are not kept, and nobody can see them again.
pub const KEEP_VALUES: &str = "TOLLGATE_KEEP_VALUES";
/// `true`: requests to the management API need no identity. For a laptop only.
pub const ALLOW_UNSIGNED: &str = "TOLLGATE_ALLOW_UNSIGNED";

/// The settings of the function.
#[derive(Clone, Debug)]
pub struct Config {
    /// `TOLLGATE_TABLE`: the name of Tollgate's table.
    pub table: String,
    /// `TOLLGATE_PEPPER`: the secret under which the values of keys are hashed, 16 bytes or more.
    pub pepper: Pepper,
    /// `TOLLGATE_ENVIRONMENT`: stands in the values of new keys.
    pub environment: EnvironmentLetter,
    /// `TOLLGATE_KEEP_VALUES`: whether the values of new keys are kept, so that they can be shown again. `true` when it is not set.
    pub keep_values: bool,
    /// `TOLLGATE_ALLOW_UNSIGNED`: whether requests to the management API may come without an identity. `false` when it is not set.
    pub allow_unsigned: bool,
}

impl Config {
    /// Reads the settings from the environment of this process.
    ///
    /// # Errors
    ///
    /// When a required variable is missing, or one cannot be used.
    pub fn from_env() -> Result<Self, VariableError> {
        Self::from_variables(process_variable)
    }

    /// Takes the settings from `read`, which answers the value of a variable by its name. An empty value counts as none.
    ///
    /// # Errors
    ///
    /// When a required variable is missing, or one cannot be used.
    pub fn from_variables(read: impl Fn(&str) -> Option<String>) -> Result<Self, VariableError> {
        let variables = Variables::new(read);
        let switch = |name| variables.switch(name, "true", "false");
        Ok(Self {
            table: variables.required(variable::TABLE)?,
            pepper: variables.pepper()?,
            environment: EnvironmentLetter::of(&variables.required(ENVIRONMENT)?),
            keep_values: switch(KEEP_VALUES)?.unwrap_or(true),
            allow_unsigned: switch(ALLOW_UNSIGNED)?.unwrap_or(false),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(variables: &[(&str, &str)]) -> Result<Config, VariableError> {
        let required = [
            (variable::TABLE, "tollgate"),
            (variable::PEPPER, "0123456789abcdef"),
            (ENVIRONMENT, "prod"),
        ];
        Config::from_variables(|name| {
            variables
                .iter()
                .chain(&required)
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn by_default_values_are_kept_and_requests_need_an_identity() {
        let config = config(&[]).unwrap();
        assert_eq!(config.table, "tollgate");
        assert_eq!(config.environment.as_char(), 'p');
        assert!(config.keep_values);
        assert!(!config.allow_unsigned);
    }

    #[test]
    fn switches_are_read() {
        let config = config(&[(KEEP_VALUES, "false"), (ALLOW_UNSIGNED, "true")]).unwrap();
        assert!(!config.keep_values);
        assert!(config.allow_unsigned);
    }

    #[test]
    fn a_variable_that_cannot_be_used_is_named() {
        let cases = [
            (variable::TABLE, ""),
            (variable::PEPPER, "short"),
            (ENVIRONMENT, ""),
            (KEEP_VALUES, "no"),
            (ALLOW_UNSIGNED, "1"),
        ];
        for (name, value) in cases {
            let error = config(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
