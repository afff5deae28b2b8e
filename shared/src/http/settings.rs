//! What a function's environment says, for the layer and for the authorizer.

use std::num::NonZeroU32;
use std::time::Duration;

use super::fields::Fields;
use super::problem::{InvalidProblems, Problems};
use super::variables::{VariableError, Variables, process_variable};
use crate::api::{MethodPatterns, ParseMethodPatternsError};
use crate::key::Pepper;
use crate::limiter::{Limiter, Options};
use crate::metrics::Metrics;
use crate::plan::InvalidLeases;
use crate::random::NoEntropy;
use crate::store::dynamodb::{DynamoStore, Patience};
use crate::time::SystemClock;

/// The variables that [`Settings::from_env`] reads.
pub mod variable {
    /// The name of Tollgate's table.
    pub const TABLE: &str = "TOLLGATE_TABLE";
    /// The secret under which keys' values are hashed, 16 bytes or more.
    pub const PEPPER: &str = "TOLLGATE_PEPPER";
    /// The methods that require no key: `GET /health, ANY /docs/{proxy+}`.
    pub const PUBLIC: &str = "TOLLGATE_PUBLIC";
    /// `off`: the function has no layer, because API Gateway itself enforces the plans of its REST API.
    pub const LAYER: &str = "TOLLGATE_LAYER";
    /// `true`: answers carry no field that API Gateway does not send.
    pub const STRICT_AWS: &str = "TOLLGATE_STRICT_AWS";
    /// When refusals are told as problem details (RFC 9457): `off`, `negotiate` or `always`. `negotiate` when it is not set, and `off` where
    /// answers carry only what API Gateway sends.
    pub const PROBLEM_DETAILS: &str = "TOLLGATE_PROBLEM_DETAILS";
    /// The longest wait for one answer of the store, in milliseconds. 200 when it is not set.
    pub const STORE_TIMEOUT_MS: &str = "TOLLGATE_STORE_TIMEOUT_MS";
    /// The longest wait for a decision, in milliseconds, whatever it takes of the store. Five times the longest wait for one answer when it
    /// is not set.
    pub const DECISION_TIMEOUT_MS: &str = "TOLLGATE_DECISION_TIMEOUT_MS";
    /// For how long a process uses what it has read of a key and its plans, in seconds. 30 when it is not set.
    pub const CACHE_SECONDS: &str = "TOLLGATE_CACHE_SECONDS";
    /// How many keys a process remembers at the most. 10000 when it is not set.
    pub const CACHE_KEYS: &str = "TOLLGATE_CACHE_KEYS";
    /// `off`: no request is charged in advance. A number: a lease has so many requests at the most. 100 when it is not set.
    pub const LEASES: &str = "TOLLGATE_LEASES";
    /// `off`: decisions are not counted in the log in CloudWatch's Embedded Metric Format.
    pub const METRICS: &str = "TOLLGATE_METRICS";
    /// Lambda's own: the function's name, under which decisions are counted.
    pub const FUNCTION_NAME: &str = "AWS_LAMBDA_FUNCTION_NAME";
}

/// How many attempts at the store have room in a decision: two reads at the first sight of a key and a write, and two that are sent again.
const ATTEMPTS_OF_A_DECISION: u32 = 5;

/// What the usage plan layer needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The name of Tollgate's table.
    pub table: String,
    /// The secret under which keys' values are hashed.
    pub pepper: Pepper,
    /// The methods that require no key.
    pub public: MethodPatterns,
    /// Which fields answers carry.
    pub fields: Fields,
    /// When refusals are told as problem details.
    pub problems: Problems,
    /// How long to wait for the store.
    pub patience: Patience,
    /// How many keys to remember, how many requests to charge in advance, and how long to wait for a decision.
    pub options: Options,
    /// Where decisions are counted.
    pub metrics: Metrics,
}

/// A variable that is missing or cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A variable is missing, or has a value that it cannot have.
    #[error(transparent)]
    Variable(#[from] VariableError),
    /// The list of public methods cannot be read.
    #[error("the environment variable TOLLGATE_PUBLIC cannot be read")]
    Public(#[source] ParseMethodPatternsError),
    /// The size of leases cannot be read.
    #[error("the environment variable TOLLGATE_LEASES cannot be read")]
    Leases(#[source] InvalidLeases),
    /// It is not said in a known word when refusals are told as problem details.
    #[error("the environment variable TOLLGATE_PROBLEM_DETAILS cannot be read")]
    Problems(#[source] InvalidProblems),
    /// A number is none, or zero.
    #[error("the environment variable {0} is not a whole number, 1 or more")]
    NotANumber(&'static str),
}

impl Settings {
    /// Reads the process's environment. `None` when it switches the layer off.
    ///
    /// # Errors
    ///
    /// When a required variable is missing, or one cannot be used.
    pub fn from_env() -> Result<Option<Self>, SettingsError> {
        Self::from_lookup(process_variable)
    }

    /// The limiter that decides by these settings, over DynamoDB and with the system's clock.
    ///
    /// # Errors
    ///
    /// When the operating system has no random bytes to give.
    pub fn limiter(
        &self,
        sdk_config: &aws_config::SdkConfig,
    ) -> Result<Limiter<DynamoStore>, NoEntropy> {
        let store = DynamoStore::new(
            sdk_config,
            self.patience,
            self.table.clone(),
            self.pepper.clone(),
        );
        Limiter::with_options(store, SystemClock, self.pepper.clone(), self.options)
    }

    /// Reads an environment given as a function from a variable's name to its value. An empty value counts as none.
    /// `None` when it switches the layer off: only an explicit `off` does, so that a forgotten variable cannot open an API.
    ///
    /// # Errors
    ///
    /// When a required variable is missing, or one cannot be used.
    pub fn from_lookup(
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, SettingsError> {
        let variables = Variables::new(lookup);
        if variables.switch(variable::LAYER, "on", "off")? == Some(false) {
            return Ok(None);
        }
        let pepper = variables.pepper()?;
        let fields = match variables.switch(variable::STRICT_AWS, "true", "false")? {
            None | Some(false) => Fields::All,
            Some(true) => Fields::AwsOnly,
        };
        let problems = match variables.value(variable::PROBLEM_DETAILS) {
            Some(text) => text.parse().map_err(SettingsError::Problems)?,
            None => Problems::usual(fields),
        };
        let number = |name| match variables.value(name).map(|text| text.parse::<NonZeroU32>()) {
            None => Ok(None),
            Some(Ok(number)) => Ok(Some(number.get())),
            Some(Err(_)) => Err(SettingsError::NotANumber(name)),
        };
        let mut patience = Patience::REQUEST;
        if let Some(timeout_ms) = number(variable::STORE_TIMEOUT_MS)? {
            patience.attempt_timeout = Duration::from_millis(timeout_ms.into());
        }
        let deadline = match number(variable::DECISION_TIMEOUT_MS)? {
            Some(timeout_ms) => Duration::from_millis(timeout_ms.into()),
            None => patience
                .attempt_timeout
                .saturating_mul(ATTEMPTS_OF_A_DECISION),
        };
        let mut options = Options {
            deadline,
            ..Options::default()
        };
        if let Some(seconds) = number(variable::CACHE_SECONDS)? {
            options.memory.max_age = Duration::from_secs(seconds.into());
        }
        if let Some(keys) = number(variable::CACHE_KEYS)? {
            options.memory.max_keys = usize::try_from(keys).unwrap_or(usize::MAX);
        }
        if let Some(leases) = variables.value(variable::LEASES) {
            options.leases = leases.parse().map_err(SettingsError::Leases)?;
        }
        let metrics = match (
            variables.switch(variable::METRICS, "on", "off")?,
            variables.value(variable::FUNCTION_NAME),
        ) {
            (None | Some(true), Some(function_name)) => Metrics::to_stdout(&function_name),
            (Some(false), _) | (_, None) => Metrics::off(),
        };
        Ok(Some(Self {
            table: variables.required(variable::TABLE)?,
            pepper,
            public: variables
                .value(variable::PUBLIC)
                .unwrap_or_default()
                .parse()
                .map_err(SettingsError::Public)?,
            fields,
            problems,
            patience,
            options,
            metrics,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Leases;

    fn settings(variables: &[(&str, &str)]) -> Result<Option<Settings>, SettingsError> {
        let required = [
            (variable::TABLE, "tollgate"),
            (variable::PEPPER, "0123456789abcdef"),
        ];
        Settings::from_lookup(|name| {
            variables
                .iter()
                .chain(&required)
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn table_and_pepper_are_enough() {
        let settings = settings(&[]).unwrap().unwrap();
        assert_eq!(settings.table, "tollgate");
        assert_eq!(settings.fields, Fields::All);
        assert_eq!(settings.problems, Problems::Negotiate);
        assert_eq!(settings.patience, Patience::REQUEST);
        assert_eq!(settings.options, Options::default());
    }

    #[test]
    fn every_variable_is_read() {
        let settings = settings(&[
            (variable::STRICT_AWS, "true"),
            (variable::STORE_TIMEOUT_MS, "1500"),
            (variable::DECISION_TIMEOUT_MS, "2500"),
            (variable::CACHE_SECONDS, "5"),
            (variable::CACHE_KEYS, "700"),
            (variable::LEASES, "off"),
            (variable::PUBLIC, "GET /health"),
        ])
        .unwrap()
        .unwrap();
        assert_eq!(settings.fields, Fields::AwsOnly);
        assert_eq!(settings.patience.attempt_timeout.as_millis(), 1_500);
        assert_eq!(settings.options.deadline.as_millis(), 2_500);
        assert_eq!(settings.options.memory.max_age.as_secs(), 5);
        assert_eq!(settings.options.memory.max_keys, 700);
        assert_eq!(settings.options.leases, Leases::Off);
        assert!(settings.public.matches(&http::Method::GET, "/health"));
    }

    #[test]
    fn problem_details_are_off_for_byte_for_byte_aws_unless_they_are_asked_for() {
        let strict = (variable::STRICT_AWS, "true");
        let problems = |variables: &[(&str, &str)]| settings(variables).unwrap().unwrap().problems;
        assert_eq!(problems(&[strict]), Problems::Off);
        let always = (variable::PROBLEM_DETAILS, "always");
        assert_eq!(problems(&[strict, always]), Problems::Always);
    }

    #[test]
    fn a_decision_has_time_for_five_attempts_at_the_store() {
        let timeout = (variable::STORE_TIMEOUT_MS, "500");
        let settings = settings(&[timeout]).unwrap().unwrap();
        assert_eq!(settings.options.deadline.as_millis(), 2_500);
    }

    #[test]
    fn decisions_are_counted_under_the_functions_name_unless_that_is_off() {
        let metrics = |variables: &[(&str, &str)]| {
            let settings = settings(variables).unwrap().unwrap();
            format!("{:?}", settings.metrics)
        };
        assert_eq!(metrics(&[]), "Metrics(None)");
        let name = (variable::FUNCTION_NAME, "users");
        assert_eq!(metrics(&[name]), r#"Metrics(Some("users"))"#);
        assert_eq!(
            metrics(&[name, (variable::METRICS, "off")]),
            "Metrics(None)"
        );
    }

    #[test]
    fn only_an_explicit_off_switches_the_layer_off() {
        let off = Settings::from_lookup(|name| (name == variable::LAYER).then(|| "off".to_owned()));
        assert!(off.unwrap().is_none());
        assert!(settings(&[(variable::LAYER, "on")]).unwrap().is_some());
        assert!(Settings::from_lookup(|_| None).is_err());
    }

    #[test]
    fn a_variable_that_cannot_be_used_is_named() {
        let cases = [
            (variable::TABLE, ""),
            (variable::PEPPER, "short"),
            (variable::PUBLIC, "GET"),
            (variable::STRICT_AWS, "yes"),
            (variable::LAYER, "OFF"),
            (variable::METRICS, "none"),
            (variable::STORE_TIMEOUT_MS, "0"),
            (variable::DECISION_TIMEOUT_MS, "-5"),
            (variable::CACHE_SECONDS, "half"),
            (variable::CACHE_KEYS, "-1"),
            (variable::LEASES, "0"),
            (variable::PROBLEM_DETAILS, "on"),
        ];
        for (name, value) in cases {
            let error = settings(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
