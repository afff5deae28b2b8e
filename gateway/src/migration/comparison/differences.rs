//! What changes of a plan or a key that is there.

use std::collections::BTreeMap;

use serde::Serialize;
use tollgate::bucket::Throttle;
use tollgate::plan::CoveredStage;
use tollgate::quota::Quota;
use tollgate::store::NewPlan;

use crate::migration::holdings::HeldKey;

/// A member that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Which.
    pub member: String,
    /// What it is, empty for nothing.
    pub from: String,
    /// What it becomes.
    pub to: String,
}

pub(super) fn of_plan(found: &NewPlan, wanted: &NewPlan) -> Vec<Difference> {
    let mut differences = Differences::default();
    differences.add("name", &found.name, &wanted.name);
    differences.add_optional(
        "description",
        found.description.as_deref(),
        wanted.description.as_deref(),
    );
    differences.add_optional(
        "product code",
        found.product_code.as_deref(),
        wanted.product_code.as_deref(),
    );
    differences.add(
        "throttle",
        &text_of_throttle(found.throttle),
        &text_of_throttle(wanted.throttle),
    );
    differences.add(
        "quota",
        &text_of_quota(found.quota),
        &text_of_quota(wanted.quota),
    );
    for stage in &wanted.stages {
        let known = found
            .stages
            .iter()
            .find(|known| known.api_stage == stage.api_stage);
        differences.add_stage(known, stage);
    }
    differences.add_tags(&found.tags, &wanted.tags);
    differences.0
}

pub(super) fn of_key(found: &HeldKey, wanted: &HeldKey) -> Vec<Difference> {
    let mut differences = Differences::default();
    differences.add("name", &found.name, &wanted.name);
    differences.add_optional(
        "description",
        found.description.as_deref(),
        wanted.description.as_deref(),
    );
    differences.add_optional(
        "customer id",
        found.customer_id.as_deref(),
        wanted.customer_id.as_deref(),
    );
    differences.add_tags(&found.tags, &wanted.tags);
    differences.0
}

#[derive(Default)]
struct Differences(Vec<Difference>);

impl Differences {
    fn add(&mut self, member: &str, from: &str, to: &str) {
        if from != to {
            self.0.push(Difference {
                member: member.to_owned(),
                from: from.to_owned(),
                to: to.to_owned(),
            });
        }
    }

    fn add_optional(&mut self, member: &str, from: Option<&str>, to: Option<&str>) {
        self.add(member, from.unwrap_or_default(), to.unwrap_or_default());
    }

    fn add_stage(&mut self, found: Option<&CoveredStage>, wanted: &CoveredStage) {
        let name = wanted.api_stage.to_string();
        self.add("stage", if found.is_some() { &name } else { "" }, &name);
        for (method, limits) in &wanted.method_throttles {
            let known = found.and_then(|stage| stage.method_throttles.get(method));
            self.add(
                &format!("throttle of {name} {method}"),
                &text_of_throttle(known.map(|known| known.throttle)),
                &text_of_throttle(Some(limits.throttle)),
            );
        }
    }

    fn add_tags(&mut self, found: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>) {
        for (name, to) in wanted {
            let from = found.get(name).map_or("", String::as_str);
            if found.get(name) != Some(to) {
                self.0.push(Difference {
                    member: format!("tag {name}"),
                    from: from.to_owned(),
                    to: to.clone(),
                });
            }
        }
    }
}

fn text_of_throttle(throttle: Option<Throttle>) -> String {
    throttle.map_or_else(String::new, |Throttle { rate, burst }| {
        format!("{}/s, burst {burst}", rate.as_per_second())
    })
}

fn text_of_quota(quota: Option<Quota>) -> String {
    quota.map_or_else(String::new, |quota| match quota.offset() {
        0 => format!("{}/{}", quota.limit(), quota.period()),
        offset => format!("{}/{} + {offset} d", quota.limit(), quota.period()),
    })
}
