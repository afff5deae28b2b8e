//! What the function answers.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

use super::policy::{Outcome, Policy};

/// An answer that is not what an authorizer has to return.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum MalformedAnswer {
    #[error("its answer is no JSON object")]
    NotAnObject,
    #[error("the member `{0}` of its answer has a form that it cannot have")]
    Member(&'static str),
    #[error(
        "the `context` of its answer has a value that is neither a text nor a number nor a boolean"
    )]
    Context,
    #[error(
        "the member `{0}` of its policy document is missing, or has a form that it cannot have"
    )]
    Policy(&'static str),
}

/// What a function has to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AnswerForm {
    /// A policy, to a REST API. All of its context becomes text.
    RestPolicy,
    /// A policy, to an HTTP API. Its context stays as it is.
    HttpPolicy,
    /// `isAuthorized`, to an HTTP API. Its context stays as it is.
    HttpSimple,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    Policy(Policy),
    Simple { is_authorized: bool },
}

/// The key that an authorizer names for usage plans: a secret. Its `Debug` shows none of it.
///
/// It may be no key at all, or have a form that no key has.
#[derive(Clone, PartialEq, Eq)]
pub struct UsageIdentifierKey(Box<str>);

impl UsageIdentifierKey {
    /// The secret itself, for the limiter.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UsageIdentifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UsageIdentifierKey(..)")
    }
}

/// An authorizer's answer, which may be used for several requests. `Debug` leaves out what may be secret.
pub(super) struct AuthorizerAnswer {
    principal_id: Option<String>,
    context: Map<String, Value>,
    context_of_cached: Map<String, Value>,
    usage_identifier_key: Option<UsageIdentifierKey>,
    verdict: Verdict,
}

impl AuthorizerAnswer {
    /// Reads what a function answered after `latency`.
    ///
    /// Only `policyDocument` or `isAuthorized` has to be there: AWS takes answers without a `principalId`.
    ///
    /// # Errors
    ///
    /// When it is not what an authorizer has to return.
    pub(super) fn parse(
        payload: &[u8],
        latency: Duration,
        form: AnswerForm,
    ) -> Result<Self, MalformedAnswer> {
        let Ok(Value::Object(members)) = serde_json::from_slice(payload) else {
            return Err(MalformedAnswer::NotAnObject);
        };
        let verdict = match form {
            AnswerForm::RestPolicy | AnswerForm::HttpPolicy => {
                let document = members
                    .get("policyDocument")
                    .filter(|document| document.is_object())
                    .ok_or(MalformedAnswer::Member("policyDocument"))?;
                Verdict::Policy(Policy::parse(document)?)
            }
            AnswerForm::HttpSimple => Verdict::Simple {
                is_authorized: members
                    .get("isAuthorized")
                    .and_then(Value::as_bool)
                    .ok_or(MalformedAnswer::Member("isAuthorized"))?,
            },
        };
        let principal_id = text(&members, "principalId")?;
        let usage_identifier_key = text(&members, "usageIdentifierKey")?
            .map(|value| UsageIdentifierKey(value.into_boxed_str()));
        let mut context = match members.get("context") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(values)) => match form {
                AnswerForm::RestPolicy => values
                    .iter()
                    .map(|(name, value)| Some((name.clone(), Value::String(scalar(value)?))))
                    .collect::<Option<_>>()
                    .ok_or(MalformedAnswer::Context)?,
                AnswerForm::HttpPolicy | AnswerForm::HttpSimple => values.clone(),
            },
            Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
                return Err(MalformedAnswer::Member("context"));
            }
        };
        let mut context_of_cached = context.clone();
        match form {
            AnswerForm::RestPolicy => {
                let latency_ms = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
                for (context, latency_ms) in
                    [(&mut context, latency_ms), (&mut context_of_cached, 0)]
                {
                    if let Some(principal_id) = &principal_id {
                        context.insert("principalId".to_owned(), principal_id.as_str().into());
                    }
                    context.insert("integrationLatency".to_owned(), latency_ms.into());
                }
            }
            AnswerForm::HttpPolicy | AnswerForm::HttpSimple => {}
        }
        Ok(Self {
            principal_id,
            context,
            context_of_cached,
            usage_identifier_key,
            verdict,
        })
    }

    pub(super) fn principal_id(&self) -> Option<&str> {
        self.principal_id.as_deref()
    }

    pub(super) const fn context(&self, was_cached: bool) -> &Map<String, Value> {
        if was_cached {
            &self.context_of_cached
        } else {
            &self.context
        }
    }

    pub(super) const fn usage_identifier_key(&self) -> Option<&UsageIdentifierKey> {
        self.usage_identifier_key.as_ref()
    }

    /// Whether the answer's policy has a condition.
    pub(super) const fn has_conditions(&self) -> bool {
        match &self.verdict {
            Verdict::Policy(policy) => policy.has_conditions(),
            Verdict::Simple { .. } => false,
        }
    }

    /// What the answer says of the method with this ARN. A simple answer is for every method.
    pub(super) fn evaluate(&self, method_arn: &str) -> Outcome {
        match &self.verdict {
            Verdict::Policy(policy) => policy.evaluate(method_arn),
            Verdict::Simple {
                is_authorized: true,
            } => Outcome::Allow,
            Verdict::Simple {
                is_authorized: false,
            } => Outcome::ExplicitDeny,
        }
    }
}

impl fmt::Debug for AuthorizerAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizerAnswer")
            .field("verdict", &self.verdict)
            .field("usage_identifier_key", &self.usage_identifier_key)
            .finish_non_exhaustive()
    }
}

/// A member that is a text where it is there. An empty text is none.
fn text(
    members: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<String>, MalformedAnswer> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => scalar(value)
            .map(|text| Some(text).filter(|text| !text.is_empty()))
            .ok_or(MalformedAnswer::Member(name)),
    }
}

/// A value as text, as events have it; `None` when it is no text, number or boolean.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn parse(members: Value) -> Result<AuthorizerAnswer, MalformedAnswer> {
        let mut answer = json!({"policyDocument": {"Statement": []}});
        if let (Value::Object(answer), Value::Object(members)) = (&mut answer, members) {
            answer.extend(members);
        }
        let latency = Duration::from_millis(3);
        AuthorizerAnswer::parse(
            answer.to_string().as_bytes(),
            latency,
            AnswerForm::RestPolicy,
        )
    }

    #[test]
    fn only_the_policy_has_to_be_there() {
        let answer =
            parse(json!({"principalId": null, "usageIdentifierKey": "", "extra": []})).unwrap();
        assert_eq!(answer.principal_id(), None);
        assert_eq!(answer.usage_identifier_key(), None);
        assert_eq!(
            *answer.context(false),
            *json!({"integrationLatency": 3}).as_object().unwrap()
        );
    }

    #[test]
    fn the_context_becomes_text() {
        let context = json!({"text": "a", "number": 1.5, "flag": true, "principalId": "not this"});
        let answer = parse(json!({"principalId": "ada", "context": context})).unwrap();
        let expected = json!({
            "text": "a",
            "number": "1.5",
            "flag": "true",
            "principalId": "ada",
            "integrationLatency": 0,
        });
        assert_eq!(*answer.context(true), *expected.as_object().unwrap());
    }

    #[test]
    fn malformed_answers_are_refused() {
        let wrong = [
            json!({"policyDocument": null}),
            json!({"policyDocument": "{}"}),
            json!({"principalId": {}}),
            json!({"usageIdentifierKey": ["k"]}),
            json!({"context": []}),
            json!({"context": "text"}),
            json!({"context": {"list": []}}),
            json!({"context": {"object": {}}}),
            json!({"context": {"null": null}}),
        ];
        for members in wrong {
            assert!(parse(members.clone()).is_err(), "{members}");
        }
        for text in ["", "null", "[]", "\"Unauthorized\"", "{"] {
            let parsed =
                AuthorizerAnswer::parse(text.as_bytes(), Duration::ZERO, AnswerForm::RestPolicy);
            assert_eq!(parsed.unwrap_err(), MalformedAnswer::NotAnObject, "{text}");
        }
    }

    #[test]
    fn a_key_that_cannot_be_one_is_handed_on_and_not_shown() {
        let answer = parse(json!({"usageIdentifierKey": "short"})).unwrap();
        let key = answer.usage_identifier_key().unwrap();
        assert_eq!(key.expose(), "short");
        assert_eq!(format!("{key:?}"), "UsageIdentifierKey(..)");
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for form in [AnswerForm::RestPolicy, AnswerForm::HttpPolicy, AnswerForm::HttpSimple] {
                let _ = AuthorizerAnswer::parse(&bytes, Duration::ZERO, form);
            }
        }
    }
}
