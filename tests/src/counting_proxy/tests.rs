use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ReturnConsumedCapacity, ScalarAttributeType,
};

use super::*;
use crate::http_client::HttpClient;

/// A server that counts what reaches it and answers `done`.
async fn start_target() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let reached = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&reached);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let counter = Arc::clone(&counter);
            let service = service_fn(move |request: Request<Incoming>| {
                counter.fetch_add(1, Ordering::SeqCst);
                async move {
                    let body = request.into_body().collect().await?.to_bytes();
                    let text = format!("done {}", String::from_utf8_lossy(&body));
                    Ok::<_, hyper::Error>(Response::new(Full::new(Bytes::from(text))))
                }
            });
            tokio::spawn(
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service),
            );
        }
    });
    (endpoint, reached)
}

struct Setup {
    proxy: CountingProxy,
    client: HttpClient,
    reached: Arc<AtomicUsize>,
}

impl Setup {
    async fn start() -> Self {
        let (target, reached) = start_target().await;
        let proxy = CountingProxy::start(&target).await.unwrap();
        let client = HttpClient::new(proxy.endpoint());
        Self {
            proxy,
            client,
            reached,
        }
    }

    async fn send(&self, operation: &str) -> Result<(u16, String)> {
        let target = format!("DynamoDB_20120810.{operation}");
        let headers = [("x-amz-target", target.as_str())];
        let answer = self.client.send("POST", "/", &headers, "it").await?;
        Ok((answer.status.as_u16(), answer.body))
    }

    fn reached(&self) -> usize {
        self.reached.load(Ordering::SeqCst)
    }
}

fn done() -> (u16, String) {
    (200, "done it".to_owned())
}

#[tokio::test]
async fn passes_requests_on_and_counts_them_by_operation() {
    let setup = Setup::start().await;
    for operation in ["GetItem", "UpdateItem", "UpdateItem"] {
        assert_eq!(setup.send(operation).await.unwrap(), done());
    }
    assert_eq!(setup.proxy.count("UpdateItem"), 2);
    assert_eq!(setup.proxy.count("Query"), 0);
    let counts = [("GetItem".to_owned(), 1), ("UpdateItem".to_owned(), 2)];
    assert_eq!(setup.proxy.counts(), BTreeMap::from(counts));
    assert_eq!(setup.proxy.total(), 3);
    setup.proxy.reset();
    assert_eq!(setup.proxy.total(), 0);
}

#[tokio::test]
async fn a_dropped_request_is_not_done_and_a_dropped_answer_is() {
    let setup = Setup::start().await;
    setup.proxy.inject("UpdateItem", Fault::DropRequest, 1);
    assert!(setup.send("UpdateItem").await.is_err());
    assert_eq!(setup.reached(), 0);
    setup.proxy.inject("UpdateItem", Fault::DropAnswer, 1);
    assert!(setup.send("UpdateItem").await.is_err());
    assert_eq!(setup.reached(), 1);
    assert_eq!(setup.send("UpdateItem").await.unwrap(), done());
    assert_eq!(setup.proxy.count("UpdateItem"), 3);
}

#[tokio::test]
async fn faults_meet_their_operation_only_and_as_often_as_asked() {
    let setup = Setup::start().await;
    setup.proxy.inject("UpdateItem", Fault::ServerError, 2);
    setup.proxy.inject("UpdateItem", Fault::Throttle, 1);
    assert_eq!(setup.send("GetItem").await.unwrap(), done());
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(setup.send("UpdateItem").await.unwrap().0);
    }
    assert_eq!(statuses, [500, 500, 400, 200]);
    assert_eq!(setup.reached(), 2);
}

#[tokio::test]
async fn a_delayed_request_is_late_and_a_delayed_answer_is_done_in_time() {
    let setup = Setup::start().await;
    let long = Duration::from_hours(1);
    let patience = Duration::from_millis(100);
    setup
        .proxy
        .inject("UpdateItem", Fault::DelayRequest(long), 1);
    let given_up = tokio::time::timeout(patience, setup.send("UpdateItem")).await;
    assert!(given_up.is_err());
    assert_eq!(setup.reached(), 0);

    setup
        .proxy
        .inject("UpdateItem", Fault::DelayAnswer(long), 1);
    let done_unanswered = async {
        while setup.reached() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answer = setup.send("UpdateItem") => panic!("answered early: {answer:?}"),
        () = done_unanswered => {}
    }
}

#[tokio::test]
async fn the_sdk_understands_the_injected_errors() {
    let database = DynamoDb::embedded().unwrap();
    let proxy = CountingProxy::start(database.endpoint()).await.unwrap();
    let client = proxy.client();
    // The SDK repeats these by itself, and has three attempts.
    proxy.inject("ListTables", Fault::ServerError, 1);
    proxy.inject("ListTables", Fault::Throttle, 1);
    assert!(client.list_tables().send().await.is_ok());
    assert_eq!(proxy.count("ListTables"), 3);
}

#[tokio::test]
async fn a_far_store_is_reached_later() {
    let setup = Setup::start().await;
    setup.proxy.set_distance(Duration::from_hours(1));
    let given_up = tokio::time::timeout(Duration::from_millis(100), setup.send("GetItem")).await;
    assert!(given_up.is_err());
    assert_eq!(setup.reached(), 0);
    setup.proxy.set_distance(Duration::ZERO);
    assert!(setup.send("GetItem").await.is_ok());
}

#[tokio::test]
async fn a_bill_has_what_was_answered_since_the_last_one() {
    let setup = Setup::start().await;
    setup.send("GetItem").await.unwrap();
    assert_eq!(setup.proxy.take_bill(), Bill::default());
    setup.send("GetItem").await.unwrap();
    setup.send("UpdateItem").await.unwrap();
    let bill = setup.proxy.take_bill();
    assert_eq!(bill.total(), 2);
    assert_eq!(bill.requests.get("UpdateItem"), Some(&1));
    assert_eq!(setup.proxy.take_bill(), Bill::default());
}

#[tokio::test]
async fn who_did_not_ask_what_a_write_consumes_is_not_told() {
    let database = DynamoDb::embedded().unwrap();
    let proxy = CountingProxy::start(database.endpoint()).await.unwrap();
    proxy.take_bill();
    let client = proxy.client();
    let name = database.fresh_table_name();
    let id = AttributeDefinition::builder()
        .attribute_name("id")
        .attribute_type(ScalarAttributeType::S);
    let key = KeySchemaElement::builder()
        .attribute_name("id")
        .key_type(KeyType::Hash);
    let table = client
        .create_table()
        .table_name(&name)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(id.build().unwrap())
        .key_schema(key.build().unwrap());
    table.send().await.unwrap();
    let put = || {
        let put = client.put_item().table_name(&name);
        put.item("id", AttributeValue::S("joe".to_owned()))
    };
    let silent = put().send().await.unwrap();
    assert!(silent.consumed_capacity.is_none());
    let asking = put().return_consumed_capacity(ReturnConsumedCapacity::Total);
    assert!(asking.send().await.unwrap().consumed_capacity.is_some());
    let refused = put().condition_expression("attribute_not_exists(id)");
    let refused = refused.send().await.unwrap_err().into_service_error();
    assert!(matches!(
        refused,
        PutItemError::ConditionalCheckFailedException(failed) if failed.item.is_none()
    ));
    let bill = proxy.take_bill();
    assert_eq!(bill.requests.get("PutItem"), Some(&3));
    assert!(bill.write_units >= 3.0, "{bill:?}");
    assert_eq!(bill.failed_conditions, 1);
}
