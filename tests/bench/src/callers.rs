//! The callers of the limiters that are written in Rust, in a program of their own, as those of the peers are.

mod optimistic;
mod tollgate;
mod two_form;

use std::future::Future;
use std::io::{self, BufRead as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use ::tests::Result;
use ::tollgate::time::{Clock, SystemClock, Timestamp};
use tokio::task::JoinSet;

use crate::exact_path;
use crate::records::{self, Outcome, Record};
use crate::system::System;
use crate::task::{DONE, READY, Task};

pub(crate) use self::tollgate::{ask, open_limiter};

/// A limiter, as a caller sees it.
trait Check: Send + Sync + 'static {
    /// Asks whether a request with this key may pass.
    fn check(&self, key: &str) -> impl Future<Output = Outcome> + Send;

    /// Does what a process does with the limiter when it ends.
    fn end(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

/// Does the task that stands in the standard input.
///
/// # Errors
///
/// When there is no such task, or it cannot be done.
pub(crate) fn run() -> Result<()> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let task: Task = serde_json::from_str(&line)?;
    let mut runtime = match task.system {
        // One thread, so that the time of its processor is that of what it does.
        System::BareUpdate => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = runtime.worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        match task.system {
            System::Optimistic => call_all(&task, optimistic::limiters(&task)).await,
            System::TwoForm => call_all(&task, two_form::limiters(&task)).await,
            System::LeasesOff | System::LeasesOf10 | System::LeasesOf100 => {
                call_all(&task, tollgate::limiters(&task)?).await
            }
            System::BareUpdate => exact_path::run(&task).await,
            System::RateLimiterFlexible
            | System::RateLimiterFlexibleBlocking
            | System::ZaeLimiter => {
                Err(format!("{} has callers of its own", task.system.name()).into())
            }
        }
    })
}

async fn call_all<C: Check>(task: &Task, limiters: Vec<C>) -> Result<()> {
    let limiters: Vec<Arc<C>> = limiters.into_iter().map(Arc::new).collect();
    let sequences = sequences(task)?;
    warm_up(task, &limiters).await?;
    wait_for_the_start()?;
    let seen = match task.checks_per_s {
        Some(checks_per_s) => call_on_time(&limiters, task, checks_per_s).await?,
        None => call_again_and_again(&limiters, task, sequences.as_deref()).await?,
    };
    for limiter in &limiters {
        limiter.end().await;
    }
    records::write(&task.records_file, &seen)?;
    say(DONE)
}

async fn call_again_and_again<C: Check>(
    limiters: &[Arc<C>],
    task: &Task,
    sequences: Option<&[Vec<String>]>,
) -> Result<Vec<Record>> {
    let mut callers = Vec::with_capacity(task.callers);
    for (number, limiter) in (0..task.callers).zip(limiters.iter().cycle()) {
        let keys = sequences.and_then(|all| all.get(number).cloned());
        callers.push(tokio::spawn(call(Arc::clone(limiter), task.clone(), keys)));
    }
    let mut seen = Vec::new();
    for caller in callers {
        seen.append(&mut caller.await?);
    }
    Ok(seen)
}

/// Begins each check when it is due, also when earlier ones are not answered. What is late is late in its record.
async fn call_on_time<C: Check>(
    limiters: &[Arc<C>],
    task: &Task,
    checks_per_s: u64,
) -> Result<Vec<Record>> {
    let start = SystemClock.now();
    let mut answers = JoinSet::new();
    for (number, limiter) in (0_u64..).zip(limiters.iter().cycle()) {
        let after_us = number.saturating_mul(1_000_000) / checks_per_s.max(1);
        if after_us >= task.duration_ms.saturating_mul(1_000) {
            break;
        }
        let due = start.saturating_add(Duration::from_micros(after_us));
        let early = due.saturating_since(SystemClock.now());
        if !early.is_zero() {
            tokio::time::sleep(early).await;
        }
        let (limiter, key) = (Arc::clone(limiter), task.key.clone());
        answers.spawn(async move { record(due, limiter.check(&key).await) });
    }
    let mut seen = Vec::new();
    while let Some(answered) = answers.join_next().await {
        seen.push(answered?);
    }
    Ok(seen)
}

async fn warm_up<C: Check>(task: &Task, limiters: &[Arc<C>]) -> Result<()> {
    let mut warming = JoinSet::new();
    for limiter in limiters {
        let (limiter, key) = (Arc::clone(limiter), task.warm_up_key.clone());
        let checks = task.warm_up_checks;
        warming.spawn(async move {
            for _ in 0..checks {
                limiter.check(&key).await;
            }
        });
    }
    while let Some(warmed) = warming.join_next().await {
        warmed?;
    }
    Ok(())
}

/// The keys of each caller.
fn sequences(task: &Task) -> Result<Option<Vec<Vec<String>>>> {
    let Some(file) = &task.keys_file else {
        return Ok(None);
    };
    let text = std::fs::read_to_string(file)?;
    let line = |line: &str| line.split(' ').map(str::to_owned).collect();
    Ok(Some(text.lines().map(line).collect()))
}

/// Says that all is ready, and waits for the line that starts the calls.
pub(crate) fn wait_for_the_start() -> Result<()> {
    say(READY)?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(())
}

/// Writes a line to the program that gave the task.
pub(crate) fn say(word: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{word}")?;
    out.flush()?;
    Ok(())
}

async fn call<C: Check>(limiter: Arc<C>, task: Task, keys: Option<Vec<String>>) -> Vec<Record> {
    let mut seen = Vec::new();
    let mut refusals = 0;
    let deadline = SystemClock
        .now()
        .saturating_add(Duration::from_millis(task.duration_ms));
    for turn in 0.. {
        let key = match &keys {
            Some(keys) => match keys.get(turn) {
                Some(key) => key,
                None => break,
            },
            None => &task.key,
        };
        let start = SystemClock.now();
        if start >= deadline {
            break;
        }
        let outcome = limiter.check(key).await;
        let record = record(start, outcome);
        seen.push(record);
        if outcome == Outcome::Refused {
            refusals += 1;
            if task.max_refusals.is_some_and(|most| refusals >= most) {
                break;
            }
            if record.took_ns < task.free_refusal_ns {
                tokio::time::sleep(Duration::from_millis(task.pause_ms)).await;
            }
        }
        // A limiter that need not wait would keep its thread to itself.
        tokio::task::yield_now().await;
    }
    seen
}

/// A check that began, or was due, at `start` and ends now.
pub(crate) fn record(start: Timestamp, outcome: Outcome) -> Record {
    let took = SystemClock.now().saturating_since(start);
    Record {
        start_ns: start.as_nanos(),
        took_ns: u64::try_from(took.as_nanos()).unwrap_or(u64::MAX),
        outcome,
    }
}
