//! Which plans the keys of a list join: one answer for the import and for its preview.

use std::collections::BTreeMap;

use super::rows::Row;
use super::{Warnings, not_joined};
use crate::id::PlanId;
use crate::plan::Plan;

/// The plans that each row's key joins, row by row in the order of the list, and those of one row in the order in which it names them. Of
/// two plans that cover one stage a key joins the one that comes first.
///
/// `held` are the plans that the rows' keys are in already, in the rows' places. `plans` has these and those that rows name.
pub(super) fn joins(
    rows: &[Row],
    held: &[Vec<PlanId>],
    plans: &BTreeMap<PlanId, Plan>,
    warnings: &mut Warnings,
) -> Vec<Vec<PlanId>> {
    // By value, for several rows may be about one key.
    let mut by_value: BTreeMap<&str, Vec<PlanId>> = BTreeMap::new();
    let mut joins = Vec::with_capacity(rows.len());
    for (row, held) in rows.iter().zip(held) {
        let held = by_value
            .entry(row.value.expose())
            .or_insert_with(|| held.clone());
        joins.push(joins_of(row, held, plans, warnings));
    }
    joins
}

fn joins_of(
    row: &Row,
    held: &mut Vec<PlanId>,
    plans: &BTreeMap<PlanId, Plan>,
    warnings: &mut Warnings,
) -> Vec<PlanId> {
    let mut joined = Vec::new();
    for id in &row.plan_ids {
        if held.contains(id) {
            continue;
        }
        let Some(plan) = plans.get(id) else { continue };
        let mut others = held.iter().filter_map(|other| plans.get(other));
        let taken = others.find_map(|other| Some((other, other.shared_stage(plan)?)));
        if let Some((other, api_stage)) = taken {
            let reason = format!(
                "The key is in usage plan {}, which covers the stage {api_stage} too; a key may be in one plan for each stage",
                other.id
            );
            warnings.push(not_joined(row.number, id, &reason));
        } else {
            held.push(id.clone());
            joined.push(id.clone());
        }
    }
    joined
}
