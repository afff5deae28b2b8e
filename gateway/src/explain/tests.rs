mod declared;
mod question;
mod rest_api;

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
