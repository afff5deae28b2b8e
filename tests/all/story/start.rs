//! What the gateway says when it starts.

use std::process::Command;

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
    for line in [
        "PATH METHOD INTEGRATION API KEY",
        "/users POST UsersFunction required",
        "/users GET UsersFunction required",
        "/users/{id} GET UsersFunction required",
        "/users/{id} PUT UsersFunction required",
        "/users/{id} DELETE UsersFunction required",
        "PLAN RATE BURST QUOTA STAGES",
        "Bronze 5/s 10 1000 a DAY users:dev",
        "Silver 20/s 40 20000 a WEEK users:dev",
        "Gold 100/s 200 1000000 a MONTH users:dev",
    ] {
        assert_line(&output, line);
    }
    assert!(!output.contains('⚠'), "{output}");
    let joe = story.tollgate_json(&["keys", "show", "joe-black"]).await;
    let (id, value) = (joe["id"].as_str().unwrap(), story.joe());
    assert_line(&output, &format!("joe-black {id} Bronze enabled {value}"));
    assert_eq!(output.matches(&value).count(), 1, "shown more than once");

    // What is not simulated is said once; the REST API's template has no such thing.
    let secret = "AWS::SecretsManager::Secret";
    match template {
        Template::HttpApi => {
            let sentence = format!("not simulated: Pepper ({secret})");
            story.until_says(&sentence).await;
            assert_eq!(story.gateway.output().matches(secret).count(), 1);
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
