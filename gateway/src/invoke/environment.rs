//! One execution environment: a process, its Runtime API, and the task that watches over both.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Shared;
use super::extensions::Extensions;
use super::logs::{Decisions, LogStream, forward};
use super::pool::{PollId, Polled, Start, Verdict, Work};
use super::process::{self, Process};
use crate::runtime_api::{
    self, Environment, ExtensionEvent, ExtensionHost, ExtensionRefusal, FunctionError, Invocation,
    Outcome, Refusal, Registered, Registration,
};

/// How long an ended process's last requests may take to be read.
const DRAIN: Duration = Duration::from_millis(200);

/// The wait after a connection could not be accepted, so that a lack of file descriptors does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Starts a process and the task that watches over it.
pub(super) fn start(shared: &Arc<Shared>, stop: &watch::Receiver<bool>, started: Start) {
    let slot = Slot {
        id: started.id,
        shared: Arc::clone(shared),
        stop: stop.clone(),
        extensions: Arc::default(),
    };
    tokio::spawn(supervise(slot, started.delay, started.supervisor));
}

/// The place of one process in its function's pool.
#[derive(Clone)]
struct Slot {
    id: u64,
    shared: Arc<Shared>,
    stop: watch::Receiver<bool>,
    extensions: Arc<Extensions>,
}

/// A process with its listener.
struct Running {
    process: Process,
    listener: TcpListener,
}

async fn supervise(slot: Slot, delay: Duration, wake: Arc<Notify>) {
    let mut stop = slot.stop.clone();
    let reason = tokio::select! {
        biased;
        () = stopped(&mut stop) => "a shutdown".to_owned(),
        () = tokio::time::sleep(delay) => match launch(&slot).await {
            Ok(running) => watch_over(&slot, running, &wake).await,
            Err(message) => {
                slot.shared.pool().spawn_failed(slot.id, message);
                "no process".to_owned()
            }
        },
    };
    let replacement = slot.shared.pool().end(slot.id, &reason, Instant::now());
    slot.start(replacement);
}

async fn launch(slot: &Slot) -> Result<Running, String> {
    let config = &slot.shared.config;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .map_err(|error| format!("no port is free for its Runtime API: {error}"))?;
    let address = listener
        .local_addr()
        .map_err(|error| format!("the port of its Runtime API is unknown: {error}"))?;
    let mut process = Process::spawn(config, address, slot.id).map_err(|error| {
        format!(
            "`{}` cannot be run in `{}`: {error}",
            config.binary.display(),
            config.working_directory.display()
        )
    })?;
    let function: Arc<str> = config.name.as_str().into();
    if let Some(stdout) = process.take_stdout() {
        let tally = config.tally.clone();
        tokio::spawn(forward(
            stdout,
            Arc::clone(&function),
            LogStream::Stdout,
            Arc::clone(&config.log_sink),
            // A function's log is its standard output: nothing is said of decisions elsewhere.
            tally.map(|tally| Decisions::new(tally, Arc::clone(&slot.shared.clock))),
        ));
    }
    if let Some(stderr) = process.take_stderr() {
        let sink = Arc::clone(&config.log_sink);
        tokio::spawn(forward(stderr, function, LogStream::Stderr, sink, None));
    }
    let deadline = Instant::now() + config.init_timeout;
    slot.shared.pool().spawned(slot.id, deadline);
    Ok(Running { process, listener })
}

/// Serves the process until it ends or has to end; says how it ended.
async fn watch_over(slot: &Slot, running: Running, wake: &Notify) -> String {
    let Running {
        mut process,
        listener,
    } = running;
    let mut stop = slot.stop.clone();
    let mut connections = JoinSet::new();
    loop {
        let (verdict, start) = {
            let (mut pool, now) = (slot.shared.pool(), Instant::now());
            (pool.check(slot.id, now), pool.wake_or_start(now))
        };
        // What waits may have waited for this process to poll.
        slot.start(start);
        let until = match verdict {
            Verdict::Watch(until) => until,
            Verdict::Kill => {
                process.kill().await;
                return "SIGKILL".to_owned();
            }
        };
        tokio::select! {
            biased;
            () = stopped(&mut stop) => {
                slot.shared.pool().retire(slot.id);
                slot.terminate(&mut process).await;
                return "a shutdown".to_owned();
            }
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    slot.serve(&mut connections, stream);
                }
                Err(error) => {
                    tracing::warn!(%error, "a Runtime API connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
            status = process.wait() => {
                // Its last requests are read yet. A poll among them must not get an invocation.
                slot.shared.pool().retire(slot.id);
                drain(&mut connections).await;
                return process::describe(&status);
            }
            () = sleep_until(until) => {}
            () = wake.notified() => {}
        }
    }
}

/// Reads what an ended process had sent before it ended.
async fn drain(connections: &mut JoinSet<()>) {
    let all_closed = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN, all_closed).await.is_err() {
        tracing::debug!("a connection of an ended process is still open");
    }
}

/// Waits for the function's shutdown, or for the end of its last handle.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        tracing::trace!("the last handle of a function is gone");
    }
}

async fn sleep_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

impl Slot {
    /// Serves a connection of the process by one of `connections`.
    fn serve(&self, connections: &mut JoinSet<()>, stream: TcpStream) {
        let environment = Arc::new(self.clone());
        let serve = move |stream| runtime_api::serve_connection(stream, environment);
        if let Err(error) = self.shared.config.seats.serve(connections, stream, serve) {
            tracing::warn!(%error, "a Runtime API connection could not be handed to its thread");
        }
    }

    fn start(&self, started: Option<Start>) {
        if let Some(started) = started {
            start(&self.shared, &self.stop, started);
        }
    }

    /// Ends the process in order: it is told by TERM, and its extensions by an event.
    async fn terminate(&self, process: &mut Process) {
        let grace = self.extensions.grace();
        let deadline = self.shared.clock.now().saturating_add(grace);
        self.extensions.shut_down(deadline.as_millis());
        process.terminate(grace).await;
    }

    fn invocation(&self, work: Work) -> Invocation {
        let deadline = self
            .shared
            .clock
            .now()
            .saturating_add(self.shared.config.timeout);
        Invocation {
            request_id: work.request_id,
            deadline_ms: deadline.as_millis(),
            function_arn: self.shared.function_arn.clone(),
            trace_id: work.trace_id,
            payload: work.payload,
        }
    }
}

/// Tells the pool when a poll is dropped, so that no invocation waits for a process that no longer listens.
struct Poll<'a> {
    slot: &'a Slot,
    waiting: Option<PollId>,
}

impl Drop for Poll<'_> {
    fn drop(&mut self) {
        if let Some(poll) = self.waiting {
            let replacement =
                self.slot
                    .shared
                    .pool()
                    .abandon_poll(self.slot.id, poll, Instant::now());
            self.slot.start(replacement);
        }
    }
}

impl ExtensionHost for Slot {
    fn register(&self, registration: Registration) -> Result<Registered, ExtensionRefusal> {
        if !self.shared.pool().is_starting(self.id) {
            return Err(ExtensionRefusal::Closed);
        }
        let config = &self.shared.config;
        let identifier = self.extensions.register(registration)?;
        Ok(Registered {
            identifier,
            function_name: config.name.clone(),
            function_version: config.version.clone(),
            handler: config.handler.clone(),
            account_id: config.account_id().to_owned(),
        })
    }

    async fn next_event(&self, identifier: &str) -> Result<ExtensionEvent, ExtensionRefusal> {
        self.extensions.next(identifier).await
    }

    fn fail_extension(
        &self,
        identifier: &str,
        error: FunctionError,
    ) -> Result<(), ExtensionRefusal> {
        let name = self.extensions.name(identifier)?;
        tracing::warn!(
            function = self.shared.config.name,
            "the extension `{name}` failed with {}: {}",
            error.error_type,
            error.message
        );
        // Once the function is initialised these are only words: the extension ends next, and its process with it.
        if self.shared.pool().fail_init(self.id, error).is_err() {
            tracing::debug!("an extension failed after the initialisation");
        }
        Ok(())
    }
}

impl Environment for Slot {
    async fn next(&self) -> Result<Invocation, Refusal> {
        // Declared before the receiver, hence dropped after it: the pool then sees that the receiver is gone.
        let mut poll = Poll {
            slot: self,
            waiting: None,
        };
        loop {
            let polled = {
                let (mut pool, now) = (self.shared.pool(), Instant::now());
                match poll.waiting.take() {
                    None => pool.poll(self.id, now),
                    Some(woken) => pool.poll_again(self.id, woken, now),
                }
            };
            match polled {
                Polled::Work(work, start) => {
                    self.start(start);
                    let invocation = self.invocation(work);
                    self.extensions.invoked(&invocation);
                    return Ok(invocation);
                }
                Polled::Refused(refusal) => return Err(refusal),
                Polled::Wait(id, woken) => {
                    poll.waiting = Some(id);
                    if woken.await.is_err() {
                        poll.waiting = None;
                        if self.shared.pool().is_running(self.id) {
                            // A newer poll took its place.
                            return Err(Refusal::InvalidState);
                        }
                        return std::future::pending().await;
                    }
                }
                Polled::Never => std::future::pending().await,
            }
        }
    }

    fn is_current(&self, request_id: &str) -> bool {
        self.shared.pool().is_current(self.id, request_id)
    }

    fn complete(&self, request_id: &str, outcome: Outcome) -> Result<(), Refusal> {
        self.shared
            .pool()
            .complete(self.id, request_id, outcome, Instant::now())
    }

    fn undelivered(&self, request_id: &str) {
        let start = self
            .shared
            .pool()
            .undelivered(self.id, request_id, Instant::now());
        self.start(start);
    }

    fn fail_init(&self, error: FunctionError) -> Result<(), Refusal> {
        self.shared.pool().fail_init(self.id, error)
    }
}
