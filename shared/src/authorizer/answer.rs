//! What an authorizer answers: one mapping from a decision to each form.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html>

use serde_json::{Map, Value, json};

use crate::decision::{Allowance, Decision, Reason};
use crate::http::{UNAVAILABLE_RETRY_AFTER_S, fields};
use crate::store::StoreError;

/// The principal of a request whose key is not known.
const NOBODY: &str = "anonymous";

/// What stands in the context before the name of a note of the key.
pub const META_PREFIX: &str = "meta_";

/// How authorizers of HTTP APIs with the format 2.0 answer, as the API's `EnableSimpleResponses` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AnswerForm {
    /// `{"isAuthorized": …}`.
    #[default]
    Simple,
    /// An IAM policy.
    Policy,
}

/// The form of one answer.
#[derive(Debug)]
pub(super) enum Form {
    Simple,
    /// A policy about this ARN and no other.
    Policy {
        arn: String,
    },
}

/// What a function behind the front door is told of a request that may pass: `keyId`, `planId`, `customerId`, `remaining`, `meta_NAME` for
/// each of the key's notes, and `wouldRefuse` in shadow mode. Nothing where no plan was asked.
pub fn context(allowance: &Allowance) -> Map<String, Value> {
    let mut context = Map::new();
    let Some(metered) = allowance.metered() else {
        return context;
    };
    if let Allowance::Shadowed(_, exceeded) = allowance {
        let reason = Reason::from(*exceeded).as_str();
        context.insert("wouldRefuse".to_owned(), reason.into());
    }
    context.insert("keyId".to_owned(), metered.key_id.as_str().into());
    context.insert("planId".to_owned(), metered.plan_id.as_str().into());
    if let Some(customer_id) = &metered.customer_id {
        context.insert("customerId".to_owned(), (**customer_id).into());
    }
    for (name, text) in metered.metadata.iter() {
        context.insert(format!("{META_PREFIX}{name}"), text.into());
    }
    if let Some(remaining) = metered.remaining() {
        context.insert("remaining".to_owned(), remaining.into());
    }
    context
}

/// The answer. `key` is the value to name as `usageIdentifierKey`, when one is to be named and the answer allows.
pub(super) fn of(form: &Form, decision: &Result<Decision, StoreError>, key: Option<&str>) -> Value {
    let (is_allowed, key_id, context) = match decision {
        Ok(Decision::Allow(allowance)) => {
            let key_id = allowance.metered().map(|metered| &metered.key_id);
            (true, key_id, context(allowance))
        }
        Ok(Decision::Deny(denial)) => {
            let mut context = Map::new();
            context.insert("reason".to_owned(), denial.reason.as_str().into());
            if let Some(key_id) = &denial.key_id {
                context.insert("keyId".to_owned(), key_id.as_str().into());
            }
            if let Some(plan_id) = &denial.plan_id {
                context.insert("planId".to_owned(), plan_id.as_str().into());
            }
            if let Some(retry_after) = denial.reason.retry_after() {
                let seconds = fields::retry_after_s(retry_after);
                context.insert("retryAfter".to_owned(), seconds.into());
            }
            (false, denial.key_id.as_ref(), context)
        }
        Err(_logged_by_the_limiter) => {
            let mut context = Map::new();
            context.insert("reason".to_owned(), "store_failed".into());
            context.insert("retryAfter".to_owned(), UNAVAILABLE_RETRY_AFTER_S.into());
            (false, None, context)
        }
    };
    match form {
        Form::Simple => json!({"isAuthorized": is_allowed, "context": context}),
        Form::Policy { arn } => {
            let mut answer = json!({
                "principalId": key_id.map_or(NOBODY, |key_id| key_id.as_str()),
                "policyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [{
                        "Action": "execute-api:Invoke",
                        "Effect": if is_allowed { "Allow" } else { "Deny" },
                        "Resource": arn,
                    }],
                },
                "context": context,
            });
            if let (true, Some(key), Some(members)) = (is_allowed, key, answer.as_object_mut()) {
                members.insert("usageIdentifierKey".to_owned(), key.into());
            }
            answer
        }
    }
}
