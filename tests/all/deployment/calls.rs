//! Requests to DynamoDB, as policies see them.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::Asked;

use super::policy::Call;

/// The calls that a request makes. `logical_id` turns a table's name into its logical id.
pub(super) fn calls(asked: &Asked, logical_id: &impl Fn(&str) -> String) -> Vec<Call> {
    let body: Value = serde_json::from_slice(&asked.body).unwrap();
    let operation = asked.operation.as_str();
    match operation {
        "GetItem" | "UpdateItem" | "DeleteItem" => {
            vec![call(operation, logical_id, &body, &body["Key"])]
        }
        "PutItem" => vec![call(operation, logical_id, &body, &body["Item"])],
        "Scan" => vec![Call {
            action: "dynamodb:Scan".to_owned(),
            resource: logical_id(text(&body["TableName"])),
            leading_key: None,
            attributes: named_attributes(&body),
        }],
        "Query" => vec![query(&body, logical_id)],
        "BatchGetItem" => {
            let tables = body["RequestItems"].as_object().unwrap().iter();
            tables
                .flat_map(|(table, request)| {
                    let keys = request["Keys"].as_array().unwrap().iter();
                    keys.map(move |key| Call {
                        action: "dynamodb:BatchGetItem".to_owned(),
                        resource: logical_id(table),
                        leading_key: Some(leading_key(key)),
                        attributes: None,
                    })
                })
                .collect()
        }
        "TransactWriteItems" => {
            let items = body["TransactItems"].as_array().unwrap().iter();
            items.map(|item| transacted(item, logical_id)).collect()
        }
        _ => panic!("a request that this test does not know: {operation}"),
    }
}

fn call(
    operation: &str,
    logical_id: &impl Fn(&str) -> String,
    request: &Value,
    item: &Value,
) -> Call {
    Call {
        action: format!("dynamodb:{operation}"),
        resource: logical_id(text(&request["TableName"])),
        leading_key: Some(leading_key(item)),
        attributes: None,
    }
}

/// A part of a transaction needs the right of the operation that it stands for.
fn transacted(item: &Value, logical_id: &impl Fn(&str) -> String) -> Call {
    let (kind, request) = item.as_object().unwrap().iter().next().unwrap();
    match kind.as_str() {
        "Put" => call("PutItem", logical_id, request, &request["Item"]),
        "Update" => call("UpdateItem", logical_id, request, &request["Key"]),
        "Delete" => call("DeleteItem", logical_id, request, &request["Key"]),
        "ConditionCheck" => call("ConditionCheckItem", logical_id, request, &request["Key"]),
        _ => panic!("a part of a transaction that this test does not know: {kind}"),
    }
}

fn query(body: &Value, logical_id: &impl Fn(&str) -> String) -> Call {
    let table = logical_id(text(&body["TableName"]));
    let resource = match body.get("IndexName") {
        Some(index) => format!("{table}/index/{}", text(index)),
        None => table,
    };
    let condition = text(&body["KeyConditionExpression"]);
    let placeholder = condition
        .split(['=', ' '])
        .find(|word| word.starts_with(':'));
    let value = &body["ExpressionAttributeValues"][placeholder.unwrap()]["S"];
    Call {
        action: "dynamodb:Query".to_owned(),
        resource,
        leading_key: Some(text(value).to_owned()),
        attributes: None,
    }
}

/// The attributes that a request names, if it names those that it reads. All have placeholders.
fn named_attributes(body: &Value) -> Option<BTreeSet<String>> {
    body.get("ProjectionExpression")?;
    let names = body["ExpressionAttributeNames"].as_object().unwrap();
    Some(names.values().map(|name| text(name).to_owned()).collect())
}

/// The partition key: `pk` in Tollgate's table, `id` in that of the users.
fn leading_key(item: &Value) -> String {
    let key = item.get("pk").or_else(|| item.get("id")).unwrap();
    text(&key["S"]).to_owned()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
