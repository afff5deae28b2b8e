//! What a running gateway does, second by second.
//!
//! The page shows the last minutes as they are. With JavaScript it stays up to date: each second the same part of it comes as an event.
//! It is made once for all who watch, and nothing is done for it while nobody does.

mod feed;
mod view;
mod watcher;

use bytes::Bytes;
use maud::{Markup, html};
use tokio::sync::mpsc;

use super::super::answer::Answer;
use super::super::layout::{Page, Section};
use super::super::problem::Problem;
use super::super::visit::Visit;
use super::super::words;

pub(in crate::console) use feed::Feed;

const TITLE: &str = "Live view";

/// How many events may wait for a slow browser.
const WAITING: usize = 1;

/// The page.
pub(super) async fn page(visit: &Visit<'_>) -> Result<Answer, Problem> {
    let body = match &visit.surroundings().tally {
        None => no_gateway(),
        Some(tally) => {
            let snapshot = visit.snapshot().await?;
            let live = tally.live(visit.now());
            html! {
                div.titlebar {
                    h1 { (TITLE) }
                    p.actions {
                        a.button href="/console/usage/live" { "Refresh" }
                        button type="button" id="live-pause" hidden { "Pause" }
                    }
                }
                p.hint { "Counted since " (words::moment(tally.started_at())) ", when this gateway started." }
                p #live-state role="status" hidden {}
                div #live data-events="/console/usage/live/events" { (view::render(&live, &snapshot)) }
            }
        }
    };
    Ok(visit.page(Page {
        title: TITLE,
        section: Some(Section::Usage),
        trail: &[],
        body,
    }))
}

fn no_gateway() -> Markup {
    html! {
        h1 { (TITLE) }
        p.empty {
            "No gateway runs in this process. The console of " code { "tollgate start-api" } " has a live view. On AWS the metrics of CloudWatch, in the namespace "
            code { "Tollgate" } ", tell what functions decide."
        }
    }
}

/// One event a second, until the visitor leaves or the server stops.
pub(super) fn events(visit: &Visit<'_>) -> Result<Answer, Problem> {
    let feed = visit.feed().ok_or(Problem::NoSuchPage)?;
    let watcher = feed.join().ok_or(Problem::Crowded)?;
    let (sender, receiver) = mpsc::channel::<Bytes>(WAITING);
    tokio::spawn(watcher.run(sender, visit.stop(), visit.hangup().clone()));
    Ok(Answer::events(receiver))
}
