mod http_apis;
mod refusals;
mod remembering;

use std::collections::BTreeMap;
use std::sync::Mutex;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::json;
use tollgate::rest_api::{Authorizer, AuthorizerKind};
use tollgate::time::{ManualClock, Timestamp};

use super::*;
use crate::event::ApiKind;

const REGION: &str = "eu-west-1";
const ARN: &str = "arn:aws:execute-api:eu-west-1:111111111111:abc123/dev/GET/users/a%2Bb";

/// What a request borrows from.
#[derive(Clone, Default)]
struct Sent {
    headers: HeaderMap,
    variables: BTreeMap<String, String>,
    query: String,
}

impl Sent {
    fn with_header(mut self, name: &'static str, value: &str) -> Self {
        let name = HeaderName::from_static(name);
        self.headers
            .append(name, HeaderValue::from_str(value).unwrap());
        self
    }

    fn token(value: &str) -> Self {
        Self::default().with_header("authorization", value)
    }

    fn request(&self) -> ProxyRequest<'_> {
        ProxyRequest {
            kind: ApiKind::Rest,
            api_id: "abc123",
            stage: "dev",
            account_id: "111111111111",
            domain_name: "abc123.execute-api.localhost",
            domain_prefix: "abc123",
            deployment_id: "dep1",
            resource_id: "res1",
            resource_path: "/users/{id}",
            route_key: "",
            path_parameters: &[("id", "a%2Bb")],
            method: &Method::GET,
            path: "/users/a%2Bb",
            request_path: "/dev/users/a%2Bb",
            query: &self.query,
            headers: &self.headers,
            body: b"a body",
            source_ip: "127.0.0.1",
            scheme: "http",
            port: 3000,
            protocol: "HTTP/1.1",
            request_id: "req1",
            extended_request_id: "ext1",
            trace_id: "Root=1-2-3",
            time_ms: 1_722_641_683_123,
            stage_variables: &self.variables,
            binary_media_types: &[],
            api_key: None,
            authorizer: None,
            caller: None,
            operation_name: None,
        }
    }
}

fn authorizer(kind: AuthorizerKind, identity_source: Option<&str>) -> Authorizer {
    Authorizer {
        id: "auth01".to_owned(),
        name: "Auth".to_owned(),
        kind,
        provider_arns: Vec::new(),
        auth_type: None,
        authorizer_uri: Some("arn:of:a:function".to_owned()),
        authorizer_credentials: None,
        identity_source: identity_source.map(str::to_owned),
        identity_validation_expression: None,
        authorizer_result_ttl_in_seconds: None,
        jwt_configuration: None,
    }
}

fn token() -> Authorizer {
    let source = "method.request.header.Authorization";
    authorizer(AuthorizerKind::Token, Some(source))
}

fn policy(effect: &str, resource: &str) -> Value {
    json!({
        "principalId": "ada",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource}],
        },
    })
}

/// A memory with a clock that is moved by hand, and a function that writes down what it is called with.
struct Desk {
    authorizers: Authorizers,
    clock: ManualClock,
    events: Mutex<Vec<Value>>,
}

impl Desk {
    fn new() -> Self {
        let clock = ManualClock::new(Timestamp::from_secs(1_000));
        Self {
            authorizers: Authorizers::new(Arc::new(clock.clone())),
            clock,
            events: Mutex::default(),
        }
    }

    async fn ask_function(
        &self,
        authorizer: &Authorizer,
        request: &ProxyRequest<'_>,
        answer: Result<Value, InvocationFailure>,
    ) -> Result<Authorized, Refused> {
        let compiled = LambdaAuthorizer::new(authorizer);
        self.ask_compiled(&compiled, request, answer).await
    }

    async fn ask_compiled(
        &self,
        compiled: &LambdaAuthorizer,
        request: &ProxyRequest<'_>,
        answer: Result<Value, InvocationFailure>,
    ) -> Result<Authorized, Refused> {
        let invoke = async |event: Bytes| {
            self.events
                .lock()
                .unwrap()
                .push(serde_json::from_slice(&event).unwrap());
            self.clock.advance(Duration::from_millis(7));
            answer.map(|answer| answer.to_string().into())
        };
        self.authorizers
            .authorize(compiled, request, REGION, invoke)
            .await
    }

    async fn ask(
        &self,
        authorizer: &Authorizer,
        sent: &Sent,
        answer: Value,
    ) -> Result<Authorized, Refused> {
        self.ask_function(authorizer, &sent.request(), Ok(answer))
            .await
    }

    fn calls(&self) -> usize {
        self.events.lock().unwrap().len()
    }
}

fn name(result: &Result<Authorized, Refused>) -> &'static str {
    match result {
        Ok(_) => "authorized",
        Err(refused) => refused.as_str(),
    }
}

#[tokio::test]
async fn a_token_authorizer_gets_the_token_and_the_arn() {
    let desk = Desk::new();
    let sent = Sent::token("Bearer 1");
    let authorized = desk
        .ask(&token(), &sent, policy("Allow", ARN))
        .await
        .unwrap();
    assert_eq!(
        *desk.events.lock().unwrap(),
        [json!({"type": "TOKEN", "methodArn": ARN, "authorizationToken": "Bearer 1"})]
    );
    assert_eq!(authorized.principal_id(), Some("ada"));
    assert_eq!(
        *authorized.context(),
        *json!({"principalId": "ada", "integrationLatency": 7})
            .as_object()
            .unwrap()
    );
    assert_eq!(authorized.usage_identifier_key(), None);
}

#[tokio::test]
async fn a_request_authorizer_gets_the_request_without_its_body() {
    let desk = Desk::new();
    let kind = authorizer(AuthorizerKind::Request, None);
    let mut sent = Sent::default()
        .with_header("x-one", "1")
        .with_header("x-one", "2");
    sent.query = "q=a%20b&q=c".to_owned();
    desk.ask(&kind, &sent, policy("Allow", "*")).await.unwrap();
    let event = desk.events.lock().unwrap().remove(0);
    assert_eq!(event["type"], "REQUEST");
    assert_eq!(event["methodArn"], ARN);
    assert_eq!(event["resource"], "/users/{id}");
    assert_eq!(event["path"], "/users/a%2Bb");
    assert_eq!(event["httpMethod"], "GET");
    assert_eq!(event["headers"]["X-One"], "2");
    assert_eq!(event["multiValueHeaders"]["X-One"], json!(["1", "2"]));
    assert_eq!(event["queryStringParameters"], json!({"q": "c"}));
    assert_eq!(
        event["multiValueQueryStringParameters"],
        json!({"q": ["a b", "c"]})
    );
    assert_eq!(event["pathParameters"], json!({"id": "a%2Bb"}));
    assert_eq!(event["stageVariables"], json!({}));
    assert_eq!(event["requestContext"]["apiId"], "abc123");
    assert_eq!(event["requestContext"]["identity"]["sourceIp"], "127.0.0.1");
    assert_eq!(event.get("body"), None);
    assert_eq!(event.get("isBase64Encoded"), None);
}

#[tokio::test]
async fn secrets_are_not_shown() {
    let desk = Desk::new();
    let mut answer = policy("Allow", "*");
    answer["usageIdentifierKey"] = json!("a-key-that-is-secret");
    answer["context"] = json!({"session": "a-secret-session"});
    let sent = Sent::token("a-secret-token");
    let authorized = desk.ask(&token(), &sent, answer).await.unwrap();
    assert_eq!(
        authorized.usage_identifier_key().unwrap().expose(),
        "a-key-that-is-secret"
    );
    let shown = format!("{authorized:?} {:?}", desk.authorizers);
    assert!(!shown.contains("secret"), "{shown}");
}

#[test]
fn arns_name_the_region_s_partition_and_the_path_as_it_was_sent() {
    let sent = Sent::default();
    let request = sent.request();
    let root = ProxyRequest {
        path: "/",
        ..request
    };
    assert_eq!(
        method_arn::of(&root, "cn-north-1"),
        "arn:aws-cn:execute-api:cn-north-1:111111111111:abc123/dev/GET/"
    );
    assert_eq!(method_arn::of(&request, REGION), ARN);
}
