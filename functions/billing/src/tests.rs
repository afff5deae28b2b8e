//! The function over a DynamoDB API in this process, with a bucket and a folder on this machine.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use ::tests::DynamoDb;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::AttributeValue;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tollgate::key::{KeyValue, Pepper};
use tollgate::quota::{Day, Period, Quota};
use tollgate::store::dynamodb::{DynamoStore, Patience, create_table};
use tollgate::store::{KeyRegistry as _, NewKey, NewPlan, PlanRegistry as _};
use tollgate::time::{ManualClock, Timestamp};

use crate::config::Place;
use crate::{App, HandleError, Target};

/// 2026-11-23T12:00:00Z.
const NOW: Timestamp = Timestamp::from_secs(1_795_435_200);
const TABLE: &str = "tollgate";

/// An object as it came: path, fields, body.
type Object = (String, HeaderMap, Bytes);

/// A table with what two keys have used.
struct Stand {
    sdk_config: SdkConfig,
    _database: DynamoDb,
    store: DynamoStore,
}

impl Stand {
    async fn start() -> Self {
        let database = DynamoDb::embedded().unwrap();
        let sdk_config = ::tests::sdk_config(database.endpoint());
        let client = database.client();
        create_table(&client, TABLE).await.unwrap();
        let pepper = Pepper::new(b"a pepper for the tests").unwrap();
        let store = DynamoStore::new(&sdk_config, Patience::OPERATOR, TABLE, pepper);
        sell(&store).await;
        let today = Day::of(NOW).number();
        let meter = [
            ("day", today),
            ("count", 7),
            ("prev_day", today - 1),
            ("prev_count", 1_200),
        ];
        put(&client, "M#joe#bronze", "METER", &meter).await;
        // A day that has just been moved stands in both places.
        let yesterday = "2026-11-22";
        put(&client, "D#joe#bronze", yesterday, &[("count", 1_199)]).await;
        put(&client, "D#joe#bronze", "2026-11-20", &[("count", 30)]).await;
        put(
            &client,
            "M#gone#bronze",
            "METER",
            &[("day", today - 1), ("count", 5)],
        )
        .await;
        put(&client, "M#joe#bronze#001", "SHARD", &[("day", today - 1)]).await;
        Self {
            sdk_config,
            store,
            _database: database,
        }
    }

    fn app(&self, place: Place) -> App<DynamoStore, ManualClock> {
        let target = Target::new(&self.sdk_config, place).unwrap();
        App::new(self.store.clone(), ManualClock::new(NOW), target)
    }
}

async fn put(client: &aws_sdk_dynamodb::Client, pk: &str, sk: &str, numbers: &[(&str, u32)]) {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let mut request = client.put_item().table_name(TABLE);
    request = request.item("pk", text(pk)).item("sk", text(sk));
    for (name, number) in numbers {
        request = request.item(*name, AttributeValue::N(number.to_string()));
    }
    request.send().await.unwrap();
}

async fn sell(store: &DynamoStore) {
    let plan = NewPlan {
        id: Some("bronze".into()),
        name: "Bronze".to_owned(),
        description: None,
        product_code: None,
        throttle: None,
        quota: Quota::new(1_000, Period::Day, 0).ok(),
        stages: Vec::new(),
        tags: BTreeMap::new(),
    };
    store.create_plan(&plan, NOW).await.unwrap();
    let key = NewKey {
        id: Some("joe".into()),
        customer_id: Some("customer-7".to_owned()),
        ..NewKey::new(
            "Joe Black",
            KeyValue::parse("a-key-of-a-good-length").unwrap(),
        )
    };
    store.create_key(&key, NOW).await.unwrap();
}

/// A bucket that answers with these statuses, one after the other, and then with 200.
async fn bucket(statuses: Vec<u16>) -> (String, Arc<Mutex<Vec<Object>>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let objects: Arc<Mutex<Vec<Object>>> = Arc::default();
    let (taken, statuses) = (Arc::clone(&objects), Arc::new(Mutex::new(statuses)));
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let (taken, statuses) = (Arc::clone(&taken), Arc::clone(&statuses));
            let service = service_fn(move |request: Request<Incoming>| {
                let (taken, statuses) = (Arc::clone(&taken), Arc::clone(&statuses));
                async move {
                    let (parts, body) = request.into_parts();
                    let body = body.collect().await.unwrap().to_bytes();
                    let path = parts.uri.path().to_owned();
                    taken.lock().unwrap().push((path, parts.headers, body));
                    let mut response = Response::new(Full::<Bytes>::default());
                    if let Some(status) = statuses.lock().unwrap().pop() {
                        *response.status_mut() = status.try_into().unwrap();
                    }
                    Ok::<_, Infallible>(response)
                }
            });
            let builder = hyper::server::conn::http1::Builder::new();
            tokio::spawn(builder.serve_connection(TokioIo::new(connection), service));
        }
    });
    (url, objects)
}

fn s3(endpoint: String) -> Place {
    Place::S3 {
        endpoint,
        bucket: "bills".to_owned(),
        prefix: "tollgate/".to_owned(),
    }
}

fn scheduled() -> Value {
    json!({ "source": "aws.events", "detail-type": "Scheduled Event" })
}

fn read(folder: &Path, name: &str) -> Vec<u8> {
    std::fs::read(folder.join(name)).unwrap()
}

#[tokio::test]
async fn the_schedule_writes_yesterday_and_again_the_same() {
    let stand = Stand::start().await;
    let folder = tempfile::tempdir().unwrap();
    let app = stand.app(Place::Folder(folder.path().to_owned()));
    let written = app.handle(&scheduled()).await.unwrap();
    let names = ["usage-2026-11-22.csv", "usage-2026-11-22.parquet"];
    assert_eq!(written["files"], json!(names));
    let expected = "\
date,key_id,customer_id,plan_id,requests,quota,overage
2026-11-22,gone,,bronze,5,1000,0
2026-11-22,joe,customer-7,bronze,1200,1000,200
";
    let first = names.map(|name| read(folder.path(), name));
    assert_eq!(String::from_utf8(first[0].clone()).unwrap(), expected);
    app.handle(&scheduled()).await.unwrap();
    assert_eq!(names.map(|name| read(folder.path(), name)), first);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[tokio::test]
async fn an_operator_may_ask_for_days_and_for_none_that_has_not_ended() {
    let stand = Stand::start().await;
    let folder = tempfile::tempdir().unwrap();
    let app = stand.app(Place::Folder(folder.path().to_owned()));
    let days = json!({ "from": "2026-11-20", "to": "2026-11-22" });
    let written = app.handle(&days).await.unwrap();
    assert_eq!(written["rows"], 3);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 6);
    let empty = String::from_utf8(read(folder.path(), "usage-2026-11-21.csv")).unwrap();
    assert_eq!(empty.lines().count(), 1);
    let today = json!({ "from": "2026-11-20", "to": "2026-11-23" });
    let error = app.handle(&today).await.unwrap_err();
    assert!(
        error.to_string().contains("2026-11-23 has not ended"),
        "{error}"
    );
    for unknown in [
        json!({}),
        json!({ "from": "2026-11-22", "to": "2026-11-20" }),
    ] {
        let error = app.handle(&unknown).await.unwrap_err();
        assert!(matches!(error, HandleError::UnknownEvent));
    }
}

#[tokio::test]
async fn objects_are_put_with_a_signature_and_again_after_a_fault() {
    let stand = Stand::start().await;
    let (url, objects) = bucket(vec![503]).await;
    stand.app(s3(url)).handle(&scheduled()).await.unwrap();
    let objects = objects.lock().unwrap().clone();
    let paths: Vec<&str> = objects.iter().map(|(path, ..)| path.as_str()).collect();
    let csv = "/bills/tollgate/usage-2026-11-22.csv";
    let parquet = "/bills/tollgate/usage-2026-11-22.parquet";
    assert_eq!(paths, [csv, csv, parquet]);
    let (_, fields, body) = &objects[2];
    let signature = fields["authorization"].to_str().unwrap();
    assert!(
        signature.contains("/us-east-1/s3/aws4_request"),
        "{signature}"
    );
    assert!(signature.contains("x-amz-content-sha256"), "{signature}");
    assert_eq!(fields["content-type"], "application/vnd.apache.parquet");
    assert!(body.starts_with(b"PAR1"));
}

#[tokio::test]
async fn a_bucket_that_refuses_ends_the_export() {
    let stand = Stand::start().await;
    let (url, objects) = bucket(vec![403]).await;
    let error = stand.app(s3(url)).handle(&scheduled()).await.unwrap_err();
    assert!(error.to_string().contains("403"), "{error}");
    assert_eq!(objects.lock().unwrap().len(), 1);
}
