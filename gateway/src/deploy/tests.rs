use std::collections::BTreeSet;
use std::fmt::Write as _;

use tollgate::id::KeyId;
use tollgate::store::{KeyChange, KeyFilter, KeyRegistry};

use super::*;
use crate::local;
use crate::template::Settings;

const NOW: Timestamp = Timestamp::from_secs(1_795_608_000);

/// A table that outlives deployments, with a template that is deployed again and again.
struct Restarts {
    store: DynamoStore,
}

impl Restarts {
    async fn begin() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint_url = format!("http://{}", listener.local_addr().unwrap());
        let database = dynoxide::Database::memory().unwrap();
        tokio::spawn(dynoxide::server::serve_on(listener, database));
        let config = local::sdk_config(&endpoint_url, local::REGION);
        create_table(&Client::new(&config), local::TABLE)
            .await
            .unwrap();
        let pepper = local::pepper().unwrap();
        let patience = tollgate::store::dynamodb::Patience::OPERATOR;
        Self {
            store: DynamoStore::new(&config, patience, local::TABLE, pepper),
        }
    }

    async fn try_deploy(&self, text: &str) -> Result<Deployed, DeployError> {
        let template = template::parse("template.yaml", text, &Settings::default()).unwrap();
        let environment = EnvironmentLetter::of("dev");
        deploy(&self.store, &template, environment, NOW).await
    }

    async fn deploy(&self, text: &str) -> Deployed {
        self.try_deploy(text).await.unwrap()
    }

    /// The one key of the store.
    async fn joe(&self) -> ApiKey {
        let page = tollgate::store::PageRequest {
            limit: 2,
            after: None,
        };
        let mut keys = self
            .store
            .keys(&page, &KeyFilter::default())
            .await
            .unwrap()
            .entries;
        assert_eq!(keys.len(), 1, "{keys:?}");
        keys.pop().unwrap()
    }

    async fn operator_plan(&self) -> PlanId {
        let plan = NewPlan {
            id: Some("operators".into()),
            name: "Operator's".to_owned(),
            description: None,
            product_code: None,
            throttle: None,
            quota: None,
            stages: vec![CoveredStage::new(ApiStage::new("users", "dev"))],
            tags: BTreeMap::new(),
        };
        self.store.create_plan(&plan, NOW).await.unwrap().id
    }

    async fn add(&self, key: &KeyId, plan: &PlanId) {
        self.store.add_key_to_plan(key, plan, NOW).await.unwrap();
    }

    async fn remove(&self, key: &KeyId, plan: &PlanId) {
        let removed = self.store.remove_key_from_plan(key, plan, NOW).await;
        removed.unwrap();
    }
}

#[tokio::test]
async fn says_in_the_stores_words_why_a_table_is_refused() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint_url = format!("http://{}", listener.local_addr().unwrap());
    let database = dynoxide::Database::memory().unwrap();
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    let client = Client::new(&local::sdk_config(&endpoint_url, local::REGION));
    let text =
        "Resources:\n  T: { Type: AWS::Serverless::SimpleTable, Properties: { TableName: x } }\n";
    let template = template::parse("t", text, &Settings::default()).unwrap();
    let error = create_tables(&client, &template, local::TABLE).await;
    let message = error.unwrap_err().to_string();
    let start = "the table `x` cannot be created: ";
    assert!(message.starts_with(start), "{message}");
    for part in ["ServiceError", "SdkBody", "Extensions"] {
        assert!(!message.contains(part), "{message}");
    }
}

/// Two plans for one stage, and a key with these properties in these plans.
fn template(key: &str, plans: &[&str]) -> String {
    let mut text = format!(
        "
Resources:
  Bronze: {{ Type: Custom::UsagePlan, Properties: {{ ApiStages: [{{ ApiId: users, Stage: dev }}] }} }}
  Silver: {{ Type: Custom::UsagePlan, Properties: {{ ApiStages: [{{ ApiId: users, Stage: dev }}] }} }}
  Joe: {{ Type: Custom::ApiKey, Properties: {key} }}
"
    );
    for plan in plans {
        writeln!(
            text,
            "  JoeIn{plan}: {{ Type: Custom::UsagePlanKey, Properties: {{ KeyType: API_KEY, KeyId: !Ref Joe, UsagePlanId: !Ref {plan} }} }}"
        )
        .unwrap();
    }
    text
}

const JOE: &str = "{ Name: joe, Enabled: true }";

fn plan_ids(key: &ApiKey) -> BTreeSet<PlanId> {
    key.plan_ids.iter().cloned().collect()
}

fn plan_named(deployed: &Deployed, name: &str) -> PlanId {
    let plan = deployed.plans.iter().find(|plan| plan.name == name);
    plan.unwrap().id.clone()
}

#[tokio::test]
async fn creates_a_key_in_its_plans_and_shows_its_value_once() {
    let restarts = Restarts::begin().await;
    let first = restarts.deploy(&template(JOE, &["Bronze"])).await;
    let bronze = plan_named(&first, "Bronze");
    let (key, value) = &first.keys[0];
    assert_eq!((&key.plan_ids, value.is_some()), (&vec![bronze], true));
    let again = restarts.deploy(&template(JOE, &["Bronze"])).await;
    assert_eq!(again.keys[0], (key.clone(), None));
    assert_eq!(restarts.joe().await, *key);
}

#[tokio::test]
async fn leaves_a_key_out_of_the_plan_that_an_operator_took_it_out_of() {
    let restarts = Restarts::begin().await;
    let text = template(JOE, &["Bronze"]);
    let deployed = restarts.deploy(&text).await;
    let joe = restarts.joe().await;
    let bronze = plan_named(&deployed, "Bronze");
    restarts.remove(&joe.id, &bronze).await;
    let again = restarts.deploy(&text).await;
    assert_eq!(again.keys[0].0.plan_ids, []);
    assert_eq!(restarts.joe().await.plan_ids, []);
}

#[tokio::test]
async fn leaves_a_key_in_the_plan_that_an_operator_moved_it_to() {
    let restarts = Restarts::begin().await;
    let text = template(JOE, &["Bronze"]);
    let deployed = restarts.deploy(&text).await;
    let joe = restarts.joe().await;
    let bronze = plan_named(&deployed, "Bronze");
    let theirs = restarts.operator_plan().await;
    restarts.remove(&joe.id, &bronze).await;
    restarts.add(&joe.id, &theirs).await;
    restarts.deploy(&text).await;
    assert_eq!(restarts.joe().await.plan_ids, [theirs]);
}

#[tokio::test]
async fn leaves_what_an_operator_changed_of_a_key() {
    let restarts = Restarts::begin().await;
    let text = template(JOE, &["Bronze"]);
    restarts.deploy(&text).await;
    let change = KeyChange {
        enabled: Some(false),
        name: Some("joseph".to_owned()),
        ..KeyChange::default()
    };
    let joe = restarts.joe().await;
    let changed = restarts.store.update_key(&joe.id, &change, NOW).await;
    restarts.deploy(&text).await;
    assert_eq!(restarts.joe().await, changed.unwrap());
}

#[tokio::test]
async fn applies_what_the_template_changed_of_a_key() {
    let restarts = Restarts::begin().await;
    let before =
        "{ Name: joe, Enabled: true, Description: d, CustomerId: c, Tags: [{ Key: a, Value: b }] }";
    restarts.deploy(&template(before, &["Bronze"])).await;
    let first = restarts.joe().await;
    assert_eq!(first.tags["a"], "b");
    let after = "{ Name: joseph, Enabled: false, Description: e }";
    restarts.deploy(&template(after, &["Bronze"])).await;
    let joe = restarts.joe().await;
    assert_eq!((joe.name.as_str(), joe.enabled), ("joseph", false));
    assert_eq!(
        (joe.description.as_deref(), joe.customer_id),
        (Some("e"), None)
    );
    assert!(!joe.tags.contains_key("a"), "{:?}", joe.tags);
    assert_eq!(
        (joe.id, joe.plan_ids, joe.created_at),
        (first.id, first.plan_ids, first.created_at)
    );
}

#[tokio::test]
async fn moves_a_key_to_the_plan_that_the_template_moved_it_to() {
    let restarts = Restarts::begin().await;
    restarts.deploy(&template(JOE, &["Bronze"])).await;
    let deployed = restarts.deploy(&template(JOE, &["Silver"])).await;
    let silver = plan_named(&deployed, "Silver");
    assert_eq!(restarts.joe().await.plan_ids, [silver]);
    let deployed = restarts.deploy(&template(JOE, &[])).await;
    assert_eq!(deployed.keys[0].0.plan_ids, []);
}

#[tokio::test]
async fn a_changed_template_takes_a_key_back_from_an_operators_plan_for_the_same_stage() {
    let restarts = Restarts::begin().await;
    let deployed = restarts.deploy(&template(JOE, &["Bronze"])).await;
    let joe = restarts.joe().await;
    let bronze = plan_named(&deployed, "Bronze");
    let theirs = restarts.operator_plan().await;
    restarts.remove(&joe.id, &bronze).await;
    restarts.add(&joe.id, &theirs).await;
    let renamed = JOE.replace("joe", "joseph");
    restarts.deploy(&template(&renamed, &["Bronze"])).await;
    let joe = restarts.joe().await;
    assert_eq!((joe.name.as_str(), joe.plan_ids), ("joseph", vec![bronze]));
}

#[tokio::test]
async fn a_changed_template_leaves_a_key_in_an_operators_plan_for_another_stage() {
    let restarts = Restarts::begin().await;
    restarts.deploy(&template(JOE, &["Bronze"])).await;
    let joe = restarts.joe().await;
    let theirs = restarts.operator_plan().await;
    let elsewhere = CoveredStage::new(ApiStage::new("orders", "dev"));
    for change in [
        PlanChange::RemoveStage(ApiStage::new("users", "dev")),
        PlanChange::AddStage(elsewhere),
    ] {
        let changed = restarts.store.update_plan(&theirs, &change).await;
        changed.unwrap();
    }
    restarts.add(&joe.id, &theirs).await;
    let deployed = restarts.deploy(&template(JOE, &["Silver"])).await;
    let silver = plan_named(&deployed, "Silver");
    assert_eq!(
        plan_ids(&restarts.joe().await),
        BTreeSet::from([silver, theirs])
    );
}

#[tokio::test]
async fn creates_a_key_again_that_an_operator_deleted() {
    let restarts = Restarts::begin().await;
    let text = template(JOE, &["Bronze"]);
    restarts.deploy(&text).await;
    let first = restarts.joe().await;
    restarts.store.delete_key(&first.id, NOW).await.unwrap();
    let again = restarts.deploy(&text).await;
    let (joe, value) = &again.keys[0];
    assert_eq!((&joe.plan_ids, value.is_some()), (&first.plan_ids, true));
}

#[tokio::test]
async fn makes_good_a_deployment_that_was_interrupted_after_it_created_the_key() {
    let restarts = Restarts::begin().await;
    let text = template(JOE, &["Bronze"]);
    let deployed = restarts.deploy(&text).await;
    let joe = restarts.joe().await;
    let bronze = plan_named(&deployed, "Bronze");
    restarts.remove(&joe.id, &bronze).await;
    let untagged = KeyChange {
        tags: Some(BTreeMap::new()),
        ..KeyChange::default()
    };
    let changed = restarts.store.update_key(&joe.id, &untagged, NOW).await;
    changed.unwrap();
    restarts.deploy(&text).await;
    assert_eq!(restarts.joe().await.plan_ids, [bronze]);
}

#[tokio::test]
async fn deploys_the_plan_and_the_key_that_sam_generates_for_an_api() {
    for (create, prefix) in [("PER_API", "Users"), ("SHARED", "Serverless")] {
        let restarts = Restarts::begin().await;
        let deployed = restarts
            .deploy(&format!(
                "
Resources:
  Users:
    Type: AWS::Serverless::Api
    Properties:
      StageName: dev
      Auth:
        ApiKeyRequired: true
        UsagePlan:
          CreateUsagePlan: {create}
          Throttle: {{ RateLimit: 5, BurstLimit: 10 }}
          Quota: {{ Limit: 100, Period: DAY }}
"
            ))
            .await;
        let plan = &deployed.plans[0];
        assert_eq!(plan.name, format!("{prefix}UsagePlan"));
        assert_eq!(plan.throttle.unwrap().burst, 10);
        assert_eq!(plan.quota.unwrap().limit(), 100);
        assert_eq!(plan.stages[0].api_stage, ApiStage::new("users", "dev"));
        let (key, value) = &deployed.keys[0];
        assert_eq!((&key.plan_ids, key.enabled), (&vec![plan.id.clone()], true));
        assert!(value.is_some());
        assert_eq!(restarts.joe().await, *key);
    }
}

#[tokio::test]
async fn refuses_a_template_that_puts_a_key_into_two_plans_for_one_stage() {
    let restarts = Restarts::begin().await;
    let text = template(JOE, &["Bronze", "Silver"]);
    let error = restarts.try_deploy(&text).await.unwrap_err();
    let DeployError::Refused { logical_id, cause } = &error else {
        panic!("{error}");
    };
    assert_eq!(logical_id, "JoeInSilver");
    assert!(
        matches!(cause, RegistryError::StageTaken { .. }),
        "{cause:?}"
    );
}
