//! Requests to HTTP APIs and function URLs, and to stages that only plans know.

use super::*;

#[tokio::test]
async fn a_functions_layer_asks_for_a_key_unless_the_method_is_public() {
    let world = World::of_http_api().await;
    let public = world.explain("GET", "/health", GivenKey::None).await;
    assert_eq!(public.verdict, Verdict::Passes);
    assert!(
        step(&public, Subject::KeyRequirement)
            .words
            .contains("TOLLGATE_PUBLIC")
    );
    let without_key = world.explain("GET", "/users/7", GivenKey::None).await;
    assert_eq!(last(&without_key).0, Subject::Key);
    assert_eq!(refused(&without_key), FORBIDDEN);
    assert_eq!(
        step(&without_key, Subject::Method).words,
        "The route GET /users/{id} answers."
    );
    let key = GivenKey::Value(&world.value);
    let admitted = world.explain("GET", "/users/7", key).await;
    assert_eq!(admitted.verdict, Verdict::Passes);
    let nowhere = world.explain("GET", "/orders", key).await;
    assert_eq!(refused(&nowhere), (404, r#"{"message":"Not Found"}"#));
    world.charge(10, "/users").await;
    let throttled = world.explain("GET", "/users", key).await;
    assert_eq!(
        refused(&throttled),
        (429, r#"{"message":"Too Many Requests"}"#)
    );
}

#[tokio::test]
async fn an_authorizer_answers_403_also_to_a_throttled_key() {
    let world = World::of_http_api().await;
    let key = GivenKey::Value(&world.value);
    let admitted = world.explain("GET", "/reports/users", key).await;
    assert_eq!(admitted.verdict, Verdict::Passes, "{admitted:?}");
    world.charge(10, "/reports/users").await;
    let throttled = world.explain("GET", "/reports/users", key).await;
    assert_eq!(last(&throttled).0, Subject::Throttle);
    assert_eq!(refused(&throttled), FORBIDDEN);
}

#[tokio::test]
async fn an_authorizer_is_not_asked_without_what_it_needs_and_may_remember_an_answer() {
    let mut world = World::of_http_api().await;
    let stage = world
        .declared
        .iter_mut()
        .find(|stage| stage.kind == DeclaredKind::HttpApi)
        .unwrap();
    let mut routes = tollgate::api::Routes::new(tollgate::api::Routing::HttpApi);
    for route in stage.routes.iter() {
        let mut value = route.value().clone();
        if let DeclaredAccess::Authorizer {
            identity_sources,
            ttl_s,
            ..
        } = &mut value.access
        {
            *identity_sources = vec!["$request.header.X-Api-Key".to_owned()];
            *ttl_s = 300;
        }
        let template = route.template().unwrap().clone();
        routes.insert(route.verb(), template, value).unwrap();
    }
    stage.routes = routes;
    let without_key = world.explain("GET", "/reports/users", GivenKey::None).await;
    assert_eq!(
        refused(&without_key),
        (401, r#"{"message":"Unauthorized"}"#)
    );
    let key = GivenKey::Value(&world.value);
    let admitted = world.explain("GET", "/reports/users", key).await;
    assert_eq!(admitted.verdict, Verdict::Open);
    world.charge(10, "/reports/users").await;
    let throttled = world.explain("GET", "/reports/users", key).await;
    assert_eq!(not_known(&throttled), FORBIDDEN);
}

#[tokio::test]
async fn function_urls_are_stages_of_plans() {
    let world = World::of_http_api().await;
    let url = |name: &str| {
        let mut stages = world.declared.iter();
        let stage = stages.find(|stage| stage.name == name && stage.kind != DeclaredKind::HttpApi);
        stage.unwrap().api_stage.clone()
    };
    let key = GivenKey::Value(&world.value);
    let users = url("UsersFunction");
    let admitted = world.explain_at(&users, "GET", "/users", key).await;
    assert_eq!(admitted.verdict, Verdict::Passes);
    let unsigned = world
        .explain_at(&url("ControlFunction"), "GET", "/usageplans", key)
        .await;
    assert_eq!(last(&unsigned).0, Subject::Authorizer);
    assert_eq!(refused(&unsigned), (403, r#"{"Message":"Forbidden"}"#));
}

#[tokio::test]
async fn of_a_stage_that_only_plans_know_the_key_is_explained() {
    let mut world = World::of_http_api().await;
    world.declared.clear();
    let key = GivenKey::Value(&world.value);
    let open = world.explain("GET", "/users", key).await;
    assert_eq!(open.verdict, Verdict::Open);
    assert_eq!(step(&open, Subject::Quota).level.unwrap().left, 1_000);
    let without_key = world.explain("GET", "/users", GivenKey::None).await;
    assert_eq!(not_known(&without_key), FORBIDDEN);
    assert_eq!(
        step(&without_key, Subject::KeyRequirement).finding,
        Finding::Open
    );
    let method_throttle = |burst| {
        move |plan: &mut tollgate::store::NewPlan| {
            let rate = tollgate::bucket::Rate::from(1);
            let throttle = tollgate::bucket::Throttle { rate, burst };
            for stage in &mut plan.stages {
                stage.set_method_throttle("/users/{id}/GET", throttle);
            }
        }
    };
    world.charge(10, "/users").await;
    let throttled = world.explain("GET", "/users/5", key).await;
    assert_eq!(not_known(&throttled).0, 429);
    // From now on it is not known which bucket a request takes from.
    world.change_plan(method_throttle(5)).await;
    let open = world.explain("GET", "/users/5", key).await;
    assert_eq!(open.verdict, Verdict::Open);
    assert_eq!(step(&open, Subject::Throttle).finding, Finding::Open);
    world.change_plan(method_throttle(0)).await;
    let open = world.explain("GET", "/users/5", key).await;
    assert_eq!(open.verdict, Verdict::Open);
}
