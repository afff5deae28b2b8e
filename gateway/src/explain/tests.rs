use std::num::NonZeroU64;

use tollgate::decision::Decision;
use tollgate::id::{ApiId, KeyId, PlanId};
use tollgate::key::EnvironmentLetter;
use tollgate::limiter::{self, Limiter};
use tollgate::plan::MethodName;
use tollgate::rest_api::{GatewayResponse, GatewayResponseKind, MethodSetting, Snapshot};
use tollgate::store::dynamodb::{DynamoStore, Patience, create_table};
use tollgate::store::{Expiry, KeyChange, PlanChange, Saved};
use tollgate::time::ManualClock;

use super::*;
use crate::template::{self, Settings, Template};
use crate::{deploy, local};

/// A Wednesday at noon, in UTC.
const NOW: Timestamp = Timestamp::from_secs(1_795_608_000);

const REST_API: &str = r"
Resources:
  Shop:
    Type: AWS::Serverless::Api
    Properties: { Name: shop, StageName: dev, Auth: { ApiKeyRequired: true } }
  Items:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: items
      Events:
        List: { Type: Api, Properties: { RestApiId: !Ref Shop, Method: get, Path: /items } }
        Read: { Type: Api, Properties: { RestApiId: !Ref Shop, Method: get, Path: '/items/{id}' } }
        Health:
          Type: Api
          Properties: { RestApiId: !Ref Shop, Method: get, Path: /health, Auth: { ApiKeyRequired: false } }
  Bronze:
    Type: AWS::ApiGateway::UsagePlan
    Properties:
      UsagePlanName: Bronze
      ApiStages: [{ ApiId: !Ref Shop, Stage: dev }]
      Throttle: { RateLimit: 5, BurstLimit: 10 }
      Quota: { Limit: 1000, Period: DAY }
  Joe:
    Type: AWS::ApiGateway::ApiKey
    Properties: { Name: joe, Enabled: true }
  JoeOnBronze:
    Type: AWS::ApiGateway::UsagePlanKey
    Properties: { KeyId: !Ref Joe, KeyType: API_KEY, UsagePlanId: !Ref Bronze }
";

/// A store into which a template with one plan and one key was deployed.
struct World {
    store: DynamoStore,
    limiter: Limiter<DynamoStore, ManualClock>,
    declared: Vec<DeclaredStage>,
    api_stage: ApiStage,
    key_id: KeyId,
    value: String,
    plan_id: PlanId,
}

impl World {
    async fn of_rest_api() -> Self {
        let template = template::parse("template.yaml", REST_API, &Settings::default()).unwrap();
        Self::of(&template, ApiStage::new("shop", "dev")).await
    }

    /// The template that the project itself deploys.
    async fn of_http_api() -> Self {
        let text = include_str!("../../../template.yaml");
        let template = template::parse("template.yaml", text, &Settings::default()).unwrap();
        Self::of(&template, ApiStage::new("users", "dev")).await
    }

    async fn of(template: &Template, api_stage: ApiStage) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint_url = format!("http://{}", listener.local_addr().unwrap());
        let database = dynoxide::Database::memory().unwrap();
        tokio::spawn(dynoxide::server::serve_on(listener, database));
        let config = local::sdk_config(&endpoint_url, local::REGION);
        create_table(&aws_sdk_dynamodb::Client::new(&config), local::TABLE)
            .await
            .unwrap();
        let pepper = local::pepper().unwrap();
        let store = DynamoStore::new(&config, Patience::OPERATOR, local::TABLE, pepper.clone());
        let environment = EnvironmentLetter::of("dev");
        let deployed = deploy::deploy(&store, template, environment, NOW)
            .await
            .unwrap();
        let (key, value) = deployed.keys.first().unwrap();
        Self {
            limiter: Limiter::new(store.clone(), ManualClock::new(NOW), pepper).unwrap(),
            store,
            declared: DeclaredStage::all(template),
            api_stage,
            key_id: key.id.clone(),
            value: value.as_ref().unwrap().expose().to_owned(),
            plan_id: key.plan_ids[0].clone(),
        }
    }

    async fn explain(&self, method: &str, path: &str, key: GivenKey<'_>) -> Explanation {
        self.explain_at(&self.api_stage, method, path, key).await
    }

    async fn explain_at(
        &self,
        api_stage: &ApiStage,
        method: &str,
        path: &str,
        key: GivenKey<'_>,
    ) -> Explanation {
        let request = Request {
            api_stage,
            method: &method.parse().unwrap(),
            path,
            query: "",
            headers: &HeaderMap::new(),
            key,
        };
        explain(&self.store, &self.declared, &request, NOW)
            .await
            .unwrap()
    }

    /// What the key's requests really come to.
    async fn charge(&self, count: usize, resource: &str) -> Vec<Decision> {
        let mut decisions = Vec::new();
        for _ in 0..count {
            let request = limiter::Request {
                api_stage: &self.api_stage,
                method: MethodName {
                    resource,
                    verb: "GET",
                },
                key: Some(&self.value),
                cost: NonZeroU64::MIN,
                sent_path: None,
                gate: None,
            };
            decisions.push(self.limiter.decide(&request).await.unwrap());
        }
        decisions
    }

    async fn change_key(&self, change: KeyChange) {
        self.store
            .update_key(&self.key_id, &change, NOW)
            .await
            .unwrap();
    }

    async fn change_plan(&self, edit: impl Fn(&mut tollgate::store::NewPlan)) {
        let plan = self.store.plan_by_id(&self.plan_id).await.unwrap().unwrap();
        let mut plan = plan.into();
        edit(&mut plan);
        self.store
            .update_plan(&self.plan_id, &PlanChange::Replace(plan))
            .await
            .unwrap();
    }
}

/// The last step, without those that only say how things stand.
fn last(explanation: &Explanation) -> (Subject, Finding, &str) {
    let mut steps = explanation.steps.iter().rev();
    let step = steps
        .find(|step| step.finding != Finding::NotAsked)
        .unwrap();
    (step.subject, step.finding, &step.words)
}

fn refused(explanation: &Explanation) -> (u16, &str) {
    let Verdict::Refused(answer) = &explanation.verdict else {
        panic!("{explanation:?}");
    };
    (
        answer.status.as_u16(),
        answer.body.as_deref().unwrap_or("?"),
    )
}

fn not_known(explanation: &Explanation) -> (u16, &str) {
    let Verdict::NotKnown(answer) = &explanation.verdict else {
        panic!("{explanation:?}");
    };
    (
        answer.status.as_u16(),
        answer.body.as_deref().unwrap_or("?"),
    )
}

fn step(explanation: &Explanation, subject: Subject) -> &Step {
    let mut steps = explanation.steps.iter();
    steps.find(|step| step.subject == subject).unwrap()
}

const FORBIDDEN: (u16, &str) = (403, r#"{"message":"Forbidden"}"#);

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

/// The answer to a question, or what is wrong with it.
async fn answered(world: &World, question: Question) -> Result<ExplanationDocument, String> {
    answer(&world.store, &world.declared, &question, NOW)
        .await
        .unwrap()
}

fn question(path: &str) -> Question {
    Question {
        method: "GET".to_owned(),
        path: path.to_owned(),
        ..Question::default()
    }
}

#[tokio::test]
async fn a_stage_is_found_where_only_one_fits() {
    let world = World::of_rest_api().await;
    for (api, stage) in [
        (None, None),
        (Some("shop"), None),
        (None, Some("dev")),
        (Some("shop"), Some("dev")),
    ] {
        let asked = Question {
            api: api.map(str::to_owned),
            stage: stage.map(str::to_owned),
            key_id: Some(world.key_id.to_string()),
            ..question("/items?limit=5")
        };
        let document = answered(&world, asked).await.unwrap();
        assert_eq!(
            (document.api_id.as_str(), document.stage.as_str()),
            ("shop", "dev")
        );
        assert_eq!(
            (document.path.as_str(), document.verdict.as_str()),
            ("/items", "passes")
        );
        assert_eq!(document.execution_log.len(), 1);
    }
    let other = Question {
        api: Some("store".to_owned()),
        ..question("/items")
    };
    let mistake = answered(&world, other).await.unwrap_err();
    assert_eq!(mistake, "No stage is meant by that. There are shop:dev.");
}

#[tokio::test]
async fn a_stage_that_nobody_knows_is_explained_as_such() {
    let world = World::of_rest_api().await;
    let unknown = Question {
        api: Some("store".to_owned()),
        stage: Some("prod".to_owned()),
        ..question("/items")
    };
    let document = answered(&world, unknown).await.unwrap();
    assert_eq!(document.verdict, "refused");
    let refusal = document.answer.unwrap();
    assert_eq!(
        (refusal.status, refusal.body.as_deref()),
        FORBIDDEN_DOCUMENT
    );
    assert!(document.steps[0].words.contains("No API has the id store"));
}

const FORBIDDEN_DOCUMENT: (u16, Option<&str>) = (FORBIDDEN.0, Some(FORBIDDEN.1));

#[tokio::test]
async fn an_http_api_goes_before_the_urls_of_its_functions() {
    let world = World::of_http_api().await;
    let document = answered(&world, question("/users")).await.unwrap();
    assert_eq!(document.api_id, "users");
    let by_name = Question {
        api: Some("UsersFunction".to_owned()),
        ..question("/users")
    };
    let document = answered(&world, by_name).await.unwrap();
    assert_eq!(document.stage, "$default");
    assert!(
        document
            .summary
            .starts_with("The request is refused with 403"),
        "{}",
        document.summary
    );
}
