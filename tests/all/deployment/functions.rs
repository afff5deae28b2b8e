//! Each function of the template, with its role, against the calls that its code makes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use lambda_http::Body;
use leaks::{Fetch, FetchError, LogAlerts};
use serde_json::{Value, json};
use tests::{Signer, workspace_root};
use tollgate::authorizer::{Authorizer, AuthorizerSettings};
use tollgate::http::UsagePlanLayer;
use tollgate::time::Clock as _;
use tower::{Layer as _, ServiceExt as _};
use users::{App, UserStore};

use super::controlled::{Controlled, control_event};
use super::policy::{Call, Statement, statements};
use super::tables::{DAY, KEY, Tables, event, pepper};
use super::template::{named, properties, resources};

/// Whether a role has each right that the calls need, and no right on tables that none of them needs.
fn compare(role: &str, calls: &BTreeSet<Call>) {
    let statements = statements(role);
    let forbidden: Vec<String> = calls
        .iter()
        .filter(|call| !statements.iter().any(|statement| statement.allows(call)))
        .map(Call::to_string)
        .collect();
    assert!(forbidden.is_empty(), "{role} lacks {forbidden:#?}");
    let unused: Vec<Statement> = statements
        .iter()
        .flat_map(Statement::rights)
        .filter(|right| !right.resource.ends_with("Logs"))
        .filter(|right| !calls.iter().any(|call| right.allows(call)))
        .collect();
    assert!(unused.is_empty(), "{role} does not need {unused:#?}");
}

/// The functions of the template, and their roles.
fn functions() -> BTreeMap<String, Value> {
    resources()
        .into_iter()
        .filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Function")
        .map(|(logical_id, resource)| (logical_id, resource["Properties"].clone()))
        .collect()
}

#[tokio::test]
async fn the_role_of_users_has_the_rights_that_its_code_needs_and_no_others() {
    let tables = Tables::start().await;
    tables.sell_a_plan().await;
    let store = UserStore::new(tables.proxy.client(), tables.users.clone());
    let users = users::service(Arc::new(App::new(store, tables.clock.clone())));
    let layer = UsagePlanLayer::new(tables.limiter());
    layer.warm_up().await;
    let service = layer.layer(users);
    let send = async |event: &str| {
        let request = lambda_http::request::from_str(event).unwrap();
        let response = service.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = match response.into_body() {
            Body::Text(text) => text,
            _ => String::new(),
        };
        (status, body)
    };
    let (status, created) = send(&event("users-create.json")).await;
    assert_eq!(status, 201);
    let created: Value = serde_json::from_str(&created).unwrap();
    let id = created["id"].as_str().unwrap();
    // The first charge of a third day keeps the count of the first.
    for (name, status) in [
        ("users-list.json", 200),
        ("users-get.json", 200),
        ("users-replace.json", 200),
        ("users-delete.json", 204),
    ] {
        tables.clock.advance(DAY);
        let event = event(name);
        let sample = sample_user_id(&event);
        let event = match &sample {
            Some(sample) => event.replace(sample.as_str(), id),
            None => event,
        };
        assert_eq!(send(&event).await.0, status, "{name}");
    }
    // A request that comes too fast keeps an alert.
    let mut statuses = Vec::new();
    while statuses.last() != Some(&429) {
        assert!(statuses.len() <= 100, "{statuses:?}");
        statuses.push(send(&event("users-list.json")).await.0);
    }
    let report = users::service(Arc::new(App::new(
        UserStore::new(tables.proxy.client(), tables.users.clone()),
        tables.clock.clone(),
    )));
    let request = lambda_http::request::from_str(&event("users-report.json")).unwrap();
    assert_eq!(report.oneshot(request).await.unwrap().status(), 200);
    compare("UsersRole", &tables.calls());
}

#[tokio::test]
async fn the_roles_of_the_authorizer_and_of_the_layers_examples_have_the_rights_that_they_need_and_no_others()
 {
    let tables = Tables::start().await;
    tables.sell_a_plan().await;
    let authorizer = Authorizer::new(tables.limiter(), AuthorizerSettings::default());
    authorizer.warm_up().await;
    let asked: Value = serde_json::from_str(&event("authorizer-http-v2.json")).unwrap();
    for _ in 0..3 {
        let answer = authorizer.answer(&asked).await.unwrap();
        assert_eq!(answer["isAuthorized"], true);
        // The first charge of a third day keeps the count of the first.
        tables.clock.advance(DAY);
    }
    // A request that comes too fast keeps an alert.
    let mut answers = 0;
    while authorizer.answer(&asked).await.unwrap()["isAuthorized"] == true {
        answers += 1;
        assert!(answers <= 100);
    }
    let calls = tables.calls();
    // The Lambda layer decides in the same way, and its examples have no calls of their own.
    for role in ["AuthorizerRole", "HelloPythonRole", "HelloNodeRole"] {
        compare(role, &calls);
    }
}

#[tokio::test]
async fn the_role_of_control_has_the_rights_that_its_code_needs_and_no_others() {
    let tables = Tables::start().await;
    let control = Controlled::start(&tables).await;
    control
        .create("control-usage-plan-create.json", json!({}))
        .await;
    control
        .create("control-api-key-create.json", json!({}))
        .await;
    let (plan, key) = control.made().await;
    let places = [
        control
            .create(
                "control-usage-plan-key-create.json",
                json!({ "UsagePlanId": plan, "KeyId": key }),
            )
            .await,
        control
            .create(
                "control-api-stage-create.json",
                json!({ "UsagePlanId": plan }),
            )
            .await,
    ];
    control
        .update(&places[1], &format!("{plan}:f6g7h8i9j0:dev"))
        .await;
    let listed = control
        .handle(control_event("control-management-list-keys.json"))
        .await;
    assert_eq!(listed["statusCode"], 200);
    control.orphan(&tables).await;
    for counted in ["orphans_marked", "orphans_removed"] {
        let summary = control.handle(control_event("control-daily.json")).await;
        assert_eq!(summary[counted], 1, "{summary}");
        tables.clock.advance(DAY);
    }
    control.delete(&places[0], &format!("{key}:{plan}")).await;
    let plan_created = control_event("control-usage-plan-delete.json");
    control.delete(&plan_created, &plan).await;
    control
        .delete(&control_event("control-api-key-create.json"), &key)
        .await;
    compare("ControlRole", &tables.calls());
}

/// GitHub's list of public keys.
struct Published(Vec<u8>);

impl Fetch for Published {
    async fn fetch(&self) -> Result<Bytes, FetchError> {
        Ok(self.0.clone().into())
    }
}

#[tokio::test]
async fn the_role_of_leaks_has_the_rights_that_its_code_needs_and_no_others() {
    let tables = Tables::start().await;
    tables.sell_a_plan().await;
    let signer = Signer::new("key-1").unwrap();
    let published = Published(Signer::list(&[&signer]));
    let store = tables.store_at(tables.proxy.endpoint());
    let app = leaks::App::new(store, published, LogAlerts, tables.clock.clone());
    let message = json!([{"token": KEY, "type": "key", "url": "", "source": "content"}]);
    let message = message.to_string();
    let signature = signer.sign(message.as_bytes()).unwrap();
    let request = http::Request::post("/")
        .header("github-public-key-identifier", "key-1")
        .header("github-public-key-signature", signature)
        .body(Body::from(message))
        .unwrap();
    let response = app.answer(request).await;
    assert_eq!(response.status(), 200);
    let feedback: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(feedback[0]["label"], "true_positive");
    let unsigned = lambda_http::request::from_str(&event("leaks-unsigned.json")).unwrap();
    assert_eq!(app.answer(unsigned).await.status(), 401);
    compare("LeaksRole", &tables.calls());
}

/// A call that Lambda makes with the function's role, or that goes to another service.
fn call(action: &str, resource: &str) -> Call {
    Call {
        action: action.to_owned(),
        resource: resource.to_owned(),
        leading_key: None,
        attributes: None,
    }
}

#[tokio::test]
async fn the_role_of_alerts_has_the_rights_that_its_code_needs_and_no_others() {
    let tables = Tables::start().await;
    tables.sell_a_plan().await;
    let config = alerts::config::Config {
        table: tables.tollgate.clone(),
        pepper: pepper(),
        event_bus: None,
        webhook: None,
    };
    let sdk_config = tables.sdk_config();
    let outlets = alerts::Outlets::new(&sdk_config, tables.clock.clone(), &config).unwrap();
    let store = tables.store_at(tables.proxy.endpoint());
    let app = alerts::App::new(store, tables.clock.clone(), outlets);
    let deadline = tables.clock.now().saturating_add(DAY);
    for (name, counted) in [
        ("alerts-charged.json", "kept"),
        ("alerts-kept.json", "told"),
        ("alerts-owed.json", "owed"),
    ] {
        let event: Value = serde_json::from_str(&event(name)).unwrap();
        let handled = app.handle(&event, deadline).await.unwrap();
        let expected = u64::from(counted != "owed");
        assert_eq!(handled[counted], expected, "{name}: {handled}");
    }
    let mut calls = tables.calls();
    // What Lambda needs to read the stream, and what is not asked of DynamoDB.
    for action in [
        "DescribeStream",
        "GetRecords",
        "GetShardIterator",
        "ListStreams",
    ] {
        calls.insert(call(&format!("dynamodb:{action}"), "TollgateTable/stream"));
    }
    calls.insert(call("events:PutEvents", "events"));
    compare("AlertsRole", &calls);
}

#[tokio::test]
async fn the_role_of_billing_has_the_rights_that_its_code_needs_and_no_others() {
    let tables = Tables::start().await;
    tables.sell_a_plan().await;
    let limiter = tables.limiter();
    let authorizer = Authorizer::new(limiter, AuthorizerSettings::default());
    let asked: Value = serde_json::from_str(&event("authorizer-http-v2.json")).unwrap();
    authorizer.answer(&asked).await.unwrap();
    tables.calls();
    tables.clock.advance(DAY);
    let folder = tempfile::tempdir().unwrap();
    let place = billing::config::Place::Folder(folder.path().to_owned());
    let target = billing::Target::new(&tables.sdk_config(), place).unwrap();
    let store = tables.store_at(tables.proxy.endpoint());
    let app = billing::App::new(store, tables.clock.clone(), target);
    let event: Value = serde_json::from_str(&event("billing-daily.json")).unwrap();
    let written = app.handle(&event).await.unwrap();
    assert_eq!(written["rows"], 1, "{written}");
    let mut calls = tables.calls();
    calls.insert(call("s3:PutObject", "s3"));
    compare("BillingRole", &calls);
}

#[test]
fn nobody_is_told_nothing_is_exported_and_no_example_runs_unless_somebody_asks() {
    let resources = resources();
    for (logical_id, condition) in [
        ("AlertsFunction", "HasAlerts"),
        ("AlertsRole", "HasAlerts"),
        ("WebhookSecret", "HasAlertWebhook"),
        ("BillingFunction", "ExportsUsage"),
        ("BillingRole", "ExportsUsage"),
        ("HelloPythonFunction", "HasExamples"),
        ("HelloPythonRole", "HasExamples"),
        ("HelloNodeFunction", "HasExamples"),
        ("HelloNodeRole", "HasExamples"),
        ("Hello", "HasExamples"),
    ] {
        assert_eq!(resources[logical_id]["Condition"], condition);
    }
    let table = properties("TollgateTable", "AWS::DynamoDB::Table");
    let stream = &table["StreamSpecification"]["Fn::If"];
    assert_eq!(stream[0], "HasAlerts");
    assert_eq!(stream[1]["StreamViewType"], "NEW_IMAGE");
}

/// The id of the user that a sample event names.
fn sample_user_id(event: &str) -> Option<String> {
    let event: Value = serde_json::from_str(event).unwrap();
    let id = event["pathParameters"]["id"].as_str()?;
    Some(id.to_owned())
}

#[test]
fn functions_that_only_enforce_cannot_read_the_values_of_keys() {
    for role in [
        "UsersRole",
        "AuthorizerRole",
        "HelloPythonRole",
        "HelloNodeRole",
        "LeaksRole",
    ] {
        for statement in statements(role) {
            if statement.resource.starts_with("TollgateTable") {
                let leading = statement.leading.expect("every key");
                assert!(leading.iter().all(|start| !start.starts_with('S')));
                assert!(leading.iter().all(|start| start.ends_with('#')));
            }
        }
    }
}

#[test]
fn every_function_has_a_role_of_its_own_that_may_write_to_its_own_logs() {
    let mut roles = BTreeSet::new();
    for (function, properties) in functions() {
        let role = named(&properties["Role"]);
        let logs = named(&properties["LoggingConfig"]["LogGroup"]);
        assert!(roles.insert(role.clone()), "{function} shares {role}");
        assert!(properties.get("Policies").is_none(), "{function}");
        let log: Vec<Statement> = statements(&role)
            .into_iter()
            .filter(|statement| statement.resource.ends_with("Logs"))
            .collect();
        let [log] = log.as_slice() else {
            panic!("{role}: {log:?}");
        };
        assert_eq!(log.resource, logs, "{role}");
        let needed = ["logs:CreateLogStream", "logs:PutLogEvents"];
        assert!(log.actions.iter().eq(needed), "{role}: {:?}", log.actions);
    }
    assert_eq!(roles.len(), 8);
}

#[test]
fn the_examples_have_the_layer_and_the_wrapper_that_is_in_it() {
    let layer = properties("TollgateLayer", "AWS::Serverless::LayerVersion");
    assert_eq!(layer["ContentUri"], "functions/layer");
    for function in ["HelloPythonFunction", "HelloNodeFunction"] {
        let properties = properties(function, "AWS::Serverless::Function");
        assert_eq!(
            named(&properties["Layers"][0]),
            "TollgateLayer",
            "{function}"
        );
        let variables = &properties["Environment"]["Variables"];
        assert_eq!(variables["AWS_LAMBDA_EXEC_WRAPPER"], "/opt/tollgate");
    }
}

#[test]
fn the_table_outlives_the_stack_and_can_be_restored() {
    let table = &resources()["TollgateTable"];
    assert_eq!(table["DeletionPolicy"], "Retain");
    assert_eq!(table["UpdateReplacePolicy"], "Retain");
    let table = properties("TollgateTable", "AWS::DynamoDB::Table");
    assert_eq!(table["BillingMode"], "PAY_PER_REQUEST");
    assert_eq!(table["TimeToLiveSpecification"]["AttributeName"], "ttl");
    assert_eq!(table["TimeToLiveSpecification"]["Enabled"], true);
    let recovery = &table["PointInTimeRecoverySpecification"];
    assert_eq!(recovery["PointInTimeRecoveryEnabled"], true);
    assert_eq!(table["SSESpecification"]["SSEEnabled"], true);
    assert_eq!(resources()["Pepper"]["DeletionPolicy"], "Retain");
}

#[test]
fn nobody_remembers_the_answers_of_the_authorizer() {
    let api = properties("UsersApi", "AWS::Serverless::HttpApi");
    let authorizers = api["Auth"]["Authorizers"].as_object().unwrap();
    assert_eq!(authorizers.len(), 1);
    for authorizer in authorizers.values() {
        assert_eq!(authorizer["Identity"]["ReauthorizeEvery"], 0);
    }
}

#[test]
fn there_is_one_tls_stack() {
    let lock = std::fs::read_to_string(workspace_root().join("Cargo.lock")).unwrap();
    let packages = |name: &str| lock.matches(&format!("name = \"{name}\"\n")).count();
    assert_eq!((packages("rustls"), packages("aws-lc-sys")), (1, 1));
    assert_eq!((packages("native-tls"), packages("openssl-sys")), (0, 0));
}
