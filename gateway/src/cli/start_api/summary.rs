//! What the gateway says when it has started.

use std::fmt::Write as _;

use serde::Serialize;
use tollgate::id::{ApiStage, PlanId};
use tollgate::plan::Plan;

use super::super::document::{KeyDocument, PlanDocument, Reference};
use super::super::output::{Printer, style};
use super::left_out::LeftOut;
use crate::console;
use crate::deploy::Deployed;
use crate::local;
use crate::router::DEFAULT_STAGE;
use crate::start_api::{Started, requires_key};
use crate::template::{ApiSpec, FunctionUrlAuth, RouteAuthorization, Template};

/// What answers, and where: as one JSON value, or as tables.
pub(super) fn print(started: &Started<'_>, printer: &Printer) {
    let summary = Summary::of(started);
    if printer.is_json() {
        printer.json(&summary);
        return;
    }
    for api in &summary.apis {
        printer.line(&format!("API {} on {}", api.name, style::bold(&api.url)));
        api.print(printer);
    }
    for function in &summary.function_urls {
        printer.line(&format!(
            "Function URL of {} on {}, in plans {}",
            function.function,
            style::bold(&function.url),
            function.stage
        ));
        if function.opens_to_nobody {
            printer.warning(&format!(
                "no plan covers it, so every key is refused there: tollgate plans add-stage PLAN '{}'",
                function.stage
            ));
        }
        printer.line("");
    }
    print_plans(&started.deployed.plans, printer);
    print_keys(&summary, printer);
    let kept = match started.data {
        Some(directory) => format!("kept in {}", directory.display()),
        None => "in memory, gone at the end (--data DIR keeps it)".to_owned(),
    };
    if let Some(endpoint) = &summary.lambda_endpoint {
        printer.line(&format!("Functions on {endpoint}, not started here"));
    }
    printer.line(&format!("DynamoDB on {}, {kept}", summary.dynamodb_url));
    printer.line(&format!("Admin on {}", summary.admin_url));
    printer.line(&format!("Console on {}", style::bold(&summary.console_url)));
    printer.line("Ready. Ctrl-C stops.");
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    apis: Vec<ApiSummary>,
    function_urls: Vec<FunctionUrlSummary>,
    plans: Vec<PlanDocument>,
    keys: Vec<KeyDocument>,
    dynamodb_url: String,
    admin_url: String,
    console_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    lambda_endpoint: Option<String>,
    not_simulated: Vec<LeftOut>,
}

#[derive(Debug, Serialize)]
struct ApiSummary {
    id: String,
    name: String,
    stage: String,
    url: String,
    methods: Vec<MethodSummary>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct MethodSummary {
    path: String,
    method: String,
    integration: String,
    api_key_required: bool,
    /// What lets callers pass besides, if something does.
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer: Option<String>,
    /// It requires no key in a stage that a plan covers, so no plan limits it.
    unlimited: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FunctionUrlSummary {
    function: String,
    url: String,
    /// What stands for it in plans.
    stage: String,
    /// It asks for keys, and no plan covers it.
    opens_to_nobody: bool,
}

impl Summary {
    fn of(started: &Started<'_>) -> Self {
        let Started {
            template,
            deployed,
            port,
            admin_port,
            endpoint_url,
            data: _,
            lambda_endpoint,
        } = *started;
        let is_covered = |api_stage: &ApiStage| {
            let mut plans = deployed.plans.iter();
            plans.any(|plan| plan.covered(api_stage).is_some())
        };
        let function_urls = template.functions.iter().filter_map(|function| {
            let spec = function.url.as_ref()?;
            let api_stage = ApiStage::new(spec.id.as_str(), DEFAULT_STAGE);
            // Who signs its requests is let in by IAM.
            let asks_for_keys = match spec.auth {
                FunctionUrlAuth::None => function.public_methods().is_some(),
                FunctionUrlAuth::AwsIam => false,
            };
            Some(FunctionUrlSummary {
                function: function.logical_id.clone(),
                url: format!("http://127.0.0.1:{port}/_aws/lambda-url/{}/", function.name),
                opens_to_nobody: asks_for_keys && !is_covered(&api_stage),
                stage: api_stage.to_string(),
            })
        });
        Self {
            apis: template
                .apis
                .iter()
                .map(|api| ApiSummary::of(api, template, &deployed.plans, port))
                .collect(),
            function_urls: function_urls.collect(),
            plans: deployed
                .plans
                .iter()
                .map(|plan| PlanDocument::new(&plan.clone().into()))
                .collect(),
            keys: key_documents(deployed),
            dynamodb_url: endpoint_url.to_owned(),
            admin_url: format!("http://127.0.0.1:{admin_port}"),
            console_url: format!("http://127.0.0.1:{admin_port}{}", console::ROOT),
            lambda_endpoint: lambda_endpoint.map(ToString::to_string),
            not_simulated: LeftOut::of(template),
        }
    }
}

impl ApiSummary {
    fn of(api: &ApiSpec, template: &Template, plans: &[Plan], port: u16) -> Self {
        let api_stage = ApiStage::new(api.id.as_str(), api.stage.as_str());
        let is_covered = plans.iter().any(|plan| plan.covered(&api_stage).is_some());
        let methods = api.methods.iter().map(|method| {
            let authorizer = match &method.authorization {
                RouteAuthorization::Open => None,
                RouteAuthorization::Signed => Some("AWS_IAM".to_owned()),
                RouteAuthorization::Lambda(name) | RouteAuthorization::NotSimulated(name) => {
                    Some(name.clone())
                }
            };
            let api_key_required = requires_key(api, method, template);
            MethodSummary {
                path: method.path.clone(),
                method: method.verb.clone(),
                integration: method.function_logical_id.clone(),
                api_key_required,
                unlimited: is_covered && !api_key_required && authorizer.is_none(),
                authorizer,
            }
        });
        Self {
            id: api.id.clone(),
            name: api.name.clone(),
            stage: api.stage.clone(),
            url: url(api, template, port),
            methods: methods.collect(),
        }
    }

    fn print(&self, printer: &Printer) {
        let key = |method: &MethodSummary| {
            let required = match (method.api_key_required, method.unlimited) {
                (true, _) => "required",
                (false, true) => "⚠ not required",
                (false, false) => "not required",
            };
            match (&method.authorizer, method.api_key_required) {
                (Some(name), false) => format!("by {name}"),
                (Some(name), true) => format!("required, by {name}"),
                (None, _) => required.to_owned(),
            }
        };
        let rows: Vec<Vec<String>> = self
            .methods
            .iter()
            .map(|method| {
                vec![
                    method.path.clone(),
                    method.method.clone(),
                    method.integration.clone(),
                    key(method),
                ]
            })
            .collect();
        printer.table(&["PATH", "METHOD", "INTEGRATION", "API KEY"], &rows);
        let unlimited = self
            .methods
            .iter()
            .filter(|method| method.unlimited)
            .count();
        if unlimited > 0 {
            let name = &self.name;
            printer.warning(&match unlimited {
                1 => format!("1 method of {name} requires no key, so no plan limits it"),
                several => {
                    format!("{several} methods of {name} require no key, so no plan limits them")
                }
            });
        }
        printer.line("");
    }
}

/// The keys, with the values of those that were created just now.
fn key_documents(deployed: &Deployed) -> Vec<KeyDocument> {
    let reference = |id: &PlanId| {
        let plan = deployed.plans.iter().find(|plan| plan.id == *id);
        Reference {
            id: id.to_string(),
            name: plan.map_or_else(|| id.to_string(), |plan| plan.name.clone()),
        }
    };
    let documents = deployed.keys.iter().map(|(key, value)| KeyDocument {
        value: value.as_ref().map(|value| value.expose().to_owned()),
        ..KeyDocument::new(key, key.plan_ids.iter().map(reference).collect())
    });
    documents.collect()
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

fn print_keys(summary: &Summary, printer: &Printer) {
    if summary.keys.is_empty() {
        return;
    }
    // A command without options looks for the gateway where it usually is.
    let place = if summary.dynamodb_url == local::ENDPOINT_URL {
        String::new()
    } else {
        format!(" --endpoint-url {}", summary.dynamodb_url)
    };
    let rows: Vec<Vec<String>> = summary
        .keys
        .iter()
        .map(|key| {
            let plans: Vec<&str> = key.plans.iter().map(|plan| plan.name.as_str()).collect();
            let state = if key.enabled { "enabled" } else { "disabled" };
            let reveal = || format!("cargo tollgate keys show {} --reveal{place}", key.id);
            vec![
                key.name.clone(),
                key.id.clone(),
                plans.join(", "),
                state.to_owned(),
                key.value.clone().unwrap_or_else(reveal),
            ]
        })
        .collect();
    let headers = ["KEY", "ID", "PLANS", "STATE", "VALUE"];
    printer.table(&headers, &rows);
    printer.line("");
}
