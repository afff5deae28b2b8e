//! All items of a table, to be compared and copied.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use tests::DynamoDb;

/// The most items that DynamoDB takes in one request.
const MOST: usize = 25;

/// The items by their keys.
pub(super) type Items = BTreeMap<(String, String), HashMap<String, AttributeValue>>;

pub(super) async fn read(database: &DynamoDb, table: &str) -> Items {
    let scan = database.client().scan().table_name(table);
    let answer = scan.consistent_read(true).send().await.unwrap();
    assert!(answer.last_evaluated_key().is_none(), "more than a page");
    let items = answer.items.unwrap_or_default().into_iter();
    let text =
        |item: &HashMap<String, AttributeValue>, name: &str| item[name].as_s().unwrap().clone();
    items
        .map(|item| ((text(&item, "pk"), text(&item, "sk")), item))
        .collect()
}

pub(super) async fn write(database: &DynamoDb, table: &str, items: &Items) {
    let client = database.client();
    let items: Vec<_> = items.values().cloned().collect();
    for items in items.chunks(MOST) {
        let put = |item: &HashMap<String, AttributeValue>| {
            let put = PutRequest::builder().set_item(Some(item.clone()));
            let put = put.build().unwrap();
            WriteRequest::builder().put_request(put).build()
        };
        let puts = items.iter().map(put).collect();
        let request = client.batch_write_item().request_items(table, puts);
        let answer = request.send().await.unwrap();
        assert!(answer.unprocessed_items().is_none_or(HashMap::is_empty));
    }
}
