//! What is to be done with a key.

use tollgate::id::{KeyId, PlanId};
use tollgate::quota::{Day, Quota};

use super::{Deed, Difference, differences, merged};
use crate::migration::holdings::{HeldKey, HeldPlan, HeldValue, Holdings, Pending};

/// What is to be done with a key.
#[derive(Debug)]
pub struct KeyStep<'a> {
    /// The key's id on both sides.
    pub id: &'a KeyId,
    /// What it becomes.
    pub wanted: HeldKey,
    /// What it is.
    pub found: Option<&'a HeldKey>,
    /// What changes of a key that is there.
    pub differences: Vec<Difference>,
    /// The plans that it joins.
    pub joins: Vec<&'a PlanId>,
    /// What is left of quotas that it has used some of, where the target does not know of it.
    pub remaining: Vec<Remaining<'a>>,
    /// Whether it may not be used until the target knows of that.
    pub is_held_back: bool,
    /// Whether it is disabled, as in the source.
    pub is_disabled: bool,
    /// Whether it stays disabled, although it may be used in the source: somebody has disabled it in the target.
    pub stays_disabled: bool,
}

/// What is left to a key of a plan's quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remaining<'a> {
    /// The plan.
    pub plan: &'a PlanId,
    /// The requests.
    pub requests: u64,
    /// The quota.
    pub quota: Quota,
    /// The first day of the window in which they are left.
    pub window: Day,
}

impl KeyStep<'_> {
    /// What is done with the key.
    pub fn deed(&self) -> Deed {
        match self.found {
            None => Deed::Create,
            Some(found)
                if self.differences.is_empty()
                    && self.joins.is_empty()
                    && self.remaining.is_empty()
                    && !self.is_disabled
                    && found.pending.is_none() =>
            {
                Deed::Keep
            }
            Some(_) => Deed::Change,
        }
    }
}

impl<'a> KeyStep<'a> {
    pub(super) fn new(
        (id, key): (&'a KeyId, &'a HeldKey),
        there: Option<(&'a KeyId, &'a HeldKey)>,
        plans: &[(&'a PlanId, &'a HeldPlan)],
        target: &'a Holdings,
    ) -> Self {
        let found = there.map(|(_, found)| found);
        let wanted = merged::key(key, found);
        // What nobody has used yet, and what an interrupted import has made, is as the source says. What may have been used has the less of
        // what both sides leave to it.
        let is_unused = match found {
            None => true,
            Some(found) => found.pending == Some(Pending::Created) && !found.enabled,
        };
        let mut joins = Vec::new();
        let mut remaining = Vec::new();
        for &(plan_id, from) in plans {
            let to = target.plans.get(plan_id);
            let member =
                there.and_then(|(id, _)| Some((id, to.filter(|to| to.keys.contains(id))?)));
            if member.is_none() {
                joins.push(plan_id);
            }
            let (Some(quota), Some(window)) = (from.quota_of(plan_id, key), from.window) else {
                continue;
            };
            let Some(requests) = from.remaining.get(id).copied() else {
                continue;
            };
            let left_there = member.map(|(id, to)| {
                let theirs = found.map_or(to.settings.quota, |key| to.quota_of(plan_id, key));
                left_under(quota, theirs, to.remaining.get(id).copied())
            });
            let is_set = match left_there {
                None => requests != quota.limit(),
                Some(left) if is_unused => requests != left,
                Some(left) => requests < left,
            };
            if is_set {
                remaining.push(Remaining {
                    plan: plan_id,
                    requests,
                    quota,
                    window,
                });
            }
        }
        let joins_used = remaining.iter().any(|left| joins.contains(&left.plan));
        let is_pending = found.is_some_and(|found| found.pending.is_some());
        Self {
            id,
            found,
            differences: found.map_or_else(Vec::new, |found| differences::of_key(found, &wanted)),
            wanted,
            joins,
            remaining,
            is_held_back: is_pending || (joins_used && found.is_none_or(|found| found.enabled)),
            is_disabled: found.is_some_and(|found| found.enabled) && !key.enabled,
            stays_disabled: found.is_some_and(|found| !found.enabled) && !is_pending && key.enabled,
        }
    }
}

/// What is left of `quota` once a plan gets it in the place of `old`, of which `left` is left. What was used stays used while the period
/// is the same; in another one nothing is.
fn left_under(quota: Quota, old: Option<Quota>, left: Option<u64>) -> u64 {
    match old {
        Some(old) if (old.period(), old.offset()) == (quota.period(), quota.offset()) => {
            let left = left.unwrap_or(old.limit());
            if left > old.limit() {
                quota.limit().saturating_add(left - old.limit())
            } else {
                quota.limit().saturating_sub(old.limit() - left)
            }
        }
        Some(_) | None => quota.limit(),
    }
}

/// Why a key cannot be brought over.
pub(super) fn obstacle(
    key: &HeldKey,
    found: Option<&HeldKey>,
    same_value: Option<&KeyId>,
    id: &KeyId,
) -> Option<String> {
    match (found, &key.value) {
        (None, HeldValue::Hidden) => Some("its value cannot be read".to_owned()),
        (None, HeldValue::Unusable(why)) => Some(format!("its value cannot be used: {why}")),
        (Some(found), HeldValue::Known(value)) => match found.value.known() {
            Some(other) if other != value => Some(match same_value {
                Some(other) => format!("key {other} has its value, and key {id} has another"),
                None => format!("key {id} has another value"),
            }),
            Some(_) | None => None,
        },
        (None, HeldValue::Known(_)) | (Some(_), HeldValue::Hidden | HeldValue::Unusable(_)) => None,
    }
}
