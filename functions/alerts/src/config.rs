//! What the function is told by its environment.

use tollgate::alert::{InvalidWebhook, Webhook};
use tollgate::http::{VariableError, Variables, process_variable, variable};
use tollgate::key::Pepper;

/// The name or the ARN of the event bus that is told of alerts. Without it, none is.
pub const EVENT_BUS: &str = "TOLLGATE_EVENT_BUS";
/// Where EventBridge is, as the AWS SDKs read it: `https://events.us-east-1.amazonaws.com`.
pub const EVENTS_ENDPOINT: &str = "AWS_ENDPOINT_URL_EVENTBRIDGE";
/// The URL that is told of alerts. Without it, none is.
pub const WEBHOOK_URL: &str = "TOLLGATE_WEBHOOK_URL";
/// The secret with which requests to it are signed, 16 bytes or more.
pub const WEBHOOK_SECRET: &str = "TOLLGATE_WEBHOOK_SECRET";

/// The settings of the function.
#[derive(Clone, Debug)]
pub struct Config {
    /// `TOLLGATE_TABLE`: the name of Tollgate's table.
    pub table: String,
    /// `TOLLGATE_PEPPER`: the secret under which the values of keys are hashed. It is not used here; a store has one.
    pub pepper: Pepper,
    /// Which event bus is told.
    pub event_bus: Option<EventBus>,
    /// Which webhook is told.
    pub webhook: Option<Webhook>,
}

/// An event bus, and where it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventBus {
    /// Its name or ARN.
    pub name: String,
    /// The URL of EventBridge.
    pub endpoint: String,
}

/// A variable that is missing or cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A variable is missing, or has a value that it cannot have.
    #[error(transparent)]
    Variable(#[from] VariableError),
    /// The webhook cannot be used.
    #[error("the environment variables {WEBHOOK_URL} and {WEBHOOK_SECRET} cannot be used: {0}")]
    Webhook(#[from] InvalidWebhook),
}

impl Config {
    /// Reads the settings from the environment of this process.
    ///
    /// # Errors
    ///
    /// When a required variable is missing, or one cannot be used.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_variables(process_variable)
    }

    /// Takes the settings from `read`, which answers the value of a variable by its name. An empty value counts as none.
    ///
    /// # Errors
    ///
    /// When a required variable is missing, or one cannot be used.
    pub fn from_variables(read: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let variables = Variables::new(read);
        let event_bus = match variables.value(EVENT_BUS) {
            Some(name) => Some(EventBus {
                name,
                endpoint: variables.required(EVENTS_ENDPOINT)?,
            }),
            None => None,
        };
        let webhook = match variables.value(WEBHOOK_URL) {
            Some(url) => Some(Webhook::new(
                &url,
                variables.required(WEBHOOK_SECRET)?.as_bytes(),
            )?),
            None => None,
        };
        Ok(Self {
            table: variables.required(variable::TABLE)?,
            pepper: variables.pepper()?,
            event_bus,
            webhook,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let required = [
            (variable::TABLE, "tollgate"),
            (variable::PEPPER, "0123456789abcdef"),
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
    fn by_default_nobody_is_told() {
        let config = config(&[]).unwrap();
        assert!(config.event_bus.is_none() && config.webhook.is_none());
    }

    #[test]
    fn an_event_bus_and_a_webhook_are_read_and_no_secret_is_shown() {
        let config = config(&[
            (EVENT_BUS, "default"),
            (EVENTS_ENDPOINT, "https://events.us-east-1.amazonaws.com"),
            (WEBHOOK_URL, "https://example.com/hook-of-ours"),
            (WEBHOOK_SECRET, "a secret for the tests"),
        ])
        .unwrap();
        assert_eq!(config.event_bus.as_ref().unwrap().name, "default");
        let shown = format!("{config:?}");
        assert!(!shown.contains("secret for") && !shown.contains("hook-of-ours"));
    }

    #[test]
    fn a_variable_that_cannot_be_used_is_named() {
        let cases: [(&[(&str, &str)], &str); 5] = [
            (&[(variable::TABLE, "")], variable::TABLE),
            (&[(variable::PEPPER, "short")], variable::PEPPER),
            (&[(EVENT_BUS, "default")], EVENTS_ENDPOINT),
            (&[(WEBHOOK_URL, "https://example.com/")], WEBHOOK_SECRET),
            (
                &[
                    (WEBHOOK_URL, "example"),
                    (WEBHOOK_SECRET, "0123456789abcdef"),
                ],
                WEBHOOK_URL,
            ),
        ];
        for (variables, named) in cases {
            let error = config(variables).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
