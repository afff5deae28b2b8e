//! What the function's environment says.

use std::str::FromStr;

use tollgate::http::{Settings, SettingsError, VariableError, Variables, process_variable};
use tollgate::plan::{InvalidOnUnavailable, Leases, OnUnavailable};

/// The variables that only this layer reads. Those of [`tollgate::http::variable`] hold as well.
pub mod variable {
    /// Lambda's own: where the Runtime API answers, as `HOST:PORT`.
    pub const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";
    /// Lambda's own: `snap-start` where environments are clones of one.
    pub const INITIALIZATION_TYPE: &str = "AWS_LAMBDA_INITIALIZATION_TYPE";
    /// What becomes of requests where the layer cannot work, because a setting is missing or wrong: `deny`, which answers 503, or `allow`.
    /// `deny` when it is not set.
    pub const ON_UNAVAILABLE: &str = "TOLLGATE_ON_UNAVAILABLE";
    /// `response_stream` where the function URL or the REST API streams answers, so that refusals have that form. `buffered` when it is not
    /// set.
    pub const INVOKE_MODE: &str = "TOLLGATE_INVOKE_MODE";
}

/// The form in which a function URL or a REST API expects answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InvokeMode {
    /// One JSON text.
    #[default]
    Buffered,
    /// A head, eight zero bytes and the body.
    ResponseStream,
}

/// A text that is neither `buffered` nor `response_stream`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be buffered or response_stream")]
pub struct InvalidInvokeMode;

impl FromStr for InvokeMode {
    type Err = InvalidInvokeMode;

    /// Reads `buffered` or `response_stream`; in capitals too, as templates write it.
    fn from_str(text: &str) -> Result<Self, InvalidInvokeMode> {
        if text.eq_ignore_ascii_case("buffered") {
            Ok(Self::Buffered)
        } else if text.eq_ignore_ascii_case("response_stream") {
            Ok(Self::ResponseStream)
        } else {
            Err(InvalidInvokeMode)
        }
    }
}

/// A setting that is missing or cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// One of the plans' settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// What becomes of requests is not said in a known word.
    #[error("the environment variable TOLLGATE_ON_UNAVAILABLE cannot be read")]
    OnUnavailable(#[source] InvalidOnUnavailable),
    /// The form of answers is not said in a known word.
    #[error("the environment variable TOLLGATE_INVOKE_MODE cannot be read")]
    InvokeMode(#[source] InvalidInvokeMode),
}

/// What the layer needs to know.
#[derive(Debug)]
pub struct Config {
    /// Where the platform's Runtime API answers.
    pub runtime_api: String,
    /// What becomes of requests where the layer cannot work.
    pub on_unavailable: OnUnavailable,
    /// The form in which answers are expected.
    pub invoke_mode: InvokeMode,
    /// Whether this process may be copied before it has its first request.
    pub is_snapshot: bool,
    /// What decides: `None` where the layer is off, and an error where it cannot.
    pub settings: Result<Option<Settings>, ConfigError>,
}

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    ///
    /// When it does not say where the Runtime API answers.
    pub fn from_env() -> Result<Self, VariableError> {
        Self::from_lookup(process_variable)
    }

    /// Reads an environment given as a function from a variable's name to its value. An empty value counts as none.
    ///
    /// # Errors
    ///
    /// When it does not say where the Runtime API answers.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, VariableError> {
        let variables = Variables::new(&lookup);
        let runtime_api = variables.required(variable::RUNTIME_API)?;
        let is_snapshot =
            variables.value(variable::INITIALIZATION_TYPE).as_deref() == Some("snap-start");
        let on_unavailable = on_unavailable(&variables);
        let invoke_mode = match variables.value(variable::INVOKE_MODE) {
            None => Ok(InvokeMode::default()),
            Some(text) => text.parse().map_err(ConfigError::InvokeMode),
        };
        Ok(Self {
            runtime_api,
            is_snapshot,
            // What cannot be read lets nobody pass.
            on_unavailable: on_unavailable.as_ref().copied().unwrap_or_default(),
            invoke_mode: invoke_mode.as_ref().copied().unwrap_or_default(),
            settings: Settings::from_lookup(&lookup)
                .map_err(ConfigError::from)
                .and_then(|settings| on_unavailable.and(invoke_mode).and(Ok(settings))),
        })
    }

    /// Whether something may be left to give back when the process ends.
    pub fn takes_leases(&self) -> bool {
        let settings = self.settings.as_ref().ok().and_then(Option::as_ref);
        settings.is_some_and(|settings| settings.options.leases != Leases::Off)
    }
}

/// What the environment says of requests where the layer cannot work.
///
/// # Errors
///
/// When it is not said in a known word.
pub fn on_unavailable<F: Fn(&str) -> Option<String>>(
    variables: &Variables<F>,
) -> Result<OnUnavailable, ConfigError> {
    match variables.value(variable::ON_UNAVAILABLE) {
        None => Ok(OnUnavailable::default()),
        Some(text) => text.parse().map_err(ConfigError::OnUnavailable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEEDED: [(&str, &str); 3] = [
        (variable::RUNTIME_API, "127.0.0.1:9001"),
        (tollgate::http::variable::TABLE, "tollgate"),
        (tollgate::http::variable::PEPPER, "0123456789abcdef"),
    ];

    fn config(variables: &[(&str, &str)]) -> Config {
        Config::from_lookup(|name| {
            let mut all = variables.iter().chain(&NEEDED);
            let found = all.find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
        .unwrap()
    }

    #[test]
    fn a_table_and_a_pepper_are_enough() {
        let config = config(&[]);
        assert!(config.takes_leases());
        assert!(!config.is_snapshot);
        assert_eq!(config.on_unavailable, OnUnavailable::Deny);
        assert_eq!(config.invoke_mode, InvokeMode::Buffered);
        assert!(config.settings.unwrap().is_some());
    }

    #[test]
    fn every_variable_is_read() {
        let config = config(&[
            (variable::ON_UNAVAILABLE, "allow"),
            (variable::INVOKE_MODE, "RESPONSE_STREAM"),
            (variable::INITIALIZATION_TYPE, "snap-start"),
            (tollgate::http::variable::LEASES, "off"),
        ]);
        assert!(!config.takes_leases());
        assert!(config.is_snapshot);
        assert_eq!(config.on_unavailable, OnUnavailable::Allow);
        assert_eq!(config.invoke_mode, InvokeMode::ResponseStream);
    }

    #[test]
    fn what_cannot_be_read_is_named_and_lets_nobody_pass() {
        let cases = [
            (tollgate::http::variable::TABLE, ""),
            (tollgate::http::variable::PEPPER, "short"),
            (variable::ON_UNAVAILABLE, "open"),
            (variable::INVOKE_MODE, "stream"),
        ];
        for (name, value) in cases {
            let config = config(&[(name, value)]);
            assert_eq!(config.on_unavailable, OnUnavailable::Deny);
            assert!(!config.takes_leases());
            let error = config.settings.unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn there_is_no_layer_without_a_platform() {
        assert!(Config::from_lookup(|_| None).is_err());
    }
}
