//! Requests to HTTP APIs and function URLs, where the function's layer enforces plans, or an authorizer.

use tollgate::api::RouteMatch;
use tollgate::limiter::GivenKey;
use tollgate::plan::MethodName;
use tollgate::store::{KeyRegistry, PlanRegistry, StoreError};
use tollgate::time::Timestamp;

use super::{
    Answer, DeclaredAccess, DeclaredKind, DeclaredStage, Explanation, Request, Steps, Subject,
    metering,
};
use crate::authorize::Signature;
use crate::fault::{Door, Fault};

/// Where a request has its key.
const API_KEY: &str = "x-api-key";

pub(super) async fn explain<S: KeyRegistry + PlanRegistry>(
    store: &S,
    stage: &DeclaredStage,
    request: &Request<'_>,
    now: Timestamp,
) -> Result<Explanation, StoreError> {
    let door = match stage.kind {
        DeclaredKind::HttpApi => Door::HttpApi,
        DeclaredKind::FunctionUrl { .. } => Door::FunctionUrl,
    };
    let mut steps = Steps::default();
    let words = match stage.kind {
        DeclaredKind::HttpApi => format!(
            "{} has the stage {}.",
            stage.described(),
            stage.api_stage.stage
        ),
        DeclaredKind::FunctionUrl { .. } => format!(
            "{} stands in plans as {}.",
            stage.described(),
            stage.api_stage
        ),
    };
    steps.passes(Subject::Stage, words);
    let RouteMatch::Found(found) = stage.routes.find(request.method, request.path) else {
        let words = format!("No route is {} {}.", request.method, request.path);
        let answer = Answer::of_fault(Fault::NoMethod, door);
        return Ok(steps.refuse(Subject::Method, words, answer));
    };
    let route = found.value;
    let words = match door {
        Door::HttpApi => format!("The route {} answers.", found.route_key()),
        Door::FunctionUrl => "A function URL takes every method and path.".to_owned(),
    };
    steps.passes(Subject::Method, words);
    let template = found.template.map(ToString::to_string);
    let resource = template.as_deref().unwrap_or(request.path);
    if let DeclaredAccess::Authorizer {
        name,
        identity_sources,
        ..
    } = &route.access
        && let Some(missing) = missing_source(identity_sources, request)
    {
        let words = format!(
            "The authorizer {name} asks for {missing}, which this request does not have: its function is not called."
        );
        let answer = Answer::of_fault(Fault::Unauthorized, door);
        return Ok(steps.refuse(Subject::Authorizer, words, answer));
    }
    match &route.access {
        DeclaredAccess::Open => {}
        DeclaredAccess::Signed => {
            if Signature::of(request.headers, request.query).is_none() {
                let words = "It asks for a request that is signed with AWS credentials, and this one is not.";
                let answer = Answer::of_fault(Fault::Forbidden, door);
                return Ok(steps.refuse(Subject::Authorizer, words, answer));
            }
            let words = "The request is signed. A simulated gateway does not verify the signature.";
            steps.passes(Subject::Authorizer, words);
        }
        DeclaredAccess::NotSimulated(name) => {
            let words =
                format!("The authorizer {name} is of a kind that is not simulated: nobody passes.");
            let answer = Answer::of_fault(Fault::Authorizer, door);
            return Ok(steps.refuse(Subject::Authorizer, words, answer));
        }
        DeclaredAccess::Authorizer {
            name,
            has_plans: false,
            ..
        } => {
            let words = format!(
                "The authorizer {name} is asked first. What it answers is seen when a request is sent."
            );
            steps.is_open(Subject::Authorizer, words);
        }
        DeclaredAccess::Authorizer {
            name,
            has_plans: true,
            ttl_s,
            ..
        } => {
            let words = format!(
                "The authorizer {name} decides by usage plans. All that it can answer to a request that may not pass is 403, also when the key is throttled."
            );
            steps.passes(Subject::KeyRequirement, words);
            if *ttl_s > 0 {
                let words = format!(
                    "What it answers holds for {ttl_s} s for all requests with the same identity, and is not asked for again, nor charged. Whether there is such an answer is not known here."
                );
                steps.is_open(Subject::Authorizer, words);
            }
            let denial = metering::add(&mut steps, store, request, Some(resource), now).await?;
            if denial.is_some() {
                let answer = Answer::of_fault(Fault::Forbidden, door);
                return Ok(steps.refused_unless_open(answer));
            }
        }
    }
    match &route.public {
        None => {
            let words = format!(
                "The function {} has no usage plan layer, so it asks for no key by itself.",
                route.function
            );
            steps.passes(Subject::KeyRequirement, words);
        }
        Some(public) if public.matches(request.method, request.path) => {
            let words = format!(
                "TOLLGATE_PUBLIC of the function {} names this method: its layer asks for no key, and nothing is charged.",
                route.function
            );
            steps.passes(Subject::KeyRequirement, words);
            let name = MethodName {
                resource,
                verb: request.method.as_str(),
            };
            steps.log_without_key(request.api_stage, name);
        }
        Some(_) => {
            let words = format!(
                "The usage plan layer of the function {} requires a key: TOLLGATE_PUBLIC does not name this method.",
                route.function
            );
            steps.passes(Subject::KeyRequirement, words);
            let denial = metering::add(&mut steps, store, request, Some(resource), now).await?;
            if let Some(denial) = denial {
                return Ok(steps.refused(Answer::of_layer(denial.reason)));
            }
        }
    }
    let words = format!("The function {} answers.", route.function);
    steps.passes(Subject::Integration, words);
    Ok(steps.pass())
}

/// The same for a stage that plans cover, and of which no more is known: on AWS, it is one of an HTTP API or a function URL.
pub(super) async fn explain_unknown<S: KeyRegistry + PlanRegistry>(
    store: &S,
    request: &Request<'_>,
    now: Timestamp,
) -> Result<Explanation, StoreError> {
    let mut steps = Steps::default();
    let words = format!(
        "Usage plans cover the stage {}. Its routes do not stand in the table: it belongs to an HTTP API, a function URL or a load balancer.",
        request.api_stage
    );
    steps.passes(Subject::Stage, words);
    let words = "Whether the method is there is seen when a request is sent.";
    steps.is_open(Subject::Method, words);
    let words = "Whether the method requires a key is not known here: a function with the usage plan layer asks for one for each method that its TOLLGATE_PUBLIC does not name. What follows holds where it does.";
    steps.is_open(Subject::KeyRequirement, words);
    let denial = metering::add(&mut steps, store, request, None, now).await?;
    Ok(match denial {
        Some(denial) => steps.refused_unless_open(Answer::of_layer(denial.reason)),
        None => steps.pass(),
    })
}

/// The first of an authorizer's identity sources that a request lacks. Stage variables and what a gateway knows are taken to be there.
fn missing_source<'a>(sources: &'a [String], request: &Request<'_>) -> Option<&'a str> {
    let mut sources = sources.iter().map(String::as_str);
    sources.find(|source| {
        if let Some(name) = source.strip_prefix("$request.header.") {
            !has_header(name, request)
        } else if let Some(name) = source.strip_prefix("$request.querystring.") {
            let mut pairs = form_urlencoded::parse(request.query.as_bytes());
            !pairs.any(|(found, value)| found == name && !value.is_empty())
        } else {
            false
        }
    })
}

fn has_header(name: &str, request: &Request<'_>) -> bool {
    if name.eq_ignore_ascii_case(API_KEY) {
        return match request.key {
            GivenKey::None => false,
            GivenKey::Value(text) => !text.is_empty(),
            GivenKey::Id(_) => true,
        };
    }
    let mut values = request.headers.get_all(name).iter();
    values.any(|value| !value.is_empty())
}
