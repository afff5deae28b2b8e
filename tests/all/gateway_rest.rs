//! REST APIs from snapshots in the store, over real sockets: a gateway in this process, and a backend which is an HTTP server and an endpoint of
//! Lambda's Invoke API in one.

mod access;
mod backend;
mod bodies;
mod deployments;
mod gateway_responses;
mod integrations;
mod mappings;
mod routing;
mod streaming;
mod test_invoke;
mod validators;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde_json::{Value, json};
use tests::{Answer, CountingProxy, DynamoDb, HttpClient};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tollgate::control::{Gateway as _, account_limit_of_aws};
use tollgate::http::Problems;
use tollgate::http::fields::Fields;
use tollgate::id::ApiId;
use tollgate::key::Pepper;
use tollgate::rest_api::{ApiRecord, Definition, Deployment, RestApi, Snapshot, Stage};
use tollgate::store::dynamodb::{DynamoStore, Patience, create_table};
use tollgate::store::{ApiRegistry, Saved};
use tollgate::time::{ManualClock, SystemClock, Timestamp};
use tollgate_gateway::lambda::Lambdas;
use tollgate_gateway::local;
use tollgate_gateway::rest_api::{RestApis, RestApisSettings};
use tollgate_gateway::router::Router;
use tollgate_gateway::server::{DataPlane, HttpApis, HttpApisSettings, serve};
use tollgate_gateway::tally::Tally;

use backend::Backend;

use crate::patient::patient_limiter;

/// A Monday at noon, in UTC.
const NOW: Timestamp = Timestamp::from_secs(1_795_435_200);

/// A gateway with its store, and a backend.
struct App {
    address: SocketAddr,
    client: HttpClient,
    backend: Backend,
    rest_apis: Arc<RestApis>,
    store: DynamoStore,
    /// Between the gateway and its store.
    proxy: CountingProxy,
    clock: ManualClock,
    _stop: watch::Sender<bool>,
    _database: DynamoDb,
}

/// What is deployed to a stage.
struct Deployed {
    api: Value,
    definition: Value,
    stage: Value,
}

impl App {
    async fn start() -> Self {
        Self::with_fields(Fields::All).await
    }

    async fn with_fields(fields: Fields) -> Self {
        let database = DynamoDb::embedded().unwrap();
        let proxy = CountingProxy::start(database.endpoint()).await.unwrap();
        let table = database.fresh_table_name();
        create_table(&database.client(), &table).await.unwrap();
        let pepper = Pepper::new(b"a pepper for the tests").unwrap();
        let open = |endpoint: &str| {
            let sdk_config = local::sdk_config(endpoint, "us-east-1");
            DynamoStore::new(
                &sdk_config,
                Patience::OPERATOR,
                table.clone(),
                pepper.clone(),
            )
        };
        let backend = Backend::start().await;
        let clock = ManualClock::new(NOW);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let lambdas = Lambdas::elsewhere(backend.url("").parse().unwrap(), BTreeMap::new());
        let seen_by_gateway = open(proxy.endpoint());
        let rest_apis = RestApis::new(
            RestApisSettings {
                store: seen_by_gateway.clone(),
                limiter: patient_limiter(seen_by_gateway, SystemClock, pepper.clone()),
                tally: Tally::new(NOW),
                lambdas: lambdas.clone(),
                fields,
                problems: Problems::usual(fields),
                account_id: local::ACCOUNT_ID.to_owned(),
                region: local::REGION.to_owned(),
                account_limit: account_limit_of_aws(),
                port: address.port(),
            },
            Arc::new(clock.clone()),
        );
        let router = Router::new(Vec::new(), Vec::new(), Vec::new()).unwrap();
        let http_apis = HttpApis::new(
            HttpApisSettings {
                apis: Vec::new(),
                function_urls: Vec::new(),
                lambdas,
                account_id: local::ACCOUNT_ID.to_owned(),
                region: local::REGION.to_owned(),
                port: address.port(),
            },
            Arc::new(clock.clone()),
        );
        let data_plane = DataPlane::new(router, http_apis, Arc::clone(&rest_apis));
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(serve(listener, data_plane, stopped));
        Self {
            address,
            client: HttpClient::new(format!("http://{address}")),
            backend,
            rest_apis,
            store: open(database.endpoint()),
            proxy,
            clock,
            _stop: stop,
            _database: database,
        }
    }

    /// Deploys to the stage `test` of the API `a1b2c3`, and tells the gateway.
    async fn deploy(&self, deployed: &Deployed) {
        self.deploy_silently("a1b2c3", "test", deployed).await;
        self.rest_apis.api_changed(&ApiId::from("a1b2c3"));
    }

    /// Deploys as another process would.
    async fn deploy_silently(&self, id: &str, stage: &str, deployed: &Deployed) {
        let mut api = json!({
            "id": id, "name": "example", "createdDate": 0, "apiKeySource": "HEADER",
            "endpointConfiguration": {"types": ["REGIONAL"], "ipAddressType": "ipv4"},
            "disableExecuteApiEndpoint": false, "rootResourceId": "root", "apiStatus": "AVAILABLE",
        });
        merge(&mut api, &deployed.api);
        let api: RestApi = serde_json::from_value(api).unwrap();
        let definition: Definition = serde_json::from_value(deployed.definition.clone()).unwrap();
        let api_id = ApiId::from(id);
        if self.store.rest_api(&api_id).await.unwrap().is_none() {
            let record = ApiRecord {
                api: api.clone(),
                definition: Definition::default(),
                deployments: BTreeMap::new(),
                stages: BTreeMap::new(),
            };
            self.store.create_rest_api(&record).await.unwrap();
        }
        let before = self.store.rest_api(&api_id).await.unwrap().unwrap();
        let mut after = before.record.clone();
        let deployment_id = format!("dep{:03}", after.deployments.len());
        let deployment = Deployment {
            id: deployment_id.clone(),
            description: None,
            created_date: 0,
        };
        after.deployments.insert(deployment_id.clone(), deployment);
        let mut item = json!({
            "deploymentId": deployment_id, "stageName": stage, "cacheClusterEnabled": false,
            "cacheClusterStatus": "NOT_AVAILABLE", "methodSettings": {}, "tracingEnabled": false,
            "createdDate": 0, "lastUpdatedDate": 0,
        });
        merge(&mut item, &deployed.stage);
        let item: Stage = serde_json::from_value(item).unwrap();
        after.stages.insert(stage.to_owned(), item);
        after.definition = definition.clone();
        let snapshot = Snapshot { api, definition };
        let snapshot = Some((deployment_id.as_str(), &snapshot));
        let saved = self.store.save_rest_api(&before, &after, snapshot).await;
        assert_eq!(saved.unwrap(), Saved::Yes);
    }

    /// Sends a request to the stage `test` of the API `a1b2c3`.
    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<bytes::Bytes>,
    ) -> Answer {
        let path = format!("/_aws/execute-api/a1b2c3/test{path}");
        let answer = self.client.send(method, &path, headers, body).await;
        answer.unwrap()
    }

    async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }
}

impl Deployed {
    /// Methods, each with its path, its verb and its members.
    fn methods(methods: &[(&str, &str, Value)]) -> Self {
        let mut resources = json!({"root": {"id": "root", "path": "/"}});
        for (path, verb, members) in methods {
            let id = if *path == "/" {
                "root".to_owned()
            } else {
                path.replace(['/', '{', '}', '+'], "_")
            };
            let mut method = json!({
                "httpMethod": verb, "authorizationType": "NONE", "apiKeyRequired": false,
            });
            merge(&mut method, members);
            let resource = json!({"id": id, "path": path});
            merge(&mut resources, &json!({id.as_str(): resource}));
            resources[id]["resourceMethods"][*verb] = method;
        }
        Self {
            api: json!({}),
            definition: json!({"resources": resources}),
            stage: json!({}),
        }
    }

    /// One method, `ANY /`, with this integration.
    fn integration(integration: &Value) -> Self {
        Self::methods(&[("/", "ANY", with(integration))])
    }
}

/// The members of a method with this integration, in which what the control plane fills in need not be written.
fn with(integration: &Value) -> Value {
    let mut whole = json!({
        "passthroughBehavior": "WHEN_NO_MATCH", "timeoutInMillis": 29_000, "cacheNamespace": "root",
        "cacheKeyParameters": [],
    });
    merge(&mut whole, integration);
    json!({"methodIntegration": whole})
}

/// `MOCK` that answers 200 with this body.
fn mock(body: &str) -> Value {
    json!({
        "type": "MOCK",
        "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
        "integrationResponses": {"200": {
            "statusCode": "200", "responseTemplates": {"application/json": body},
        }},
    })
}

/// A function behind the Lambda endpoint.
fn function_uri(name: &str) -> String {
    format!(
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:{name}/invocations"
    )
}

fn lambda_proxy(name: &str) -> Value {
    json!({"type": "AWS_PROXY", "httpMethod": "POST", "uri": function_uri(name)})
}

fn merge(into: &mut Value, members: &Value) {
    for (name, value) in members.as_object().unwrap() {
        match (into.get_mut(name), value) {
            (Some(old @ Value::Object(_)), Value::Object(_)) => merge(old, value),
            _ => into[name] = value.clone(),
        }
    }
}

/// Status, error type and body.
fn shown(answer: &Answer) -> (u16, Option<&str>, &str) {
    let error_type = answer.header("x-amzn-errortype");
    (answer.status.as_u16(), error_type, answer.body.as_str())
}
