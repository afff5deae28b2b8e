//! The end of the gateway: what asks for it, and what ends in which order.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tollgate::limiter::Limiter;
use tollgate::store::dynamodb::DynamoStore;

use super::functions::{Functions, Stopping};
use super::open_store::OwnStore;

/// How long leases may take to be given back when the gateway stops.
const HAND_BACK_GRACE: Duration = Duration::from_secs(2);

/// The signals that end the gateway.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for any of them.
    pub(crate) async fn any(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Gives back what was charged in advance for the REST APIs, once the last request has ended. The functions do the same for theirs.
pub(super) async fn hand_back(limiter: &Limiter<DynamoStore>) {
    if tokio::time::timeout(HAND_BACK_GRACE, limiter.hand_back())
        .await
        .is_err()
    {
        tracing::warn!("the store did not answer in time: what leases had left counts as used");
    }
}

/// Ends what requests needed, once the last of them has ended: the functions, which may still write to the store, and then the store.
pub(super) async fn stop(functions: Functions, own: Option<OwnStore>) {
    // All at once: each has some time to end in order.
    let mut ending = JoinSet::new();
    let Stopping { started, scratch } = functions.into_stopping();
    for function in started {
        ending.spawn(async move { function.shutdown().await });
    }
    while ending.join_next().await.is_some() {}
    // No process is left that could need it.
    drop(scratch);
    if let Some(own) = own {
        own.stop().await;
    }
}

/// The same, until a signal says that it takes too long.
pub(super) async fn stop_unless_told_again(
    functions: Functions,
    own: Option<OwnStore>,
    signals: &mut Signals,
) {
    tokio::select! {
        () = stop(functions, own) => {}
        () = signals.any() => {}
    }
}
