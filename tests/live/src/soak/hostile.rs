//! Clients that mean harm, and functions that fail, one kind after another. Somebody who behaves well is served meanwhile, and afterwards.

mod floods;
mod functions;
mod idle;
mod large;
mod overload;
mod slowloris;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ::tests::{CountingProxy, DynamoDb, Gateway, GatewayBuilder, Result};
use chaos::output::show;

use super::Stand;
use super::findings::Findings;
use super::load::{Connection, Outcome};

/// How long somebody who behaves well rests between requests.
const REST: Duration = Duration::from_millis(50);

/// What they do to connections.
///
/// # Errors
///
/// When the harness fails.
pub(super) async fn connections(
    gateway: &Gateway,
    stand: &Stand,
    findings: &mut Findings,
) -> Result<()> {
    let process_id = gateway.process_id();
    // First, while nothing else has left memory to be used again.
    large::attack(stand, process_id, findings).await?;
    slowloris::attack(stand, findings).await?;
    idle::attack(stand, process_id, findings).await
}

/// What they do to the store, and what functions do.
///
/// # Errors
///
/// When the harness fails.
pub(super) async fn store_and_functions(
    builder: GatewayBuilder,
    seed: u64,
    findings: &mut Findings,
) -> Result<()> {
    let database = DynamoDb::embedded()?;
    let proxy = CountingProxy::start(database.endpoint()).await?;
    let template = functions::write_template()?;
    let gateway = builder
        .template(template.path().join("template.yaml"))
        .endpoint_url(proxy.endpoint())
        .concurrency(functions::PROCESSES)
        .start()
        .await?;
    let stand = Stand::set_up(&gateway).await?;
    floods::attack(&stand, &proxy, seed, findings).await?;
    functions::attack(&stand, findings).await?;
    let go = template.path().join(functions::GO);
    overload::attack(&stand, &go, gateway.process_id(), findings).await
}

/// Serves somebody who behaves well while `attack` is going on, and once more afterwards. What came of the attack.
async fn beside<T>(
    what: &str,
    stand: &Stand,
    findings: &mut Findings,
    attack: impl Future<Output = Result<T>>,
) -> Result<T> {
    let is_over = AtomicBool::new(false);
    let served = async {
        let mut connection = Connection::to(&stand.address);
        let good = stand.good();
        let (mut asked, mut wrong) = (0_u64, Vec::new());
        loop {
            let is_last = is_over.load(Ordering::Relaxed);
            let outcome = connection.ask(&good).await;
            asked += 1;
            if outcome != Outcome::AsExpected {
                wrong.push(outcome);
            }
            if is_last {
                return (asked, wrong);
            }
            tokio::time::sleep(REST).await;
        }
    };
    let attacked = async {
        let came = attack.await;
        is_over.store(true, Ordering::Relaxed);
        came
    };
    let (came, (asked, wrong)) = tokio::join!(attacked, served);
    findings.steps(asked);
    if let Some(first) = wrong.first() {
        findings.violation(&format!(
            "{what}: of {asked} requests of somebody who behaves well {} were not served: {first:?}",
            wrong.len()
        ))?;
    }
    came
}

/// Tells what an attack came to.
fn tell(what: &str, text: &str) -> Result<()> {
    show(&format!("{what}: {text}"))?;
    Ok(())
}
