//! Plans, keys and their associations as a file, without the values of keys.

use bytes::Bytes;
use http::StatusCode;
use maud::{Markup, html};

use super::super::answer::Answer;
use super::super::call::Refusal;
use super::super::problem::Problem;
use super::super::visit::Visit;
use crate::migration::export::{Values, cloudformation, json};
use crate::migration::{self, ApiGateway, Progress, Rate, Wanted};

const JSON: &str = "application/json";

/// Nobody watches: the file comes when it is whole.
struct Unwatched;

impl Progress for Unwatched {
    fn reached(&self, _what: &str, _done: usize, _of: usize) {}
}

/// Links to the files.
pub(super) fn links() -> Markup {
    html! {
        p {
            "Download plans, keys and who is in which, without the values of keys: "
            a href="/console/plans/export/cloudformation" download { "a template for CloudFormation" }
            " with the resources of API Gateway, or "
            a href="/console/plans/export/json" download { "all of it as JSON" }
            ". With values, and to API Gateway itself: " code { "tollgate export" } "."
        }
    }
}

/// The file in one of its forms.
pub(super) async fn file(visit: &Visit<'_>, format: &str) -> Result<Answer, Problem> {
    let (name, document) = match format {
        "cloudformation" => (
            "plans.template.json",
            cloudformation::template as fn(&_, _) -> _,
        ),
        "json" => ("plans.json", json::document as fn(&_, _) -> _),
        _ => return Err(Problem::NoSuchPage),
    };
    let surroundings = visit.surroundings();
    let control = migration::in_process(surroundings.control.clone());
    let table = ApiGateway::new(control, Rate::Unlimited, surroundings.place.clone());
    let wanted = Wanted {
        values: false,
        tags: true,
        usage_on: None,
    };
    let holdings = Box::pin(table.read(wanted, &Unwatched)).await;
    let holdings = holdings.map_err(|error| {
        Problem::Refused(Refusal {
            status: StatusCode::SERVICE_UNAVAILABLE,
            message: error.to_string(),
        })
    })?;
    let text = format!("{:#}\n", document(&holdings, Values::LeftOut));
    Ok(Answer::download(JSON, name, Bytes::from(text)))
}
