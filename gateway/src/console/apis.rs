//! APIs with their stages, and what each of them offers.

mod branches;
mod difference;
mod overview;
mod stage;
#[cfg(test)]
mod tests;
mod tree;

use tollgate::id::ApiStage;

use super::answer::Answer;
use super::path;
use super::problem::Problem;
use super::visit::{Verb, Visit};
use difference::{Change, Difference};

pub(super) async fn answer(visit: &Visit<'_>, below: &[&str]) -> Result<Answer, Problem> {
    match (visit.verb(), below) {
        (Verb::Show, []) => overview::show(visit).await,
        (Verb::Show, [api, stage]) => stage::show(visit, &ApiStage::new(*api, *stage)).await,
        _ => Err(Problem::NoSuchPage),
    }
}

/// The address of a stage's page.
pub(super) fn address(api_stage: &ApiStage) -> String {
    format!(
        "/console/apis/{}/{}",
        path::segment(api_stage.api_id.as_str()),
        path::segment(api_stage.stage.as_str())
    )
}
