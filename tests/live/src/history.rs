//! Concurrent clients on a real store, through a proxy that makes trouble. What they were told is written down, and checked against what
//! the plans allow.
//!
//! Several processes with clocks of their own, which are killed or end in order now and then, decide for the same keys. An operator
//! disables and enables keys meanwhile. Requests to the store are lost before or after they are done, throttled, refused with a fault of the
//! store, and late: so late that the client has given them up and sent them again.

mod check;
mod process;
mod record;
mod stand;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ::tests::{DynamoDb, Result};
use chaos::output::show;
use tokio::task::JoinSet;

use crate::cli::Sum;
use process::Process;
use record::History;
use stand::Stand;

/// How many decisions there are at each store, when it is not said.
pub(crate) const STEPS: u64 = 50_000;

/// How many processes there are at a time.
const PROCESSES: usize = 5;

/// How many requests each process handles at once.
const CALLERS: usize = 6;

/// One request to the store of so many has trouble.
const ONE_IN: u32 = 12;

/// After so many decisions, on the average, a process ends.
const LIFE: u64 = 700;

/// After so many decisions, on the average, a key is disabled, or enabled again.
const SWITCH: u64 = 900;

/// Runs it on each store that there is.
///
/// # Errors
///
/// When the harness fails, not Tollgate.
pub(crate) async fn run(seed: u64, steps: u64) -> Result<Sum> {
    let mut sum = Sum::default();
    for (database, seed) in DynamoDb::each()?.iter().zip(seed..) {
        sum.add(run_on(database, seed, steps).await?);
    }
    Ok(sum)
}

async fn run_on(database: &DynamoDb, seed: u64, steps: u64) -> Result<Sum> {
    let stand = Arc::new(Stand::build(database).await?);
    let history = Arc::new(History::default());
    let left = Arc::new(AtomicU64::new(steps));
    let mut random = fastrand::Rng::with_seed(seed);
    stand.proxy.make_trouble(seed, ONE_IN);
    let mut processes = Vec::new();
    let mut callers = JoinSet::new();
    for _ in 0..PROCESSES {
        let process = Arc::new(Process::start(&stand, random.fork())?);
        for _ in 0..CALLERS {
            let caller = Caller {
                stand: Arc::clone(&stand),
                history: Arc::clone(&history),
                process: Arc::clone(&process),
                left: Arc::clone(&left),
                random: random.fork(),
            };
            callers.spawn(caller.call());
        }
        processes.push(process);
    }
    let mut ended = 0_u64;
    while let Some(done) = callers.join_next().await {
        ended = ended.saturating_add(done??);
    }
    let troubles = stand.proxy.end_trouble();
    history.open_all(&stand).await?;
    let mut violations = check::check(&stand, &history).await?;
    violations.extend(check::served_again(&stand, &processes).await);
    for violation in &violations {
        show(&format!("{}: {violation}", database.name()))?;
    }
    let count = history.count();
    show(&format!(
        "{}: {} admitted, {} refused, {} without an answer, {} given up, {} keys switched; {troubles} requests to the store in trouble, {ended} processes ended",
        database.name(),
        count.admitted,
        count.refused,
        count.failed,
        count.given_up,
        history.switches(),
    ))?;
    if !violations.is_empty() {
        show(&format!(
            "{}: the history is in {}",
            database.name(),
            history.save()?.display()
        ))?;
    }
    Ok(Sum {
        steps,
        faults: troubles.saturating_add(ended),
        violations: u64::try_from(violations.len())?,
    })
}

/// One task of a process.
struct Caller {
    stand: Arc<Stand>,
    history: Arc<History>,
    process: Arc<Process>,
    left: Arc<AtomicU64>,
    random: fastrand::Rng,
}

impl Caller {
    /// Calls until all decisions are made. How often it has ended its process.
    async fn call(mut self) -> Result<u64> {
        let mut ended = 0;
        let take = |left: u64| left.checked_sub(1);
        while self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_ok()
        {
            if self.random.u64(..LIFE) == 0 {
                self.process.end(&self.stand, &mut self.random).await?;
                ended += 1;
            }
            if self.random.u64(..SWITCH) == 0 {
                self.history.switch(&self.stand, &mut self.random).await?;
            }
            let client = self.random.usize(..self.stand.clients.len());
            let cost = self.random.u64(1..=2);
            let record = self.process.ask(&self.stand, client, cost).await;
            let is_admitted = record.is_admitted();
            self.history.add(record);
            if !is_admitted {
                tokio::time::sleep(Duration::from_millis(self.random.u64(1..4))).await;
            }
        }
        Ok(ended)
    }
}
