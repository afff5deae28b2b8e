use serde_json::json;

use super::*;

fn settle(operation: &str, asked: &Value, status: u16, answer: &Value) -> (Used, Option<Value>) {
    let billed = Billed::new(operation, asked.to_string().as_bytes()).unwrap();
    let status = StatusCode::from_u16(status).unwrap();
    let (used, body) = billed.settle(status, answer.to_string().as_bytes());
    (
        used,
        body.map(|body| serde_json::from_slice(&body).unwrap()),
    )
}

fn passed_on(operation: &str, asked: &Value) -> Value {
    let billed = Billed::new(operation, asked.to_string().as_bytes()).unwrap();
    serde_json::from_slice(&billed.body()).unwrap()
}

fn refusal(kind: &str) -> Value {
    json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"), "message": "no"})
}

fn wrote(write_units: f64) -> Used {
    Used {
        write_units,
        ..Used::default()
    }
}

fn refused(write_units: f64) -> Used {
    Used {
        failed_condition: true,
        ..wrote(write_units)
    }
}

fn text(bytes: usize) -> String {
    "x".repeat(bytes)
}

#[test]
fn a_write_is_billed_as_reported_and_the_report_is_hidden() {
    let asked = json!({"TableName": "t", "Key": {"pk": {"S": "a"}}});
    assert_eq!(passed_on("UpdateItem", &asked)[CAPACITY], "TOTAL");
    let answer =
        json!({"Attributes": {}, "ConsumedCapacity": {"TableName": "t", "CapacityUnits": 3.0}});
    let (used, body) = settle("UpdateItem", &asked, 200, &answer);
    assert_eq!(used, wrote(3.0));
    assert_eq!(body, Some(json!({"Attributes": {}})));
}

#[test]
fn a_report_that_was_asked_for_is_left_alone() {
    let asked = json!({"TableName": "t", CAPACITY: "INDEXES"});
    assert_eq!(passed_on("GetItem", &asked), asked);
    let answer = json!({"ConsumedCapacity": {"CapacityUnits": 0.5}});
    let (used, body) = settle("GetItem", &asked, 200, &answer);
    assert_eq!((used.read_units, body), (0.5, None));
}

#[test]
fn the_units_of_all_tables_are_added() {
    let answer = json!({"ConsumedCapacity": [{"CapacityUnits": 2.0}, {"CapacityUnits": 4.0}]});
    let (used, _) = settle("TransactWriteItems", &json!({}), 200, &answer);
    assert_eq!(used, wrote(6.0));
    let (used, _) = settle("BatchGetItem", &json!({}), 200, &answer);
    let read = Used {
        read_units: 6.0,
        ..Used::default()
    };
    assert_eq!(used, read);
}

#[test]
fn a_failed_condition_is_billed_by_the_larger_item() {
    let update = json!({"ConditionExpression": "c"});
    let small = refusal("ConditionalCheckFailedException");
    assert_eq!(settle("UpdateItem", &update, 400, &small).0, refused(1.0));

    let mut large = small.clone();
    large["Item"] = json!({"pk": {"S": text(1023)}});
    assert_eq!(settle("UpdateItem", &update, 400, &large).0, refused(2.0));

    let put = json!({"ConditionExpression": "c", "Item": {"pk": {"S": text(2047)}}});
    assert_eq!(settle("PutItem", &put, 400, &large).0, refused(3.0));
}

#[test]
fn the_item_of_a_failed_condition_is_shown_only_to_who_asked_for_it() {
    let mut answer = refusal("ConditionalCheckFailedException");
    answer["Item"] = json!({"pk": {"S": "a"}});
    let silent = json!({"ConditionExpression": "c", ON_FAILURE: "NONE"});
    assert_eq!(passed_on("UpdateItem", &silent)[ON_FAILURE], "ALL_OLD");
    let (_, body) = settle("UpdateItem", &silent, 400, &answer);
    assert_eq!(body, Some(refusal("ConditionalCheckFailedException")));
    let asking = json!({"ConditionExpression": "c", ON_FAILURE: "ALL_OLD"});
    assert_eq!(settle("UpdateItem", &asking, 400, &answer).1, None);
    // DynamoDB refuses the option where there is no condition.
    assert!(
        passed_on("UpdateItem", &json!({}))
            .get(ON_FAILURE)
            .is_none()
    );
}

#[test]
fn a_cancelled_transaction_is_billed_twice_for_each_item() {
    let asked = json!({"TransactItems": [
        {"Update": {"Key": {"pk": {"S": "a"}}}},
        {"Put": {"Item": {"pk": {"S": text(1500)}}}},
    ]});
    let mut answer = refusal("TransactionCanceledException");
    answer["CancellationReasons"] = json!([{"Code": "ConditionalCheckFailed"}, {"Code": "None"}]);
    let (used, _) = settle("TransactWriteItems", &asked, 400, &answer);
    assert_eq!(used, refused(6.0));

    answer["CancellationReasons"] = json!([{"Code": "TransactionConflict"}, {"Code": "None"}]);
    let (used, _) = settle("TransactWriteItems", &asked, 400, &answer);
    assert_eq!(used, Used::default());
}

#[test]
fn what_fails_otherwise_is_not_billed() {
    let asked = json!({"ConditionExpression": "c"});
    for (status, kind) in [
        (400, "ThrottlingException"),
        (400, "ProvisionedThroughputExceededException"),
        (400, "ValidationException"),
        (500, "InternalServerError"),
    ] {
        let (used, body) = settle("UpdateItem", &asked, status, &refusal(kind));
        assert_eq!((used, body), (Used::default(), None), "{kind}");
    }
}

#[test]
fn operations_on_tables_are_free_and_passed_on_unread() {
    assert!(Billed::new("CreateTable", b"{}").is_none());
    assert!(Billed::new("PutItem", b"not JSON").is_none());
}

#[test]
fn a_bill_adds_up() {
    let mut bill = Bill::default();
    let write = refused(1.0);
    bill.add("UpdateItem", write);
    bill.add("UpdateItem", write);
    bill.add(
        "GetItem",
        Used {
            read_units: 0.5,
            ..Used::default()
        },
    );
    assert_eq!(bill.total(), 3);
    assert_eq!((bill.write_units, bill.read_units), (2.0, 0.5));
    assert_eq!(bill.failed_conditions, 2);
    bill.append(bill.clone());
    assert_eq!(bill.total(), 6);
    assert_eq!((bill.write_units, bill.read_units), (4.0, 1.0));
}

#[test]
fn sizes_follow_dynamodbs_rules() {
    for (item, bytes) in [
        (json!({"pk": {"S": "grün"}}), 2 + 5),
        (json!({"n": {"N": "1234567"}}), 1 + 4 + 1),
        (json!({"n": {"N": "-1200"}}), 1 + 1 + 1 + 1),
        (json!({"b": {"B": "AAEC"}}), 1 + 3),
        (json!({"b": {"B": "AA=="}}), 1 + 1),
        (json!({"t": {"BOOL": true}}), 1 + 1),
        (json!({"s": {"SS": ["ab", "c"]}}), 1 + 3),
        (json!({"l": {"L": [{"S": "ab"}]}}), 1 + 3 + 1 + 2),
        (json!({"m": {"M": {"k": {"S": "ab"}}}}), 1 + 3 + 1 + 1 + 2),
    ] {
        assert_eq!(item_size::of(&item), bytes, "{item}");
    }
}
