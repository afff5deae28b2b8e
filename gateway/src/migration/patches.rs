//! What `UpdateUsagePlan` and `UpdateApiKey` are asked for.

use aws_sdk_apigateway::types::{Op, PatchOperation};
use tollgate::bucket::Throttle;
use tollgate::id::ApiStage;
use tollgate::plan::CoveredStage;
use tollgate::store::NewPlan;

use super::holdings::HeldKey;

/// What makes `wanted` of the plan `found`. Nothing is taken away: `wanted` has all that `found` has. Tags are not changed so.
pub(super) fn of_plan(found: &NewPlan, wanted: &NewPlan) -> Vec<PatchOperation> {
    let mut patches = Vec::new();
    if found.name != wanted.name {
        patches.push(replace("/name", &wanted.name));
    }
    if found.description != wanted.description {
        let description = wanted.description.as_deref();
        patches.push(replace("/description", description.unwrap_or_default()));
    }
    if found.product_code != wanted.product_code {
        let code = wanted.product_code.as_deref();
        patches.push(replace("/productCode", code.unwrap_or_default()));
    }
    if found.throttle != wanted.throttle {
        patches.extend(
            wanted
                .throttle
                .into_iter()
                .flat_map(|limits| throttle("/throttle", limits)),
        );
    }
    if found.quota != wanted.quota
        && let Some(quota) = wanted.quota
    {
        patches.push(replace("/quota/limit", &quota.limit().to_string()));
        patches.push(replace("/quota/period", quota.period().as_str()));
        patches.push(replace("/quota/offset", &quota.offset().to_string()));
    }
    for stage in &wanted.stages {
        let known = found
            .stages
            .iter()
            .find(|known| known.api_stage == stage.api_stage);
        patches.extend(of_stage(known, stage));
    }
    patches
}

fn of_stage(found: Option<&CoveredStage>, wanted: &CoveredStage) -> Vec<PatchOperation> {
    let mut patches = Vec::new();
    if found.is_none() {
        patches.push(patch(Op::Add, "/apiStages", &wanted.api_stage.to_string()));
    }
    for (method, limits) in &wanted.method_throttles {
        let known = found.and_then(|stage| stage.method_throttles.get(method));
        if known.map(|known| known.throttle) != Some(limits.throttle) {
            let path = method_path(&wanted.api_stage, method);
            patches.extend(throttle(&path, limits.throttle));
        }
    }
    patches
}

fn method_path(api_stage: &ApiStage, method: &str) -> String {
    format!("/apiStages/{api_stage}/throttle/{method}")
}

fn throttle(path: &str, limits: Throttle) -> [PatchOperation; 2] {
    let rate = limits.rate.as_per_second().to_string();
    [
        replace(&format!("{path}/rateLimit"), &rate),
        replace(&format!("{path}/burstLimit"), &limits.burst.to_string()),
    ]
}

/// What makes `wanted` of the key `found`, but for its tags and for whether it may be used.
pub(super) fn of_key(found: &HeldKey, wanted: &HeldKey) -> Vec<PatchOperation> {
    let members = [
        ("/name", Some(&found.name), Some(&wanted.name)),
        (
            "/description",
            found.description.as_ref(),
            wanted.description.as_ref(),
        ),
        (
            "/customerId",
            found.customer_id.as_ref(),
            wanted.customer_id.as_ref(),
        ),
    ];
    members
        .into_iter()
        .filter(|(_, found, wanted)| found != wanted)
        .map(|(path, _, wanted)| replace(path, wanted.map_or("", String::as_str)))
        .collect()
}

pub(super) fn replace(path: &str, value: &str) -> PatchOperation {
    patch(Op::Replace, path, value)
}

fn patch(op: Op, path: &str, value: &str) -> PatchOperation {
    PatchOperation::builder()
        .op(op)
        .path(path)
        .value(value)
        .build()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tollgate::bucket::Rate;
    use tollgate::quota::{Period, Quota};

    use super::*;

    fn limits(rate: f64) -> Throttle {
        Throttle {
            rate: Rate::per_second(rate).unwrap(),
            burst: 4,
        }
    }

    fn plan() -> NewPlan {
        NewPlan {
            id: None,
            name: "Bronze".to_owned(),
            description: None,
            product_code: None,
            throttle: None,
            quota: None,
            stages: Vec::new(),
            tags: BTreeMap::new(),
        }
    }

    fn texts(patches: &[PatchOperation]) -> Vec<String> {
        patches
            .iter()
            .map(|patch| {
                let op = patch.op().unwrap();
                format!("{op} {} {}", patch.path().unwrap(), patch.value().unwrap())
            })
            .collect()
    }

    #[test]
    fn a_plan_that_is_as_wanted_is_not_asked_to_change() {
        assert_eq!(of_plan(&plan(), &plan()), []);
    }

    #[test]
    fn every_member_of_a_plan_has_its_path() {
        let mut stage = CoveredStage::new(ApiStage::new("a1", "prod"));
        stage.set_method_throttle("/users/{id}/GET", limits(0.5));
        let wanted = NewPlan {
            name: "Silver".to_owned(),
            product_code: Some("abc".to_owned()),
            throttle: Some(limits(2.0)),
            quota: Some(Quota::new(9, Period::Week, 1).unwrap()),
            stages: vec![stage],
            ..plan()
        };
        assert_eq!(
            texts(&of_plan(&plan(), &wanted)),
            [
                "replace /name Silver",
                "replace /productCode abc",
                "replace /throttle/rateLimit 2",
                "replace /throttle/burstLimit 4",
                "replace /quota/limit 9",
                "replace /quota/period WEEK",
                "replace /quota/offset 1",
                "add /apiStages a1:prod",
                "replace /apiStages/a1:prod/throttle//users/{id}/GET/rateLimit 0.5",
                "replace /apiStages/a1:prod/throttle//users/{id}/GET/burstLimit 4",
            ]
        );
    }
}
