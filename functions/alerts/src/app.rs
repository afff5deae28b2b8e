//! One function for two kinds of event.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tollgate::alerting::{Alerting, Tell, Told};
use tollgate::logs::causes;
use tollgate::meter::{MeterId, WindowUse};
use tollgate::quota::Day;
use tollgate::store::dynamodb::Change;
use tollgate::store::{AlertOutbox, KeyRegistry, Ledger, StoreError};
use tollgate::time::{Clock, Timestamp};

/// How long an alert is owed before the schedule tells of it: the stream has brought it by then.
const OVERDUE: Duration = Duration::from_secs(30);

/// What is kept back of the time of an invocation: enough for one alert to be told, or not.
const RESERVE: Duration = Duration::from_secs(15);

/// The function over a store.
#[derive(Debug)]
pub struct App<S, C, T> {
    alerting: Alerting<S, C, T>,
}

/// Why an event was not handled. Lambda brings it again.
#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    /// The event is of none of the kinds that this function knows.
    #[error("the event is neither one of records of a DynamoDB stream nor a scheduled one")]
    UnknownEvent,
    /// The table does not answer.
    #[error("the table did not answer: {}", causes(.0))]
    Store(#[from] StoreError),
}

impl<S, C, T> App<S, C, T>
where
    S: Ledger + AlertOutbox + KeyRegistry,
    C: Clock,
    T: Tell,
{
    /// The function over `store`, which tells through `tell`.
    pub fn new(store: S, clock: C, tell: T) -> Self {
        Self {
            alerting: Alerting::new(store, clock, tell),
        }
    }

    /// Handles one event that ends at `deadline`, and returns what was done.
    ///
    /// # Errors
    ///
    /// When the event is of no known kind, or the table does not answer. What was done by then is done, and does no harm when it is done
    /// again.
    pub async fn handle(&self, event: &Value, deadline: Timestamp) -> Result<Value, HandleError> {
        if let Some(records) = event.get("Records").and_then(Value::as_array) {
            let until = deadline.saturating_sub(RESERVE);
            let told = Box::pin(self.take(records, until)).await;
            return Ok(told.inspect_err(|error| tracing::error!(%error, "a batch failed"))?);
        }
        let text = |name| event.get(name).and_then(Value::as_str);
        if text("source") == Some("aws.events") && text("detail-type") == Some("Scheduled Event") {
            let until = deadline.saturating_sub(RESERVE);
            let told = self.alerting.tell_of_owed(OVERDUE, until).await;
            return Ok(summary(
                0,
                told.inspect_err(|error| tracing::error!(%error, "the schedule failed"))?,
            ));
        }
        tracing::error!("an event of no known kind came");
        Err(HandleError::UnknownEvent)
    }

    /// Keeps what calls for an alert, and tells of alerts until `until`: a receiver that does not answer must not hold up the stream.
    async fn take(&self, records: &[Value], until: Timestamp) -> Result<Value, StoreError> {
        let mut charged: BTreeMap<(String, Day), (MeterId, WindowUse)> = BTreeMap::new();
        let mut alerts = Vec::new();
        for change in records.iter().filter_map(Change::read) {
            match change {
                Change::Charged { meter, used } => {
                    // Of a window that was charged a thousand times, the most that was used says it all.
                    let place = (meter.to_string(), used.window);
                    let most = charged.entry(place).or_insert((meter, used));
                    most.1.used = most.1.used.max(used.used);
                }
                Change::Alert { meter, name } => alerts.push((meter, name)),
            }
        }
        let mut kept = 0_u64;
        for (meter, used) in charged.values() {
            kept = kept.saturating_add(self.alerting.look_at(meter, *used).await?);
        }
        let mut sum = Told::default();
        for (meter, name) in alerts {
            let told = self.alerting.tell(&meter, &name, until).await?;
            sum.told = sum.told.saturating_add(told.told);
            sum.owed = sum.owed.saturating_add(told.owed);
        }
        Ok(summary(kept, sum))
    }
}

/// What was done, for whoever calls the function by hand.
fn summary(kept: u64, told: Told) -> Value {
    let Told {
        told,
        owed,
        given_up,
    } = told;
    tracing::info!(kept, told, owed, given_up, "alerts were kept and told");
    json!({ "kept": kept, "told": told, "owed": owed, "givenUp": given_up })
}
