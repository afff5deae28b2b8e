//! Hours of load in some minutes, and clients that mean harm: what the gateway may use, and whom it has to go on serving.

mod board;
mod findings;
mod hostile;
mod load;
mod memory;
mod steady;

use std::path::PathBuf;
use std::sync::Arc;

use ::tests::{Gateway, GatewayBuilder, Result};
use chaos::output::show;
use serde_json::{Value, json};

use crate::cli::Sum;
use crate::management::{Management, PEPPER, TABLE, make_api, text};
use findings::Findings;
use load::{Kind, Target};

/// How long the load lasts when it is not said, in minutes.
pub(crate) const MINUTES: u64 = 10;

/// Limits of the account that are never reached.
const ACCOUNT: [&str; 4] = ["--account-rate", "1000000", "--account-burst", "1000000"];

/// Of ten requests one has a key that nobody has, and one a key that is throttled most of the time.
const GOOD_OF_TEN: usize = 8;

/// The statuses of each kind of request.
const ADMITTED: &[u16] = &[200];
const FORBIDDEN: &[u16] = &[403];
const THROTTLED: &[u16] = &[200, 429];

/// Runs it all. `binary` is another `tollgate` than the one that Cargo builds by itself.
///
/// # Errors
///
/// When the harness fails, not Tollgate.
pub(crate) async fn run(seed: u64, minutes: u64, binary: Option<PathBuf>) -> Result<Sum> {
    let what = binary.as_deref().map_or_else(
        || "the binary of the dev profile".to_owned(),
        |path| path.display().to_string(),
    );
    show(&format!("soaks {what}"))?;
    let mut findings = Findings::default();
    {
        let gateway = builder(binary.as_ref()).no_template().start().await?;
        let stand = Stand::set_up(&gateway).await?;
        steady::soak(&gateway, &stand, minutes, &mut findings).await?;
        hostile::connections(&gateway, &stand, &mut findings).await?;
    }
    hostile::store_and_functions(builder(binary.as_ref()), seed, &mut findings).await?;
    Ok(findings.sum())
}

fn builder(binary: Option<&PathBuf>) -> GatewayBuilder {
    let builder = ACCOUNT
        .iter()
        .fold(Gateway::builder(), |builder, flag| builder.flag(flag))
        .flag("--table")
        .flag(TABLE)
        .env("TOLLGATE_PEPPER", PEPPER)
        .env("RUST_LOG", "error");
    match binary {
        Some(binary) => builder.binary(binary),
        None => builder,
    }
}

/// An API that answers by itself, and those who have keys for it.
struct Stand {
    address: String,
    path: String,
    /// Of a key whose limits are never reached.
    good: String,
    /// Of a key that may do little.
    slow: String,
    /// Of a key that is disabled.
    disabled: String,
}

impl Stand {
    async fn set_up(gateway: &Gateway) -> Result<Self> {
        let management = Management::of(gateway)?;
        let api = make_api(&management, "soak").await?;
        let deployments = format!("/restapis/{api}/deployments");
        management
            .done("POST", &deployments, &json!({"stageName": "dev"}))
            .await?;
        let fast = plan(&management, &api, "Fast", 1_000_000).await?;
        let slow = plan(&management, &api, "Slow", 10).await?;
        let disabled = key(&management, &fast, "disabled").await?;
        let change = json!({"op": "replace", "path": "/enabled", "value": "false"});
        let path = format!("/apikeys/{}", text(&disabled, "id"));
        let body = json!({"patchOperations": [change]});
        management.done("PATCH", &path, &body).await?;
        Ok(Self {
            address: gateway.url().trim_start_matches("http://").to_owned(),
            path: format!("/_aws/execute-api/{api}/dev/"),
            good: text(&key(&management, &fast, "good").await?, "value"),
            slow: text(&key(&management, &slow, "slow").await?, "value"),
            disabled: text(&disabled, "value"),
        })
    }

    fn kind(&self, key: &str, statuses: &'static [u16]) -> Kind {
        Kind {
            path: self.path.clone(),
            key: key.to_owned(),
            statuses,
        }
    }

    /// The request of a client that has to be served, whatever others do.
    fn good(&self) -> Kind {
        self.kind(&self.good, ADMITTED)
    }

    /// What an ordinary day brings.
    fn target(&self) -> Target {
        let mut kinds = vec![self.good(); GOOD_OF_TEN];
        kinds.push(self.kind("a-key-that-nobody-has-at-all", FORBIDDEN));
        kinds.push(self.kind(&self.slow, THROTTLED));
        Target {
            address: self.address.clone(),
            kinds: Arc::from(kinds),
        }
    }
}

async fn plan(management: &Management, api: &str, name: &str, rate: u64) -> Result<String> {
    let body = json!({
        "name": name,
        "throttle": {"rateLimit": rate, "burstLimit": rate},
        "quota": {"limit": 2_000_000_000, "period": "MONTH"},
        "apiStages": [{"apiId": api, "stage": "dev"}],
    });
    let plan = management.done("POST", "/usageplans", &body).await?;
    Ok(text(&plan, "id"))
}

async fn key(management: &Management, plan: &str, name: &str) -> Result<Value> {
    let body = json!({"name": name, "enabled": true});
    let key = management.done("POST", "/apikeys", &body).await?;
    let place = json!({"keyId": text(&key, "id"), "keyType": "API_KEY"});
    let keys = format!("/usageplans/{plan}/keys");
    management.done("POST", &keys, &place).await?;
    Ok(key)
}
