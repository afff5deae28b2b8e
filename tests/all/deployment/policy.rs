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
    /// The attributes that a scan names, when it names those that it reads.
    pub(super) attributes: Option<BTreeSet<String>>,
}

/// One statement of a role's policy. All of them allow.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) actions: BTreeSet<String>,
    pub(super) resource: String,
    /// The beginnings that partition keys must have. `None`: any key will do.
    pub(super) leading: Option<BTreeSet<String>>,
    /// The attributes that may be named, and have to be. `None`: all may be read.
    pub(super) attributes: Option<BTreeSet<String>>,
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
            && match (&self.attributes, &call.attributes) {
                (Some(allowed), Some(named)) => named.is_subset(allowed),
                (Some(_), None) => false,
                (None, _) => true,
            }
    }

    /// The smallest rights that the statement is made of: one action, and one beginning of a key.
    pub(super) fn rights(&self) -> Vec<Self> {
        let one = |action: &String, leading: Option<&String>| Self {
            actions: [action.clone()].into(),
            resource: self.resource.clone(),
            leading: leading.map(|start| [start.clone()].into()),
            attributes: self.attributes.clone(),
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
    let (mut leading, mut attributes) = (None, None);
    if let Some(condition) = statement.get("Condition") {
        let like = condition.get("ForAllValues:StringLike");
        let named = condition.get("ForAllValues:StringEquals");
        // What this test does not know, it must not take for granted.
        let members = condition.as_object().unwrap().len();
        match (like, named) {
            (Some(keys), None) => {
                assert_eq!(members, 1, "{condition}");
                assert_eq!(keys.as_object().unwrap().len(), 1, "{condition}");
                let starts = texts(&keys["dynamodb:LeadingKeys"]).into_iter();
                let starts = starts.map(|it| it.strip_suffix('*').unwrap().to_owned());
                leading = Some(starts.collect());
            }
            (None, Some(named)) => {
                assert_eq!(members, 2, "{condition}");
                assert_eq!(named.as_object().unwrap().len(), 1, "{condition}");
                let select = &condition["StringEqualsIfExists"]["dynamodb:Select"];
                assert_eq!(select, "SPECIFIC_ATTRIBUTES", "{condition}");
                attributes = Some(texts(&named["dynamodb:Attributes"]));
            }
            (Some(_), Some(_)) | (None, None) => panic!("{condition}"),
        }
    }
    Statement {
        actions: texts(&statement["Action"]),
        resource: resource(&statement["Resource"]),
        leading,
        attributes,
    }
}

fn texts(value: &Value) -> BTreeSet<String> {
    match value {
        Value::String(text) => [text.clone()].into(),
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        _ => panic!("{value} is no text"),
    }
}

/// `!GetAtt Table.Arn`, `!GetAtt Table.StreamArn`, `!Sub "${Table.Arn}/index/NAME"`, or an ARN: then its service.
fn resource(value: &Value) -> String {
    if let Some(text) = value.get("Fn::Sub").and_then(Value::as_str) {
        if let Some(rest) = text.strip_prefix("arn:${AWS::Partition}:") {
            return rest.split(':').next().unwrap().to_owned();
        }
        let (table, index) = text.split_once(".Arn}/").unwrap();
        return format!("{}/{index}", table.strip_prefix("${").unwrap());
    }
    let is_stream = value
        .get("Fn::GetAtt")
        .and_then(Value::as_str)
        .is_some_and(|text| text.ends_with(".StreamArn"));
    let named = named(value);
    if is_stream {
        format!("{named}/stream")
    } else {
        named
    }
}
