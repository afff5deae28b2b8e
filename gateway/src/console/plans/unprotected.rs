//! What the exclamation mark beside a stage means, and how to mend it.

use maud::{Markup, html};
use tollgate::id::ApiStage;
use tollgate::plan::Plan;
use tollgate::rest_api::Definition;
use tollgate::store::ApiRegistry as _;

use super::super::answer::Answer;
use super::super::forms::Mistakes;
use super::super::path;
use super::super::problem::Problem;
use super::super::stages::{KnownMethod, KnownStage, StageKind};
use super::super::surroundings::KeyRule;
use super::super::visit::Visit;
use super::super::words;
use super::sub_page;
use crate::template::TOLLGATE_WRAPPER;

/// The fields of the query that name the API, and its stage alone.
pub(super) const API: &str = "api";
pub(super) const STAGE_NAME: &str = "stage";

pub(super) async fn page(visit: &Visit<'_>, plan: &Plan) -> Result<Answer, Problem> {
    let query = visit.query();
    let api_stage = ApiStage::new(query.get(API), query.get(STAGE_NAME));
    let book = visit.stage_book().await?;
    let title = book.title(&api_stage);
    let known = book
        .get(&api_stage)
        .filter(|_known| plan.covered(&api_stage).is_some())
        .ok_or_else(|| Problem::NotFound(format!("known stage {title} in {}", plan.name)))?;
    let edited = match known.kind {
        StageKind::RestApi => visit.store().rest_api(&api_stage.api_id).await?,
        StageKind::HttpApi | StageKind::FunctionUrl => None,
    };
    let definition = edited.map(|api| api.record.definition);
    let rows: Vec<Row<'_>> = known
        .open_methods()
        .map(|method| Row {
            method,
            is_mended: definition
                .as_ref()
                .is_some_and(|definition| requires_key(definition, method)),
        })
        .collect();
    let guarded: Vec<&KnownMethod> = known
        .methods()
        .filter(|method| matches!(method.key, KeyRule::Authorizer(_)))
        .collect();
    let body = html! {
        h1 { "Methods of " (title) " that need no key" }
        @if known.methods.is_none() {
            p.notice.warning { "What this stage serves could not be read: its deployment is not in the table. It is not known which methods need no key." }
        } @else if rows.is_empty() {
            p.notice.done { "Every method that this stage serves requires a key, or has an authorizer." }
        } @else {
            p {
                "Anybody may call these methods. They are answered without an API key, so they are not throttled, and not counted against the quota of "
                (plan.name) ", or of any other usage plan."
            }
            (table(&rows))
            (mending(known, &rows))
        }
        (guarded_list(&guarded))
        p { a href=(path::plan(plan.id.as_str())) { "Back to " (plan.name) } }
    };
    Ok(sub_page(
        visit,
        plan,
        "Open methods",
        &Mistakes::default(),
        body,
    ))
}

/// A method that anybody may call.
struct Row<'a> {
    method: &'a KnownMethod,
    /// Whether it requires a key in the API as it is being edited.
    is_mended: bool,
}

impl Row<'_> {
    /// Whether browsers ask with it before they send a request to another site.
    fn is_preflight(&self) -> bool {
        self.method.verb == "OPTIONS"
    }
}

/// Whether the method requires a key in the API as it is being edited.
fn requires_key(definition: &Definition, method: &KnownMethod) -> bool {
    definition
        .resources
        .values()
        .filter(|resource| resource.path == method.path)
        .filter_map(|resource| resource.resource_methods.get(&method.verb))
        .any(|edited| edited.api_key_required)
}

fn table(rows: &[Row<'_>]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Methods that need no key" {
            table {
                caption { "As the stage serves them now." }
                thead { tr { th scope="col" { "Method" } th scope="col" { "Path" } th scope="col" { "Remark" } } }
                tbody {
                    @for row in rows {
                        tr {
                            th scope="row" { (row.method.verb) }
                            td { code { (row.method.path) } }
                            td {
                                @if row.is_mended {
                                    span.badge.warning { "requires a key since it was edited: deploy for this to take effect" }
                                } @else if row.is_preflight() {
                                    "Browsers ask with this method before a request from another site, and send no key: it has to stay open for them."
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn mending(known: &KnownStage, rows: &[Row<'_>]) -> Markup {
    match known.kind {
        StageKind::RestApi => mending_rest(known, rows),
        StageKind::HttpApi | StageKind::FunctionUrl => html! {
            h2 { "How to mend it" }
            p {
                "The function checks keys itself, with the layer. Its variable " code { "TOLLGATE_PUBLIC" }
                " in the template names the methods that stay open: take them out. A function without the variable "
                code { "TOLLGATE_TABLE" } " has no layer at all, and neither has one in Python or Node.js whose "
                code { "AWS_LAMBDA_EXEC_WRAPPER" } " is not " code { (TOLLGATE_WRAPPER) } "."
            }
            p { "Deploy for this to take effect: on this machine, start the gateway again." }
        },
    }
}

fn mending_rest(known: &KnownStage, rows: &[Row<'_>]) -> Markup {
    let ApiStage { api_id, stage } = &known.api_stage;
    let open: Vec<_> = rows
        .iter()
        .filter(|row| !row.is_mended && !row.is_preflight())
        .filter_map(|row| Some((row.method, row.method.resource_id.as_ref()?)))
        .collect();
    let is_edited = rows.iter().any(|row| row.is_mended);
    html! {
        h2 { "How to mend it" }
        @if open.is_empty() && !is_edited {
            p { "There is nothing to mend: only requests with which browsers ask beforehand are open." }
        } @else {
            ol {
                @if !open.is_empty() {
                    li {
                        p {
                            "Require a key for " @if open.len() == 1 { "the method" } @else { "each of the methods" }
                            ": with " code { "ApiKeyRequired: true" } " in the template, or in the API itself:"
                        }
                        (command("update", "Commands that require a key", &html! {
                            @for (method, resource_id) in &open {
                                "aws apigateway update-method --rest-api-id " (api_id) " --resource-id " (resource_id)
                                " --http-method " (method.verb) " --patch-operations op=replace,path=/apiKeyRequired,value=true\n"
                            }
                        }))
                    }
                }
                li {
                    p { "Deploy for this to take effect. A stage serves what was deployed last, and none of what has been edited since." }
                    (command("deploy", "The command that deploys", &html! {
                        "aws apigateway create-deployment --rest-api-id " (api_id) " --stage-name " (stage)
                    }))
                }
            }
            p.hint { "For the gateway on this machine, add " code { "--endpoint-url" } " with the address of this console’s port." }
        }
    }
}

/// Something to type in a terminal, with a button that copies it.
fn command(id: &str, label: &str, text: &Markup) -> Markup {
    html! {
        div.copied {
            pre id=(id) tabindex="0" role="region" aria-label=(label) { (text) }
            button.small type="button" hidden data-copy={ "#" (id) } { "Copy" }
        }
    }
}

fn guarded_list(guarded: &[&KnownMethod]) -> Markup {
    html! {
        @if !guarded.is_empty() {
            h2 { "Methods that an authorizer guards" }
            p {
                (words::count(guarded.len())) " more " @if guarded.len() == 1 { "method asks" } @else { "methods ask" }
                " for no key, and an authorizer decides who may call. It may name a key, whose plan then limits the request."
            }
            ul {
                @for method in guarded {
                    li {
                        code { (method.verb) " " (method.path) }
                        @if let KeyRule::Authorizer(name) = &method.key { " by " (name) }
                    }
                }
            }
        }
    }
}
