//! What a role of the template allows.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::template::{named, properties};

/// A call of DynamoDB as a policy sees it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Call {
    /// As in `dynamodb:GetItem`.
    pub(super) action: String,
    /// The table's logical id, or that of the table and its index: `TollgateTable/index/list`.
    pub(super) resource: String,
    /// The partition key. A scan has none.
    pub(super) leading_key: Option<String>,
}

/// One statement of a role's policy. All of them allow.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) actions: BTreeSet<String>,
    pub(super) resource: String,
    /// The beginnings that partition keys must have. `None`: any key will do.
    pub(super) leading: Option<BTreeSet<String>>,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.leading_key.as_deref().unwrap_or("any key");
        write!(f, "{} on {} ({key})", self.action, self.resource)
    }
}

impl Statement {
    pub(super) fn allows(&self, call: &Call) -> bool {
        self.actions.contains(&call.action)
            && self.resource == call.resource
            && match (&self.leading, &call.leading_key) {
                (Some(leading), Some(key)) => leading.iter().any(|start| key.starts_with(start)),
                // As AWS has it, a condition on all keys of a call without any is met.
                (None, _) | (Some(_), None) => true,
            }
    }

    /// The smallest rights that the statement is made of: one action, and one beginning of a key.
    pub(super) fn rights(&self) -> Vec<Self> {
        let one = |action: &String, leading: Option<&String>| Self {
            actions: [action.clone()].into(),
            resource: self.resource.clone(),
            leading: leading.map(|start| [start.clone()].into()),
        };
        let leading: Vec<Option<&String>> = match &self.leading {
            None => vec![None],
            Some(leading) => leading.iter().map(Some).collect(),
        };
        self.actions
            .iter()
            .flat_map(|action| leading.iter().map(move |start| one(action, *start)))
            .collect()
    }
}

/// The statements of a role, which only Lambda may assume and which has no policies but its own.
pub(super) fn statements(role: &str) -> Vec<Statement> {
    let role = properties(role, "AWS::IAM::Role");
    let members: Vec<&str> = role
        .as_object()
        .unwrap()
        .keys()
        .map(|name| &**name)
        .collect();
    assert_eq!(members, ["AssumeRolePolicyDocument", "Policies"]);
    let assume = &role["AssumeRolePolicyDocument"]["Statement"];
    assert_eq!(assume.as_array().unwrap().len(), 1);
    assert_eq!(assume[0]["Principal"]["Service"], "lambda.amazonaws.com");
    let policies = role["Policies"].as_array().unwrap().iter();
    policies
        .flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap())
        .map(statement)
        .collect()
}

fn statement(statement: &Value) -> Statement {
    assert_eq!(statement["Effect"], "Allow");
    let leading = statement.get("Condition").map(|condition| {
        // What this test does not know, it must not take for granted.
        assert_eq!(condition.as_object().unwrap().len(), 1, "{condition}");
        let keys = &condition["ForAllValues:StringLike"];
        assert_eq!(keys.as_object().unwrap().len(), 1, "{condition}");
        texts(&keys["dynamodb:LeadingKeys"])
            .into_iter()
            .map(|pattern| pattern.strip_suffix('*').unwrap().to_owned())
            .collect()
    });
    Statement {
        actions: texts(&statement["Action"]),
        resource: resource(&statement["Resource"]),
        leading,
    }
}

fn texts(value: &Value) -> BTreeSet<String> {
    match value {
        Value::String(text) => [text.clone()].into(),
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        _ => panic!("{value} is no text"),
    }
}

/// `!GetAtt Table.Arn`, or `!Sub "${Table.Arn}/index/NAME"`.
fn resource(value: &Value) -> String {
    match value.get("Fn::Sub").and_then(Value::as_str) {
        Some(text) => {
            let (table, index) = text.split_once(".Arn}/").unwrap();
            format!("{}/{index}", table.strip_prefix("${").unwrap())
        }
        None => named(value),
    }
}
