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
