//! Reading all that one side holds.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_apigateway::types::ApiKey;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use tollgate::id::{KeyId, PlanId};
use tollgate::quota::Day;
use tollgate::store::NewPlan;

use super::{AT_ONCE, ApiGateway, MigrationError, Repeat};
use crate::migration::Progress;
use crate::migration::document::{self, OwnTags};
use crate::migration::holdings::{HeldKey, HeldPlan, Holdings};

/// The largest page.
const PAGE: i32 = 500;

/// What to read beside plans, keys and their associations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The values of keys.
    pub values: bool,
    /// Tags, which take one call for each key and plan.
    pub tags: bool,
    /// What is left of quotas in the window of this day.
    pub usage_on: Option<Day>,
}

/// A plan as it was read: keys are called by their ids on this side.
struct ReadPlan {
    id: PlanId,
    settings: NewPlan,
    tags: OwnTags,
    keys: Vec<KeyId>,
    remaining: BTreeMap<KeyId, u64>,
    window: Option<Day>,
}

impl ApiGateway {
    /// Reads all keys and plans.
    ///
    /// # Errors
    ///
    /// When a call is refused, has no answer, or has one that makes no sense.
    pub async fn read(
        &self,
        wanted: Wanted,
        progress: &dyn Progress,
    ) -> Result<Holdings, MigrationError> {
        let listed = self.list_plans().await?;
        let of = listed.len();
        let mut reading = stream::iter(listed)
            .map(|plan| self.whole_plan(plan, wanted))
            .buffered(AT_ONCE);
        let mut plans = Vec::new();
        while let Some(plan) = reading.try_next().await? {
            plans.push(plan);
            progress.reached(&format!("plans read from {}", self.place), plans.len(), of);
        }
        let keys = self.keys(wanted, progress).await?;
        Ok(assemble(plans, keys))
    }

    async fn list_plans(&self) -> Result<Vec<NewPlan>, MigrationError> {
        const OPERATION: &str = "GetUsagePlans";
        let mut plans = Vec::new();
        let mut position = None;
        loop {
            let page = self
                .call(OPERATION, Repeat::Harmless, || {
                    self.client
                        .get_usage_plans()
                        .limit(PAGE)
                        .set_position(position.clone())
                        .send()
                })
                .await?;
            for plan in page.items.unwrap_or_default() {
                plans.push(document::plan(plan).map_err(|why| self.unreadable(OPERATION, why))?);
            }
            position = page.position;
            if position.is_none() {
                return Ok(plans);
            }
        }
    }

    async fn whole_plan(
        &self,
        mut settings: NewPlan,
        wanted: Wanted,
    ) -> Result<ReadPlan, MigrationError> {
        let id = settings.id.clone().unwrap_or_else(|| "".into());
        if wanted.tags {
            let answer = self
                .call("GetUsagePlan", Repeat::Harmless, || {
                    self.client
                        .get_usage_plan()
                        .usage_plan_id(id.as_str())
                        .send()
                })
                .await?;
            settings.tags = answer.tags.unwrap_or_default().into_iter().collect();
        }
        let tags = OwnTags::take(&mut settings.tags);
        let keys = self.plan_keys(&id).await?;
        let window = settings
            .quota
            .zip(wanted.usage_on)
            .map(|(quota, today)| (quota.window_of(today).first, today));
        let remaining = match window {
            Some((first, today)) if !keys.is_empty() => self.remaining(&id, first, today).await?,
            Some(_) | None => BTreeMap::new(),
        };
        Ok(ReadPlan {
            id,
            settings,
            tags,
            keys,
            remaining,
            window: window.map(|(first, _)| first),
        })
    }

    async fn plan_keys(&self, plan: &PlanId) -> Result<Vec<KeyId>, MigrationError> {
        let mut keys = Vec::new();
        let mut position = None;
        loop {
            let page = self
                .call("GetUsagePlanKeys", Repeat::Harmless, || {
                    self.client
                        .get_usage_plan_keys()
                        .usage_plan_id(plan.as_str())
                        .limit(PAGE)
                        .set_position(position.clone())
                        .send()
                })
                .await?;
            let members = page.items.unwrap_or_default().into_iter();
            keys.extend(members.filter_map(|member| member.id).map(KeyId::from));
            position = page.position;
            if position.is_none() {
                return Ok(keys);
            }
        }
    }

    /// What is left of a plan's quota, of its keys that have used some of it.
    async fn remaining(
        &self,
        plan: &PlanId,
        first: Day,
        today: Day,
    ) -> Result<BTreeMap<KeyId, u64>, MigrationError> {
        let mut remaining = BTreeMap::new();
        let mut position = None;
        loop {
            let page = self
                .call("GetUsage", Repeat::Harmless, || {
                    self.client
                        .get_usage()
                        .usage_plan_id(plan.as_str())
                        .start_date(first.to_string())
                        .end_date(today.to_string())
                        .limit(PAGE)
                        .set_position(position.clone())
                        .send()
                })
                .await?;
            for (key, days) in page.items.unwrap_or_default() {
                // Each day has what was used on it and what was left at its end; the last one is today.
                if let Some([_, left]) = days.last().map(Vec::as_slice) {
                    remaining.insert(KeyId::from(key), u64::try_from(*left).unwrap_or(0));
                }
            }
            position = page.position;
            if position.is_none() {
                return Ok(remaining);
            }
        }
    }

    async fn keys(
        &self,
        wanted: Wanted,
        progress: &dyn Progress,
    ) -> Result<Vec<(HeldKey, OwnTags)>, MigrationError> {
        let mut listed = Vec::new();
        let mut position = None;
        loop {
            let page = self
                .call("GetApiKeys", Repeat::Harmless, || {
                    self.client
                        .get_api_keys()
                        .include_values(wanted.values)
                        .limit(PAGE)
                        .set_position(position.clone())
                        .send()
                })
                .await?;
            listed.extend(page.items.unwrap_or_default());
            position = page.position;
            if position.is_none() {
                break;
            }
        }
        let of = listed.len();
        let mut reading = stream::iter(listed)
            .map(|key| self.whole_key(key, wanted))
            .buffered(AT_ONCE);
        let mut keys = Vec::new();
        while let Some(key) = reading.try_next().await? {
            keys.extend(key);
            progress.reached(&format!("keys read from {}", self.place), keys.len(), of);
        }
        Ok(keys)
    }

    /// The key with its tags. `None`: it was deleted meanwhile.
    async fn whole_key(
        &self,
        mut key: ApiKey,
        wanted: Wanted,
    ) -> Result<Option<(HeldKey, OwnTags)>, MigrationError> {
        if wanted.tags {
            let id = key.id.clone().unwrap_or_default();
            let answer = self
                .call("GetApiKey", Repeat::Harmless, || {
                    self.client.get_api_key().api_key(id.as_str()).send()
                })
                .await;
            match answer {
                Ok(answer) => key.tags = answer.tags,
                Err(error) if error.is_not_found() => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        let mut key = document::key(key);
        let tags = OwnTags::take(&mut key.tags);
        key.pending = tags.pending;
        Ok(Some((key, tags)))
    }
}

/// Names all keys and plans by the ids that they have on both sides.
fn assemble(plans: Vec<ReadPlan>, keys: Vec<(HeldKey, OwnTags)>) -> Holdings {
    let mut holdings = Holdings::default();
    let mut names: BTreeMap<KeyId, KeyId> = BTreeMap::new();
    for (key, tags) in keys {
        let own = key.own_id.clone();
        let id = tags.id.map_or_else(|| own.clone(), KeyId::from);
        // Of two with one name in their tags, the second keeps its own.
        let id = if holdings.keys.contains_key(&id) {
            own.clone()
        } else {
            id
        };
        names.insert(own, id.clone());
        holdings.keys.insert(id, key);
    }
    let named = |key: &KeyId| names.get(key).cloned();
    for plan in plans {
        let id = plan.tags.id.map(PlanId::from);
        let id = id
            .filter(|id| !holdings.plans.contains_key(id))
            .unwrap_or_else(|| plan.id.clone());
        let keys: BTreeSet<KeyId> = plan.keys.iter().filter_map(named).collect();
        let remaining = plan.remaining.into_iter();
        let remaining = remaining.filter_map(|(key, left)| Some((named(&key)?, left)));
        let held = HeldPlan {
            own_id: plan.id,
            keys,
            remaining: remaining.collect(),
            window: plan.window,
            settings: NewPlan {
                id: Some(id.clone()),
                ..plan.settings
            },
        };
        holdings.plans.insert(id, held);
    }
    holdings
}
