//! What the gateway says when it starts.

use std::process::Command;

use serde_json::Value;
use tests::Gateway;

use super::{Story, Template, Verdict, assert_line, on_both_templates};

on_both_templates! {
    shows_what_it_has_deployed,
    two_gateways_have_nothing_in_common,
}

/// The command as the documentation has it.
#[test]
fn cargo_knows_the_command() {
    tests::binaries().unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["tollgate", "start-api", "--help"])
        .current_dir(tests::workspace_root())
        .output()
        .unwrap();
    let help = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(help.contains("--data <DIR>"), "{help}");
}

async fn shows_what_it_has_deployed(template: Template) {
    let story = Story::begin(template).await;
    let output = story.gateway.output();
    let url = story.gateway.url();
    assert_line(&output, &format!("API users on {url}/dev"));
    let bronze = story.tollgate_json(&["plans", "show", "Bronze"]).await;
    let stages: Vec<&str> = bronze["apiStages"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let stages = stages.join(", ");
    for line in [
        "PATH METHOD INTEGRATION API KEY",
        "/users POST UsersFunction required",
        "/users GET UsersFunction required",
        "/users/{id} GET UsersFunction required",
        "/users/{id} PUT UsersFunction required",
        "/users/{id} DELETE UsersFunction required",
        "PLAN RATE BURST QUOTA STAGES",
        &format!("Bronze 5/s 10 1000 a DAY {stages}"),
        &format!("Silver 20/s 40 20000 a WEEK {stages}"),
        &format!("Gold 100/s 200 1000000 a MONTH {stages}"),
    ] {
        assert_line(&output, line);
    }
    // What the template opens is marked, and what an authorizer guards is not.
    match template {
        Template::HttpApi => {
            assert_line(&output, "/health GET UsersFunction ⚠ not required");
            assert_line(
                &output,
                "/reports/users GET UsersFunction required, by PlanAuthorizer",
            );
            assert_eq!(output.matches('⚠').count(), 1, "{output}");
        }
        Template::RestApi => assert!(!output.contains('⚠'), "{output}"),
    }
    let joe = story.tollgate_json(&["keys", "show", "joe-black"]).await;
    let (id, value) = (joe["id"].as_str().unwrap(), story.joe());
    assert_line(&output, &format!("joe-black {id} Bronze enabled {value}"));
    assert_eq!(output.matches(&value).count(), 1, "shown more than once");

    // What is left out is said once; the REST API's template has no such thing.
    let secret = "AWS::SecretsManager::Secret";
    match template {
        Template::HttpApi => {
            story.until_says("not needed here: ").await;
            story
                .until_says(&format!("1 {secret}, 1 event Schedule"))
                .await;
            let output = story.gateway.output();
            assert_eq!(output.matches(secret).count(), 1);
            assert!(!output.contains("not simulated"), "{output}");
        }
        Template::RestApi => assert!(!story.gateway.output().contains(secret)),
    }
}

async fn two_gateways_have_nothing_in_common(template: Template) {
    let builder = Gateway::builder().template(template.path());
    let (one, other) = tokio::join!(builder.clone().start(), builder.start());
    let (one, other) = (Story::on(one.unwrap()), Story::on(other.unwrap()));
    let joes = [one.joe(), other.joe()];
    assert_ne!(joes[0], joes[1]);
    assert_eq!(one.probe(&joes[0]).await, Verdict::Admitted);
    assert_eq!(other.probe(&joes[0]).await, Verdict::Forbidden);
    assert_eq!(other.probe(&joes[1]).await, Verdict::Admitted);
    assert_eq!(one.used("joe-black", "Bronze").await, 1);
    assert_eq!(other.used("joe-black", "Bronze").await, 1);
}
