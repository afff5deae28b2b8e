//! Which stage people mean.

use std::collections::BTreeMap;

use tollgate::id::{ApiId, ApiStage};
use tollgate::store::{ApiRegistry, PageRequest, PlanRegistry, StoreError};

use super::declared::{DeclaredKind, DeclaredStage};

/// How many APIs or plans one call lists.
const PER_CALL: u32 = 500;

/// How many stages a sentence lists.
const STAGES_LISTED: usize = 10;

/// A stage that may be meant.
struct Candidate {
    /// The API's name; its id where no name is known.
    name: String,
    /// Whether it is one of an API, and not the URL of a function.
    is_api: bool,
    /// Whether something is known to serve it. What only plans name may be gone, or a mistake.
    is_served: bool,
}

/// The stage with this API, by id or name, and this name. What is not said may be anything, as long as only one stage is left then; the URLs
/// of functions are left out when no API is named.
///
/// # Errors
///
/// When the store does not answer. A sentence that says which stages there are is an `Ok(Err(..))`.
pub(super) async fn choose<S: ApiRegistry + PlanRegistry>(
    store: &S,
    declared: &[DeclaredStage],
    api: Option<&str>,
    stage: Option<&str>,
) -> Result<Result<ApiStage, String>, StoreError> {
    if let (Some(api), Some(stage)) = (api, stage) {
        let exact = ApiStage::new(api, stage);
        if declared.iter().any(|known| known.api_stage == exact)
            || store.stage(&exact).await?.is_some()
        {
            return Ok(Ok(exact));
        }
    }
    let known = candidates(store, declared).await?;
    let fits = |api_stage: &ApiStage, candidate: &Candidate| {
        let is_api = match api {
            Some(api) => candidate.name == api || api_stage.api_id.as_str() == api,
            None => candidate.is_api,
        };
        is_api && stage.is_none_or(|stage| api_stage.stage.as_str() == stage)
    };
    let mut found: Vec<(&ApiStage, &Candidate)> = known
        .iter()
        .filter(|(api_stage, candidate)| fits(api_stage, candidate))
        .collect();
    if found.iter().any(|(_, candidate)| candidate.is_served) {
        found.retain(|(_, candidate)| candidate.is_served);
    }
    Ok(match (found.pop(), found.is_empty()) {
        (Some((only, _)), true) => Ok(only.clone()),
        (Some(_), false) => Err(format!(
            "Several stages may be meant: say which with the API and the stage (--api, --stage). {}",
            listed(&known)
        )),
        (None, _) => match (api, stage) {
            // Nobody knows it; the explanation says so.
            (Some(api), Some(stage)) => Ok(ApiStage::new(api, stage)),
            _ if known.is_empty() => Err(
                "No stage is known here: name the API and the stage, as plans have them."
                    .to_owned(),
            ),
            _ => Err(format!("No stage is meant by that. {}", listed(&known))),
        },
    })
}

/// Each stage once: what a template declares, what the store has, and what plans cover beside these.
async fn candidates<S: ApiRegistry + PlanRegistry>(
    store: &S,
    declared: &[DeclaredStage],
) -> Result<BTreeMap<ApiStage, Candidate>, StoreError> {
    let mut known = BTreeMap::new();
    for stage in declared {
        let candidate = Candidate {
            name: stage.name.clone(),
            is_api: match stage.kind {
                DeclaredKind::HttpApi => true,
                DeclaredKind::FunctionUrl { .. } => false,
            },
            is_served: true,
        };
        known.insert(stage.api_stage.clone(), candidate);
    }
    let mut after = None;
    loop {
        let limit = PER_CALL;
        let page = store.rest_apis(&PageRequest { limit, after }).await?;
        for api in page.entries {
            let stored = store.rest_api(&ApiId::from(api.id.as_str())).await?;
            let stages = stored.into_iter().flat_map(|stored| stored.record.stages);
            for (stage, _) in stages {
                let candidate = Candidate {
                    name: api.name.clone(),
                    is_api: true,
                    is_served: true,
                };
                known.insert(ApiStage::new(api.id.as_str(), stage), candidate);
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    loop {
        let limit = PER_CALL;
        let page = store.plans(&PageRequest { limit, after }).await?;
        for covered in page.entries.into_iter().flat_map(|plan| plan.stages) {
            let name = covered.api_stage.api_id.to_string();
            known.entry(covered.api_stage).or_insert(Candidate {
                name,
                is_api: true,
                is_served: false,
            });
        }
        after = page.next;
        if after.is_none() {
            return Ok(known);
        }
    }
}

fn listed(known: &BTreeMap<ApiStage, Candidate>) -> String {
    let shown: Vec<String> = known
        .keys()
        .take(STAGES_LISTED)
        .map(ToString::to_string)
        .collect();
    let more = match known.len().saturating_sub(STAGES_LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("There are {}{more}.", shown.join(", "))
}
