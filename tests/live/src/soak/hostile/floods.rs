//! Keys that nobody has and a key that is disabled, thousands of times: the store is asked as often as the engine says, and no more.

use std::sync::Arc;
use std::time::Duration;

use ::tests::{CountingProxy, Result};
use fastrand::Rng;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tollgate::entitlement::{FIRST_RECHECK, LAST_RECHECK};
use tollgate::key::{EnvironmentLetter, KeyValue};

use super::super::findings::Findings;
use super::super::load::{Connection, Kind, Outcome};
use super::super::{FORBIDDEN, Stand};
use super::{beside, tell};

/// How many connections a flood comes from.
const CONNECTIONS: usize = 32;

/// How many requests a flood has.
const REQUESTS: u64 = 20_000;

/// How many values a flood has that repeats them.
const VALUES: u64 = 10;

/// What the store may be asked beside the flood: for the key of somebody who behaves well, its plan, and what is deployed, now and then.
const OTHERS: u64 = 100;

pub(super) async fn attack(
    stand: &Stand,
    proxy: &CountingProxy,
    seed: u64,
    findings: &mut Findings,
) -> Result<()> {
    let mut random = Rng::with_seed(seed);
    let ever_new: Vec<String> = (0..REQUESTS)
        .map(|number| format!("nobodys-{number:08}-{:016x}", random.u64(..)))
        .collect();
    flood(
        "keys that nobody has, each another",
        stand,
        proxy,
        ever_new,
        findings,
        |_| REQUESTS,
    )
    .await?;
    let repeated: Vec<String> = (0..REQUESTS)
        .map(|number| format!("nobodys-{:08}-again-and-again", number % VALUES))
        .collect();
    let each = |took| VALUES * rechecks(took);
    flood(
        "keys that nobody has, repeated",
        stand,
        proxy,
        repeated,
        findings,
        each,
    )
    .await?;
    let mistyped = mistyped_keys()?;
    flood(
        "keys with a wrong checksum",
        stand,
        proxy,
        mistyped,
        findings,
        |_| 0,
    )
    .await?;
    let disabled = (0..REQUESTS).map(|_| stand.disabled.clone()).collect();
    // A key is read with its plan.
    let both = |took| 2 * rechecks(took);
    flood("a disabled key", stand, proxy, disabled, findings, both).await
}

/// How often a refusal is looked up within so much time, at the most: at first and after each tenth of its age, which is not less than
/// [`FIRST_RECHECK`] and not more than [`LAST_RECHECK`].
fn rechecks(took: Duration) -> u64 {
    let mut age = Duration::ZERO;
    let mut count = 1;
    while age < took {
        age += (age / 10).clamp(FIRST_RECHECK, LAST_RECHECK);
        count += 1;
    }
    count
}

/// Values as Tollgate makes them, with one character exchanged.
fn mistyped_keys() -> Result<Vec<String>> {
    let mut values = Vec::new();
    for _ in 0..REQUESTS {
        let value = KeyValue::generate(EnvironmentLetter::of("test"))?;
        let mut text = value.expose().to_owned();
        let last = text.pop().unwrap_or('0');
        text.push(if last == '0' { '1' } else { '0' });
        values.push(text);
    }
    Ok(values)
}

/// Sends requests with these keys, all of which are refused. `most` is how often the store may be asked for them in so much time.
async fn flood(
    what: &str,
    stand: &Stand,
    proxy: &CountingProxy,
    keys: Vec<String>,
    findings: &mut Findings,
    most: impl Fn(Duration) -> u64,
) -> Result<()> {
    proxy.reset();
    let began = Instant::now();
    let requests = u64::try_from(keys.len())?;
    let keys: Arc<[String]> = Arc::from(keys);
    let attacked = async {
        let mut connections = JoinSet::new();
        for number in 0..CONNECTIONS {
            let (keys, kind) = (Arc::clone(&keys), stand.kind("", FORBIDDEN));
            let address = stand.address.clone();
            connections.spawn(async move {
                let mut connection = Connection::to(&address);
                let mut wrong = None;
                for key in keys.iter().skip(number).step_by(CONNECTIONS) {
                    let kind = Kind {
                        key: key.clone(),
                        ..kind.clone()
                    };
                    let outcome = connection.ask(&kind).await;
                    if outcome != Outcome::AsExpected {
                        wrong = Some(outcome);
                    }
                }
                wrong
            });
        }
        let mut wrong = None;
        while let Some(ended) = connections.join_next().await {
            wrong = wrong.or(ended?);
        }
        Ok(wrong)
    };
    let wrong = beside(what, stand, findings, attacked).await?;
    let took = began.elapsed();
    findings.faults(requests);
    let (reads, most) = (proxy.count("GetItem"), most(took) + OTHERS);
    tell(
        what,
        &format!(
            "{requests} requests in {:.1} s, the store was read {reads} times, at the most {most}",
            took.as_secs_f64()
        ),
    )?;
    if let Some(wrong) = wrong {
        findings.violation(&format!("{what}: not answered 403: {wrong:?}"))?;
    }
    findings.require(
        reads <= most,
        &format!("{what}: the store was read {reads} times, at the most {most}"),
    )
}
