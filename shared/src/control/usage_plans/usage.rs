//! What keys have used of a plan.

use std::collections::BTreeMap;

use serde::Serialize;

use super::no_such_key;
use super::usage_plan::plan;
use crate::control::Inner;
use crate::control::call::Call;
use crate::control::concurrent;
use crate::control::error::ControlError;
use crate::control::patch::{Op, Patch};
use crate::control::reply::Reply;
use crate::id::KeyId;
use crate::overrides::{KeyLimits, KeyQuota};
use crate::plan::Plan;
use crate::quota::Day;
use crate::store::{ApiRegistry, DayUse, FurtherUsed, Registry, Usage};
use crate::time::{Clock, Timestamp};

const REMAINING: &str = "/remaining";

/// How far the last day may be from the first.
const MAX_DAYS: u32 = 90;

/// Shape `Usage`. A day's entry is what was used of the quota on it, and what remained at its end.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    usage_plan_id: &'a str,
    start_date: String,
    end_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<String>,
    values: BTreeMap<String, Vec<[u64; 2]>>,
    /// Beyond API Gateway: what keys have used of the plan's further quotas in the periods that count now.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    further_quotas: BTreeMap<String, Vec<FurtherBody>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FurtherBody {
    period: &'static str,
    limit: u64,
    used: u64,
    remaining: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    overage: Option<u64>,
    /// Seconds since the epoch.
    resets_at: u64,
}

impl From<FurtherUsed> for FurtherBody {
    fn from(used: FurtherUsed) -> Self {
        Self {
            period: used.every.as_str(),
            limit: used.limit,
            used: used.used,
            remaining: used.remaining(),
            overage: used.overage,
            resets_at: used.resets_at.as_secs(),
        }
    }
}

/// What one key has used.
struct Used {
    days: Vec<[u64; 2]>,
    further: Vec<FurtherBody>,
}

impl Body<'_> {
    fn tell(&mut self, key_id: &KeyId, used: Used) {
        self.values.insert(key_id.to_string(), used.days);
        if !used.further.is_empty() {
            self.further_quotas.insert(key_id.to_string(), used.further);
        }
    }
}

/// The days that are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    from: Day,
    to: Day,
}

impl Range {
    fn of(call: &Call<'_>) -> Result<Self, ControlError> {
        let missing: Vec<String> = ["startDate", "endDate"]
            .into_iter()
            .filter(|name| call.query(name).is_none())
            .map(|name| {
                format!(
                    "Value null at '{name}' failed to satisfy constraint: Member must not be null"
                )
            })
            .collect();
        if !missing.is_empty() {
            return Err(ControlError::validation(&missing));
        }
        Self::parse(
            call.query("startDate").unwrap_or_default(),
            call.query("endDate").unwrap_or_default(),
        )
    }

    fn parse(from: &str, to: &str) -> Result<Self, ControlError> {
        let day = |text: &str| {
            Day::parse(text).ok_or_else(|| {
                ControlError::bad_request(format!(
                    "Invalid date specified: {text}. Must have the form YYYY-MM-DD"
                ))
            })
        };
        let (from, to) = (day(from)?, day(to)?);
        if from > to {
            return Err(ControlError::bad_request(
                "Invalid date range specified: the start date is after the end date",
            ));
        }
        if to.number().saturating_sub(from.number()) > MAX_DAYS {
            return Err(ControlError::bad_request(format!(
                "Invalid date range specified: it can have at most {MAX_DAYS} days"
            )));
        }
        Ok(Self { from, to })
    }
}

pub(super) async fn get<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let range = Range::of(call)?;
    let page = call.page()?;
    let plan = plan(control, call).await?;
    let (keys, position) = match call.query("keyId").filter(|id| !id.is_empty()) {
        Some(key_id) => {
            let key = control.store.key_by_id(&key_id.into()).await?;
            (vec![key.ok_or_else(no_such_key)?], None)
        }
        None => match page {
            Some(page) => {
                let page = control.store.plan_members(&plan.id, &page, None).await?;
                (page.entries, page.next)
            }
            None => (Vec::new(), None),
        },
    };
    let now = call.now();
    let keys = keys.into_iter().map(|key| {
        let quota = key.limits_in(&plan.id).quota(plan.quota);
        (key.id, quota)
    });
    let plan_ref = &plan;
    let told = concurrent::for_each(keys.collect(), |(key_id, quota)| async move {
        let used = used(control, &key_id, plan_ref, quota.as_ref(), range, now).await?;
        Ok((key_id, used))
    })
    .await?;
    let mut body = Body {
        usage_plan_id: plan.id.as_str(),
        start_date: range.from.to_string(),
        end_date: range.to.to_string(),
        position,
        values: BTreeMap::new(),
        further_quotas: BTreeMap::new(),
    };
    for (key_id, used) in told {
        body.tell(&key_id, used);
    }
    Reply::ok(&body)
}

async fn used<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    key_id: &KeyId,
    plan: &Plan,
    quota: Option<&KeyQuota>,
    range: Range,
    now: Timestamp,
) -> Result<Used, ControlError> {
    let first = Usage::first_needed(quota, range.from);
    let usage = control
        .store
        .usage(key_id, &plan.id, first, range.to)
        .await?;
    let days = usage.by_day(quota, range.from, range.to, now);
    let further = usage.further(&plan.further_quotas(), now);
    Ok(Used {
        days: days.into_iter().map(entry).collect(),
        further: further.into_iter().map(Into::into).collect(),
    })
}

/// Of a plan without a quota nothing remains to be told; the wire has a number in this place, and it is 0 then.
fn entry(day: DayUse) -> [u64; 2] {
    [day.used, day.remaining.unwrap_or(0)]
}

pub(super) async fn update<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let remaining = remaining(&call.patches("updateUsageInput")?)?;
    let plan = plan(control, call).await?;
    let key_id = KeyId::from(call.path("keyId"));
    if let Some(remaining) = remaining {
        control
            .store
            .set_remaining(&key_id, &plan.id, remaining, call.now())
            .await?;
    }
    let today = Day::of(call.now());
    let range = Range {
        from: today,
        to: today,
    };
    let key = control.store.key_by_id(&key_id).await?;
    let limits = key.map_or_else(KeyLimits::default, |key| key.limits_in(&plan.id));
    let quota = limits.quota(plan.quota);
    let now = call.now();
    let used = used(control, &key_id, &plan, quota.as_ref(), range, now).await?;
    let mut body = Body {
        usage_plan_id: plan.id.as_str(),
        start_date: today.to_string(),
        end_date: today.to_string(),
        position: None,
        values: BTreeMap::new(),
        further_quotas: BTreeMap::new(),
    };
    body.tell(&key_id, used);
    Reply::ok(&body)
}

/// What the patches leave of the quota. Of several, the last holds.
fn remaining(patches: &[Patch]) -> Result<Option<u64>, ControlError> {
    let mut remaining = None;
    for patch in patches {
        match (patch.op, patch.path.as_str()) {
            (Op::Replace, REMAINING) => {
                let value = patch.text().trim().parse().map_err(|_not_a_number| {
                    ControlError::bad_request(
                        "Invalid remaining quota specified, must be a whole number, 0 or more",
                    )
                })?;
                remaining = Some(value);
            }
            (Op::Replace, _) => return Err(patch.unknown_path(&[REMAINING])),
            (Op::Add | Op::Remove | Op::Move | Op::Test | Op::Copy, _) => {
                return Err(patch.unknown_path(&[]));
            }
        }
    }
    Ok(remaining)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_valid_dates_in_order_and_at_most_90_days() {
        assert!(Range::parse("2026-11-23", "2026-11-23").is_ok());
        assert!(Range::parse("2026-08-25", "2026-11-23").is_ok());
        let refused = [
            ("2026-08-24", "2026-11-23"),
            ("2026-11-24", "2026-11-23"),
            ("2026-11-31", "2026-12-01"),
            ("23.11.2026", "2026-11-23"),
            ("", "2026-11-23"),
            ("2026-11-23T00:00:00Z", "2026-11-24"),
        ];
        for (from, to) in refused {
            assert!(Range::parse(from, to).is_err(), "{from} {to}");
        }
    }

    #[test]
    fn only_the_remaining_quota_can_be_replaced() {
        let patch = |op, path: &str, value: &str| Patch {
            op,
            path: path.to_owned(),
            value: Some(value.to_owned()),
            from: None,
        };
        let read = |op, path, value| remaining(&[patch(op, path, value)]);
        assert_eq!(read(Op::Replace, REMAINING, "10"), Ok(Some(10)));
        assert_eq!(remaining(&[]), Ok(None));
        let error = read(Op::Add, REMAINING, "10").unwrap_err();
        assert_eq!(
            error.message(),
            "Invalid patch path  '/remaining' specified for op 'add'. Must be one of: []"
        );
        let error = read(Op::Replace, "/used", "10").unwrap_err();
        assert_eq!(
            error.message(),
            "Invalid patch path  '/used' specified for op 'replace'. Must be one of: [/remaining]"
        );
        for value in ["", "-1", "1.5", "ten"] {
            assert!(read(Op::Replace, REMAINING, value).is_err(), "{value}");
        }
    }
}
