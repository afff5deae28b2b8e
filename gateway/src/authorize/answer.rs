//! What the function answers.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

use super::policy::Policy;

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
    policy: Policy,
}

impl AuthorizerAnswer {
    /// Reads what a function answered after `latency`.
    ///
    /// Only `policyDocument` has to be there: AWS takes answers without a `principalId`.
    ///
    /// # Errors
    ///
    /// When it is not what an authorizer has to return.
    pub(super) fn parse(payload: &[u8], latency: Duration) -> Result<Self, MalformedAnswer> {
        let Ok(Value::Object(members)) = serde_json::from_slice(payload) else {
            return Err(MalformedAnswer::NotAnObject);
        };
        let document = members
            .get("policyDocument")
            .filter(|document| document.is_object())
            .ok_or(MalformedAnswer::Member("policyDocument"))?;
        let policy = Policy::parse(document)?;
        let principal_id = text(&members, "principalId")?;
        let usage_identifier_key = text(&members, "usageIdentifierKey")?
            .map(|value| UsageIdentifierKey(value.into_boxed_str()));
        let mut context = match members.get("context") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(values)) => values
                .iter()
                .map(|(name, value)| Some((name.clone(), Value::String(scalar(value)?))))
                .collect::<Option<_>>()
                .ok_or(MalformedAnswer::Context)?,
            Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
                return Err(MalformedAnswer::Member("context"));
            }
        };
        if let Some(principal_id) = &principal_id {
            context.insert("principalId".to_owned(), principal_id.as_str().into());
        }
        let mut context_of_cached = context.clone();
        let latency_ms = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
        context.insert("integrationLatency".to_owned(), latency_ms.into());
        context_of_cached.insert("integrationLatency".to_owned(), 0.into());
        Ok(Self {
            principal_id,
            context,
            context_of_cached,
            usage_identifier_key,
            policy,
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

    pub(super) const fn policy(&self) -> &Policy {
        &self.policy
    }
}

impl fmt::Debug for AuthorizerAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizerAnswer")
            .field("policy", &self.policy)
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
        AuthorizerAnswer::parse(answer.to_string().as_bytes(), Duration::from_millis(3))
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
            let parsed = AuthorizerAnswer::parse(text.as_bytes(), Duration::ZERO);
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
            let _ = AuthorizerAnswer::parse(&bytes, Duration::ZERO);
        }
    }
}
