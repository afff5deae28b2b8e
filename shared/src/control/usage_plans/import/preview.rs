//! What an import would do, told before anything is written.

use std::collections::BTreeMap;

use super::joins::joins;
use super::rows::{self, Row, Rows};
use super::{Warnings, held_plans, leave_unknown_plans, named_plans};
use crate::control::Inner;
use crate::control::concurrent;
use crate::control::error::ControlError;
use crate::control::usage_plans::{MAX_KEYS, limit_exceeded};
use crate::id::{KeyId, PlanId};
use crate::store::{ApiKey, ApiRegistry, Registry};
use crate::time::Clock;

/// What an import would make of one record of its list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewedRecord {
    /// Which record it is: the first below the header is 1.
    pub number: usize,
    /// The key that it describes; `None` when the record is left out.
    pub key: Option<PreviewedKey>,
    /// What the import warns of.
    pub warnings: Vec<String>,
}

/// The key that a record describes. Its value is not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewedKey {
    /// What the key is going to be called.
    pub name: String,
    /// What the key is for.
    pub description: String,
    /// Whether the key may be used then.
    pub enabled: bool,
    /// The plans that the key is put into.
    pub plan_ids: Vec<PlanId>,
    /// Whether there is such a key already.
    pub effect: ImportEffect,
}

/// What an import does with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportEffect {
    /// No key has the value: one is created.
    Creates,
    /// The key with this id has the value. It is overwritten, and keeps its plans.
    Overwrites(KeyId),
    /// The record with this number has the same value: its key is overwritten.
    Repeats(usize),
}

/// Why an import cannot be told before, or would not be done at all, in the words of the management API.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PreviewError(String);

impl From<ControlError> for PreviewError {
    fn from(error: ControlError) -> Self {
        Self(error.into_message())
    }
}

/// Tells what an import of this list would do, in the order of its records.
pub(in crate::control) async fn preview<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    list: &[u8],
) -> Result<Vec<PreviewedRecord>, ControlError> {
    let Rows {
        mut rows,
        mut warnings,
    } = rows::read(list)?;
    let named = named_plans(control, &rows).await?;
    leave_unknown_plans(&named, &mut rows, &mut warnings);
    let known = known_keys(control, &rows).await?;
    let held = held_by(&known);
    let plans = held_plans(control, &rows, &held, named).await?;
    let joins = joins(&rows, &held, &plans, &mut warnings);
    let keys = previewed(rows, &known, joins);
    require_room(control, &keys).await?;
    Ok(records(keys, warnings))
}

/// The keys that have a row's value already, in the rows' places.
async fn known_keys<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    rows: &[Row],
) -> Result<Vec<Option<ApiKey>>, ControlError> {
    concurrent::for_each(rows.iter().collect(), |row: &Row| async move {
        match control.store.key_by_value(&row.value).await? {
            Some(id) => Ok(control.store.key_by_id(&id).await?),
            None => Ok(None),
        }
    })
    .await
}

fn previewed(
    rows: Vec<Row>,
    known: &[Option<ApiKey>],
    joins: Vec<Vec<PlanId>>,
) -> Vec<(usize, PreviewedKey)> {
    // The first record of each value.
    let mut seen: BTreeMap<Box<str>, usize> = BTreeMap::new();
    let mut keys = Vec::with_capacity(rows.len());
    for ((row, known), plan_ids) in rows.into_iter().zip(known).zip(joins) {
        let value = Box::from(row.value.expose());
        let before = seen.get(&value).copied();
        seen.entry(value).or_insert(row.number);
        let effect = match (before, known) {
            (Some(number), _) => ImportEffect::Repeats(number),
            (None, Some(key)) => ImportEffect::Overwrites(key.id.clone()),
            (None, None) => ImportEffect::Creates,
        };
        let key = PreviewedKey {
            name: row.name,
            description: row.description,
            enabled: row.enabled,
            plan_ids,
            effect,
        };
        keys.push((row.number, key));
    }
    keys
}

/// The plans that keys are in, in the places of their rows.
fn held_by(known: &[Option<ApiKey>]) -> Vec<Vec<PlanId>> {
    let keys = known.iter().map(Option::as_ref);
    keys.map(|key| key.map_or_else(Vec::new, |key| key.plan_ids.clone()))
        .collect()
}

/// An import stops at AWS's limit, when that holds.
async fn require_room<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    keys: &[(usize, PreviewedKey)],
) -> Result<(), ControlError> {
    let created = keys
        .iter()
        .filter(|(_, key)| key.effect == ImportEffect::Creates);
    let created = u64::try_from(created.count()).unwrap_or(u64::MAX);
    if control.settings.aws_limits
        && control.store.counts().await?.keys.saturating_add(created) > MAX_KEYS
    {
        return Err(limit_exceeded("API keys", MAX_KEYS));
    }
    Ok(())
}

fn records(keys: Vec<(usize, PreviewedKey)>, warnings: Warnings) -> Vec<PreviewedRecord> {
    let mut records: BTreeMap<usize, PreviewedRecord> = BTreeMap::new();
    for (number, key) in keys {
        record(&mut records, number).key = Some(key);
    }
    for (number, warning) in warnings {
        record(&mut records, number).warnings.push(warning);
    }
    records.into_values().collect()
}

fn record(records: &mut BTreeMap<usize, PreviewedRecord>, number: usize) -> &mut PreviewedRecord {
    records.entry(number).or_insert_with(|| PreviewedRecord {
        number,
        key: None,
        warnings: Vec::new(),
    })
}

#[cfg(test)]
mod tests;
