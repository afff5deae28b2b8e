//! Requests to a REST API that this gateway serves.

use super::*;

#[tokio::test]
async fn a_missing_key_is_named_by_its_header() {
    let world = World::of_rest_api().await;
    for key in [GivenKey::None, GivenKey::Value("")] {
        let explanation = world.explain("GET", "/items", key).await;
        let (subject, finding, words) = last(&explanation);
        assert_eq!((subject, finding), (Subject::Key, Finding::Refuses));
        assert!(words.contains("x-api-key is missing"), "{words}");
        assert_eq!(refused(&explanation), FORBIDDEN);
    }
}

#[tokio::test]
async fn an_unknown_value_is_not_repeated() {
    let world = World::of_rest_api().await;
    for value in ["short-secret", "a-value-that-no-key-of-the-store-has"] {
        let explanation = world.explain("GET", "/items", GivenKey::Value(value)).await;
        assert_eq!(last(&explanation).0, Subject::Key);
        assert_eq!(refused(&explanation), FORBIDDEN);
        assert!(!format!("{explanation:?}").contains(value));
    }
}

#[tokio::test]
async fn a_good_key_is_followed_to_the_integration_and_charged_nothing() {
    let world = World::of_rest_api().await;
    let by_value = world
        .explain("GET", "/items/7", GivenKey::Value(&world.value))
        .await;
    assert_eq!(by_value.verdict, Verdict::Passes);
    let subjects: Vec<Subject> = by_value.steps.iter().map(|step| step.subject).collect();
    assert_eq!(
        subjects,
        [
            Subject::Stage,
            Subject::Method,
            Subject::KeyRequirement,
            Subject::Key,
            Subject::KeyState,
            Subject::Plan,
            Subject::Throttle,
            Subject::Quota,
            Subject::Integration,
        ]
    );
    let words = |subject| step(&by_value, subject).words.as_str();
    assert_eq!(
        words(Subject::Method),
        "The method GET /items/{id} answers."
    );
    assert_eq!(
        words(Subject::Throttle),
        "The plan allows each key 5 requests a second with a burst of 10. The bucket holds 10 of 10 requests now."
    );
    assert_eq!(
        words(Subject::Quota),
        "The plan allows each key 1,000 requests a day. 0 are used and 1,000 are left in this period, which ends at 2026-11-26 00:00 UTC, in 12 h."
    );
    assert_eq!(
        words(Subject::Integration),
        "The request goes to the Lambda function Items."
    );
    assert!(!format!("{by_value:?}").contains(&world.value));
    let by_id = world
        .explain("GET", "/items/7", GivenKey::Id(&world.key_id))
        .await;
    assert_eq!(by_id, by_value);
    let meter = world
        .store
        .meter(&world.key_id, &world.plan_id)
        .await
        .unwrap();
    assert_eq!(meter, tollgate::meter::MeterItem::default());
}

#[tokio::test]
async fn what_has_been_used_shows_and_the_verdict_is_that_of_the_limiter() {
    let world = World::of_rest_api().await;
    let key = GivenKey::Id(&world.key_id);
    for used in 0..12 {
        let explanation = world.explain("GET", "/items", key).await;
        let decision = world.charge(1, "/items").await.pop().unwrap();
        match decision {
            Decision::Allow(_) => {
                assert_eq!(explanation.verdict, Verdict::Passes, "{used}");
                let level = step(&explanation, Subject::Throttle).level.unwrap();
                assert_eq!(
                    level,
                    Level {
                        left: 10 - used,
                        of: 10
                    }
                );
                let level = step(&explanation, Subject::Quota).level.unwrap();
                assert_eq!(
                    level,
                    Level {
                        left: 1_000 - used,
                        of: 1_000
                    }
                );
            }
            Decision::Deny(denial) => {
                assert!(used >= 10);
                let (subject, finding, words) = last(&explanation);
                assert_eq!((subject, finding), (Subject::Throttle, Finding::Refuses));
                assert!(words.contains("the next request fits in 0.2 s"), "{words}");
                assert_eq!(
                    refused(&explanation),
                    (429, r#"{"message":"Too Many Requests"}"#)
                );
                let Verdict::Refused(answer) = &explanation.verdict else {
                    unreachable!()
                };
                assert_eq!(answer.retry_after, denial.reason.retry_after());
                let quota = step(&explanation, Subject::Quota);
                assert_eq!(quota.finding, Finding::NotAsked);
                assert_eq!(quota.level.unwrap().left, 990);
            }
        }
    }
}

#[tokio::test]
async fn a_used_up_quota_says_when_it_starts_again() {
    let world = World::of_rest_api().await;
    world
        .store
        .set_remaining(&world.key_id, &world.plan_id, 0, NOW)
        .await
        .unwrap();
    let explanation = world
        .explain("GET", "/items", GivenKey::Value(&world.value))
        .await;
    let (subject, finding, words) = last(&explanation);
    assert_eq!((subject, finding), (Subject::Quota, Finding::Refuses));
    assert!(
        words.contains("All are used in this period, which ends at 2026-11-26 00:00 UTC"),
        "{words}"
    );
    assert_eq!(
        refused(&explanation),
        (429, r#"{"message":"Limit Exceeded"}"#)
    );
}

#[tokio::test]
async fn keys_that_may_not_be_used_are_told_apart() {
    let world = World::of_rest_api().await;
    let key = GivenKey::Value(&world.value);
    world
        .change_key(KeyChange {
            expiry: Some(Expiry::At(NOW)),
            ..KeyChange::default()
        })
        .await;
    let expired = world.explain("GET", "/items", key).await;
    assert_eq!(last(&expired).2, "The key expired at 2026-11-25 12:00 UTC.");
    world
        .change_key(KeyChange {
            expiry: Some(Expiry::Never),
            enabled: Some(false),
            ..KeyChange::default()
        })
        .await;
    let disabled = world.explain("GET", "/items", key).await;
    assert_eq!(last(&disabled).2, "The key is disabled.");
    world
        .change_key(KeyChange {
            enabled: Some(true),
            ..KeyChange::default()
        })
        .await;
    world
        .store
        .update_plan(
            &world.plan_id,
            &PlanChange::RemoveStage(world.api_stage.clone()),
        )
        .await
        .unwrap();
    let uncovered = world.explain("GET", "/items", key).await;
    assert_eq!(
        last(&uncovered).2,
        "The key's plan, Bronze, does not cover the stage shop:dev."
    );
    world
        .store
        .remove_key_from_plan(&world.key_id, &world.plan_id, NOW)
        .await
        .unwrap();
    let without_plan = world.explain("GET", "/items", key).await;
    assert_eq!(last(&without_plan).2, "The key is in no usage plan.");
    for explanation in [expired, disabled, uncovered, without_plan] {
        assert_eq!(refused(&explanation), FORBIDDEN);
    }
}

#[tokio::test]
async fn the_throttle_of_a_method_stands_for_the_plans() {
    let world = World::of_rest_api().await;
    world
        .change_plan(|plan| {
            let throttle = tollgate::bucket::Throttle {
                rate: tollgate::bucket::Rate::from(1),
                burst: 2,
            };
            plan.stages[0].set_method_throttle("/items/{id}/GET", throttle);
        })
        .await;
    world.charge(2, "/items/{id}").await;
    let key = GivenKey::Value(&world.value);
    let explanation = world.explain("GET", "/items/7", key).await;
    let (subject, _, words) = last(&explanation);
    assert_eq!(subject, Subject::Throttle);
    assert!(
        words.starts_with("The plan allows each key 1 request a second with a burst of 2 for the method /items/{id}/GET"),
        "{words}"
    );
    let other = world.explain("GET", "/items", key).await;
    assert_eq!(other.verdict, Verdict::Passes);
}

#[tokio::test]
async fn what_is_not_deployed_is_not_found() {
    let world = World::of_rest_api().await;
    let missing = (403, r#"{"message":"Missing Authentication Token"}"#);
    let no_path = world.explain("GET", "/orders", GivenKey::None).await;
    assert_eq!(last(&no_path).0, Subject::Method);
    assert_eq!(refused(&no_path), missing);
    let no_method = world.explain("PUT", "/items", GivenKey::None).await;
    assert!(last(&no_method).2.contains("no method PUT"));
    assert_eq!(refused(&no_method), missing);
    for (api_stage, said) in [
        (
            ApiStage::new("shop", "prod"),
            "The REST API shop has no stage prod.",
        ),
        (ApiStage::new("nobody", "dev"), "No API has the id nobody"),
    ] {
        let no_stage = world
            .explain_at(&api_stage, "GET", "/items", GivenKey::None)
            .await;
        assert!(last(&no_stage).2.starts_with(said), "{no_stage:?}");
        assert_eq!(refused(&no_stage), FORBIDDEN);
    }
}

#[tokio::test]
async fn a_method_without_a_key_is_not_metered() {
    let world = World::of_rest_api().await;
    let explanation = world.explain("GET", "/health", GivenKey::None).await;
    assert_eq!(explanation.verdict, Verdict::Passes);
    let requirement = step(&explanation, Subject::KeyRequirement);
    assert!(requirement.words.contains("requires no key"));
}

#[tokio::test]
async fn a_stage_that_lets_nobody_pass_is_named() {
    let world = World::of_rest_api().await;
    let api_id = ApiId::from("shop");
    let stored = world.store.rest_api(&api_id).await.unwrap().unwrap();
    let mut after = stored.record.clone();
    let limit = MethodSetting {
        throttling_burst_limit: 0,
        throttling_rate_limit: 2.0,
        ..MethodSetting::default()
    };
    let stage = after.stages.get_mut("dev").unwrap();
    stage.method_settings.insert("*/*".to_owned(), limit);
    let saved = world.store.save_rest_api(&stored, &after, None).await;
    assert_eq!(saved.unwrap(), Saved::Yes);
    let key = GivenKey::Value(&world.value);
    let throttled = world.explain("GET", "/items", key).await;
    assert_eq!(last(&throttled).0, Subject::SharedThrottle);
    assert_eq!(refused(&throttled).0, 429);
}

#[tokio::test]
async fn what_the_api_has_customised_is_taken_from_it() {
    let world = World::of_rest_api().await;
    let stored = world
        .store
        .rest_api(&ApiId::from("shop"))
        .await
        .unwrap()
        .unwrap();
    let mut after = stored.record.clone();
    let response = |status: &str, template: Option<&str>| GatewayResponse {
        status_code: Some(status.to_owned()),
        response_templates: template
            .map(|text| ("application/json".to_owned(), text.to_owned()))
            .into_iter()
            .collect(),
        ..GatewayResponse::default()
    };
    let responses = &mut after.definition.gateway_responses;
    responses.insert(GatewayResponseKind::InvalidApiKey, response("401", None));
    responses.insert(GatewayResponseKind::Default4xx, response("404", Some("{}")));
    let deployment_id = "second".to_owned();
    let stage = after.stages.get_mut("dev").unwrap();
    stage.deployment_id.clone_from(&deployment_id);
    let limit = MethodSetting {
        throttling_burst_limit: 3,
        throttling_rate_limit: 2.0,
        ..MethodSetting::default()
    };
    stage.method_settings.insert("*/*".to_owned(), limit);
    after.deployments.insert(
        deployment_id.clone(),
        tollgate::rest_api::Deployment {
            id: deployment_id.clone(),
            description: None,
            created_date: NOW.as_secs(),
        },
    );
    let snapshot = Snapshot {
        api: after.api.clone(),
        definition: after.definition.clone(),
    };
    let saved = world
        .store
        .save_rest_api(&stored, &after, Some((&deployment_id, &snapshot)))
        .await
        .unwrap();
    assert_eq!(saved, Saved::Yes);

    let without_key = world.explain("GET", "/items", GivenKey::None).await;
    assert_eq!(refused(&without_key), (401, r#"{"message":"Forbidden"}"#));
    let unknown = world.explain("GET", "/orders", GivenKey::None).await;
    let Verdict::Refused(answer) = unknown.verdict else {
        panic!("{unknown:?}");
    };
    assert_eq!((answer.status.as_u16(), answer.body), (404, None));
    assert_eq!(
        answer.gateway_response,
        Some(GatewayResponseKind::Default4xx)
    );
    let admitted = world.explain("GET", "/health", GivenKey::None).await;
    let shared = step(&admitted, Subject::SharedThrottle);
    assert!(
        shared
            .words
            .contains("2 requests a second with a burst of 3")
    );
}

#[tokio::test]
async fn the_execution_log_has_the_limiters_own_words() {
    let world = World::of_rest_api().await;
    let value = world.value.clone();
    let log = async |path, key| world.explain("GET", path, key).await.execution_log;
    let given = GivenKey::Value(&value);
    let admitted = format!(
        "Usage Plan check succeeded for API Key {} and API Stage shop/dev",
        world.key_id
    );
    assert_eq!(log("/items/7", given).await, [admitted]);
    assert_eq!(
        log("/items", GivenKey::None).await,
        [
            "API Key not authorized because method 'GET /items' requires API Key and API Key is missing"
        ]
    );
    assert_eq!(
        log("/health", GivenKey::None).await,
        [
            "API Key authorized because method 'GET /health' does not require API Key. Request will not contribute to throttle or quota limits"
        ]
    );
    assert_eq!(log("/nowhere", given).await, [""; 0]);
    world.charge(10, "/items").await;
    assert_eq!(
        log("/items/7", given).await,
        [format!(
            "API Key {} exceeded throttle limit for API Stage shop/dev: Key throttle limit exceeded for Usage Plan ID {}, RestApi shop, Stage dev, Resource /items/{{id}}, HttpMethod GET. Limit: 5.00 Burst: 10",
            world.key_id, world.plan_id
        )]
    );
}
