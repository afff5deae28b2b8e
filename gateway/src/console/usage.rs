//! What keys have used, and what was refused.
//!
//! Two sources tell it. What was admitted is in the table, in a meter for each key of each plan: exact, for 400 days, of all processes. What
//! was refused is not stored; a gateway that runs here counts it. A page reads the meters of what it shows, and never those of all keys.

mod alerts;
mod chart;
mod export;
mod key;
mod live;
mod meters;
mod overview;
mod period;
mod plan;
mod projection;
mod refusals;

use tollgate::id::{KeyId, PlanId};
use tollgate::plan::Plan;

use super::answer::Answer;
use super::directory::{ListedKey, Snapshot};
use super::path;
use super::problem::Problem;
use super::visit::{Verb, Visit};

pub(super) use live::Feed;

pub(super) async fn answer(visit: &Visit<'_>, below: &[&str]) -> Result<Answer, Problem> {
    match (visit.verb(), below) {
        (Verb::Show, []) => overview::answer(visit).await,
        (Verb::Show, ["usage.csv"]) => export::decided(visit).await,
        (Verb::Show, ["alerts"]) => alerts::answer(visit).await,
        (Verb::Show, ["live"]) => live::page(visit).await,
        (Verb::Show, ["live", "events"]) => live::events(visit),
        (Verb::Show, ["plans", id]) => plan::answer(visit, id).await,
        (Verb::Show, ["plans", id, "usage.csv"]) => export::plan(visit, id).await,
        (Verb::Show, ["keys", id]) => key::answer(visit, id).await,
        (Verb::Show, ["keys", id, "usage.csv"]) => export::key(visit, id).await,
        (Verb::Show | Verb::Do, _) => Err(Problem::NoSuchPage),
    }
}

/// The page of what a plan's keys have used.
fn plan_path(id: &PlanId) -> String {
    format!("/console/usage/plans/{}", path::segment(id.as_str()))
}

/// The page of what a key has used.
fn key_path(id: &KeyId) -> String {
    format!("/console/usage/keys/{}", path::segment(id.as_str()))
}

fn find_plan<'a>(snapshot: &'a Snapshot, id: &str) -> Result<&'a Plan, Problem> {
    let plan = snapshot.plan(&PlanId::from(id)).map(AsRef::as_ref);
    plan.ok_or_else(|| Problem::NotFound(format!("usage plan {id}")))
}

fn find_key<'a>(snapshot: &'a Snapshot, id: &str) -> Result<&'a ListedKey, Problem> {
    let key = snapshot.key(&KeyId::from(id)).map(AsRef::as_ref);
    key.ok_or_else(|| Problem::NotFound(format!("API key {id}")))
}
