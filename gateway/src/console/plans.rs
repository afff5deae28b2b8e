//! Usage plans.

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
        title: Section::Plans.title(),
        section: Some(Section::Plans),
        trail: &[],
        body: html! {
            h1 { (Section::Plans.title()) }
            p { "The table has " (super::words::count(snapshot.plans.len())) " usage plans." }
        },
    }))
}
