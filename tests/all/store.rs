//! What every store has to do: the same suite on the embedded DynamoDB and on Amazon DynamoDB Local.

mod alerts;
mod charges;
mod contention;
mod further;
mod keys;
mod lists;
mod overrides;
mod plans;
mod remaining;
mod shards;
mod stages;
mod usage;
mod values;

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::time::Duration;

use tests::DynamoDb;
use tollgate::bucket::{Rate, Throttle};
use tollgate::decision::Decision;
use tollgate::id::{ApiStage, KeyId, PlanId};
use tollgate::key::{EnvironmentLetter, KeyValue, Pepper};
use tollgate::limiter::{Limiter, Request};
use tollgate::plan::{CoveredStage, MethodName, Plan};
use tollgate::quota::{Period, Quota};
use tollgate::store::dynamodb::{DynamoStore, Patience, create_table};
use tollgate::store::{ApiKey, KeyRegistry, NewKey, NewPlan, PlanRegistry};
use tollgate::time::{Clock, Timestamp};

/// A Monday at noon, in UTC.
const NOW: Timestamp = Timestamp::from_secs(1_795_435_200);

/// A fresh table on each DynamoDB of this run.
async fn stores() -> Vec<(DynamoDb, DynamoStore)> {
    let mut stores = Vec::new();
    for database in DynamoDb::each().unwrap() {
        let store = store_on(&database).await;
        stores.push((database, store));
    }
    stores
}

async fn store_on(database: &DynamoDb) -> DynamoStore {
    let table = database.fresh_table_name();
    create_table(&database.client(), &table).await.unwrap();
    open(database.endpoint(), &table)
}

fn open(endpoint: &str, table: &str) -> DynamoStore {
    let sdk_config = tollgate_gateway::local::sdk_config(endpoint, "us-east-1");
    DynamoStore::new(&sdk_config, Patience::OPERATOR, table, pepper())
}

fn pepper() -> Pepper {
    Pepper::new(b"a pepper for the tests").unwrap()
}

fn new_key(name: &str) -> NewKey {
    NewKey {
        keep_value: true,
        ..NewKey::new(
            name,
            KeyValue::generate(EnvironmentLetter::of("test")).unwrap(),
        )
    }
}

fn new_plan(name: &str, stages: &[&str]) -> NewPlan {
    NewPlan {
        id: None,
        name: name.to_owned(),
        description: None,
        product_code: None,
        throttle: Some(Throttle {
            rate: Rate::per_second(5.0).unwrap(),
            burst: 10,
        }),
        quota: Some(Quota::new(1_000, Period::Day, 0).unwrap()),
        stages: stages.iter().map(|stage| covered(stage)).collect(),
        tags: BTreeMap::new(),
    }
}

fn covered(stage: &str) -> CoveredStage {
    CoveredStage::new(ApiStage::parse(stage).unwrap())
}

/// A key on a plan that covers `users:dev`.
async fn key_on_plan(store: &DynamoStore, plan: NewPlan) -> (ApiKey, KeyValue, Plan) {
    let plan = store.create_plan(&plan, NOW).await.unwrap();
    let new = new_key("joe-black");
    let key = store.create_key(&new, NOW).await.unwrap();
    store.add_key_to_plan(&key.id, &plan.id, NOW).await.unwrap();
    (key, new.value, plan)
}

fn after(seconds: u64) -> Timestamp {
    NOW.saturating_add(Duration::from_secs(seconds))
}

fn ids(keys: &[ApiKey]) -> Vec<KeyId> {
    keys.iter().map(|key| key.id.clone()).collect()
}

fn no_plan() -> PlanId {
    PlanId::from("nosuch")
}

/// Decides one `GET /users` on `users:dev`.
async fn decide<C: Clock>(limiter: &Limiter<DynamoStore, C>, value: &KeyValue) -> Decision {
    let api_stage = ApiStage::new("users", "dev");
    let request = Request {
        api_stage: &api_stage,
        method: MethodName {
            resource: "/users",
            verb: "GET",
        },
        key: Some(value.expose()),
        cost: NonZeroU64::MIN,
        sent_path: None,
        gate: None,
    };
    limiter.decide(&request).await.unwrap()
}
