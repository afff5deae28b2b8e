//! The store, the proxy, and the clients with their plans.

use std::time::Duration;

use ::tests::{CountingProxy, DynamoDb, Result, sdk_config};
use aws_sdk_dynamodb::Client as DynamoClient;
use tollgate::bucket::{Rate, Throttle};
use tollgate::id::{ApiStage, KeyId, PlanId};
use tollgate::key::{EnvironmentLetter, KeyValue, Pepper};
use tollgate::plan::{CoveredStage, SHARDS};
use tollgate::quota::{Period, Quota};
use tollgate::store::dynamodb::{DynamoStore, Patience, create_table};
use tollgate::store::{KeyRegistry as _, NewKey, NewPlan, PlanRegistry as _};
use tollgate::time::{Clock as _, SystemClock};

/// How long processes wait for one answer. Trouble takes longer than that.
pub(super) const PATIENCE: Patience = Patience {
    attempt_timeout: Duration::from_millis(100),
    attempts: 2,
};

/// What clients have bought.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bought {
    name: &'static str,
    pub(super) rate: u32,
    pub(super) burst: u64,
    pub(super) quota: Option<u64>,
    shards: Option<&'static str>,
}

/// A bucket without leases, a quota that is soon used up, a bucket with leases, and one with shards.
const PLANS: [Bought; 4] = [
    Bought {
        name: "Strict",
        rate: 40,
        burst: 15,
        quota: None,
        shards: None,
    },
    Bought {
        name: "Small",
        rate: 1_000,
        burst: 1_000,
        quota: Some(3_000),
        shards: None,
    },
    Bought {
        name: "Leased",
        rate: 300,
        burst: 300,
        quota: Some(1_000_000),
        shards: None,
    },
    Bought {
        name: "Sharded",
        rate: 500,
        burst: 1_000,
        quota: Some(1_000_000),
        shards: Some("3"),
    },
];

/// How many clients have each plan.
const CLIENTS_EACH: usize = 2;

/// A client with its key.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) bought: Bought,
    pub(super) key: KeyValue,
    pub(super) key_id: KeyId,
    pub(super) plan_id: PlanId,
}

impl Client {
    pub(super) fn plan_name(&self) -> &'static str {
        self.bought.name
    }
}

/// All of it.
#[derive(Debug)]
pub(super) struct Stand {
    pub(super) proxy: CountingProxy,
    /// The operator's, without the proxy.
    pub(super) store: DynamoStore,
    pub(super) stage: ApiStage,
    pub(super) clients: Vec<Client>,
    table: String,
}

impl Stand {
    /// Makes the table, the plans and the keys.
    ///
    /// # Errors
    ///
    /// When the store does not take them.
    pub(super) async fn build(database: &DynamoDb) -> Result<Self> {
        let config = sdk_config(database.endpoint());
        let table = database.fresh_table_name();
        create_table(&DynamoClient::new(&config), &table).await?;
        let store = DynamoStore::new(&config, Patience::OPERATOR, table.clone(), pepper()?);
        let stage = ApiStage::new("history", "dev");
        let mut clients = Vec::new();
        for bought in PLANS {
            let plan = store
                .create_plan(&plan(bought, &stage)?, SystemClock.now())
                .await?;
            for _ in 0..CLIENTS_EACH {
                let key = KeyValue::generate(EnvironmentLetter::of("test"))?;
                let now = SystemClock.now();
                let made = store.create_key(&new_key(&key), now).await?;
                store.add_key_to_plan(&made.id, &plan.id, now).await?;
                clients.push(Client {
                    bought,
                    key,
                    key_id: made.id,
                    plan_id: plan.id.clone(),
                });
            }
        }
        Ok(Self {
            proxy: CountingProxy::start(database.endpoint()).await?,
            store,
            stage,
            clients,
            table,
        })
    }

    /// A process's way to the store, through the proxy.
    pub(super) fn troubled_store(&self) -> Result<DynamoStore> {
        let config = sdk_config(self.proxy.endpoint());
        Ok(DynamoStore::new(
            &config,
            PATIENCE,
            self.table.clone(),
            pepper()?,
        ))
    }

    pub(super) fn client(&self, number: usize) -> Result<&Client> {
        self.clients
            .get(number)
            .ok_or_else(|| "no such client".into())
    }

    pub(super) fn key_id(&self, number: usize) -> Result<&KeyId> {
        Ok(&self.client(number)?.key_id)
    }
}

pub(super) fn pepper() -> Result<Pepper> {
    Ok(Pepper::new(b"a pepper for histories")?)
}

fn plan(bought: Bought, stage: &ApiStage) -> Result<NewPlan> {
    let quota = bought
        .quota
        .map(|limit| Quota::new(limit, Period::Month, 0));
    let tags = bought
        .shards
        .map(|shards| (SHARDS.to_owned(), shards.to_owned()));
    Ok(NewPlan {
        id: None,
        name: bought.name.to_owned(),
        description: None,
        product_code: None,
        throttle: Some(Throttle {
            rate: Rate::from(bought.rate),
            burst: bought.burst,
        }),
        quota: quota.transpose()?,
        stages: vec![CoveredStage::new(stage.clone())],
        tags: tags.into_iter().collect(),
    })
}

fn new_key(value: &KeyValue) -> NewKey {
    NewKey::new("Client", value.clone())
}
