//! What the function is told by its environment.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use thiserror::Error;
use tollgate::http::process_variable;

/// The longest that one attempt of a call to DynamoDB may take. It covers the first TLS handshake of a small function.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);

/// The longest that a call may take with its retries: shorter than the 10 s that the function has, so that the caller gets an answer.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(5);

/// The settings of the function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `USERS_TABLE`: the name of the DynamoDB table that holds the users.
    pub users_table: String,
}

/// The environment lacks a setting.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "the environment variable `{name}` is not set: set it to the name of the DynamoDB table that holds the users"
)]
pub struct ConfigError {
    name: &'static str,
}

impl Config {
    /// Reads the settings from the environment of this process.
    ///
    /// # Errors
    ///
    /// When `USERS_TABLE` is not set or empty.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_variables(process_variable)
    }

    /// Takes the settings from `read`, which answers the value of a variable by its name.
    ///
    /// # Errors
    ///
    /// When `USERS_TABLE` is not set or empty.
    pub fn from_variables(read: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let name = "USERS_TABLE";
        let users_table = read(name)
            .filter(|table| !table.is_empty())
            .ok_or(ConfigError { name })?;
        Ok(Self { users_table })
    }
}

/// How to reach AWS: the region, the credentials and the endpoint that the environment names.
///
/// The SDK has no time-outs of its own; with this configuration it gives up an attempt after 2 s and a call after 5 s.
pub async fn sdk_config() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build();
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .timeout_config(timeouts)
        .load()
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_table_from_its_variable() {
        let config = Config::from_variables(|name| (name == "USERS_TABLE").then(|| "u".to_owned()));
        assert_eq!(config.unwrap().users_table, "u");
    }

    #[test]
    fn names_the_variable_that_is_missing_or_empty() {
        for value in [None, Some(String::new())] {
            let error = Config::from_variables(|_| value.clone()).unwrap_err();
            assert!(error.to_string().contains("`USERS_TABLE` is not set"));
        }
    }
}
