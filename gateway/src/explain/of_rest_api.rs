//! Requests to REST APIs, whose plans the gateway itself enforces.

use tollgate::api::{RouteMatch, Routes, Routing};
use tollgate::decision::{Denial, Levels, Reason};
use tollgate::plan::MethodName;
use tollgate::rest_api::{ApiKeySource, Method, Resource, Snapshot, Stage};
use tollgate::store::{ApiRegistry, KeyRegistry, PlanRegistry, StoreError};
use tollgate::time::Timestamp;

use super::{Answer, Explanation, Request, Steps, Subject, integration_in_words, metering, words};
use crate::authorize::{Refused, Signature};
use crate::rest_api::{Failure, insert_method};
use crate::shared_throttle::limit_of_method;

/// Nobody is asked who calls.
const NO_AUTHORIZATION: &str = "NONE";

/// Requests are signed.
const SIGNATURE: &str = "AWS_IAM";

pub(super) async fn explain<S: ApiRegistry + KeyRegistry + PlanRegistry>(
    store: &S,
    stage: &Stage,
    request: &Request<'_>,
    now: Timestamp,
) -> Result<Explanation, StoreError> {
    let mut steps = Steps::default();
    let api_id = &request.api_stage.api_id;
    let Some(snapshot) = store.snapshot(api_id, &stage.deployment_id).await? else {
        let words = format!(
            "The stage {} points to the deployment {}, which is gone.",
            stage.stage_name, stage.deployment_id
        );
        return Ok(steps.refuse(Subject::Stage, words, Failure::no_stage()));
    };
    let found = format!(
        "The stage {} of the REST API {} serves the deployment {}.",
        stage.stage_name, snapshot.api.name, stage.deployment_id
    );
    steps.passes(Subject::Stage, found);
    let responses = &snapshot.definition.gateway_responses;
    let routes = routes(&snapshot);
    let (resource, method) = match routes.find(request.method, request.path) {
        RouteMatch::Found(found) => *found.value,
        RouteMatch::NoMethod { template } => {
            let words = format!(
                "The resource {template} has the path, and no method {}.",
                request.method
            );
            let answer = Answer::of_rest_api(Failure::no_method(), responses);
            return Ok(steps.refuse(Subject::Method, words, answer));
        }
        RouteMatch::NoPath => {
            let words = "No resource with a method has this path in the deployment.";
            let answer = Answer::of_rest_api(Failure::no_method(), responses);
            return Ok(steps.refuse(Subject::Method, words, answer));
        }
    };
    let words = format!(
        "The method {} {} answers.",
        method.http_method, resource.path
    );
    steps.passes(Subject::Method, words);
    if let Err((words, failure)) = add_access(&mut steps, &snapshot, method, request) {
        let answer = Answer::of_rest_api(failure, responses);
        return Ok(steps.refuse(Subject::Authorizer, words, answer));
    }
    let has_lambda = has_authorizer(&method.authorization_type);
    if !method.api_key_required {
        let words = "The method requires no key: no plan is asked and nothing is charged.";
        steps.passes(Subject::KeyRequirement, words);
        let name = MethodName {
            resource: &resource.path,
            verb: request.method.as_str(),
        };
        steps.log_without_key(request.api_stage, name);
    } else if snapshot.api.api_key_source == ApiKeySource::Authorizer && !has_lambda {
        let words = "The method requires a key that an authorizer names, and it has no authorizer: no request passes.";
        let denial = Denial {
            reason: Reason::MissingKey,
            key_id: None,
            plan_id: None,
            levels: Levels::default(),
        };
        let answer = Answer::of_denial(&denial, responses);
        return Ok(steps.refuse(Subject::KeyRequirement, words, answer));
    } else if snapshot.api.api_key_source == ApiKeySource::Authorizer {
        let words = "The method requires a key, which its authorizer names: the header x-api-key is not read.";
        steps.is_open(Subject::KeyRequirement, words);
    } else {
        steps.passes(Subject::KeyRequirement, "The method requires a key.");
        let denial = metering::add(&mut steps, store, request, Some(&resource.path), now).await?;
        if let Some(denial) = denial {
            return Ok(steps.refused(Answer::of_denial(&denial, responses)));
        }
    }
    if let Some(words) = add_shared_limit(&mut steps, stage, resource, method) {
        let denial = Denial {
            reason: Reason::Throttled { retry_after: None },
            key_id: None,
            plan_id: None,
            levels: Levels::default(),
        };
        let answer = Answer::of_denial(&denial, responses);
        return Ok(steps.refuse(Subject::SharedThrottle, words, answer));
    }
    let integration = method.method_integration.as_ref();
    if integration.is_none() {
        let answer = Answer::of_rest_api(Failure::configuration(), responses);
        let words = "The method has no integration: nothing answers.";
        return Ok(steps.refuse(Subject::Integration, words, answer));
    }
    let words = format!(
        "The request goes to {}.",
        integration_in_words(integration, &stage.variables)
    );
    steps.passes(Subject::Integration, words);
    Ok(steps.pass())
}

/// The methods of a deployment. Those that conflict with others are not served, and are not here.
fn routes(snapshot: &Snapshot) -> Routes<(&Resource, &Method)> {
    let mut routes = Routes::new(Routing::RestApi);
    for resource in snapshot.definition.resources.values() {
        for method in resource.resource_methods.values() {
            let value = (resource, method);
            // The gateway logs what is wrong with it when it compiles the stage.
            let _ = insert_method(&mut routes, &resource.path, &method.http_method, value);
        }
    }
    routes
}

/// What is asked of callers before their key.
fn add_access(
    steps: &mut Steps,
    snapshot: &Snapshot,
    method: &Method,
    request: &Request<'_>,
) -> Result<(), (String, Failure)> {
    match method.authorization_type.as_str() {
        NO_AUTHORIZATION => return Ok(()),
        SIGNATURE => {
            if Signature::of(request.headers, request.query).is_none() {
                let words = "The method asks for a request that is signed with AWS credentials, and this one is not.";
                return Err((words.to_owned(), Failure::no_method()));
            }
            let words = "The request is signed. A simulated gateway does not verify the signature.";
            steps.passes(Subject::Authorizer, words);
            return Ok(());
        }
        _ => {}
    }
    let authorizer = method
        .authorizer_id
        .as_ref()
        .and_then(|id| snapshot.definition.authorizers.get(id));
    let Some(authorizer) = authorizer else {
        let words = "The method names an authorizer that does not exist.".to_owned();
        return Err((words, Failure::refused(&Refused::AuthorizerConfiguration)));
    };
    let words = format!(
        "The authorizer {} is asked first. What it answers is seen when a request is sent.",
        authorizer.name
    );
    steps.is_open(Subject::Authorizer, words);
    Ok(())
}

/// Whether an authorizer is asked, and so can name a key.
fn has_authorizer(authorization_type: &str) -> bool {
    !matches!(authorization_type, NO_AUTHORIZATION | SIGNATURE)
}

/// Adds what all callers of a method share; in words instead where it lets nobody pass.
fn add_shared_limit(
    steps: &mut Steps,
    stage: &Stage,
    resource: &Resource,
    method: &Method,
) -> Option<String> {
    let name = MethodName {
        resource: &resource.path,
        verb: &method.http_method,
    };
    let limit = limit_of_method(&stage.method_settings, name)?;
    let rule = format!(
        "The stage allows {} for this method, of all callers together.",
        words::throttle(limit)
    );
    if limit.burst == 0 || limit.rate.emission_interval_ns().is_none() {
        return Some(format!("{rule} That lets no request pass."));
    }
    let words = format!("{rule} How much of that is left only the running gateway knows.");
    steps.is_open(Subject::SharedThrottle, words);
    None
}
