//! One stage: what it serves, and what has been edited since.

use maud::{Markup, html};
use tollgate::id::ApiStage;
use tollgate::rest_api::{Deployment, Stage};
use tollgate::store::ApiRegistry as _;
use tollgate::time::Timestamp;

use super::branches;
use super::overview::plans_of;
use super::tree::Tree;
use crate::console::answer::Answer;
use crate::console::directory::Snapshot;
use crate::console::layout::{Page, Section};
use crate::console::path;
use crate::console::problem::Problem;
use crate::console::visit::Visit;
use crate::console::words;
use crate::explain::{DeclaredKind, DeclaredStage};

/// What a page shows of a stage.
struct Shown {
    name: String,
    kind: &'static str,
    /// What it serves, where that is kept.
    served: Option<Served>,
    tree: Tree,
}

/// The deployment of a REST API that a stage points to.
struct Served {
    stage: Stage,
    deployment: Option<Deployment>,
}

pub(super) async fn show(visit: &Visit<'_>, api_stage: &ApiStage) -> Result<Answer, Problem> {
    let declared = &visit.surroundings().declared;
    let declared = declared.iter().find(|stage| stage.api_stage == *api_stage);
    let shown = match declared {
        Some(declared) => Shown::declared(declared),
        None => Shown::read(visit, api_stage).await?,
    };
    let snapshot = visit.snapshot().await?;
    let title = format!("{} · {}", shown.name, api_stage.stage);
    Ok(visit.page(Page {
        title: &title,
        section: Some(Section::Apis),
        trail: &[],
        body: html! {
            div.titlebar {
                h1 { (title) }
                div.actions {
                    a.button href=(try_address(api_stage)) { "Try it" }
                }
            }
            (facts(&shown, api_stage, &snapshot, visit.now()))
            (open_notice(&shown.tree, api_stage, &snapshot))
            (edited_notice(&shown, api_stage))
            h2 { "Resources and methods" }
            (branches::render(&shown.tree, api_stage))
        },
    }))
}

impl Shown {
    fn declared(declared: &DeclaredStage) -> Self {
        Self {
            name: declared.name.clone(),
            kind: match declared.kind {
                DeclaredKind::HttpApi => "HTTP API",
                DeclaredKind::FunctionUrl { .. } => "function URL",
            },
            served: None,
            tree: Tree::of_declared(declared),
        }
    }

    async fn read(visit: &Visit<'_>, api_stage: &ApiStage) -> Result<Self, Problem> {
        let missing = || Problem::NotFound(format!("stage {api_stage}"));
        let stored = visit
            .store()
            .rest_api(&api_stage.api_id)
            .await?
            .ok_or_else(missing)?;
        let record = stored.record;
        let stage = record
            .stages
            .get(api_stage.stage.as_str())
            .ok_or_else(missing)?;
        let deployment_id = stage.deployment_id.as_str();
        let snapshot = visit
            .store()
            .snapshot(&api_stage.api_id, deployment_id)
            .await?
            .ok_or_else(|| Problem::NotFound(format!("deployment {deployment_id}")))?;
        Ok(Self {
            name: record.api.name.clone(),
            kind: "REST API",
            tree: Tree::of_rest_api(stage, &snapshot, &record),
            served: Some(Served {
                deployment: record.deployments.get(deployment_id).cloned(),
                stage: stage.clone(),
            }),
        })
    }
}

fn try_address(api_stage: &ApiStage) -> String {
    let stage = api_stage.to_string();
    path::with_query("/console/try", [("stage", stage.as_str())])
}

fn facts(shown: &Shown, api_stage: &ApiStage, snapshot: &Snapshot, now: Timestamp) -> Markup {
    html! {
        dl.facts {
            dt { "Kind" } dd { (shown.kind) }
            dt { "In usage plans" } dd { code { (api_stage) } }
            dt { "Usage plans" } dd { (plans_of(api_stage, snapshot)) }
            @if let Some(served) = &shown.served {
                dt { "Deployment" }
                dd {
                    code { (served.stage.deployment_id) }
                    @if let Some(deployment) = &served.deployment {
                        ", " (words::instant(Timestamp::from_secs(deployment.created_date), now))
                        @if let Some(text) = &deployment.description { ": " (text) }
                    }
                }
            }
        }
    }
}

/// The methods that no plan limits, although one covers the stage.
fn open_notice(tree: &Tree, api_stage: &ApiStage, snapshot: &Snapshot) -> Markup {
    let open = tree
        .without_key()
        .iter()
        .filter(|(_, method)| method.access.is_none())
        .count();
    let mut plans = snapshot.plans.iter();
    let is_covered = plans.any(|plan| plan.covered(api_stage).is_some());
    html! {
        @if is_covered && open > 0 {
            p.notice.warning {
                "⚠ " (words::count(open))
                @if open == 1 {
                    " method requires no key, so no usage plan limits who calls. It is marked below."
                } @else {
                    " methods require no key, so no usage plan limits who calls. They are marked below."
                }
            }
        }
    }
}

fn edited_notice(shown: &Shown, api_stage: &ApiStage) -> Markup {
    let command = format!(
        "aws apigateway create-deployment --rest-api-id {} --stage-name {}",
        api_stage.api_id, api_stage.stage
    );
    html! {
        @if shown.tree.is_edited() {
            div.notice.warning {
                h2 { "Edited since it was deployed" }
                p { "The stage serves the deployment. What has been edited since is marked below, and takes effect when the API is deployed to the stage:" }
                pre tabindex="0" role="region" aria-label="Command" { code { (command) } }
                @if !shown.tree.other_changes.is_empty() {
                    p { "Apart from resources and methods:" }
                    ul { @for sentence in &shown.tree.other_changes { li { (sentence) } } }
                }
            }
        } @else if shown.served.is_some() {
            p { "Nothing has been edited since it was deployed." }
        }
    }
}
