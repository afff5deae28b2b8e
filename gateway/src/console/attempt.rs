//! A request with a key, and its decision explained: "Try it".
//!
//! The value of a key goes into the request and nowhere else: not into an address, a log, or the page that shows the answer.

mod form;
mod outcome;
mod send;
mod steps;
#[cfg(test)]
mod tests;
mod wanted;

use maud::html;
use tollgate::limiter::GivenKey;
use tollgate::store::KeyRegistry as _;
use tollgate::time::Timestamp;

use super::answer::Answer;
use super::forms::{Fields, Mistakes};
use super::layout::{Page, Section};
use super::problem::Problem;
use super::visit::{Verb, Visit};
use crate::explain::{self, Explanation};
use outcome::{Outcome, Unsent};
use wanted::{ChosenKey, Wanted};

pub(super) async fn answer(visit: &Visit<'_>, below: &[&str]) -> Result<Answer, Problem> {
    match (visit.verb(), below) {
        (Verb::Show, []) => {
            let form = form::render(visit, visit.query(), &Mistakes::default()).await?;
            Ok(visit.page(page(&html! { (introduction(visit)) (form) })))
        }
        (Verb::Do, []) => attempt(visit, visit.form()).await,
        _ => Err(Problem::NoSuchPage),
    }
}

async fn attempt(visit: &Visit<'_>, fields: &Fields) -> Result<Answer, Problem> {
    let mut mistakes = Mistakes::default();
    let Some(wanted) = Wanted::read(fields, &mut mistakes) else {
        let form = form::render(visit, fields, &mistakes).await?;
        let body = html! { (introduction(visit)) (mistakes.summary()) (form) };
        return Ok(visit.page_again(page(&body)));
    };
    // What may fail comes before the request: an answer that was charged for is shown.
    let form = form::render(visit, fields, &mistakes).await?;
    let outcome = carry_out(visit, &wanted, form::asks_to_send(fields)).await?;
    Ok(visit.page(page(&html! {
        (outcome.render())
        h2 { "Try another" }
        (form)
    })))
}

/// Explains the request, sends it where that is possible and wanted, and explains what another one would meet.
async fn carry_out(
    visit: &Visit<'_>,
    wanted: &Wanted<'_>,
    is_to_be_sent: bool,
) -> Result<Outcome, Problem> {
    let before = explained(visit, wanted, visit.now()).await?;
    let base = visit.surroundings().data_plane_url.as_deref();
    let unsent = match (base, is_to_be_sent) {
        (None, _) => Unsent::NoGateway,
        (Some(_), false) => Unsent::NotWanted,
        (Some(base), true) => match value(visit, wanted).await? {
            Err(unsent) => unsent,
            Ok(value) => {
                let clock = &*visit.surroundings().clock;
                let address = send::address(base, &visit.surroundings().declared, wanted);
                let client = visit.client();
                let sending = send::send(client, &address, wanted, value.as_deref(), clock);
                let answer = sending.await;
                let now = clock.now();
                let after = explained(visit, wanted, now).await;
                let after = after.map_err(|problem| problem.to_string());
                return Ok(Outcome::sent(wanted, before, answer, after));
            }
        },
    };
    Ok(Outcome::unsent(wanted, before, unsent))
}

async fn explained(
    visit: &Visit<'_>,
    wanted: &Wanted<'_>,
    now: Timestamp,
) -> Result<Explanation, Problem> {
    let request = explain::Request {
        api_stage: &wanted.api_stage,
        method: &wanted.method,
        path: &wanted.path,
        query: wanted.query.as_deref().unwrap_or_default(),
        headers: &wanted.headers,
        key: match &wanted.key {
            ChosenKey::None => GivenKey::None,
            ChosenKey::Typed(value) => GivenKey::Value(value),
            ChosenKey::Listed(id) => GivenKey::Id(id),
        },
    };
    let declared = &visit.surroundings().declared;
    Ok(explain::explain(visit.store(), declared, &request, now).await?)
}

/// The value that the request is to carry, or why it cannot be sent.
async fn value(
    visit: &Visit<'_>,
    wanted: &Wanted<'_>,
) -> Result<Result<Option<String>, Unsent>, Problem> {
    Ok(match &wanted.key {
        ChosenKey::None => Ok(None),
        ChosenKey::Typed(value) => Ok(Some((*value).to_owned())),
        ChosenKey::Listed(id) => match visit.store().key_value(id).await? {
            Some(value) => Ok(Some(value.expose().to_owned())),
            None => Err(Unsent::ValueNotKept),
        },
    })
}

fn introduction(visit: &Visit<'_>) -> maud::Markup {
    html! {
        h1 { (Section::Try.title()) }
        @if visit.surroundings().data_plane_url.is_some() {
            p {
                "Send a request to a method of this gateway and see step by step why it passes or not. It is a real request: it is charged to the key's plan, and what answers it does its work."
            }
        } @else {
            p.notice.warning {
                "No gateway runs here, so nothing is sent: the decision is explained from the table, and nothing is charged."
            }
        }
    }
}

fn page<'a>(body: &maud::Markup) -> Page<'a> {
    Page {
        title: Section::Try.title(),
        section: Some(Section::Try),
        trail: &[],
        body: html! { (body) },
    }
}
