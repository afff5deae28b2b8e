//! The part of the page that changes.

use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use tollgate::metrics::Outcome;

use super::super::super::directory::Snapshot;
use super::super::super::words;
use super::super::chart;
use crate::tally::{Client, Counts, Live, Subject};

/// The seconds that one column adds up.
const MINUTE: usize = 60;

/// What came of requests, in words, and the word for it in the ids of the page.
const OUTCOMES: [(Outcome, &str, &str); 8] = [
    (Outcome::Admitted, "Admitted", "admitted"),
    (
        Outcome::AdmittedUncharged,
        "Admitted without a charge",
        "admitted-uncharged",
    ),
    (
        Outcome::WouldThrottle,
        "Admitted in shadow mode, would be throttled",
        "would-throttle",
    ),
    (
        Outcome::WouldExceedQuota,
        "Admitted in shadow mode, would exceed the quota",
        "would-exceed-quota",
    ),
    (Outcome::Throttled, "Throttled", "throttled"),
    (Outcome::QuotaExceeded, "Quota exceeded", "quota-exceeded"),
    (Outcome::Forbidden, "Forbidden", "forbidden"),
    (
        Outcome::StoreFailed,
        "Refused without an answer of the table",
        "store-failed",
    ),
];

/// What is seen of the last minutes.
pub(super) fn render(live: &Live, snapshot: &Snapshot) -> Markup {
    let last = live.last();
    let minute: Counts = live.seconds.iter().rev().take(MINUTE).copied().sum();
    html! {
        div.cards {
            (figure(last.total(), "requests a second"))
            (figure(last.passed(), "admitted"))
            (figure(last.refused(), "refused"))
        }
        (chart::rates(&live.seconds))
        div.scroll tabindex="0" role="region" aria-label="Requests by outcome" {
            table {
                caption { "What came of the requests, as of " (time_of_day(live.last_second)) " UTC" }
                thead {
                    tr {
                        th scope="col" { "Outcome" }
                        th.number scope="col" { "Last second" }
                        th.number scope="col" { "Last minute" }
                        th.number scope="col" { "Since the start" }
                    }
                }
                tbody {
                    @for (outcome, words, id) in OUTCOMES {
                        tr {
                            th scope="row" { (words) }
                            td.number { (words::number(last.of(outcome))) }
                            td.number { (words::number(minute.of(outcome))) }
                            td.number id={ "total-" (id) } { (words::number(live.total.of(outcome))) }
                        }
                    }
                }
            }
        }
        (busiest(live, snapshot))
    }
}

fn figure(number: u64, words: &str) -> Markup {
    html! {
        div.card { p.figure { (words::number(number)) } p { (words) } }
    }
}

fn busiest(live: &Live, snapshot: &Snapshot) -> Markup {
    html! {
        h2 { "Busiest keys" }
        @if live.busiest.is_empty() {
            p.empty { "No request came within the last minute. " a href="/console/try" { "Send one" } "." }
        } @else {
            div.scroll tabindex="0" role="region" aria-label="Busiest keys" {
                table {
                    caption { "Those with most requests within the last minute" }
                    thead {
                        tr {
                            th scope="col" { "Key" }
                            th scope="col" { "Plan" }
                            th.number scope="col" { "Requests" }
                            th.number scope="col" { "Admitted" }
                            th.number scope="col" { "Throttled" }
                            th.number scope="col" { "Quota exceeded" }
                        }
                    }
                    tbody {
                        @for (subject, counts) in &live.busiest {
                            tr {
                                th scope="row" { (client(subject, snapshot)) }
                                td { (plan(subject, snapshot)) }
                                td.number { (words::number(counts.total())) }
                                td.number { (words::number(counts.passed())) }
                                td.number { (words::number(counts.throttled)) }
                                td.number { (words::number(counts.quota_exceeded)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn client(subject: &Subject, snapshot: &Snapshot) -> Markup {
    html! {
        @match &subject.client {
            Client::Key(id) => a href=(super::super::key_path(id)) {
                (snapshot.key(id).map_or(id.as_str(), |key| key.name.as_str()))
            },
            Client::Unknown => span.quiet { "no key, or none that the log names" },
            Client::Others => span.quiet { "other keys" },
        }
    }
}

fn plan(subject: &Subject, snapshot: &Snapshot) -> Markup {
    html! {
        @match &subject.plan_id {
            Some(id) => a href=(super::super::plan_path(id)) {
                (snapshot.plan(id).map_or(id.as_str(), |plan| plan.name.as_str()))
            },
            None => span.quiet { "none" },
        }
    }
}

fn time_of_day(second: u64) -> String {
    i64::try_from(second)
        .ok()
        .and_then(|second| jiff::Timestamp::from_second(second).ok())
        .and_then(|instant| strtime::format("%H:%M:%S", TimeZone::UTC.to_datetime(instant)).ok())
        .unwrap_or_default()
}
