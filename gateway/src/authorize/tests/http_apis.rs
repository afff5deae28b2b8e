//! Authorizers of HTTP APIs.

use super::*;
use crate::template::{LambdaAuthorizerSpec, PayloadVersion};

const ROUTE_ARN: &str = ARN;

fn spec(payload_version: PayloadVersion, sources: &[&str]) -> LambdaAuthorizerSpec {
    LambdaAuthorizerSpec {
        name: "Plans".to_owned(),
        function_arn: "arn:of:a:function".to_owned(),
        payload_version,
        simple_responses: false,
        identity_sources: sources.iter().map(|source| (*source).to_owned()).collect(),
        ttl_s: 0,
    }
}

fn simple(sources: &[&str]) -> LambdaAuthorizerSpec {
    LambdaAuthorizerSpec {
        simple_responses: true,
        ..spec(PayloadVersion::V2, sources)
    }
}

impl Sent {
    fn http_request(&self) -> ProxyRequest<'_> {
        ProxyRequest {
            kind: ApiKind::Http,
            route_key: "GET /users/{id}",
            ..self.request()
        }
    }
}

impl Desk {
    async fn ask_for_http_api(
        &self,
        spec: &LambdaAuthorizerSpec,
        sent: &Sent,
        answer: Value,
    ) -> Result<Authorized, Refused> {
        let compiled = LambdaAuthorizer::of_http_api(spec);
        self.ask_compiled(&compiled, &sent.http_request(), Ok(answer))
            .await
    }
}

#[tokio::test]
async fn the_event_2_0_has_the_route_and_the_identity_and_no_body() {
    let desk = Desk::new();
    let sources = [
        "$request.header.X-Api-Key",
        "$request.querystring.q",
        "$context.routeKey",
    ];
    let mut sent = Sent::default()
        .with_header("x-api-key", "k1")
        .with_header("x-api-key", "k2")
        .with_header("cookie", "a=1; b=2");
    sent.query = "q=a%20b&q=c".to_owned();
    let answer = json!({"isAuthorized": true});
    let outcome = desk
        .ask_for_http_api(&simple(&sources), &sent, answer)
        .await;
    assert_eq!(name(&outcome), "authorized");
    let event = desk.events.lock().unwrap().remove(0);
    let expected = [
        ("version", json!("2.0")),
        ("type", json!("REQUEST")),
        ("routeArn", json!(ROUTE_ARN)),
        (
            "identitySource",
            json!(["k1,k2", "a b,c", "GET /users/{id}"]),
        ),
        ("routeKey", json!("GET /users/{id}")),
        ("rawPath", json!("/dev/users/a+b")),
        ("rawQueryString", json!("q=a%20b&q=c")),
        ("cookies", json!(["a=1", "b=2"])),
        ("queryStringParameters", json!({"q": "a b,c"})),
        ("pathParameters", json!({"id": "a+b"})),
    ];
    for (member, value) in expected {
        assert_eq!(event[member], value, "{member}");
    }
    assert_eq!(event["headers"]["x-api-key"], "k1,k2");
    assert_eq!(event["requestContext"]["http"]["method"], "GET");
    for member in ["body", "isBase64Encoded", "methodArn"] {
        assert_eq!(event.get(member), None, "{member}");
    }
}

#[tokio::test]
async fn the_event_1_0_has_the_method_and_the_identity_as_one_text() {
    let desk = Desk::new();
    let sources = ["$request.header.authorization", "$stageVariables.tenant"];
    let authorizer = spec(PayloadVersion::V1, &sources);
    let mut sent = Sent::token("Bearer 1");
    sent.variables.insert("tenant".to_owned(), "t1".to_owned());
    let outcome = desk
        .ask_for_http_api(&authorizer, &sent, policy("Allow", "*"))
        .await;
    assert_eq!(name(&outcome), "authorized");
    let event = desk.events.lock().unwrap().remove(0);
    let expected = [
        ("version", json!("1.0")),
        ("type", json!("REQUEST")),
        ("methodArn", json!(ROUTE_ARN)),
        ("identitySource", json!("Bearer 1,t1")),
        ("authorizationToken", json!("Bearer 1,t1")),
        ("resource", json!("/users/{id}")),
        ("path", json!("/dev/users/a+b")),
        ("httpMethod", json!("GET")),
        ("queryStringParameters", json!({})),
        ("stageVariables", json!({"tenant": "t1"})),
    ];
    for (member, value) in expected {
        assert_eq!(event[member], value, "{member}");
    }
    for member in ["body", "isBase64Encoded", "multiValueHeaders", "routeArn"] {
        assert_eq!(event.get(member), None, "{member}");
    }
}

#[tokio::test]
async fn without_sources_the_function_is_always_called_and_the_identity_is_null() {
    let desk = Desk::new();
    let authorizer = LambdaAuthorizerSpec {
        ttl_s: 300,
        ..simple(&[])
    };
    for _ in 0..2 {
        let answer = json!({"isAuthorized": true});
        let outcome = desk
            .ask_for_http_api(&authorizer, &Sent::default(), answer)
            .await;
        assert_eq!(name(&outcome), "authorized");
    }
    assert_eq!(desk.calls(), 2);
    assert_eq!(
        desk.events.lock().unwrap()[0]["identitySource"],
        Value::Null
    );
}

#[tokio::test]
async fn a_missing_source_is_unauthorized_and_calls_nothing() {
    let desk = Desk::new();
    let authorizer = simple(&["$request.header.authorization", "$request.header.x-other"]);
    let answer = json!({"isAuthorized": true});
    for sent in [
        Sent::token("t"),
        Sent::token("t").with_header("x-other", ""),
    ] {
        let outcome = desk
            .ask_for_http_api(&authorizer, &sent, answer.clone())
            .await;
        assert_eq!(name(&outcome), "unauthorized");
    }
    assert_eq!(desk.calls(), 0);
}

#[tokio::test]
async fn a_simple_answer_is_yes_or_no_and_its_context_stays_as_it_is() {
    let desk = Desk::new();
    let context = json!({"text": "a", "number": 1, "list": ["a"], "map": {"b": null}});
    let answer = json!({"isAuthorized": true, "context": context});
    let authorized = desk
        .ask_for_http_api(&simple(&[]), &Sent::default(), answer)
        .await
        .unwrap();
    assert_eq!(*authorized.context(), *context.as_object().unwrap());
    let answers = [
        (json!({"isAuthorized": false}), "explicit_deny"),
        (json!({"isAuthorized": "true"}), "authorizer_configuration"),
        (json!({"context": {}}), "authorizer_configuration"),
        (
            json!({"isAuthorized": true, "context": []}),
            "authorizer_configuration",
        ),
        (policy("Allow", "*"), "authorizer_configuration"),
        (json!([]), "authorizer_configuration"),
    ];
    for (answer, expected) in answers {
        let shown = answer.to_string();
        let outcome = desk
            .ask_for_http_api(&simple(&[]), &Sent::default(), answer)
            .await;
        assert_eq!(name(&outcome), expected, "{shown}");
    }
}

#[tokio::test]
async fn a_policy_is_evaluated_for_the_route() {
    let desk = Desk::new();
    let answers = [
        (policy("Allow", ROUTE_ARN), "authorized"),
        (
            policy("Allow", "arn:aws:execute-api:*:*:abc123/prod/*"),
            "implicit_deny",
        ),
        (policy("Deny", "*"), "explicit_deny"),
        (json!({"isAuthorized": true}), "authorizer_configuration"),
    ];
    for version in [PayloadVersion::V1, PayloadVersion::V2] {
        for (answer, expected) in answers.clone() {
            let outcome = desk
                .ask_for_http_api(&spec(version, &[]), &Sent::default(), answer)
                .await;
            assert_eq!(name(&outcome), expected);
        }
    }
}

#[tokio::test]
async fn a_function_that_fails_refuses_every_request() {
    let desk = Desk::new();
    let compiled = LambdaAuthorizer::of_http_api(&simple(&[]));
    let sent = Sent::default();
    let failures = [
        InvocationFailure::Function {
            message: "out of order".to_owned(),
        },
        InvocationFailure::Unavailable {
            reason: "it is not there".to_owned(),
        },
    ];
    for failure in failures {
        let outcome = desk
            .ask_compiled(&compiled, &sent.http_request(), Err(failure))
            .await;
        assert_eq!(name(&outcome), "authorizer_configuration");
    }
}

#[tokio::test]
async fn answers_are_used_again_only_where_the_authorizer_says_so() {
    let desk = Desk::new();
    let forgetful = simple(&["$request.header.authorization"]);
    let remembering = LambdaAuthorizerSpec {
        ttl_s: 60,
        ..forgetful.clone()
    };
    let ask = async |authorizer, token, is_authorized: bool| {
        let answer = json!({"isAuthorized": is_authorized});
        let outcome = desk
            .ask_for_http_api(authorizer, &Sent::token(token), answer)
            .await;
        name(&outcome)
    };
    assert_eq!(ask(&forgetful, "a", true).await, "authorized");
    assert_eq!(ask(&forgetful, "a", false).await, "explicit_deny");
    assert_eq!(ask(&remembering, "a", true).await, "authorized");
    assert_eq!(ask(&remembering, "a", false).await, "authorized");
    assert_eq!(ask(&remembering, "b", false).await, "explicit_deny");
    desk.clock.advance(Duration::from_mins(1));
    assert_eq!(ask(&remembering, "a", false).await, "explicit_deny");
}
