//! Doing what a comparison asks for.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde::Serialize;
use tollgate::id::{KeyId, PlanId};
use tollgate::quota::Day;
use tollgate::time::Clock;

use super::Progress;
use super::api_gateway::{AT_ONCE, ApiGateway, MigrationError};
use super::comparison::{Comparison, Counts, Deed, KeyStep, PlanStep};
use super::holdings::{HeldKey, Pending};
use super::patches;

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Plans that were made, changed, and found as they should be.
    pub plans: Counts,
    /// The same of keys. One that joined a plan was changed.
    pub keys: Counts,
    /// How often a key joined a plan.
    pub joined: usize,
    /// How often what is left of a quota was set.
    pub remaining_set: usize,
    /// What could not be done. Everything else was.
    pub problems: Vec<Problem>,
}

/// What could not be done with one key or plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// `key` or `plan`.
    pub kind: &'static str,
    /// Its id on both sides.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Why.
    pub message: String,
}

/// Why a step was not done.
enum Stop {
    /// It cannot be done; others can.
    Here(String),
    /// Nothing more can be done.
    Everywhere(MigrationError),
}

impl From<MigrationError> for Stop {
    fn from(error: MigrationError) -> Self {
        if error.kind.is_refusal() {
            Self::Here(error.to_string())
        } else {
            Self::Everywhere(error)
        }
    }
}

impl Problem {
    fn of_plan(step: &PlanStep<'_>, message: String) -> Self {
        Self {
            kind: "plan",
            id: step.id.to_string(),
            name: step.wanted.name.clone(),
            message,
        }
    }

    fn of_key(id: &KeyId, name: &str, message: String) -> Self {
        Self {
            kind: "key",
            id: id.to_string(),
            name: name.to_owned(),
            message,
        }
    }
}

impl Comparison<'_> {
    /// What can be known not to be possible before anything is done.
    pub fn foreseen(&self) -> Vec<Problem> {
        let impossible = self.impossible.iter();
        impossible
            .map(|(id, name, why)| Problem::of_key(id, name, why.clone()))
            .collect()
    }

    /// Does it: first the plans, then the keys. What one key or plan does not allow is noted, and the others are done.
    ///
    /// # Errors
    ///
    /// When the target does not answer. What has been done until then stays, and the next comparison knows of it.
    pub async fn carry_out(
        &self,
        target: &ApiGateway,
        clock: &dyn Clock,
        progress: &dyn Progress,
    ) -> Result<Outcome, MigrationError> {
        let mut outcome = Outcome {
            problems: self.foreseen(),
            ..Outcome::default()
        };
        let plan_ids = self.plans(target, progress, &mut outcome).await?;
        let plan_ids = &plan_ids;
        let mut working = stream::iter(&self.keys)
            .map(|step| async move { (step, step.carry_out(target, plan_ids, clock).await) })
            .buffer_unordered(AT_ONCE);
        let mut done = 0_usize;
        while let Some((step, ended)) = working.next().await {
            match ended {
                Ok(()) => {
                    outcome.keys.count(step.deed());
                    outcome.joined += step.joins.len();
                    outcome.remaining_set += step.remaining.len();
                }
                Err(Stop::Here(why)) => {
                    let problem = Problem::of_key(step.id, &step.wanted.name, why);
                    outcome.problems.push(problem);
                }
                Err(Stop::Everywhere(error)) => return Err(error),
            }
            done += 1;
            progress.reached("keys done", done, self.keys.len());
        }
        Ok(outcome)
    }

    /// Makes and changes plans. Returns the ids that they have on the target's side.
    async fn plans(
        &self,
        target: &ApiGateway,
        progress: &dyn Progress,
        outcome: &mut Outcome,
    ) -> Result<BTreeMap<PlanId, PlanId>, MigrationError> {
        let mut working = stream::iter(&self.plans)
            .map(|step| async move {
                match step.carry_out(target).await {
                    Ok(id) => Ok((step, Ok(id))),
                    Err(Stop::Here(why)) => Ok((step, Err(why))),
                    Err(Stop::Everywhere(error)) => Err(error),
                }
            })
            .buffer_unordered(AT_ONCE);
        let mut ids = BTreeMap::new();
        let mut done = 0_usize;
        while let Some((step, ended)) = working.try_next().await? {
            match ended {
                Ok(id) => {
                    outcome.plans.count(step.deed());
                    ids.insert(step.id.clone(), id);
                }
                Err(why) => outcome.problems.push(Problem::of_plan(step, why)),
            }
            done += 1;
            progress.reached("plans done", done, self.plans.len());
        }
        Ok(ids)
    }
}

impl PlanStep<'_> {
    async fn carry_out(&self, target: &ApiGateway) -> Result<PlanId, Stop> {
        let Some(found) = self.found else {
            return Ok(target.create_plan(self.id, &self.wanted).await?);
        };
        if self.deed() == Deed::Change {
            let patches = patches::of_plan(&found.settings, &self.wanted);
            target.update_plan(&found.own_id, patches).await?;
            if self.wanted.tags != found.settings.tags {
                target.tag_plan(&found.own_id, &self.wanted.tags).await?;
            }
        }
        Ok(found.own_id.clone())
    }
}

impl KeyStep<'_> {
    /// In this order, a key can be used only when the target knows what is left to it: it is made disabled and with a mark, or marked and
    /// disabled; it joins its plans; what is left is set; then it is enabled, and the mark goes last. Broken off anywhere, the next import
    /// sees by the mark that it has to go on.
    async fn carry_out(
        &self,
        target: &ApiGateway,
        plan_ids: &BTreeMap<PlanId, PlanId>,
        clock: &dyn Clock,
    ) -> Result<(), Stop> {
        if self.deed() == Deed::Keep {
            return Ok(());
        }
        self.require_windows(clock)?;
        let (id, is_enabled) = if let Some(found) = self.found {
            let is_enabled = self.change(target, found).await?;
            (found.own_id.clone(), is_enabled)
        } else {
            let Some(value) = self.wanted.value.known() else {
                return Err(Stop::Here("its value cannot be read".to_owned()));
            };
            let pending = self.is_held_back.then_some(Pending::Created);
            let id = target
                .create_key(self.id, &self.wanted, value, pending)
                .await?;
            (id, self.wanted.enabled && pending.is_none())
        };
        for plan in &self.joins {
            target.join(&id, there(plan_ids, plan)?).await?;
        }
        for left in &self.remaining {
            let plan = there(plan_ids, left.plan)?;
            target.set_remaining(&id, plan, left.requests).await?;
        }
        if self.is_held_back {
            // One that is enabled already has been when an import broke off before its last step.
            if self.wanted.enabled && !is_enabled {
                target.switch_key(&id, true).await?;
            }
            target.unmark_key(&id).await?;
        }
        Ok(())
    }

    /// Changes a key that is there, and disables it where it has to be. Returns whether it can be used then.
    async fn change(&self, target: &ApiGateway, found: &HeldKey) -> Result<bool, Stop> {
        let own_id = &found.own_id;
        if self.is_held_back && found.pending.is_none() {
            target.mark_key(own_id, Pending::Joining).await?;
        }
        let has_to_wait =
            self.is_held_back && !(self.joins.is_empty() && self.remaining.is_empty());
        let is_switched_off = found.enabled && (has_to_wait || self.is_disabled);
        if is_switched_off {
            target.switch_key(own_id, false).await?;
        }
        let patches = patches::of_key(found, &self.wanted);
        target.update_key(own_id, patches).await?;
        if self.wanted.tags != found.tags {
            target.tag_key(own_id, &self.wanted.tags).await?;
        }
        Ok(found.enabled && !is_switched_off)
    }

    /// Refuses to carry over what was left in a window that has ended since: of the new one nothing is known.
    fn require_windows(&self, clock: &dyn Clock) -> Result<(), Stop> {
        let today = Day::of(clock.now());
        let ended = self
            .remaining
            .iter()
            .find(|left| left.quota.window_of(today).first != left.window);
        match ended {
            None => Ok(()),
            Some(left) => Err(Stop::Here(format!(
                "the period of plan {} has ended since its usage was read: run this again",
                left.plan
            ))),
        }
    }
}

fn there<'a>(plan_ids: &'a BTreeMap<PlanId, PlanId>, plan: &PlanId) -> Result<&'a PlanId, Stop> {
    plan_ids
        .get(plan)
        .ok_or_else(|| Stop::Here(format!("plan {plan} is not there")))
}
