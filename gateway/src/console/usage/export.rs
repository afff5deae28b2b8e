//! Usage as CSV, for spreadsheets.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use csv::{Writer, WriterBuilder};
use tokio::sync::mpsc;
use tollgate::id::{KeyId, PlanId};
use tollgate::metrics::Outcome;
use tollgate::plan::Plan;
use tollgate::quota::Day;
use tollgate::store::StoreError;
use tollgate::store::dynamodb::DynamoStore;
use tollgate::time::Timestamp;
use tollgate::usage_export::cell_text;

use super::super::answer::Answer;
use super::super::directory::{ListedKey, Snapshot};
use super::super::problem::Problem;
use super::super::visit::Visit;
use super::meters::Meter;
use super::period::Days;
use super::{find_key, find_plan, refusals};
use crate::content::Content;
use crate::incoming::Hangup;
use crate::tally::{Client, Counts};

const CSV: &str = "text/csv; charset=utf-8";

/// The meters of how many keys are read before their rows are sent.
const KEYS_AT_ONCE: usize = 64;

/// How many pieces of a file may wait for a slow client.
const WAITING: usize = 1;

/// What the running gateway has decided, plan by plan: one row for each day on which there was something.
pub(super) async fn decided(visit: &Visit<'_>) -> Result<Answer, Problem> {
    let tally = visit
        .surroundings()
        .tally
        .as_ref()
        .ok_or(Problem::NoSuchPage)?;
    let snapshot = visit.snapshot().await?;
    let days = Days::of(visit);
    let mut table = Table::new(
        ["date", "plan_id", "plan_name"]
            .into_iter()
            .chain(Outcome::ALL.map(column)),
    );
    let sums = tally.sums(days.from, days.today, |day, plan_id, _| {
        Some((day, plan_id.cloned()))
    });
    for ((day, plan_id), counts) in sums {
        let plan = plan_id.as_ref().and_then(|id| snapshot.plan(id));
        let mut row = vec![
            day.to_string(),
            plan_id.map_or_else(String::new, |id| id.to_string()),
            plan.map_or_else(String::new, |plan| plan.name.clone()),
        ];
        row.extend(Outcome::ALL.map(|outcome| counts.of(outcome).to_string()));
        table.push(row);
    }
    Ok(table.answer("usage.csv"))
}

const fn column(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Admitted => "admitted",
        Outcome::AdmittedUncharged => "admitted_uncharged",
        Outcome::WouldThrottle => "would_throttle",
        Outcome::WouldExceedQuota => "would_exceed_quota",
        Outcome::Throttled => "throttled",
        Outcome::QuotaExceeded => "quota_exceeded",
        Outcome::Forbidden => "forbidden",
        Outcome::StoreFailed => "store_failed",
    }
}

/// All keys of a plan, day by day. It reads a meter for each key, which takes seconds with thousands of them: the file is sent meanwhile.
pub(super) async fn plan(visit: &Visit<'_>, id: &str) -> Result<Answer, Problem> {
    let snapshot = visit.snapshot().await?;
    let plan = find_plan(&snapshot, id)?;
    let days = Days::of(visit);
    let keys = snapshot.keys.iter();
    let export = PlanExport {
        store: visit.store().clone(),
        now: visit.now(),
        plan: plan.clone(),
        keys: keys
            .filter(|key| key.plan_ids.contains(&plan.id))
            .cloned()
            .collect(),
        days,
        rows: Rows::new(visit, days, |plan_id, _| *plan_id == plan.id),
    };
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(export.run(sender, visit.hangup().clone()));
    let name = format!("usage-plan-{id}.csv");
    Ok(Answer::download(CSV, &name, Content::Pushed(receiver)))
}

/// The export of a plan, while it is sent.
struct PlanExport {
    store: DynamoStore,
    now: Timestamp,
    plan: Plan,
    keys: Vec<Arc<ListedKey>>,
    days: Days,
    rows: Rows,
}

impl PlanExport {
    async fn run(mut self, sender: mpsc::Sender<Bytes>, hangup: Hangup) {
        if let Err(error) = self.send(&sender).await {
            tracing::warn!(%error, "the export of a plan breaks off");
            // A file that ends as usual would be taken for whole.
            hangup.hang_up();
            sender.closed().await;
        }
    }

    async fn send(&mut self, sender: &mpsc::Sender<Bytes>) -> Result<(), StoreError> {
        let from = self.days.from;
        for keys in self.keys.chunks(KEYS_AT_ONCE) {
            let wanted = keys.iter().map(|key| (key.as_ref(), &self.plan));
            let meters = Meter::read_all(&self.store, wanted.collect(), from, self.now).await?;
            for (key, meter) in keys.iter().zip(&meters) {
                self.rows.add(key, &self.plan, meter);
            }
            if sender.send(self.rows.table.take()).await.is_err() {
                // Whoever wanted the file has left.
                return Ok(());
            }
        }
        // The head, where there are no keys.
        let _nobody_waits = sender.send(self.rows.table.take()).await;
        Ok(())
    }
}

/// All plans of a key, day by day.
pub(super) async fn key(visit: &Visit<'_>, id: &str) -> Result<Answer, Problem> {
    let snapshot = visit.snapshot().await?;
    let key = find_key(&snapshot, id)?;
    let days = Days::of(visit);
    let plans = plans_of(&snapshot, key);
    let wanted = plans.iter().map(|plan| (key, *plan)).collect();
    let meters = Meter::read_all(visit.store(), wanted, days.from, visit.now()).await?;
    let mut rows = Rows::new(visit, days, |_, key_id| *key_id == key.id);
    for (plan, meter) in plans.into_iter().zip(&meters) {
        rows.add(key, plan, meter);
    }
    Ok(rows.table.answer(&format!("usage-key-{id}.csv")))
}

/// The plans that a key is in.
pub(super) fn plans_of<'a>(snapshot: &'a Snapshot, key: &ListedKey) -> Vec<&'a Plan> {
    key.plan_ids
        .iter()
        .filter_map(|id| snapshot.plan(id))
        .map(AsRef::as_ref)
        .collect()
}

/// Rows of keys in plans. Days on which there was nothing have none.
struct Rows {
    table: Table,
    /// `None`: nobody counts what is refused.
    refused: Option<BTreeMap<(Day, PlanId, KeyId), Counts>>,
}

impl Rows {
    fn new(visit: &Visit<'_>, days: Days, is_wanted: impl Fn(&PlanId, &KeyId) -> bool) -> Self {
        let first = [
            "date",
            "plan_id",
            "plan_name",
            "key_id",
            "key_name",
            "customer_id",
            "admitted",
            "remaining",
        ];
        let name = |day, plan_id: Option<&PlanId>, client: &Client| match (plan_id, client) {
            (Some(plan_id), Client::Key(key_id)) if is_wanted(plan_id, key_id) => {
                Some((day, plan_id.clone(), key_id.clone()))
            }
            (Some(_) | None, Client::Key(_) | Client::Unknown | Client::Others) => None,
        };
        let tally = visit.surroundings().tally.as_ref();
        let refused = tally.map(|tally| tally.sums(days.from, days.today, name));
        // What nobody has counted has no column, rather than a zero.
        let columns = refused.iter().flat_map(|_counted| refusals::COLUMNS);
        Self {
            table: Table::new(
                first
                    .into_iter()
                    .chain(columns.map(|(_, outcome)| column(outcome))),
            ),
            refused,
        }
    }

    fn add(&mut self, key: &ListedKey, plan: &Plan, meter: &Meter) {
        for day in meter.days() {
            let refused = self.refused.as_ref().map(|counted| {
                let counts = counted.get(&(day.day, plan.id.clone(), key.id.clone()));
                counts.copied().unwrap_or_default()
            });
            if day.used == 0 && refused.is_none_or(|refused| refused.refused() == 0) {
                continue;
            }
            let remaining = day.remaining.map(|left| left.to_string());
            let mut row = vec![
                day.day.to_string(),
                plan.id.to_string(),
                plan.name.clone(),
                key.id.to_string(),
                key.name.clone(),
                key.customer_id.clone().unwrap_or_default(),
                day.used.to_string(),
                remaining.unwrap_or_default(),
            ];
            row.extend(refused.into_iter().flat_map(|refused| {
                refusals::COLUMNS.map(|(_, outcome)| refused.of(outcome).to_string())
            }));
            self.table.push(row);
        }
    }
}

/// Rows of text. Memory takes every row, so writing them does not fail.
struct Table(Writer<Vec<u8>>);

impl Table {
    fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut table = Self(writer());
        table.push(names.into_iter().map(str::to_owned));
        table
    }

    fn push(&mut self, row: impl IntoIterator<Item = String>) {
        let row = row.into_iter().map(|cell| cell_text(&cell).into_bytes());
        let _never_fails = self.0.write_record(row);
    }

    fn answer(self, file_name: &str) -> Answer {
        Answer::download(CSV, file_name, self.into_bytes())
    }

    /// The rows since the last time.
    fn take(&mut self) -> Bytes {
        std::mem::replace(self, Self(writer())).into_bytes()
    }

    fn into_bytes(self) -> Bytes {
        self.0.into_inner().map(Bytes::from).unwrap_or_default()
    }
}

fn writer() -> Writer<Vec<u8>> {
    WriterBuilder::new().flexible(true).from_writer(Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(table: Table) -> String {
        String::from_utf8(table.into_bytes().to_vec()).unwrap()
    }

    #[test]
    fn what_is_in_a_name_stays_in_its_cell() {
        let mut table = Table::new(["key_id", "key_name"]);
        table.push([
            "a1".to_owned(),
            "Joe \"the key\" Black, Ltd\nBerne".to_owned(),
        ]);
        assert_eq!(
            text(table),
            "key_id,key_name\na1,\"Joe \"\"the key\"\" Black, Ltd\nBerne\"\n"
        );
    }

    #[test]
    fn a_table_is_taken_piece_by_piece() {
        let mut table = Table::new(["key_id"]);
        assert_eq!(table.take(), "key_id\n");
        assert!(table.take().is_empty());
        table.push(["a1".to_owned()]);
        assert_eq!(table.take(), "a1\n");
    }

    #[test]
    fn no_name_is_a_formula() {
        let mut table = Table::new(["key_name"]);
        for name in [
            "=1+1",
            "@SUM(A1)",
            "-2",
            "a=b",
            " =1",
            "\u{ff1d}1",
            "\u{0}=1",
        ] {
            table.push([name.to_owned()]);
        }
        assert_eq!(
            text(table),
            "key_name\n'=1+1\n'@SUM(A1)\n'-2\na=b\n' =1\n'\u{ff1d}1\n'\u{0}=1\n"
        );
    }
}
