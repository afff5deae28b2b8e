//! APIs and their stages.

use maud::html;

use super::answer::Answer;
use super::layout::{Page, Section};
use super::problem::Problem;
use super::visit::{Verb, Visit};

pub(super) async fn answer(visit: &Visit<'_>, below: &[&str]) -> Result<Answer, Problem> {
    match (visit.verb(), below) {
        (Verb::Show, []) => overview(visit).await,
        _ => Err(Problem::NoSuchPage),
    }
}

async fn overview(visit: &Visit<'_>) -> Result<Answer, Problem> {
    let snapshot = visit.snapshot().await?;
    Ok(visit.page(Page {
        title: Section::Apis.title(),
        section: Some(Section::Apis),
        trail: &[],
        body: html! {
            h1 { (Section::Apis.title()) }
            p { "The template declares " (super::words::count(visit.surroundings().declared.len())) " HTTP APIs and function URLs; plans limit the keys of " (super::words::count(snapshot.plans.len())) " usage plans." }
        },
    }))
}
