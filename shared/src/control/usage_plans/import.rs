//! Import of API keys from a list.
//!
//! A row whose value a key has already overwrites that key, which keeps its id and its plans. Rows are checked, and plans looked up, before
//! anything is written, so that `failonwarnings` leaves nothing behind but for a plan that a key cannot join.

mod joins;
mod preview;
mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use self::joins::joins;
use self::rows::{Row, Rows};
use super::{MAX_KEYS, limit_exceeded};
use crate::control::Inner;
use crate::control::call::Call;
use crate::control::concurrent;
use crate::control::error::ControlError;
use crate::control::reply::Reply;
use crate::id::{KeyId, PlanId};
use crate::plan::Plan;
use crate::store::{ApiKey, ApiRegistry, KeyChange, NewKey, Registry, RegistryError};
use crate::time::{Clock, Timestamp};

pub(in crate::control) use preview::preview;
pub use preview::{ImportEffect, PreviewError, PreviewedKey, PreviewedRecord};

/// The one format that there is.
const FORMAT: &str = "csv";

/// How often a row is tried again when a key with its value comes and goes.
const MAX_TRIES: u32 = 4;

/// Shape `ApiKeyIds`.
#[derive(Serialize)]
struct Body {
    ids: Vec<String>,
    warnings: Vec<String>,
}

/// What there is to say of a row, by its number.
type Warnings = Vec<(usize, String)>;

pub(super) async fn import<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    require_csv(call.query("format"))?;
    let Rows {
        mut rows,
        mut warnings,
    } = rows::read(call.body())?;
    let known = named_plans(control, &rows).await?;
    leave_unknown_plans(&known, &mut rows, &mut warnings);
    let fails = call.flag("failonwarnings");
    if fails && !warnings.is_empty() {
        return Err(failed(warnings));
    }
    let keys = write_keys(control, &rows, call.now()).await?;
    let ids: Vec<KeyId> = keys.iter().map(|key| key.id.clone()).collect();
    let held: Vec<Vec<PlanId>> = keys.into_iter().map(|key| key.plan_ids).collect();
    let plans = held_plans(control, &rows, &held, known).await?;
    let joins = joins(&rows, &held, &plans, &mut warnings);
    warnings.extend(join_plans(control, &rows, &ids, &joins, call.now()).await?);
    if fails && !warnings.is_empty() {
        return Err(failed(warnings));
    }
    Reply::created(&Body {
        ids: ids.iter().map(KeyId::to_string).collect(),
        warnings: in_order(warnings),
    })
}

fn require_csv(format: Option<&str>) -> Result<(), ControlError> {
    match format {
        Some(FORMAT) => Ok(()),
        Some(other) => Err(ControlError::validation(&[format!(
            "Value '{other}' at 'format' failed to satisfy constraint: Member must satisfy enum value set: [{FORMAT}]"
        )])),
        None => Err(ControlError::validation(&[
            "Value null at 'format' failed to satisfy constraint: Member must not be null"
                .to_owned(),
        ])),
    }
}

fn failed(warnings: Warnings) -> ControlError {
    ControlError::bad_request(format!(
        "Warnings found during import:\n\t{}",
        in_order(warnings).join("\n\t")
    ))
}

fn in_order(mut warnings: Warnings) -> Vec<String> {
    warnings.sort_by_key(|(number, _)| *number);
    warnings.into_iter().map(|(_, warning)| warning).collect()
}

fn not_joined(number: usize, plan: &PlanId, reason: &str) -> (usize, String) {
    (
        number,
        format!("Skipped usage plan {plan} of record: {number}. {reason}"),
    )
}

/// The plans that rows name, as far as they exist.
async fn named_plans<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    rows: &[Row],
) -> Result<BTreeMap<PlanId, Plan>, ControlError> {
    let named: BTreeSet<PlanId> = rows.iter().flat_map(|row| row.plan_ids.clone()).collect();
    plans(control, named).await
}

async fn plans<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    ids: BTreeSet<PlanId>,
) -> Result<BTreeMap<PlanId, Plan>, ControlError> {
    let plans = concurrent::for_each(ids.into_iter().collect(), |id: PlanId| async move {
        Ok(control.store.plan_by_id(&id).await?)
    })
    .await?;
    let known = plans.into_iter().flatten();
    Ok(known.map(|plan| (plan.id.clone(), plan)).collect())
}

/// Takes plans out of the rows that do not exist.
fn leave_unknown_plans(known: &BTreeMap<PlanId, Plan>, rows: &mut [Row], warnings: &mut Warnings) {
    for row in rows {
        row.plan_ids.retain(|id| {
            let is_known = known.contains_key(id);
            if !is_known {
                warnings.push(not_joined(
                    row.number,
                    id,
                    "Invalid Usage Plan ID specified",
                ));
            }
            is_known
        });
    }
}

/// The plans that rows name, and those that their keys are in, as far as a row's key may join another one.
async fn held_plans<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    rows: &[Row],
    held: &[Vec<PlanId>],
    mut named: BTreeMap<PlanId, Plan>,
) -> Result<BTreeMap<PlanId, Plan>, ControlError> {
    let others: BTreeSet<PlanId> = rows
        .iter()
        .zip(held)
        .filter(|(row, _)| !row.plan_ids.is_empty())
        .flat_map(|(_, held)| held)
        .filter(|id| !named.contains_key(*id))
        .cloned()
        .collect();
    named.extend(plans(control, others).await?);
    Ok(named)
}

/// Creates or overwrites the key of each row. Rows with one value are written one after another: the last holds.
async fn write_keys<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    rows: &[Row],
    now: Timestamp,
) -> Result<Vec<ApiKey>, ControlError> {
    let room = if control.settings.aws_limits {
        MAX_KEYS.saturating_sub(control.store.counts().await?.keys)
    } else {
        u64::MAX
    };
    let room = AtomicU64::new(room);
    let room = &room;
    let mut by_value: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, row) in rows.iter().enumerate() {
        by_value.entry(row.value.expose()).or_default().push(place);
    }
    let jobs = by_value.into_values().collect();
    let written = concurrent::for_each(jobs, |places: Vec<usize>| async move {
        let mut keys = Vec::with_capacity(places.len());
        for place in places {
            if let Some(row) = rows.get(place) {
                keys.push((place, write_key(control, row, room, now).await?));
            }
        }
        Ok(keys)
    })
    .await?;
    let mut keys: Vec<(usize, ApiKey)> = written.into_iter().flatten().collect();
    keys.sort_by_key(|(place, _)| *place);
    Ok(keys.into_iter().map(|(_, key)| key).collect())
}

async fn write_key<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    row: &Row,
    room: &AtomicU64,
    now: Timestamp,
) -> Result<ApiKey, ControlError> {
    let change = KeyChange {
        enabled: Some(row.enabled),
        name: Some(row.name.clone()),
        description: Some(row.description.clone()),
        restart_dates: true,
        ..KeyChange::default()
    };
    let new = NewKey {
        id: None,
        value: row.value.clone(),
        keep_value: control.settings.keep_values,
        name: row.name.clone(),
        description: Some(row.description.clone()),
        customer_id: None,
        stage_keys: Vec::new(),
        enabled: row.enabled,
        expires_at: None,
        tags: BTreeMap::new(),
    };
    for _ in 0..MAX_TRIES {
        if let Some(id) = control.store.key_by_value(&row.value).await? {
            match control.store.update_key(&id, &change, now).await {
                Ok(key) => return Ok(key),
                // It was deleted meanwhile.
                Err(RegistryError::NoSuchKey(_)) => continue,
                Err(error) => return Err(error.into()),
            }
        }
        room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| {
            room.checked_sub(1)
        })
        .map_err(|_none_left| limit_exceeded("API keys", MAX_KEYS))?;
        match control.store.create_key(&new, now).await {
            Ok(key) => return Ok(key),
            // It was created meanwhile.
            Err(RegistryError::ValueTaken) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(RegistryError::Contended.into())
}

/// Puts the keys into the plans that they join. A plan takes one key after another: it notes each.
async fn join_plans<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    rows: &[Row],
    ids: &[KeyId],
    joins: &[Vec<PlanId>],
    now: Timestamp,
) -> Result<Warnings, ControlError> {
    let mut by_plan: BTreeMap<&PlanId, Vec<(usize, &KeyId)>> = BTreeMap::new();
    for ((row, id), joins) in rows.iter().zip(ids).zip(joins) {
        for plan_id in joins {
            let joining = by_plan.entry(plan_id).or_default();
            joining.push((row.number, id));
        }
    }
    let jobs = by_plan.into_iter().collect();
    let warnings = concurrent::for_each(jobs, |(plan_id, joining)| async move {
        let mut warnings = Vec::new();
        for (number, key_id) in joining {
            match control.store.add_key_to_plan(key_id, plan_id, now).await {
                Ok(()) => {}
                Err(
                    error @ (RegistryError::StageTaken { .. }
                    | RegistryError::NoSuchPlan(_)
                    | RegistryError::NoSuchKey(_)
                    | RegistryError::TooLarge(_)),
                ) => warnings.push(not_joined(number, plan_id, &error.to_string())),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(warnings)
    })
    .await?;
    Ok(warnings.into_iter().flatten().collect())
}
