//! What the environment of an authorizer's function says, beside the [`Settings`](crate::http::Settings) that it shares with the layer.

use super::AnswerForm;
use crate::http::{VariableError, Variables, process_variable};

/// The variables that [`AuthorizerSettings::from_env`] reads.
pub mod variable {
    /// `simple` or `policy`: how authorizers of HTTP APIs with the format 2.0 answer. `simple` when it is not set.
    pub const ANSWER: &str = "TOLLGATE_AUTHORIZER_ANSWER";
    /// `true`: an answer to a REST API that allows names the key's value as its `usageIdentifierKey`, for APIs whose key source is
    /// `AUTHORIZER` and which have plans of API Gateway's own as well. API Gateway may show it in its logs.
    pub const USAGE_IDENTIFIER_KEY: &str = "TOLLGATE_USAGE_IDENTIFIER_KEY";
}

/// How an authorizer answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuthorizerSettings {
    /// How HTTP APIs with the format 2.0 are answered. It has to be as the API's `EnableSimpleResponses` says.
    pub answer: AnswerForm,
    /// Whether answers name the key's value as their `usageIdentifierKey`.
    pub hands_on_key: bool,
}

impl AuthorizerSettings {
    /// Reads the process's environment.
    ///
    /// # Errors
    ///
    /// When a variable has a value that it does not know.
    pub fn from_env() -> Result<Self, VariableError> {
        Self::from_lookup(process_variable)
    }

    /// [`AuthorizerSettings::from_env`], with an environment given as a function from a variable's name to its value.
    ///
    /// # Errors
    ///
    /// When a variable has a value that it does not know.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, VariableError> {
        let variables = Variables::new(lookup);
        let answer = match variables.switch(variable::ANSWER, "simple", "policy")? {
            None | Some(true) => AnswerForm::Simple,
            Some(false) => AnswerForm::Policy,
        };
        let hands_on_key = variables.switch(variable::USAGE_IDENTIFIER_KEY, "true", "false")?;
        Ok(Self {
            answer,
            hands_on_key: hands_on_key == Some(true),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(name: &str, value: &str) -> Result<AuthorizerSettings, VariableError> {
        AuthorizerSettings::from_lookup(|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn answers_are_simple_and_name_no_key_unless_it_is_asked_for() {
        let usual = AuthorizerSettings::default();
        assert_eq!(settings("", "").unwrap(), usual);
        assert_eq!(settings(variable::ANSWER, "simple").unwrap(), usual);
        let policy = settings(variable::ANSWER, "policy").unwrap();
        assert_eq!(policy.answer, AnswerForm::Policy);
        let key = settings(variable::USAGE_IDENTIFIER_KEY, "true").unwrap();
        assert!(key.hands_on_key);
    }

    #[test]
    fn a_variable_that_cannot_be_used_is_named() {
        for name in [variable::ANSWER, variable::USAGE_IDENTIFIER_KEY] {
            let error = settings(name, "yes").unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
