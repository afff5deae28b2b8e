//! One function for three kinds of event.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde_json::Value;
use tollgate::control::{
    Control, NoGateway, RoutesError, Settings, UnmanagedStages, account_limit_of_aws,
};
use tollgate::logs::causes;
use tollgate::store::{ApiRegistry, Housekeeping, Registry, StoreError};
use tollgate::time::Clock;

use crate::config::Config;
use crate::invocation::Invocation;
use crate::response_url::{AnswerError, Answers};
use crate::{cloudformation, daily, management};

/// What stands for the account and the region where nothing real has called the function, as with `sam local`.
const LOCAL_ACCOUNT: &str = "000000000000";
const LOCAL_REGION: &str = "us-east-1";

/// The management API of keys and plans. REST APIs are API Gateway's own on AWS.
pub(crate) type PlanControl<S, C> = Control<S, C, false>;

/// The function over a store.
pub struct App<S, C> {
    pub(crate) store: S,
    pub(crate) clock: C,
    pub(crate) config: Config,
    pub(crate) answers: Answers,
    /// Made by the first event, which says in which account the function is.
    control: OnceLock<PlanControl<S, C>>,
}

/// Why an event was not handled. Lambda counts it as a failure, and gives an event that nobody waits for to the function again.
#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    /// The event is of none of the kinds that this function knows.
    #[error(
        "the event is none of: a request of CloudFormation for a custom resource, a request to the function URL, a scheduled event"
    )]
    UnknownEvent,
    /// An event has a form that no event of its kind has.
    #[error("the event cannot be read: {0}")]
    Malformed(#[from] serde_json::Error),
    /// CloudFormation cannot be answered.
    #[error(transparent)]
    Unanswered(#[from] AnswerError),
    /// The housekeeping could not be done.
    #[error("the housekeeping was broken off: {}", causes(.0))]
    Housekeeping(#[from] StoreError),
    /// A fault of ours.
    #[error(transparent)]
    Routes(#[from] RoutesError),
}

impl<S, C> App<S, C>
where
    S: Registry + ApiRegistry + Housekeeping + Clone,
    C: Clock + Clone,
{
    /// The function over `store`.
    pub fn new(store: S, clock: C, config: Config) -> Self {
        Self {
            store,
            clock,
            config,
            answers: Answers::default(),
            control: OnceLock::new(),
        }
    }

    /// Handles one event, and returns what Lambda is to answer to it.
    ///
    /// # Errors
    ///
    /// When the event is of no known kind, CloudFormation cannot be answered, or the store does not answer the housekeeping.
    pub async fn handle(
        &self,
        event: Value,
        invocation: &Invocation,
    ) -> Result<Value, HandleError> {
        if let Some(url) = event.get("ResponseURL") {
            let url = url.as_str().unwrap_or_default().to_owned();
            Box::pin(cloudformation::handle(self, &url, event, invocation)).await?;
            return Ok(Value::Null);
        }
        if event.pointer("/requestContext/http").is_some() {
            return Box::pin(management::handle(self, event, invocation)).await;
        }
        let text = |name| event.get(name).and_then(Value::as_str);
        if text("source") == Some("aws.events") && text("detail-type") == Some("Scheduled Event") {
            let summary = Box::pin(daily::handle(self, invocation)).await?;
            return Ok(serde_json::to_value(summary)?);
        }
        tracing::error!("an event of no known kind came");
        Err(HandleError::UnknownEvent)
    }

    /// The management API in the account of the function.
    pub(crate) fn control(
        &self,
        invocation: &Invocation,
    ) -> Result<&PlanControl<S, C>, RoutesError> {
        if let Some(control) = self.control.get() {
            return Ok(control);
        }
        let settings = Settings {
            region: invocation.region().unwrap_or(LOCAL_REGION).to_owned(),
            account_id: invocation.account_id().unwrap_or(LOCAL_ACCOUNT).to_owned(),
            environment: self.config.environment,
            keep_values: self.config.keep_values,
            aws_limits: false,
            account_limit: account_limit_of_aws(),
            unmanaged_stages: UnmanagedStages::Any,
        };
        let gateway = Arc::new(NoGateway);
        let control = PlanControl::new(self.store.clone(), self.clock.clone(), settings, gateway)?;
        Ok(self.control.get_or_init(|| control))
    }
}

impl<S, C> fmt::Debug for App<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
