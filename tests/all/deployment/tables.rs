//! Tollgate's table and that of the users, with a plan that is sold.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
pub(crate) use tests::sample::KEY;
use tests::{CountingProxy, DynamoDb, sample, workspace_root};
use tollgate::key::Pepper;
use tollgate::limiter::Limiter;
use tollgate::plan::ALERTS;
use tollgate::store::dynamodb::{DynamoStore, Patience, create_table};
use tollgate::store::{NewKey, NewPlan};
use tollgate::time::{ManualClock, Timestamp};

use super::calls::calls;
use super::policy::Call;
use crate::patient::patient_limiter;

pub(super) const NOW: Timestamp = Timestamp::from_secs(1_795_435_200);
pub(super) const DAY: Duration = Duration::from_hours(24);
/// Tollgate's table and that of the users, behind a proxy that keeps what is asked of them.
pub(crate) struct Tables {
    pub(crate) proxy: CountingProxy,
    pub(super) database: DynamoDb,
    pub(super) tollgate: String,
    pub(super) users: String,
    pub(crate) clock: ManualClock,
}

impl Tables {
    pub(crate) async fn start() -> Self {
        let database = DynamoDb::embedded().unwrap();
        let tables = Self {
            proxy: CountingProxy::start(database.endpoint()).await.unwrap(),
            tollgate: database.fresh_table_name(),
            users: database.fresh_table_name(),
            clock: ManualClock::new(NOW),
            database,
        };
        create_table(&tables.database.client(), &tables.tollgate)
            .await
            .unwrap();
        create_users_table(&tables.database.client(), &tables.users).await;
        tables.proxy.take_asked();
        tables
    }

    /// How functions reach the tables.
    pub(super) fn sdk_config(&self) -> aws_config::SdkConfig {
        tollgate_gateway::local::sdk_config(self.proxy.endpoint(), "us-east-1")
    }

    pub(crate) fn store_at(&self, endpoint: &str) -> DynamoStore {
        let sdk_config = tollgate_gateway::local::sdk_config(endpoint, "us-east-1");
        DynamoStore::new(
            &sdk_config,
            Patience::OPERATOR,
            self.tollgate.clone(),
            pepper(),
        )
    }

    /// A plan with both limits that covers the stages of all sample events, and their key in it. The proxy does not see how they are made.
    pub(crate) async fn sell_a_plan(&self) {
        let registry = self.store_at(self.database.endpoint());
        let plan = NewPlan {
            tags: BTreeMap::from([(ALERTS.to_owned(), "80,throttled".to_owned())]),
            ..sample::plan().unwrap()
        };
        let key = NewKey {
            keep_value: true,
            customer_id: Some("customer-7".to_owned()),
            ..sample::key().unwrap()
        };
        sample::sell(&registry, &plan, &key, NOW).await.unwrap();
    }

    /// What the functions' limiter is, but for the clock.
    pub(crate) fn limiter(&self) -> Limiter<DynamoStore, ManualClock> {
        let store = self.store_at(self.proxy.endpoint());
        patient_limiter(store, self.clock.clone(), pepper())
    }

    /// The calls since the last time.
    pub(super) fn calls(&self) -> BTreeSet<Call> {
        let logical_id = |table: &str| {
            if table == self.tollgate {
                "TollgateTable".to_owned()
            } else {
                assert_eq!(table, self.users);
                "UsersTable".to_owned()
            }
        };
        let asked = self.proxy.take_asked();
        asked
            .iter()
            .flat_map(|asked| calls(asked, &logical_id))
            .collect()
    }
}

pub(crate) const PEPPER: &str = "a pepper for the tests";

pub(super) fn pepper() -> Pepper {
    Pepper::new(PEPPER.as_bytes()).unwrap()
}

async fn create_users_table(client: &aws_sdk_dynamodb::Client, table: &str) {
    client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(
            AttributeDefinition::builder()
                .attribute_name("id")
                .attribute_type(ScalarAttributeType::S)
                .build()
                .unwrap(),
        )
        .key_schema(
            KeySchemaElement::builder()
                .attribute_name("id")
                .key_type(KeyType::Hash)
                .build()
                .unwrap(),
        )
        .send()
        .await
        .unwrap();
}

/// A sample event.
pub(crate) fn event(name: &str) -> String {
    std::fs::read_to_string(workspace_root().join("events").join(name)).unwrap()
}
