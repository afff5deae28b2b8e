//! What a history must not have in it.

use std::sync::Arc;
use std::time::Duration;

use ::tests::Result;
use tollgate::quota::Day;
use tollgate::store::KeyRegistry as _;
use tollgate::time::{Clock as _, SystemClock};

use super::process::{Process, SKEW};
use super::record::{Closed, History, Record, Told};
use super::stand::{Client, Stand};
use crate::window::{Bucket, Passed};

/// For how long a key that was disabled may still be used by a process that has charged it in advance: the longest life of a lease.
const LONGEST_LEASE: Duration = Duration::from_secs(1);

/// How long the clients are tried again when all trouble is over.
const PATIENCE: Duration = Duration::from_secs(30);

/// Each promise that was broken, in words.
///
/// # Errors
///
/// When the store does not answer.
pub(super) async fn check(stand: &Stand, history: &History) -> Result<Vec<String>> {
    let mut violations = Vec::new();
    for (number, client) in stand.clients.iter().enumerate() {
        let admitted = history.admitted(number);
        violations.extend(beyond_the_bucket(client, &admitted));
        violations.extend(wrongly_counted(stand, client, &admitted).await?);
    }
    for closed in history.closed() {
        let admitted = history.admitted(closed.client);
        violations.extend(through_a_closed_door(closed, &admitted));
    }
    Ok(violations)
}

/// In no window more than the burst and the rate, and what clocks that differ give away.
fn beyond_the_bucket(client: &Client, admitted: &[Record]) -> Option<String> {
    let bucket = Bucket {
        rate: client.bought.rate,
        burst: client.bought.burst,
        skew: SKEW,
    };
    let passed: Vec<Passed> = admitted
        .iter()
        .map(|record| Passed {
            began_at: record.began_at,
            ended_at: record.ended_at,
            cost: record.cost,
        })
        .collect();
    let excess = bucket.excess(&passed)?;
    Some(format!("{}: {excess}", client.plan_name()))
}

/// What was admitted was counted, and the quota has not been exceeded.
async fn wrongly_counted(
    stand: &Stand,
    client: &Client,
    admitted: &[Record],
) -> Result<Vec<String>> {
    let mut violations = Vec::new();
    let total = admitted
        .iter()
        .fold(0_u64, |sum, record| sum.saturating_add(record.cost));
    let today = Day::of(SystemClock.now());
    let usage = stand
        .store
        .usage(&client.key_id, &client.plan_id, today.minus(1), today)
        .await?;
    let counted = usage
        .days
        .iter()
        .fold(0_u64, |sum, day| sum.saturating_add(day.count));
    if counted < total {
        violations.push(format!(
            "{}: {total} requests were admitted, and {counted} counted",
            client.plan_name()
        ));
    }
    if let Some(limit) = client.bought.quota {
        let used = usage.quota.map_or(0, |quota| quota.used);
        let limit_or_more = i64::try_from(limit)?;
        if total > limit || used > limit_or_more {
            violations.push(format!(
                "{}: {total} requests were admitted and {used} charged, the quota is {limit}",
                client.plan_name()
            ));
        }
    }
    Ok(violations)
}

/// A key that is disabled stops: at once, or when the leases end that processes have.
fn through_a_closed_door(closed: Closed, admitted: &[Record]) -> Option<String> {
    let from = closed.from.saturating_add(LONGEST_LEASE);
    let through = admitted
        .iter()
        .find(|record| record.began_at > from && closed.to.is_none_or(|to| record.ended_at < to))?;
    Some(format!(
        "client {}: admitted {:?} after its key was disabled",
        closed.client,
        through.began_at.saturating_since(closed.from)
    ))
}

/// When all trouble is over, every process serves every client that has something left, without being started anew.
pub(super) async fn served_again(stand: &Stand, processes: &[Arc<Process>]) -> Vec<String> {
    let mut violations = Vec::new();
    for (number, process) in processes.iter().enumerate() {
        for (client, of) in stand.clients.iter().enumerate() {
            let began_at = SystemClock.now();
            loop {
                let record = process.ask(stand, client, 1).await;
                match record.told {
                    Told::Admitted => break,
                    // Its quota may be used up, or its key disabled.
                    Told::Refused if of.bought.quota == Some(3_000) => break,
                    Told::Refused | Told::Failed | Told::GivenUp => {}
                }
                if record.ended_at.saturating_since(began_at) > PATIENCE {
                    violations.push(format!(
                        "process {number} does not serve {} again: {:?}",
                        of.plan_name(),
                        record.told
                    ));
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
    violations
}
