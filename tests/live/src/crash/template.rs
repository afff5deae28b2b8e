//! What the template declares, which each start has to bring about, whatever was interrupted before.

use ::tests::Result;
use serde_json::Value;

use crate::management::{Management, text};

/// The plan, and how many keys of the template it has.
const PLANS: [(&str, usize); 3] = [("Bronze", 1), ("Silver", 0), ("Gold", 0)];

/// Each part that is missing, twofold or half made, in words.
///
/// # Errors
///
/// When something that is listed cannot be read.
pub(super) async fn check(management: &Management) -> Result<Vec<String>> {
    let mut violations = Vec::new();
    let apis = named(management.list("/restapis?limit=500").await?, "users");
    let Some((api, [])) = apis.split_first() else {
        return Ok(vec![format!(
            "there are {} APIs of the template",
            apis.len()
        )]);
    };
    let api = text(api, "id");
    let stage = management
        .get(&format!("/restapis/{api}/stages/dev"))
        .await?;
    let deployment = text(&stage, "deploymentId");
    let path = format!("/restapis/{api}/deployments/{deployment}?embed=apisummary");
    let served = management.get(&path).await?;
    if served.pointer("/apiSummary/~1users/GET").is_none() {
        violations.push(format!("the template's deployment serves {served}"));
    }
    let keys = named(
        management.list("/apikeys?name=joe-black").await?,
        "joe-black",
    );
    if keys.len() != 1 {
        violations.push(format!("there are {} keys joe-black", keys.len()));
    }
    let plans = management.list("/usageplans?limit=500").await?;
    for (name, members) in PLANS {
        let plans = named(plans.clone(), name);
        let Some((plan, [])) = plans.split_first() else {
            violations.push(format!("there are {} plans {name}", plans.len()));
            continue;
        };
        let stage = plan.pointer("/apiStages/0");
        if stage.map(|stage| text(stage, "apiId")).as_ref() != Some(&api) {
            violations.push(format!("plan {name} does not cover the stage: {plan}"));
        }
        let path = format!("/usageplans/{}/keys", text(plan, "id"));
        let keys = named(management.list(&path).await?, "joe-black");
        if keys.len() != members {
            violations.push(format!(
                "plan {name} has {} keys of the template",
                keys.len()
            ));
        }
    }
    Ok(violations)
}

fn named(entries: Vec<Value>, name: &str) -> Vec<Value> {
    entries
        .into_iter()
        .filter(|entry| text(entry, "name") == name)
        .collect()
}
