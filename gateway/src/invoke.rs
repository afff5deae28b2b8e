//! Functions: pools of unmodified Lambda binaries behind the Runtime API.
//!
//! A [`Function`] queues invocations first in, first out. A process that asks for work takes the oldest one; when none
//! is idle another is started, up to the function's concurrency. A process may ask for several, where the function allows it.
//!
//! What one invocation costs: the caller pushes the event to the function's queue and wakes one waiting poll; the
//! poll writes the event, as it is, to the process's kept-alive connection; the answer's bytes go back through one
//! channel. That is two channels, two loopback requests and a few short holds of a lock that only this function has.
//! Nothing is spawned and no timer is armed as long as the process's last time-out has not yet elapsed. An idle process
//! costs nothing.

mod config;
mod context;
mod environment;
mod error;
mod extensions;
mod logs;
mod pool;
mod process;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;
use tollgate::time::Clock;

pub use config::{FunctionConfig, MAX_CONCURRENCY};
pub use context::{ContextError, InvocationContext};
pub use error::InvokeError;
pub use logs::{LogLine, LogSink, LogStream, tracing_sink};
pub use pool::QueueBytes;

use environment::start;
use pool::{Job, Pool, Submitted};

/// The largest event in bytes: 6 MB, as for synchronous invocations on AWS.
pub const MAX_PAYLOAD_BYTES: usize = 6 * 1024 * 1024;

/// What a function answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The answer's bytes, as the function sent them: usually JSON, but nothing has checked that.
    pub payload: Bytes,
    /// From the hand-over to the process until its answer was read. Queueing and cold starts are not in it.
    pub duration: Duration,
}

/// A function that can be invoked. Clones share its processes.
///
/// The processes end when [`shutdown`](Self::shutdown) is called or the last clone is dropped.
#[derive(Clone)]
pub struct Function {
    handle: Arc<Handle>,
}

struct Handle {
    shared: Arc<Shared>,
    /// Every supervisor holds a receiver: a change, or the sender's end, stops it.
    stop: watch::Sender<bool>,
}

/// What the callers and the supervisors of one function share.
struct Shared {
    config: FunctionConfig,
    function_arn: HeaderValue,
    clock: Arc<dyn Clock>,
    pool: Mutex<Pool>,
}

impl Shared {
    fn pool(&self) -> MutexGuard<'_, Pool> {
        // The pool is only ever changed by code that does not panic half-way.
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Function {
    /// A function without processes: they are started by [`warm_up`](Self::warm_up) or on demand.
    ///
    /// `clock` gives the wall-clock time for the deadlines that processes are told.
    ///
    /// # Errors
    ///
    /// [`InvokeError::InitFailed`] when the ARN has characters that a header cannot carry.
    pub fn new(config: FunctionConfig, clock: Arc<dyn Clock>) -> Result<Self, InvokeError> {
        let function_arn =
            HeaderValue::from_str(&config.arn).map_err(|error| InvokeError::InitFailed {
                error_type: "Runtime.InvalidConfiguration".to_owned(),
                message: format!(
                    "the ARN of function `{}` is not valid: {error}",
                    config.name
                ),
            })?;
        let pool = Mutex::new(Pool::new(&config));
        let shared = Arc::new(Shared {
            config,
            function_arn,
            clock,
            pool,
        });
        let stop = watch::Sender::new(false);
        Ok(Self {
            handle: Arc::new(Handle { shared, stop }),
        })
    }

    /// The function's configuration.
    pub fn config(&self) -> &FunctionConfig {
        &self.handle.shared.config
    }

    /// Starts the first process and waits until it asks for work. Does nothing when one is ready.
    ///
    /// # Errors
    ///
    /// [`InvokeError::InitFailed`] when the process does not get that far, [`InvokeError::ShuttingDown`].
    pub async fn warm_up(&self) -> Result<(), InvokeError> {
        let (ready, initialised) = oneshot::channel();
        let started = self.handle.shared.pool().warm_up(ready, Instant::now());
        self.start(started);
        initialised.await.unwrap_or(Err(InvokeError::ShuttingDown))
    }

    /// Runs one invocation and waits for its answer.
    ///
    /// Dropping the future gives up on the answer, not on the process: a waiting invocation is withdrawn, one that a
    /// process has in hand runs to its end.
    ///
    /// # Errors
    ///
    /// Every variant of [`InvokeError`].
    pub async fn invoke(
        &self,
        payload: Bytes,
        context: InvocationContext,
    ) -> Result<Answer, InvokeError> {
        if payload.len() > MAX_PAYLOAD_BYTES {
            return Err(InvokeError::RequestTooLarge {
                payload_bytes: payload.len(),
            });
        }
        let (reply, answer) = oneshot::channel();
        let job = Job {
            request_id: context.request_id,
            trace_id: context.trace_id,
            payload,
            reply,
            is_second_try: false,
        };
        let submitted = self.handle.shared.pool().submit(job, Instant::now());
        match submitted {
            Submitted::Queued(started) => self.start(started),
            Submitted::Refused(error) => return Err(error),
        }
        answer.await.unwrap_or(Err(InvokeError::ShuttingDown))
    }

    /// Ends every process: TERM, 500 ms of grace, or 2 s where an extension is told of the end, KILL. Returns when all are gone.
    ///
    /// Waiting invocations end with [`InvokeError::ShuttingDown`] at once, those in hand when they have not been
    /// answered within the grace. Further invocations are refused.
    pub async fn shutdown(&self) {
        self.handle.shared.pool().close();
        self.handle.stop.send_replace(true);
        self.handle.stop.closed().await;
    }

    fn start(&self, started: Option<pool::Start>) {
        if let Some(started) = started {
            start(&self.handle.shared, &self.handle.stop.subscribe(), started);
        }
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function")
            .field("name", &self.config().name)
            .finish_non_exhaustive()
    }
}
