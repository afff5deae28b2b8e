//! Policies of authorizers, and what they say of a method.

use serde_json::{Map, Value};

use super::answer::MalformedAnswer;
use super::wildcard::matches;

/// The right that an authorizer's policy is about.
const ACTION: &str = "execute-api:invoke";

/// What a policy says of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Allow,
    /// A statement denies it, whatever others allow.
    ExplicitDeny,
    /// No statement is about it.
    ImplicitDeny,
}

/// The statements that are about the right to call a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    statements: Vec<Statement>,
    has_conditions: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Statement {
    effect: Effect,
    resources: Patterns,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Allow,
    Deny,
}

/// Texts with wildcards: those meant, or, as `NotAction` and `NotResource` have it, those not meant.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Patterns {
    texts: Vec<String>,
    is_negated: bool,
}

impl Patterns {
    fn cover(&self, text: &str) -> bool {
        self.texts.iter().any(|pattern| matches(pattern, text)) != self.is_negated
    }
}

impl Policy {
    /// Reads a policy document.
    ///
    /// A `Condition` is not simulated. An `Allow` with one is left out and a `Deny` with one counts always, so that no method is more
    /// open than the policy says.
    ///
    /// # Errors
    ///
    /// When a member is missing or has a form that a policy cannot have.
    pub(super) fn parse(document: &Value) -> Result<Self, MalformedAnswer> {
        let statements = match document.get("Statement") {
            Some(Value::Array(statements)) => statements.as_slice(),
            Some(statement @ Value::Object(_)) => std::slice::from_ref(statement),
            Some(_) | None => return Err(MalformedAnswer::Policy("Statement")),
        };
        let mut policy = Self {
            statements: Vec::with_capacity(statements.len()),
            has_conditions: false,
        };
        for statement in statements {
            let members = statement
                .as_object()
                .ok_or(MalformedAnswer::Policy("Statement"))?;
            let effect = match members.get("Effect").and_then(Value::as_str) {
                Some("Allow") => Effect::Allow,
                Some("Deny") => Effect::Deny,
                Some(_) | None => return Err(MalformedAnswer::Policy("Effect")),
            };
            let mut actions = patterns(members, "Action", "NotAction")?;
            for action in &mut actions.texts {
                // Names of actions have no case, the ARNs of resources have one.
                action.make_ascii_lowercase();
            }
            let resources = patterns(members, "Resource", "NotResource")?;
            let has_condition = members
                .get("Condition")
                .is_some_and(|condition| condition.as_object().is_none_or(|it| !it.is_empty()));
            policy.has_conditions |= has_condition;
            if actions.cover(ACTION) && !(has_condition && effect == Effect::Allow) {
                policy.statements.push(Statement { effect, resources });
            }
        }
        Ok(policy)
    }

    /// Whether a statement has a condition.
    pub(super) const fn has_conditions(&self) -> bool {
        self.has_conditions
    }

    /// What the policy says of the method with this ARN.
    pub(super) fn evaluate(&self, method_arn: &str) -> Outcome {
        let mut outcome = Outcome::ImplicitDeny;
        for statement in &self.statements {
            if statement.resources.cover(method_arn) {
                match statement.effect {
                    Effect::Deny => return Outcome::ExplicitDeny,
                    Effect::Allow => outcome = Outcome::Allow,
                }
            }
        }
        outcome
    }
}

/// The member `name` or its opposite: a text, or a list of texts.
fn patterns(
    members: &Map<String, Value>,
    name: &'static str,
    opposite: &'static str,
) -> Result<Patterns, MalformedAnswer> {
    let (value, is_negated) = match (members.get(name), members.get(opposite)) {
        (Some(value), None) => (value, false),
        (None, Some(value)) => (value, true),
        (Some(_), Some(_)) | (None, None) => return Err(MalformedAnswer::Policy(name)),
    };
    let text = |value: &Value| {
        value
            .as_str()
            .map(str::to_owned)
            .ok_or(MalformedAnswer::Policy(name))
    };
    let texts = match value {
        Value::Array(values) => values.iter().map(text).collect::<Result<_, _>>()?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            vec![text(value)?]
        }
    };
    Ok(Patterns { texts, is_negated })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:execute-api:us-east-1:123456789012:abc/dev/GET/users/1";

    fn outcome(statements: &Value) -> Outcome {
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        Policy::parse(&document).unwrap().evaluate(ARN)
    }

    fn statement(effect: &str, action: &str, resource: &str) -> Value {
        json!({"Effect": effect, "Action": action, "Resource": resource})
    }

    #[test]
    fn a_denial_wins_over_what_is_allowed_and_silence_allows_nothing() {
        let allow = statement("Allow", "execute-api:Invoke", "*");
        let deny = statement("Deny", "execute-api:Invoke", "*/GET/users/*");
        assert_eq!(outcome(&allow), Outcome::Allow);
        assert_eq!(outcome(&json!([allow])), Outcome::Allow);
        assert_eq!(outcome(&json!([allow, deny])), Outcome::ExplicitDeny);
        assert_eq!(outcome(&json!([deny, allow])), Outcome::ExplicitDeny);
        assert_eq!(outcome(&json!([])), Outcome::ImplicitDeny);
    }

    #[test]
    fn actions_have_no_case_and_resources_have_one() {
        let arn = "arn:aws:execute-api:us-east-1:123456789012:abc/dev/GET/users/?";
        let table = [
            ("execute-api:Invoke", arn, Outcome::Allow),
            ("Execute-API:invoke", arn, Outcome::Allow),
            ("execute-api:*", arn, Outcome::Allow),
            ("*", arn, Outcome::Allow),
            ("execute-api:InvalidateCache", arn, Outcome::ImplicitDeny),
            ("lambda:*", arn, Outcome::ImplicitDeny),
            ("*", "arn:aws:execute-api:*:*:abc/*/GET/*", Outcome::Allow),
            (
                "*",
                "arn:aws:execute-api:*:*:abc/*/get/*",
                Outcome::ImplicitDeny,
            ),
            (
                "*",
                "arn:aws:execute-api:*:*:abc/dev/GET/users",
                Outcome::ImplicitDeny,
            ),
        ];
        for (action, resource, expected) in table {
            let found = outcome(&statement("Allow", action, resource));
            assert_eq!(found, expected, "{action} {resource}");
        }
    }

    #[test]
    fn lists_and_negations_are_understood() {
        let lists = json!({
            "Effect": "Allow",
            "Action": ["execute-api:InvalidateCache", "execute-api:Invoke"],
            "Resource": ["arn:of:another", ARN],
        });
        assert_eq!(outcome(&lists), Outcome::Allow);
        let all_but =
            |resource: &str| json!({"Effect": "Deny", "Action": "*", "NotResource": resource});
        assert_eq!(outcome(&all_but(ARN)), Outcome::ImplicitDeny);
        assert_eq!(outcome(&all_but("arn:of:another")), Outcome::ExplicitDeny);
        let not = json!({"Effect": "Allow", "NotAction": "execute-api:Invoke", "Resource": "*"});
        assert_eq!(outcome(&not), Outcome::ImplicitDeny);
    }

    #[test]
    fn a_condition_never_makes_a_method_more_open() {
        for (effect, expected) in [
            ("Allow", Outcome::ImplicitDeny),
            ("Deny", Outcome::ExplicitDeny),
        ] {
            let mut statement = statement(effect, "*", "*");
            statement["Condition"] = json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}});
            let policy = Policy::parse(&json!({"Statement": statement})).unwrap();
            assert!(policy.has_conditions());
            assert_eq!(policy.evaluate(ARN), expected);
        }
        let mut empty = statement("Allow", "*", "*");
        empty["Condition"] = json!({});
        assert_eq!(outcome(&empty), Outcome::Allow);
    }

    #[test]
    fn a_policy_without_its_members_is_refused() {
        let wrong = [
            json!({}),
            json!({"Statement": "Allow"}),
            json!({"Statement": ["Allow"]}),
            json!({"Statement": {"Action": "*", "Resource": "*"}}),
            json!({"Statement": {"Effect": "allow", "Action": "*", "Resource": "*"}}),
            json!({"Statement": {"Effect": "Allow", "Resource": "*"}}),
            json!({"Statement": {"Effect": "Allow", "Action": "*"}}),
            json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": [1]}}),
            json!({"Statement": {"Effect": "Allow", "Action": {}, "Resource": "*"}}),
            json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "NotResource": "*"}}),
        ];
        for document in wrong {
            assert!(Policy::parse(&document).is_err(), "{document}");
        }
    }
}
