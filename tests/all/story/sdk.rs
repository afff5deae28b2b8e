//! The life of an API, a plan and a key, told with the AWS SDK for Rust, with nothing changed but its endpoint.

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::config::retry::RetryConfig;
use aws_sdk_apigateway::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_apigateway::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_apigateway::primitives::{Blob, DateTime, DateTimeFormat};
use aws_sdk_apigateway::types::{
    ApiKeysFormat, ApiStage, IntegrationType, Op, PatchOperation, QuotaPeriodType, QuotaSettings,
    ThrottleSettings,
};
use http::StatusCode;
use tests::{Answer, Gateway};
use tokio::time::Instant;

use super::{PATIENCE, POLL_INTERVAL, Story, Template, USER, Verdict};

const STAGE: &str = "dev";

/// The template's function, as an integration names it.
const FUNCTION_URI: &str = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:UsersFunction/invocations";

/// What the users function answers to `POST /users`, in the place of which a mock answers 200.
const CREATED: StatusCode = StatusCode::CREATED;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rust_sdk_tells_the_whole_story() {
    let story = Story::begin(Template::RestApi).await;
    let client = client_of(&story.gateway);
    let users = Users::create(&story, &client).await;

    let first = users.deploy().await;
    assert_eq!(users.post(None).await, Verdict::Admitted);
    users.require_key().await;
    assert_eq!(users.post(None).await, Verdict::Admitted);
    let second = users.deploy().await;
    assert_eq!(users.post(None).await, Verdict::Forbidden);

    let plan = users.create_plan().await;
    let key = client.create_api_key().name("sdk").enabled(true);
    let key = key.send().await.unwrap();
    let (key_id, value) = (key.id().unwrap(), key.value());
    let joined = client.create_usage_plan_key().usage_plan_id(&plan);
    let joined = joined.key_id(key_id).key_type("API_KEY").send().await;
    assert_eq!(joined.unwrap().value(), value);

    // Two from the burst, none after it: the next token comes in 100 s.
    let verdicts = [users.post(value).await, users.post(value).await];
    assert_eq!(verdicts, [Verdict::Admitted; 2]);
    assert_eq!(users.post(value).await, Verdict::TooManyRequests);

    // The third and last of the quota, which counts only what was admitted.
    users
        .update_plan(&plan, patch(Op::Remove, "/throttle", ""))
        .await;
    users.until_admitted(value, Verdict::TooManyRequests).await;
    assert_eq!(users.post(value).await, Verdict::LimitExceeded);
    let began = key.created_date().unwrap();
    assert_eq!(users.usage(&plan, key_id, began).await, (3, 0));

    let update = client.update_usage().usage_plan_id(&plan).key_id(key_id);
    let update = update.patch_operations(patch(Op::Replace, "/remaining", "10"));
    update.send().await.unwrap();
    users.until_admitted(value, Verdict::LimitExceeded).await;
    assert_eq!(users.usage(&plan, key_id, began).await, (4, 9));

    let disable = client.update_api_key().api_key(key_id);
    let disable = disable.patch_operations(patch(Op::Replace, "/enabled", "false"));
    assert!(!disable.send().await.unwrap().enabled());
    assert_eq!(users.post(value).await, Verdict::Forbidden);

    let imported = users.import_keys(&plan).await;
    assert_eq!(
        users.post(Some("sdkImportedKeyValue1")).await,
        Verdict::Admitted
    );

    users.all_lists_page(&plan).await;
    users
        .all_is_deleted(&plan, &imported, [&first, &second])
        .await;
}

fn client_of(gateway: &Gateway) -> Client {
    let config = aws_sdk_apigateway::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .credentials_provider(Credentials::new("local", "local", None, None, "tests"))
        .endpoint_url(gateway.admin_url())
        .region(Region::new("us-east-1"))
        .retry_config(RetryConfig::disabled())
        .build();
    Client::from_conf(config)
}

/// An operation; without a value when it is empty.
fn patch(op: Op, path: &str, value: &str) -> PatchOperation {
    let value = Some(value.to_owned()).filter(|value| !value.is_empty());
    let builder = PatchOperation::builder().op(op).path(path);
    builder.set_value(value).build()
}

/// The type of the error with which an operation was refused.
fn refusal<T, E>(answer: Result<T, SdkError<E>>) -> String
where
    SdkError<E>: aws_sdk_apigateway::error::ProvideErrorMetadata,
{
    let error = answer.err().expect("the operation was not refused");
    error.code().unwrap_or_default().to_owned()
}

/// An API with `POST /users`, and those who call it.
struct Users<'a> {
    story: &'a Story,
    client: &'a Client,
    api: String,
    resource: String,
}

impl<'a> Users<'a> {
    async fn create(story: &'a Story, client: &'a Client) -> Self {
        let api = client.create_rest_api().name("sdk").send().await.unwrap();
        let id = api.id().unwrap();
        let resource = client.create_resource().rest_api_id(id);
        let resource = resource.parent_id(api.root_resource_id().unwrap());
        let resource = resource.path_part("users").send().await.unwrap();
        let users = Self {
            story,
            client,
            api: id.to_owned(),
            resource: resource.id().unwrap().to_owned(),
        };
        let method = client.put_method().rest_api_id(id);
        let method = method.resource_id(&users.resource).http_method("POST");
        let method = method.authorization_type("NONE").send().await.unwrap();
        assert!(!method.api_key_required().unwrap_or_default());
        let integration = client.put_integration().rest_api_id(id);
        let integration = integration.resource_id(&users.resource).http_method("POST");
        let integration = integration.r#type(IntegrationType::AwsProxy);
        let integration = integration
            .integration_http_method("POST")
            .uri(FUNCTION_URI);
        integration.send().await.unwrap();
        users
    }

    async fn deploy(&self) -> String {
        let deployment = self.client.create_deployment().rest_api_id(&self.api);
        let deployment = deployment.stage_name(STAGE).send().await.unwrap();
        deployment.id().unwrap().to_owned()
    }

    async fn require_key(&self) {
        let update = self.client.update_method().rest_api_id(&self.api);
        let update = update.resource_id(&self.resource).http_method("POST");
        let update = update.patch_operations(patch(Op::Replace, "/apiKeyRequired", "true"));
        assert_eq!(update.send().await.unwrap().api_key_required(), Some(true));
    }

    /// A plan of the stage: two requests at once, three a month.
    async fn create_plan(&self) -> String {
        let throttle = ThrottleSettings::builder().rate_limit(0.01).burst_limit(2);
        let quota = QuotaSettings::builder()
            .limit(3)
            .period(QuotaPeriodType::Month);
        let stage = ApiStage::builder().api_id(&self.api).stage(STAGE);
        let plan = self.client.create_usage_plan().name("sdk");
        let plan = plan.throttle(throttle.build()).quota(quota.build());
        let plan = plan.api_stages(stage.build()).send().await.unwrap();
        plan.id().unwrap().to_owned()
    }

    async fn update_plan(&self, plan: &str, operation: PatchOperation) {
        let update = self.client.update_usage_plan().usage_plan_id(plan);
        update.patch_operations(operation).send().await.unwrap();
    }

    async fn post(&self, key: Option<&str>) -> Verdict {
        let path = format!("/_aws/execute-api/{}/{STAGE}/users", self.api);
        let answer = self
            .story
            .call("POST", &path, key.unwrap_or_default(), USER);
        verdict(&answer.await)
    }

    /// Posts until the answer is no longer `refused`. It is admitted then, once.
    async fn until_admitted(&self, key: Option<&str>, refused: Verdict) {
        let end = Instant::now() + PATIENCE;
        let mut verdict = self.post(key).await;
        while verdict == refused && Instant::now() < end {
            tokio::time::sleep(POLL_INTERVAL).await;
            verdict = self.post(key).await;
        }
        assert_eq!(verdict, Verdict::Admitted);
    }

    /// What a key has used of a plan since a day, and what remains.
    async fn usage(&self, plan: &str, key: &str, since: &DateTime) -> (i64, i64) {
        // The last update is now, and says which day it is here.
        let touch = self.client.update_api_key().api_key(key);
        let touch = touch.patch_operations(patch(Op::Replace, "/description", "read"));
        let touched = touch.send().await.unwrap();
        let usage = self.client.get_usage().usage_plan_id(plan);
        let usage = usage.start_date(day(since));
        let usage = usage.end_date(day(touched.last_updated_date().unwrap()));
        let usage = usage.send().await.unwrap();
        let days = &usage.items().unwrap()[key];
        let used = days.iter().map(|day| day[0]).sum();
        (used, days.last().unwrap()[1])
    }

    async fn import_keys(&self, plan: &str) -> Vec<String> {
        let rows = (1..=3).map(|row| format!("sdk-{row},sdkImportedKeyValue{row},{plan}\n"));
        let csv = format!("name,key,usagePlanIds\n{}", rows.collect::<String>());
        let import = self.client.import_api_keys().format(ApiKeysFormat::Csv);
        let import = import.fail_on_warnings(true).body(Blob::new(csv));
        let imported = import.send().await.unwrap();
        assert_eq!(imported.ids().len(), 3);
        imported.ids().to_vec()
    }

    /// Every list is the same in pages of one item.
    async fn all_lists_page(&self, plan: &str) {
        let client = self.client;
        macro_rules! assert_pages {
            ($($list:expr),+ $(,)?) => {$(
                let whole = $list.limit(500).send().await.unwrap();
                let whole: Vec<_> = whole.items().iter().map(|item| item.id().unwrap().to_owned()).collect();
                let mut single = Vec::new();
                let mut pages = $list.into_paginator().page_size(1).send();
                while let Some(page) = pages.next().await {
                    let page = page.unwrap();
                    assert_eq!(page.items().len(), 1);
                    single.extend(page.items().iter().map(|item| item.id().unwrap().to_owned()));
                }
                assert_eq!(single, whole);
                assert!(whole.len() > 1, "{whole:?}");
            )+};
        }
        client
            .create_rest_api()
            .name("another")
            .send()
            .await
            .unwrap();
        assert_pages!(
            client.get_rest_apis(),
            client.get_api_keys(),
            client.get_usage_plans(),
            client.get_usage_plan_keys().usage_plan_id(plan),
            client.get_resources().rest_api_id(&self.api),
            client.get_deployments().rest_api_id(&self.api),
        );
    }

    /// What the story has made goes away, and what stands in the way is named.
    async fn all_is_deleted(&self, plan: &str, keys: &[String], deployments: [&str; 2]) {
        let (client, api) = (self.client, &self.api);
        for key in keys {
            client.delete_api_key().api_key(key).send().await.unwrap();
            let gone = client.get_api_key().api_key(key).send().await;
            assert_eq!(refusal(gone), "NotFoundException");
        }
        let refused = client.delete_usage_plan().usage_plan_id(plan).send().await;
        assert_eq!(refusal(refused), "BadRequestException");
        let stage = client.delete_stage().rest_api_id(api).stage_name(STAGE);
        stage.send().await.unwrap();
        assert_eq!(self.post(None).await, Verdict::Forbidden);
        client
            .delete_usage_plan()
            .usage_plan_id(plan)
            .send()
            .await
            .unwrap();
        for deployment in deployments {
            let delete = client.delete_deployment().rest_api_id(api);
            delete.deployment_id(deployment).send().await.unwrap();
        }
        let method = client.delete_method().rest_api_id(api);
        let method = method.resource_id(&self.resource).http_method("POST");
        method.send().await.unwrap();
        let resource = client.delete_resource().rest_api_id(api);
        resource.resource_id(&self.resource).send().await.unwrap();
        client
            .delete_rest_api()
            .rest_api_id(api)
            .send()
            .await
            .unwrap();
        let gone = client.get_rest_api().rest_api_id(api).send().await;
        assert_eq!(refusal(gone), "NotFoundException");
    }
}

fn verdict(answer: &Answer) -> Verdict {
    if answer.status == CREATED {
        Verdict::Admitted
    } else {
        Verdict::of(answer)
    }
}

/// The day of an instant, as `GetUsage` takes it.
fn day(instant: &DateTime) -> String {
    let text = instant.fmt(DateTimeFormat::DateTime).unwrap();
    text.split_once('T').unwrap().0.to_owned()
}
