//! From an event to files.

use bytes::Bytes;
use serde_json::{Value, json};
use tollgate::logs::causes;
use tollgate::quota::Day;
use tollgate::store::{PlanRegistry, UsedDays};
use tollgate::time::Clock;
use tollgate::usage_export::{CollectError, ExportFormat, RenderError, UsageRow, collect};

use crate::target::{PutError, Target};

/// The most days of one event: usage is kept for 400.
const MAX_DAYS: u32 = 400;

/// The function over a store.
#[derive(Debug)]
pub struct App<S, C> {
    store: S,
    clock: C,
    target: Target,
}

/// Why an event was not handled.
#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    /// The event is of none of the kinds that this function knows.
    #[error(
        r#"the event is neither a scheduled one nor one like {{"from": "2026-11-01", "to": "2026-11-30"}}, of {MAX_DAYS} days at the most"#
    )]
    UnknownEvent,
    /// The rows could not be collected.
    #[error("what was used could not be read: {}", causes(.0))]
    Collect(#[from] CollectError),
    /// A file could not be made.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// A file could not be put.
    #[error(transparent)]
    Put(#[from] PutError),
}

impl<S: UsedDays + PlanRegistry, C: Clock> App<S, C> {
    /// The function over `store`, which puts files to `target`.
    pub const fn new(store: S, clock: C, target: Target) -> Self {
        Self {
            store,
            clock,
            target,
        }
    }

    /// Handles one event, and returns what was written.
    ///
    /// # Errors
    ///
    /// When the event is of no known kind, a day has not ended, the table does not answer, or a file cannot be put. Files that were put by
    /// then are whole.
    pub async fn handle(&self, event: &Value) -> Result<Value, HandleError> {
        let written = Box::pin(self.export(event)).await;
        written.inspect_err(|error| tracing::error!(%error, "the export failed"))
    }

    async fn export(&self, event: &Value) -> Result<Value, HandleError> {
        let (from, to) = self.days(event).ok_or(HandleError::UnknownEvent)?;
        let rows = collect(&self.store, &self.clock, from, to).await?;
        let mut files = Vec::new();
        for number in from.number()..=to.number() {
            let day = Day::from_number(number);
            let start = rows.partition_point(|row| row.day < day);
            let end = rows.partition_point(|row| row.day <= day);
            files.extend(
                self.write(day, rows.get(start..end).unwrap_or_default())
                    .await?,
            );
        }
        let count = rows.len();
        tracing::info!(%from, %to, rows = count, "what was used is exported");
        Ok(json!({ "from": from.to_string(), "to": to.to_string(), "rows": count, "files": files }))
    }

    async fn write(&self, day: Day, rows: &[UsageRow]) -> Result<Vec<String>, HandleError> {
        let mut names = Vec::new();
        for format in ExportFormat::ALL {
            let name = format.file_name(day);
            let bytes = Bytes::from(format.render(rows)?);
            let now = self.clock.now();
            self.target
                .put(&name, format.media_type(), bytes, now)
                .await?;
            names.push(name);
        }
        Ok(names)
    }

    /// The days that an event asks for.
    fn days(&self, event: &Value) -> Option<(Day, Day)> {
        let text = |name| event.get(name).and_then(Value::as_str);
        if text("source") == Some("aws.events") && text("detail-type") == Some("Scheduled Event") {
            let yesterday = Day::of(self.clock.now()).minus(1);
            return Some((yesterday, yesterday));
        }
        let (from, to) = (Day::parse(text("from")?)?, Day::parse(text("to")?)?);
        let days = to.number().checked_sub(from.number())?;
        (days < MAX_DAYS).then_some((from, to))
    }
}
