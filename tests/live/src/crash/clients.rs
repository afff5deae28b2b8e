//! Clients with keys, who send requests while the gateway is killed and write down what they were told.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::tests::{Answer, HttpClient, Result};
use fastrand::Rng;
use serde_json::{Value, json};
use tollgate::quota::Day;
use tollgate::store::KeyRegistry as _;
use tollgate::time::{Clock as _, SystemClock};

use super::operator::Shared;
use crate::management::{Management, PATIENCE, make_api, text};
use crate::window::{Bucket, Passed};

/// What clients have bought. All quotas are by the month.
#[derive(Clone, Copy, Debug)]
struct Bought {
    name: &'static str,
    rate: u32,
    burst: u64,
    quota: u64,
    /// The most requests that are charged in advance.
    lease: u64,
}

/// A small bucket; a quota that is used up without leases; leases; a quota that is used up with them.
const PLANS: [Bought; 4] = [
    Bought {
        name: "Strict",
        rate: 40,
        burst: 15,
        quota: 1_000_000,
        lease: 0,
    },
    Bought {
        name: "Few",
        rate: 1_000,
        burst: 1_000,
        quota: 3_000,
        lease: 0,
    },
    Bought {
        name: "Leased",
        rate: 300,
        burst: 300,
        quota: 1_000_000,
        lease: 100,
    },
    Bought {
        name: "FewLeased",
        rate: 1_000,
        burst: 1_000,
        quota: 5_000,
        lease: 100,
    },
];

/// How many clients have each plan.
const CLIENTS_EACH: usize = 2;

/// How many requests each client has under way.
const CALLERS: usize = 2;

/// How long a caller that was refused waits.
const PAUSE: Duration = Duration::from_millis(4);

/// A client with its key.
#[derive(Debug)]
struct Client {
    bought: Bought,
    value: String,
    key_id: String,
    plan_id: String,
    told: Mutex<Told>,
}

/// What a client was told so far.
#[derive(Clone, Debug, Default)]
struct Told {
    admitted: Vec<Passed>,
    refused: u64,
    /// Requests without an answer, or with one that does not say whether they were charged.
    unknown: u64,
    violations: Vec<String>,
}

/// All clients, and the API that they use.
#[derive(Debug)]
pub(super) struct Clients {
    path: String,
    clients: Vec<Arc<Client>>,
}

impl Clients {
    /// Makes the API, the plans and the keys.
    ///
    /// # Errors
    ///
    /// When the management API does not.
    pub(super) async fn set_up(management: &Management) -> Result<Self> {
        let api = make_api(management, "clients").await?;
        let deployments = format!("/restapis/{api}/deployments");
        management
            .done("POST", &deployments, &json!({"stageName": "dev"}))
            .await?;
        let mut clients = Vec::new();
        for bought in PLANS {
            let plan = management
                .done("POST", "/usageplans", &plan(bought, &api))
                .await?;
            let plan_id = text(&plan, "id");
            for number in 0..CLIENTS_EACH {
                let name = format!("client-{}-{number}", bought.name);
                let body = json!({"name": name, "enabled": true});
                let key = management.done("POST", "/apikeys", &body).await?;
                let key_id = text(&key, "id");
                let place = json!({"keyId": key_id, "keyType": "API_KEY"});
                let keys = format!("/usageplans/{plan_id}/keys");
                management.done("POST", &keys, &place).await?;
                clients.push(Arc::new(Client {
                    bought,
                    value: text(&key, "value"),
                    key_id,
                    plan_id: plan_id.clone(),
                    told: Mutex::default(),
                }));
            }
        }
        Ok(Self {
            path: format!("/_aws/execute-api/{api}/dev/"),
            clients,
        })
    }

    /// Everybody who calls, to be run until the gateway is gone.
    pub(super) fn callers(
        &self,
        gateway: &HttpClient,
        shared: &Shared,
        random: &mut Rng,
    ) -> Vec<impl Future<Output = ()> + Send + use<>> {
        let mut callers = Vec::new();
        for client in &self.clients {
            for _ in 0..CALLERS {
                callers.push(call(
                    Arc::clone(client),
                    self.path.clone(),
                    gateway.clone(),
                    shared.clone(),
                    random.fork(),
                ));
            }
        }
        callers
    }

    /// Compares what clients were told with what was counted. `lives` is how many gateways there were.
    ///
    /// # Errors
    ///
    /// When the store does not answer.
    pub(super) async fn check(&self, management: &Management, lives: u64) -> Result<Vec<String>> {
        let mut violations = Vec::new();
        for client in &self.clients {
            violations.append(&mut lock(&client.told).violations);
            violations.extend(client.wrongly_counted(management, lives).await?);
        }
        Ok(violations)
    }

    /// Says where a bucket let too much pass. This looks at the whole run, once.
    pub(super) fn beyond_the_buckets(&self) -> Vec<String> {
        let excess = |client: &Arc<Client>| {
            let bought = client.bought;
            let bucket = Bucket {
                rate: bought.rate,
                burst: bought.burst,
                skew: Duration::ZERO,
            };
            let mut admitted = lock(&client.told).admitted.clone();
            admitted.sort_unstable_by_key(|passed| passed.began_at);
            let excess = bucket.excess(&admitted)?;
            Some(format!("{}: {excess}", bought.name))
        };
        self.clients.iter().filter_map(excess).collect()
    }

    /// How many requests were admitted, refused, and not answered.
    pub(super) fn counts(&self) -> (usize, u64, u64) {
        let mut counts = (0, 0, 0);
        for client in &self.clients {
            let told = lock(&client.told);
            counts.0 += told.admitted.len();
            counts.1 += told.refused;
            counts.2 += told.unknown;
        }
        counts
    }
}

impl Client {
    async fn wrongly_counted(&self, management: &Management, lives: u64) -> Result<Vec<String>> {
        let (admitted, unknown) = {
            let told = lock(&self.told);
            (u64::try_from(told.admitted.len())?, told.unknown)
        };
        let today = Day::of(SystemClock.now());
        let usage = management
            .store
            .usage(
                &self.key_id.as_str().into(),
                &self.plan_id.as_str().into(),
                today.minus(1),
                today,
            )
            .await?;
        let counted: u64 = usage.days.iter().map(|day| day.count).sum();
        let used = usage.quota.map_or(0, |quota| quota.used);
        let Bought {
            name, quota, lease, ..
        } = self.bought;
        let mut violations = Vec::new();
        if counted < admitted || used < i64::try_from(admitted)? {
            violations.push(format!(
                "{name}: {admitted} requests were admitted, {counted} counted and {used} charged"
            ));
        }
        if admitted > quota || used > i64::try_from(quota)? {
            violations.push(format!(
                "{name}: {admitted} requests were admitted and {used} charged, the quota is {quota}"
            ));
        }
        // Each request that was not answered may have been charged, and each gateway may have held a lease.
        let most = admitted + unknown + lives * lease;
        if counted > most {
            violations.push(format!(
                "{name}: {counted} requests were counted, {admitted} admitted and {unknown} not answered, in {lives} lives"
            ));
        }
        Ok(violations)
    }
}

impl Client {
    fn was_not_answered(&self, shared: &Shared) {
        let mut told = lock(&self.told);
        told.unknown += 1;
        if !shared.is_killed() {
            let violation = format!("{}: a request has no answer", self.bought.name);
            told.violations.push(violation);
        }
    }

    /// Whether it was admitted.
    fn was_answered(&self, answer: &Answer, passed: Passed) -> bool {
        let mut told = lock(&self.told);
        match answer.status.as_u16() {
            200 => {
                told.admitted.push(passed);
                return true;
            }
            429 => told.refused += 1,
            // The store was too slow for the decision.
            503 | 504 => told.unknown += 1,
            _ => told.violations.push(format!(
                "{}: answered {} {}",
                self.bought.name, answer.status, answer.body
            )),
        }
        false
    }
}

/// One caller of a client.
async fn call(
    client: Arc<Client>,
    path: String,
    gateway: HttpClient,
    shared: Shared,
    mut random: Rng,
) {
    let headers = [("x-api-key", client.value.as_str())];
    loop {
        shared.step();
        let began_at = SystemClock.now();
        let asked = tokio::time::timeout(PATIENCE, gateway.send("GET", &path, &headers, "")).await;
        let ended_at = SystemClock.now();
        let Ok(Ok(answer)) = asked else {
            client.was_not_answered(&shared);
            return;
        };
        let passed = Passed {
            began_at,
            ended_at,
            cost: 1,
        };
        if !client.was_answered(&answer, passed) {
            let pause = PAUSE.mul_f64(random.f64() + 0.5);
            tokio::time::sleep(pause).await;
        }
    }
}

fn plan(bought: Bought, api: &str) -> Value {
    let mut plan = json!({
        "name": bought.name,
        "throttle": {"rateLimit": bought.rate, "burstLimit": bought.burst},
        "quota": {"limit": bought.quota, "period": "MONTH"},
        "apiStages": [{"apiId": api, "stage": "dev"}],
    });
    if bought.lease == 0
        && let Some(plan) = plan.as_object_mut()
    {
        plan.insert("tags".to_owned(), json!({"tollgate:lease": "off"}));
    }
    plan
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
