//! What the function is told by its environment.

use tollgate::http::{VariableError, Variables, process_variable, variable};
use tollgate::key::Pepper;

/// Where the public keys are, if not at GitHub's own address: for tests, and for GitHub Enterprise.
pub const PUBLIC_KEYS_URL: &str = "TOLLGATE_LEAKS_PUBLIC_KEYS_URL";

/// Where GitHub publishes the keys that it signs with.
const GITHUB: &str = "https://api.github.com/meta/public_keys/secret_scanning";

/// The settings of the function.
#[derive(Clone, Debug)]
pub struct Config {
    /// `TOLLGATE_TABLE`: the name of Tollgate's table.
    pub table: String,
    /// `TOLLGATE_PEPPER`: the secret under which the values of keys are hashed, 16 bytes or more.
    pub pepper: Pepper,
    /// `TOLLGATE_LEAKS_PUBLIC_KEYS_URL`: where the public keys are. GitHub's address when it is not set.
    pub public_keys_url: String,
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
        Ok(Self {
            table: variables.required(variable::TABLE)?,
            pepper: variables.pepper()?,
            public_keys_url: variables
                .value(PUBLIC_KEYS_URL)
                .unwrap_or_else(|| GITHUB.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(changed: (&str, &str)) -> Result<Config, VariableError> {
        let required = [
            (variable::TABLE, "tollgate"),
            (variable::PEPPER, "0123456789abcdef"),
        ];
        Config::from_variables(|name| {
            [changed]
                .iter()
                .chain(&required)
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn githubs_keys_are_the_usual_ones() {
        let usual = config(("", "")).unwrap();
        assert_eq!(usual.table, "tollgate");
        assert_eq!(usual.public_keys_url, GITHUB);
        let other = config((PUBLIC_KEYS_URL, "http://127.0.0.1:9/keys")).unwrap();
        assert_eq!(other.public_keys_url, "http://127.0.0.1:9/keys");
    }

    #[test]
    fn a_variable_that_cannot_be_used_is_named() {
        for changed in [(variable::TABLE, ""), (variable::PEPPER, "short")] {
            let error = config(changed).unwrap_err().to_string();
            assert!(error.contains(changed.0), "{error}");
        }
    }
}
