//! A gateway with its console in this process, and a small API in it: what tests try requests with.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use serde_json::{Value, json};
use tests::{Answer, DynamoDb, HttpClient};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tollgate::control::{Control, Settings, UnmanagedStages, account_limit_of_aws};
use tollgate::http::Problems;
use tollgate::http::fields::Fields;
use tollgate::key::{EnvironmentLetter, Pepper};
use tollgate::store::dynamodb::{DynamoStore, Patience, create_table};
use tollgate::time::{Clock as _, SystemClock};
use tollgate_gateway::console::{Console, Surroundings};
use tollgate_gateway::lambda::Lambdas;
use tollgate_gateway::local;
use tollgate_gateway::rest_api::{RestApis, RestApisSettings};
use tollgate_gateway::router::Router;
use tollgate_gateway::server::{Admin, DataPlane, HttpApis, HttpApisSettings, serve};
use tollgate_gateway::tally::Tally;

use super::{token_in, urlencoded};
use crate::patient::patient_limiter;

/// A gateway with its console.
pub(super) struct World {
    admin: HttpClient,
    _stop: watch::Sender<bool>,
    _database: DynamoDb,
}

/// A REST API `shop` with the stage `dev`, a plan that covers it, and a key in the plan.
pub(super) struct Shop {
    pub(super) api_id: String,
    pub(super) key_id: String,
    pub(super) value: String,
}

impl World {
    pub(super) async fn start() -> Self {
        Self::with_gateway(true).await
    }

    /// A console of a table before which no gateway runs.
    pub(super) async fn without_gateway() -> Self {
        Self::with_gateway(false).await
    }

    async fn with_gateway(has_gateway: bool) -> Self {
        let database = DynamoDb::embedded().unwrap();
        let table = database.fresh_table_name();
        create_table(&database.client(), &table).await.unwrap();
        let pepper = Pepper::new(b"a pepper for the tests").unwrap();
        let config = local::sdk_config(database.endpoint(), local::REGION);
        let store = DynamoStore::new(&config, Patience::OPERATOR, table, pepper.clone());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        // Nothing here calls a function.
        let lambdas = Lambdas::elsewhere("http://127.0.0.1:9".parse().unwrap(), BTreeMap::new());
        let tally = Tally::new(SystemClock.now());
        let rest_apis = RestApis::new(
            RestApisSettings {
                store: store.clone(),
                limiter: patient_limiter(store.clone(), SystemClock, pepper),
                tally: tally.clone(),
                lambdas: lambdas.clone(),
                fields: Fields::All,
                problems: Problems::default(),
                account_id: local::ACCOUNT_ID.to_owned(),
                region: local::REGION.to_owned(),
                account_limit: account_limit_of_aws(),
                port: address.port(),
            },
            Arc::new(SystemClock),
        );
        let http_apis = HttpApis::new(
            HttpApisSettings {
                apis: Vec::new(),
                function_urls: Vec::new(),
                lambdas,
                account_id: local::ACCOUNT_ID.to_owned(),
                region: local::REGION.to_owned(),
                port: address.port(),
            },
            Arc::new(SystemClock),
        );
        let router = Router::new(Vec::new(), Vec::new(), Vec::new()).unwrap();
        let data_plane = DataPlane::new(router, http_apis, Arc::clone(&rest_apis));
        let settings = Settings {
            region: local::REGION.to_owned(),
            account_id: local::ACCOUNT_ID.to_owned(),
            environment: EnvironmentLetter::of("dev"),
            keep_values: true,
            aws_limits: false,
            account_limit: account_limit_of_aws(),
            unmanaged_stages: UnmanagedStages::Any,
        };
        let control = Control::new(store.clone(), SystemClock, settings, rest_apis).unwrap();
        let console = Console::new(Surroundings {
            control: control.clone(),
            store,
            clock: Arc::new(SystemClock),
            place: "a test".to_owned(),
            declared: Vec::new(),
            data_plane_url: has_gateway.then(|| format!("http://{address}")),
            tally: has_gateway.then_some(tally),
        });
        let admin_listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let admin = HttpClient::new(format!("http://{}", admin_listener.local_addr().unwrap()));
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(serve(listener, data_plane, stopped.clone()));
        let port = Admin::new(control).with_console(console);
        tokio::spawn(serve(admin_listener, port, stopped));
        Self {
            admin,
            _stop: stop,
            _database: database,
        }
    }

    /// Calls the management API.
    pub(super) async fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let answer = self.admin.send(method, path, &[], body).await.unwrap();
        assert!(answer.status.is_success(), "{method} {path}: {answer:?}");
        answer.json().unwrap_or_default()
    }

    /// A page, whatever it says.
    pub(super) async fn page(&self, path: &str) -> Answer {
        let answer = self.admin.get(path).await.unwrap();
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("default-src 'none'"), "{answer:?}");
        answer
    }

    /// Fills a form of the page at `path` and sends it there.
    pub(super) async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form = self.page(path).await;
        let token = token_in(&form.body);
        let cookie = format!("tollgate-csrf={token}");
        let body = urlencoded(fields.iter().copied().chain([("csrf", token)]));
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("cookie", cookie.as_str()),
        ];
        self.admin.send("POST", path, &headers, body).await.unwrap()
    }

    /// The shop, whose plan allows each key two requests at once and no more for a long time.
    pub(super) async fn shop(&self) -> Shop {
        let method = |is_key_required: bool| {
            let mut method = json!({
                "responses": {"200": {"description": "ok"}},
                "x-amazon-apigateway-integration": {
                    "type": "MOCK",
                    "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
                    "responses": {"default": {
                        "statusCode": "200",
                        "responseTemplates": {"application/json": "{\"items\": \"<b>$input.params('x-api-key')</b>\"}"},
                    }},
                },
            });
            if is_key_required {
                method["security"] = json!([{"api_key": []}]);
            }
            method
        };
        let document = json!({
            "openapi": "3.0.1",
            "info": {"title": "shop", "version": "1"},
            "paths": {
                "/items": {"get": method(true)},
                "/items/{id}": {"get": method(true)},
                "/health": {"get": method(false)},
            },
            "components": {"securitySchemes": {
                "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
            }},
        });
        let api = self.call("POST", "/restapis?mode=import", &document).await;
        let api_id = api["id"].as_str().unwrap().to_owned();
        let deployments = format!("/restapis/{api_id}/deployments");
        self.call("POST", &deployments, &json!({"stageName": "dev"}))
            .await;
        let plan = json!({
            "name": "Bronze",
            "throttle": {"rateLimit": 0.001, "burstLimit": 2},
            "quota": {"limit": 100, "period": "MONTH"},
            "apiStages": [{"apiId": api_id, "stage": "dev"}],
        });
        let plan = self.call("POST", "/usageplans", &plan).await;
        let key = json!({"name": "joe-black", "enabled": true});
        let key = self.call("POST", "/apikeys", &key).await;
        let key_id = key["id"].as_str().unwrap().to_owned();
        let members = format!("/usageplans/{}/keys", plan["id"].as_str().unwrap());
        let member = json!({"keyId": key_id, "keyType": "API_KEY"});
        self.call("POST", &members, &member).await;
        Shop {
            api_id,
            key_id,
            value: key["value"].as_str().unwrap().to_owned(),
        }
    }
}
