//! What a plan or a key becomes: as the source has it, with what only the target has.

use std::collections::BTreeMap;

use tollgate::key::LEAKED_AT;
use tollgate::store::NewPlan;

use crate::migration::holdings::HeldKey;
use crate::migration::stage_map::StageMap;

/// The plan as the source has it, with what only the target has.
pub(super) fn plan(source: &NewPlan, found: Option<&NewPlan>, map: &StageMap) -> NewPlan {
    let mapped = map.apply(&source.stages);
    let Some(found) = found else {
        return NewPlan {
            stages: mapped,
            ..source.clone()
        };
    };
    let mut stages = found.stages.clone();
    for stage in mapped {
        match stages
            .iter_mut()
            .find(|known| known.api_stage == stage.api_stage)
        {
            Some(known) => {
                for (method, limits) in &stage.method_throttles {
                    known.set_method_throttle(method, limits.throttle);
                }
            }
            None => stages.push(stage),
        }
    }
    NewPlan {
        id: source.id.clone(),
        name: source.name.clone(),
        description: either(source.description.as_ref(), found.description.as_ref()),
        product_code: either(source.product_code.as_ref(), found.product_code.as_ref()),
        throttle: source.throttle.or(found.throttle),
        quota: source.quota.or(found.quota),
        stages,
        tags: tags(&source.tags, &found.tags),
    }
}

/// The key as the source has it, with what only the target has.
pub(super) fn key(source: &HeldKey, found: Option<&HeldKey>) -> HeldKey {
    let Some(found) = found else {
        return source.clone();
    };
    HeldKey {
        description: either(source.description.as_ref(), found.description.as_ref()),
        customer_id: either(source.customer_id.as_ref(), found.customer_id.as_ref()),
        tags: tags(&source.tags, &found.tags),
        // A value that was found in public opens nothing, whatever the source has not heard yet.
        enabled: source.enabled && (found.enabled || !found.tags.contains_key(LEAKED_AT)),
        ..source.clone()
    }
}

fn either(source: Option<&String>, found: Option<&String>) -> Option<String> {
    source.or(found).cloned()
}

fn tags(
    source: &BTreeMap<String, String>,
    found: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut tags = found.clone();
    tags.extend(source.clone());
    tags
}
