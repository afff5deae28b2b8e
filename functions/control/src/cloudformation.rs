//! Requests of CloudFormation for custom resources, and the answers to them.

mod answer;
mod received;

use serde_json::Value;
use tokio::time::timeout;
use tollgate::store::{ApiRegistry, Housekeeping, Registry};
use tollgate::time::Clock;

use self::answer::Answer;
use self::received::{Received, Wanted};
use crate::app::{App, HandleError};
use crate::invocation::Invocation;
use crate::response_url::ResponseUrl;

/// Does what the request asks for, and tells CloudFormation what came of it. Whatever is wrong with the request is told too, as long as
/// there is a URL to tell it to.
pub(crate) async fn handle<S, C>(
    app: &App<S, C>,
    url: &str,
    event: Value,
    invocation: &Invocation,
) -> Result<(), HandleError>
where
    S: Registry + ApiRegistry + Housekeeping + Clone,
    C: Clock + Clone,
{
    let url = ResponseUrl::parse(url).inspect_err(|error| {
        tracing::error!("CloudFormation cannot be answered: {error}");
    })?;
    let budget = invocation.budget(app.clock.now());
    let request = Received::read(event);
    let outcome = match &request.wanted {
        Wanted::Change(change) => {
            let control = app.control(invocation)?;
            match timeout(budget.work, control.change_resource(change)).await {
                Ok(outcome) => outcome.map_err(|error| error.to_string()),
                Err(_elapsed) => Err(format!(
                    "it was not done within the {} s that the function has for it; try again",
                    budget.work.as_secs()
                )),
            }
        }
        Wanted::Nothing => Ok(request.untouched()),
        Wanted::Unclear(why) => Err(why.clone()),
    };
    let answer = Answer::new(&request, outcome.as_ref());
    log(
        &request,
        &answer,
        outcome.as_ref().err().map(String::as_str),
    );
    let body = answer.into_body()?;
    app.answers
        .put(&url, &body, budget.answer_until)
        .await
        .inspect_err(|error| tracing::error!("CloudFormation was not answered: {error}"))?;
    Ok(())
}

fn log(request: &Received, answer: &Answer<'_>, reason: Option<&str>) {
    let Received {
        resource_type,
        request_type,
        logical_id,
        ..
    } = request;
    let physical_id = answer.physical_id();
    let outcome = answer.status();
    tracing::info!(
        resource_type,
        request_type,
        logical_id,
        physical_id,
        outcome,
        reason,
        "a custom resource"
    );
}
