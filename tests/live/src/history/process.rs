//! A process that decides, with a clock of its own. It is killed, or ends in order, and another one takes its place.

use std::num::NonZeroU64;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ::tests::Result;
use tokio::sync::watch;
use tollgate::decision::Decision;
use tollgate::limiter::{Limiter, Options, Request};
use tollgate::plan::MethodName;
use tollgate::store::dynamodb::DynamoStore;
use tollgate::time::{Clock, SystemClock, Timestamp};

use super::record::{Record, Told};
use super::stand::{Stand, pepper};

/// The most by which a process's clock is ahead of the slowest one's.
pub(super) const SKEW: Duration = Duration::from_millis(40);

/// The system's clock, and so much later.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ahead(Duration);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now().saturating_add(self.0)
    }
}

#[derive(Debug)]
pub(super) struct Process {
    limiter: Mutex<Limiter<DynamoStore, Ahead>>,
    /// How often it has ended.
    lives: watch::Sender<u64>,
}

impl Process {
    pub(super) fn start(stand: &Stand, mut random: fastrand::Rng) -> Result<Self> {
        Ok(Self {
            limiter: Mutex::new(limiter(stand, &mut random)?),
            lives: watch::Sender::new(0),
        })
    }

    /// Ends it: half of the time what is under way is dropped at once, as by a kill, otherwise leases are given back.
    pub(super) async fn end(&self, stand: &Stand, random: &mut fastrand::Rng) -> Result<()> {
        let next = limiter(stand, random)?;
        let last = {
            let mut limiter = self.limiter.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *limiter, next)
        };
        let is_killed = random.bool();
        self.lives.send_modify(|lives| *lives += 1);
        if !is_killed {
            last.hand_back().await;
        }
        Ok(())
    }

    /// One request of a client.
    pub(super) async fn ask(&self, stand: &Stand, client: usize, cost: u64) -> Record {
        let mut lives = self.lives.subscribe();
        let began_at = SystemClock.now();
        let told = tokio::select! {
            told = self.decide(stand, client, cost) => told,
            _ = lives.changed() => Told::GivenUp,
        };
        Record {
            client,
            cost,
            began_at,
            ended_at: SystemClock.now(),
            told,
        }
    }

    async fn decide(&self, stand: &Stand, client: usize, cost: u64) -> Told {
        let limiter = {
            let limiter = self.limiter.lock().unwrap_or_else(PoisonError::into_inner);
            limiter.clone()
        };
        let request = Request {
            api_stage: &stand.stage,
            method: MethodName {
                resource: "/",
                verb: "GET",
            },
            key: stand.clients.get(client).map(|client| client.key.expose()),
            cost: NonZeroU64::new(cost).unwrap_or(NonZeroU64::MIN),
            sent_path: None,
            gate: None,
        };
        match limiter.decide(&request).await {
            Ok(Decision::Allow(_)) => Told::Admitted,
            Ok(Decision::Deny(_)) => Told::Refused,
            Err(_) => Told::Failed,
        }
    }
}

fn limiter(stand: &Stand, random: &mut fastrand::Rng) -> Result<Limiter<DynamoStore, Ahead>> {
    let ahead_ms = random.u64(..=u64::try_from(SKEW.as_millis())?);
    Ok(Limiter::with_options(
        stand.troubled_store()?,
        Ahead(Duration::from_millis(ahead_ms)),
        pepper()?,
        Options::default(),
    )?)
}
