//! A request with a key, and its decision explained.

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
        title: Section::Try.title(),
        section: Some(Section::Try),
        trail: &[],
        body: html! {
            h1 { (Section::Try.title()) }
            p { "The table has " (super::words::count(snapshot.keys.len())) " API keys to try requests with." }
        },
    }))
}
