//! `tollgate invoke`: one function of a template, called once.

use bytes::Bytes;
use serde_json::Value;
use tollgate::time::{Clock, SystemClock};

use super::code;
use super::functions::Functions;
use super::sample_plan::{self, SampleError};
use super::{OpenStore, Signals, StartApi, StartError, load, start_logs, stop_unless_told_again};
use crate::incoming::RequestIds;
use crate::invoke::{ContextError, InvocationContext, InvokeError};
use crate::tally::Tally;
use crate::template::{FunctionSpec, Template};

/// Which function to call, and with what.
#[derive(Clone, Debug)]
pub struct InvokeOnce {
    /// The template and the store. What it says of ports is not used.
    pub start: StartApi,
    /// The function's logical id or name. May be `None` when the template has one function.
    pub function: Option<String>,
    /// The event, in JSON.
    pub event: Bytes,
    /// Whether the key that the event carries is put into a plan that covers the event's stage.
    pub with_sample_plan: bool,
}

/// How a call ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The function answered this.
    Answered(Bytes),
    /// It failed, and Lambda would answer with this object.
    Failed {
        /// With the members `errorMessage` and `errorType`.
        object: Value,
        /// The same, for people.
        error: InvokeError,
    },
}

/// Why a function was not called.
#[derive(Debug, thiserror::Error)]
pub enum InvokeOnceError {
    /// What surrounds the function does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The template has no such function.
    #[error("the template has no function `{0}`")]
    NoSuchFunction(String, Vec<String>),
    /// The template has several functions, or none, and none was named.
    #[error("the template has {} functions, and none is named", .0.len())]
    NotNamed(Vec<String>),
    /// The event is not JSON.
    #[error("the event is not JSON: {0}")]
    Event(serde_json::Error),
    /// The sample plan cannot be made.
    #[error(transparent)]
    Sample(#[from] SampleError),
    /// The function takes no call.
    #[error(transparent)]
    Invoke(InvokeError),
    /// The call has an id that it cannot have.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// Whoever started it has stopped it.
    #[error("stopped before the function answered")]
    Stopped,
}

/// Builds the function, starts the store with what the template declares, calls the function once, and stops everything.
///
/// # Errors
///
/// When the function could not be called. What a function fails with is an [`Outcome`].
pub async fn invoke_once(call: InvokeOnce) -> Result<Outcome, InvokeOnceError> {
    let event: Value = serde_json::from_slice(&call.event).map_err(InvokeOnceError::Event)?;
    let _logs = start_logs(call.start.log_filter.as_deref())?;
    let template = load(&call.start)?;
    let alone = Template {
        functions: vec![chosen(&template, call.function.as_deref())?.clone()],
        ..template.clone()
    };
    let open = OpenStore::open(&call.start).await?;
    let mut signals = Signals::new().map_err(StartError::Signal)?;
    let started = Functions::default();
    let calling = async {
        let (deployed, code) = tokio::join!(
            open.deploy(&template, &call.start),
            code::find_code(&alone, &call.start)
        );
        deployed?;
        let code = code?;
        if call.with_sample_plan {
            sample_plan::add(&open.store, &event, SystemClock.now()).await?;
        }
        let ids = RequestIds::new(SystemClock.now().as_secs());
        let tally = Tally::new(SystemClock.now());
        let starting = started.start(&alone, code, &call.start, open.inner_url(), &tally);
        match starting.await {
            Ok(_lambdas) => {}
            Err(StartError::Function { cause, .. }) => return failed(cause, &ids),
            Err(error) => return Err(error.into()),
        }
        let context = InvocationContext::new(&ids.request)?.with_trace_id(&ids.trace)?;
        // Each function has an executable, or the build fails.
        let Some(function) = started.first() else {
            return Err(InvokeOnceError::NotNamed(names(&template)));
        };
        match function.invoke(call.event, context).await {
            Ok(answer) => Ok(Outcome::Answered(answer.payload)),
            Err(error) => failed(error, &ids),
        }
    };
    let outcome = tokio::select! {
        outcome = calling => outcome,
        () = signals.any() => Err(InvokeOnceError::Stopped),
    };
    stop_unless_told_again(started, open.own, &mut signals).await;
    outcome
}

fn failed(error: InvokeError, ids: &RequestIds) -> Result<Outcome, InvokeOnceError> {
    match error.error_object(&ids.request) {
        Some(object) => Ok(Outcome::Failed { object, error }),
        None => Err(InvokeOnceError::Invoke(error)),
    }
}

/// The function with this logical id or name, or the only one.
fn chosen<'a>(
    template: &'a Template,
    name: Option<&str>,
) -> Result<&'a FunctionSpec, InvokeOnceError> {
    match (name, template.functions.as_slice()) {
        (Some(name), functions) => functions
            .iter()
            .find(|function| function.logical_id == name || function.name == name)
            .ok_or_else(|| InvokeOnceError::NoSuchFunction(name.to_owned(), names(template))),
        (None, [function]) => Ok(function),
        (None, _) => Err(InvokeOnceError::NotNamed(names(template))),
    }
}

fn names(template: &Template) -> Vec<String> {
    template
        .functions
        .iter()
        .map(|function| function.logical_id.clone())
        .collect()
}
