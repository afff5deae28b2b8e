//! More requests of a quota, for a while: the tag that says so.

use std::collections::BTreeMap;

use tollgate::control::{InvalidTags, check_tags};
use tollgate::overrides::{TOP_UP, TopUp, is_top_up};
use tollgate::quota::Day;
use tollgate::random::{self, BASE36, NoEntropy};
use tollgate::store::ApiKey;
use tollgate::time::Timestamp;

use super::ManagedPlan;

/// How long a top-up that has ended stays among the tags of its key, so that the usage of past days is told as it was.
const DAYS_KEPT: u32 = 90;

/// The length of a name that is made here.
const NAME_LEN: usize = 8;

/// What somebody asks to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopUpRequest {
    /// How many requests.
    pub requests: u64,
    /// Until when. `None`, and what is later: until the end of the quota's period.
    pub until: Option<Timestamp>,
    /// What to call it; `None`: a name is made. One of the same name is replaced, so that nothing is added twice.
    pub name: Option<String>,
}

/// A top-up that can be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedTopUp {
    /// What it is called.
    pub name: String,
    /// What it adds.
    pub top_up: TopUp,
    /// The tag to set, and those of top-ups that ended long ago to take away.
    pub tags: BTreeMap<String, Option<String>>,
    /// Whether one of this name is replaced.
    pub is_replacement: bool,
}

/// Why nothing can be added.
#[derive(Debug, thiserror::Error)]
pub enum NoTopUp {
    /// The key is not in the plan.
    #[error("the key is not in the plan")]
    NotInPlan,
    /// Nothing limits the key in the plan.
    #[error("the key has no quota in the plan, so there is nothing to add to")]
    NoQuota,
    /// It would have ended already.
    #[error("its end has passed already")]
    Passed,
    /// The name cannot be one, or the key has too many tags.
    #[error(transparent)]
    Tags(#[from] InvalidTags),
    /// No name could be made.
    #[error(transparent)]
    Name(#[from] NoEntropy),
}

/// Reads until when something is added: an instant, or a day (UTC), which is meant to its end.
#[must_use]
pub fn parse_end(text: &str) -> Option<Timestamp> {
    match Day::parse(text) {
        Some(day) => Some(day.plus(1).start()),
        None => Timestamp::parse(text),
    }
}

/// What to write so that `request` is added to what `key` may use of the quota of `plan` in the period of `now`.
///
/// # Errors
///
/// When there is nothing to add to, or the tag would be refused: [`NoTopUp`].
pub fn plan_top_up(
    key: &ApiKey,
    plan: &ManagedPlan,
    request: &TopUpRequest,
    now: Timestamp,
) -> Result<PlannedTopUp, NoTopUp> {
    if !key.plan_ids.contains(&plan.id) {
        return Err(NoTopUp::NotInPlan);
    }
    let quota = plan.clone().of_key(key).quota.ok_or(NoTopUp::NoQuota)?;
    let window_ends = quota.window(now).resets_at();
    let until = request.until.unwrap_or(window_ends).min(window_ends);
    if until <= now {
        return Err(NoTopUp::Passed);
    }
    let top_up = TopUp {
        requests: request.requests,
        // Whole seconds read better.
        from: Timestamp::from_secs(now.as_secs()),
        until,
        plan_id: Some(plan.id.clone()),
    };
    let name = match &request.name {
        Some(name) => name.clone(),
        None => random::text(BASE36, NAME_LEN)?,
    };
    let tag = format!("{TOP_UP}:{name}");
    Ok(PlannedTopUp {
        is_replacement: key.tags.contains_key(&tag),
        tags: changes(key, tag, &top_up, now)?,
        name,
        top_up,
    })
}

fn changes(
    key: &ApiKey,
    tag: String,
    top_up: &TopUp,
    now: Timestamp,
) -> Result<BTreeMap<String, Option<String>>, InvalidTags> {
    let oldest = Day::of(now).minus(DAYS_KEPT).start();
    let is_old = |(name, text): &(&String, &String)| {
        let read: Result<TopUp, _> = text.parse();
        is_top_up(name) && read.is_ok_and(|top_up| top_up.until < oldest)
    };
    let old: Vec<String> = key
        .tags
        .iter()
        .filter(is_old)
        .map(|(name, _)| name.clone())
        .collect();
    let mut tags = key.tags.clone();
    tags.retain(|name, _| !old.contains(name));
    tags.insert(tag.clone(), top_up.to_string());
    check_tags(&tags)?;
    let mut changes: BTreeMap<String, Option<String>> =
        old.into_iter().map(|name| (name, None)).collect();
    changes.insert(tag, Some(top_up.to_string()));
    Ok(changes)
}
