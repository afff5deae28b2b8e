//! What decides requests in this process.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use aws_config::BehaviorVersion;
use http::HeaderMap;
use tokio::sync::OnceCell;
use tollgate::decision::{Allowance, Metered};
use tollgate::http::{Checked, Form, UsagePlanLayer, fields, unavailable};
use tollgate::plan::OnUnavailable;
use tollgate::store::Ledger;
use tollgate::store::dynamodb::DynamoStore;
use tollgate::time::{Clock, SystemClock};

use crate::config::Config;
use crate::event::Event;

/// What this process can do about requests.
#[derive(Debug)]
pub enum Standing<L = DynamoStore, C = SystemClock> {
    /// It decides.
    Decides(UsagePlanLayer<L, C>),
    /// It cannot decide, and refuses all.
    RefusesAll,
    /// It cannot decide, and lets all pass.
    PassesAll,
}

type Making<L, C> = Pin<Box<dyn Future<Output = Standing<L, C>> + Send>>;

/// What decides, made when it is first asked for: a process that is copied before its first request must not share what it has made, such
/// as the ids of its charges.
pub struct Plans<L = DynamoStore, C = SystemClock> {
    standing: OnceCell<Standing<L, C>>,
    make: Box<dyn Fn() -> Making<L, C> + Send + Sync>,
}

impl<L, C> fmt::Debug for Plans<L, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plans(..)")
    }
}

impl Plans {
    /// What the function's environment asks for, over DynamoDB. What hinders it is logged.
    pub fn from_config(config: &Config) -> Self {
        let otherwise = config.on_unavailable;
        let settings = match &config.settings {
            Ok(settings) => settings.clone(),
            Err(error) => {
                log_hindrance(error, otherwise);
                return Self::new(move || std::future::ready(standing_without(otherwise)));
            }
        };
        Self::new(move || {
            let settings = settings.clone();
            async move {
                let Some(settings) = settings else {
                    return Standing::PassesAll;
                };
                let sdk_config = aws_config::load_defaults(BehaviorVersion::v2026_01_12()).await;
                match UsagePlanLayer::from_settings(&sdk_config, &settings) {
                    Ok(layer) => Standing::Decides(layer),
                    Err(error) => {
                        log_hindrance(&error, otherwise);
                        standing_without(otherwise)
                    }
                }
            }
        })
    }
}

/// What is done where nothing can be decided.
const fn standing_without<L, C>(otherwise: OnUnavailable) -> Standing<L, C> {
    match otherwise {
        OnUnavailable::Deny => Standing::RefusesAll,
        OnUnavailable::Allow => Standing::PassesAll,
    }
}

fn log_hindrance(error: &(dyn std::error::Error + 'static), otherwise: OnUnavailable) {
    match otherwise {
        OnUnavailable::Deny => tracing::error!(
            error,
            "the usage plan layer cannot work, and answers every HTTP request 503; set what is missing in the function's environment, or \
             TOLLGATE_LAYER=off"
        ),
        OnUnavailable::Allow => tracing::error!(
            error,
            "the usage plan layer cannot work, and lets every request pass unmetered, as TOLLGATE_ON_UNAVAILABLE=allow says; set what is \
             missing in the function's environment"
        ),
    }
}

impl<L: Ledger, C: Clock> Plans<L, C> {
    /// What `make` makes, when it is first asked for.
    pub fn new<F>(make: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Standing<L, C>> + Send + 'static,
    {
        Self {
            standing: OnceCell::new(),
            make: Box::new(move || Box::pin(make())),
        }
    }

    /// Makes what decides, and its connection to the store. Only the first call does something.
    pub(crate) async fn made(&self) -> &Standing<L, C> {
        let made = self.standing.get_or_init(|| async {
            let standing = (self.make)().await;
            if let Standing::Decides(layer) = &standing {
                layer.warm_up().await;
            }
            standing
        });
        made.await
    }

    /// Decides an event, and charges its request when it may pass. What is no request passes.
    pub(crate) async fn check(&self, event: &Event<'_>) -> Checked<String> {
        let standing = match event {
            Event::Other => return Checked::Pass(Allowance::Unmetered),
            Event::Unreadable(_) | Event::Http(_) => self.made().await,
        };
        match (standing, event) {
            (Standing::Decides(layer), Event::Http(event)) => {
                layer.checkpoint().check(&event.head).await
            }
            (Standing::Decides(layer), Event::Unreadable(_) | Event::Other) => {
                layer.checkpoint().check_unreadable()
            }
            // Headers of its could be taken for this layer's.
            (Standing::RefusesAll, _) | (Standing::PassesAll, Event::Unreadable(_)) => {
                Checked::Answered(unavailable(Form::Aws))
            }
            (Standing::PassesAll, _) => {
                tracing::warn!("a request passes unmetered");
                Checked::Pass(Allowance::Unmetered)
            }
        }
    }

    /// Finishes the header fields of an answer.
    pub(crate) async fn finish(&self, headers: &mut HeaderMap, metered: Option<&Metered>) {
        match self.made().await {
            Standing::Decides(layer) => layer.checkpoint().finish(headers, metered).await,
            Standing::RefusesAll | Standing::PassesAll => {
                let _nobody_is_charged = fields::take_cost(headers);
            }
        }
    }

    /// Gives back what was charged in advance.
    pub(crate) async fn hand_back(&self) {
        match self.standing.get() {
            Some(Standing::Decides(layer)) => layer.hand_back().await,
            Some(Standing::RefusesAll | Standing::PassesAll) | None => {}
        }
    }
}
