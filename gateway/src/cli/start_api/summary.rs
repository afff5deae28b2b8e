//! What the gateway says when it has started.

use std::fmt::Write as _;

use http::Method;
use tollgate::api::MethodPatterns;
use tollgate::http::variable;
use tollgate::id::ApiStage;
use tollgate::plan::Plan;

use super::super::output::{Printer, style};
use crate::deploy::Deployed;
use crate::router::DEFAULT_STAGE;
use crate::start_api::Started;
use crate::template::{ApiKind, ApiSpec, MethodSpec, Template};

pub(super) fn print_not_simulated(template: &Template, printer: &Printer) {
    if template.not_simulated.is_empty() {
        return;
    }
    let resources: Vec<String> = template
        .not_simulated
        .iter()
        .map(|resource| format!("{} ({})", resource.logical_id, resource.resource_type))
        .collect();
    printer.note(&format!("not simulated: {}", resources.join(", ")));
}

pub(super) fn print(started: &Started<'_>, printer: &Printer) {
    let Started {
        template,
        deployed,
        port,
        admin_port,
        endpoint_url,
        data,
    } = *started;
    for api in &template.apis {
        let url = url(api, template, port);
        printer.line(&format!("API {} on {}", api.name, style::bold(&url)));
        print_methods(api, template, &deployed.plans, printer);
    }
    for function in &template.functions {
        if function.url.is_some() {
            printer.line(&format!(
                "Function URL of {} on http://127.0.0.1:{}/_aws/lambda-url/{}/\n",
                function.logical_id, port, function.name
            ));
        }
    }
    print_plans(&deployed.plans, printer);
    print_keys(deployed, printer);
    let kept = match data {
        Some(directory) => format!("kept in {}", directory.display()),
        None => "in memory, gone at the end (--data DIR keeps it)".to_owned(),
    };
    printer.line(&format!("DynamoDB on {endpoint_url}, {kept}"));
    printer.line(&format!("Admin on http://127.0.0.1:{admin_port}"));
    printer.line("Ready. Ctrl-C stops.");
}

fn url(api: &ApiSpec, template: &Template, port: u16) -> String {
    let alone = template
        .apis
        .iter()
        .filter(|other| other.stage == api.stage)
        .count()
        == 1;
    let mut url = format!("http://127.0.0.1:{port}");
    if !alone {
        // Writing to a String cannot fail.
        let _ = write!(url, "/_aws/execute-api/{}", api.id);
    }
    if api.stage != DEFAULT_STAGE {
        let _ = write!(url, "/{}", api.stage);
    }
    url
}

fn print_methods(api: &ApiSpec, template: &Template, plans: &[Plan], printer: &Printer) {
    let api_stage = ApiStage::new(api.id.as_str(), api.stage.as_str());
    let covered = plans.iter().any(|plan| plan.covered(&api_stage).is_some());
    let mut open = 0_u32;
    let rows: Vec<Vec<String>> = api
        .methods
        .iter()
        .map(|method| {
            let required = requires_key(api, method, template);
            let key = match (required, covered) {
                (true, _) => "required".to_owned(),
                (false, true) => {
                    open += 1;
                    "⚠ not required".to_owned()
                }
                (false, false) => "not required".to_owned(),
            };
            vec![
                method.path.clone(),
                method.verb.clone(),
                method.function_logical_id.clone(),
                key,
            ]
        })
        .collect();
    printer.table(&["PATH", "METHOD", "INTEGRATION", "API KEY"], &rows);
    if open > 0 {
        printer.warning(&format!(
            "{open} of {}'s methods require no key, so no plan limits them",
            api.name
        ));
    }
    printer.line("");
}

/// Whether a method checks a key: the gateway does for REST APIs, the function's layer for HTTP APIs.
fn requires_key(api: &ApiSpec, method: &MethodSpec, template: &Template) -> bool {
    match api.kind {
        ApiKind::Rest => method.api_key_required,
        ApiKind::Http => {
            let function = template
                .functions
                .iter()
                .find(|function| function.logical_id == method.function_logical_id);
            let variables = function.map(|function| &function.environment);
            let has_layer = variables.is_some_and(|variables| {
                variables.contains_key(variable::TABLE)
                    && variables.get(variable::LAYER).map(String::as_str) != Some("off")
            });
            let public: MethodPatterns = variables
                .and_then(|variables| variables.get(variable::PUBLIC))
                .and_then(|list| list.parse().ok())
                .unwrap_or_default();
            let verb = Method::from_bytes(method.verb.as_bytes()).unwrap_or(Method::GET);
            has_layer && !public.matches(&verb, &method.path)
        }
    }
}

fn print_plans(plans: &[Plan], printer: &Printer) {
    if plans.is_empty() {
        return;
    }
    let rows: Vec<Vec<String>> = plans
        .iter()
        .map(|plan| {
            let stages: Vec<String> = plan
                .stages
                .iter()
                .map(|covered| covered.api_stage.to_string())
                .collect();
            let none = || "unlimited".to_owned();
            vec![
                plan.name.clone(),
                plan.throttle.map_or_else(none, |throttle| {
                    format!("{}/s", throttle.rate.as_per_second())
                }),
                plan.throttle
                    .map_or_else(none, |throttle| throttle.burst.to_string()),
                plan.quota.map_or_else(none, |quota| {
                    format!("{} a {}", quota.limit(), quota.period())
                }),
                stages.join(", "),
            ]
        })
        .collect();
    printer.table(&["PLAN", "RATE", "BURST", "QUOTA", "STAGES"], &rows);
    printer.line("");
}

fn print_keys(deployed: &Deployed, printer: &Printer) {
    if deployed.keys.is_empty() {
        return;
    }
    let plan_name = |id: &tollgate::id::PlanId| {
        let plan = deployed.plans.iter().find(|plan| plan.id == *id);
        plan.map_or_else(|| id.to_string(), |plan| plan.name.clone())
    };
    let rows: Vec<Vec<String>> = deployed
        .keys
        .iter()
        .map(|(key, value)| {
            let plans: Vec<String> = key.plan_ids.iter().map(plan_name).collect();
            let shown = match value {
                Some(value) => value.expose().to_owned(),
                None => format!("cargo tollgate keys show {} --reveal", key.name),
            };
            let state = if key.enabled { "enabled" } else { "disabled" };
            vec![
                key.name.clone(),
                key.id.to_string(),
                plans.join(", "),
                state.to_owned(),
                shown,
            ]
        })
        .collect();
    printer.table(
        &["KEY", "ID", "PLANS", "STATE", "VALUE (shown once)"],
        &rows,
    );
    printer.line("");
}
