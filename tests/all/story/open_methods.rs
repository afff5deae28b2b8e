//! Methods that require no key, in a stage that plans cover.

use tests::Gateway;

use super::{Story, Template, Verdict, assert_line, on_both_templates};

on_both_templates! {
    a_method_without_a_key_is_marked_and_costs_nothing,
}

async fn a_method_without_a_key_is_marked_and_costs_nothing(template: Template) {
    let edit = match template {
        Template::HttpApi => (
            "TOLLGATE_PUBLIC: GET /health",
            "TOLLGATE_PUBLIC: GET /users",
        ),
        Template::RestApi => (
            "Method: get, Path: /users }",
            "Method: get, Path: /users, Auth: { ApiKeyRequired: false } }",
        ),
    };
    let (_folder, path) = template.edited(&[edit]);
    let started = Gateway::builder().template(path).start().await;
    let story = Story::on(started.unwrap());
    let output = story.gateway.output();
    assert_line(&output, "/users GET UsersFunction ⚠ not required");
    assert_line(&output, "/users POST UsersFunction required");
    if template == Template::HttpApi {
        let reports = "/reports/users GET UsersFunction required, by PlanAuthorizer";
        assert_line(&output, reports);
    }
    assert_eq!(output.matches('⚠').count(), 1, "{output}");
    let warning = "1 method of users requires no key, so no plan limits it";
    story.until_says(warning).await;

    let joe = story.joe();
    // More often than Bronze allows, with and without a key.
    for _ in 0..15 {
        let keyless = story.client.get("/dev/users").await.unwrap();
        assert_eq!(keyless.status, 200, "{keyless:?}");
        let keyed = story.call("GET", "/dev/users", &joe, "").await;
        assert_eq!(keyed.status, 200, "{keyed:?}");
        assert_eq!(keyed.header("ratelimit"), None);
    }
    assert_eq!(story.used("joe-black", "Bronze").await, 0);
    let keyless = story.client.get("/dev/users/nobody").await.unwrap();
    assert_eq!(Verdict::of(&keyless), Verdict::Forbidden);
    assert_eq!(story.probe(&joe).await, Verdict::Admitted);
}
