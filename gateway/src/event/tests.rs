use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// What a request borrows from.
struct Fixture {
    headers: HeaderMap,
    variables: BTreeMap<String, String>,
    binary: Vec<String>,
}

impl Fixture {
    fn new(headers: &[(&'static str, &[u8])]) -> Self {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_bytes(value).unwrap(),
                )
            })
            .collect();
        Self {
            headers,
            variables: BTreeMap::new(),
            binary: Vec::new(),
        }
    }

    fn request(&self, kind: ApiKind) -> ProxyRequest<'_> {
        ProxyRequest {
            kind,
            api_id: "abc123",
            stage: "test",
            account_id: "111111111111",
            domain_name: "abc123.execute-api.localhost",
            domain_prefix: "abc123",
            deployment_id: "dep1",
            resource_id: "res1",
            resource_path: "/{proxy+}",
            route_key: "ANY /{proxy+}",
            path_parameters: &[("proxy", "a%2Bb")],
            method: &Method::GET,
            path: "/a%2Bb",
            request_path: "/test/a%2Bb",
            query: "",
            headers: &self.headers,
            body: b"",
            source_ip: "127.0.0.1",
            scheme: "http",
            port: 3000,
            protocol: "HTTP/1.1",
            request_id: "req1",
            extended_request_id: "ext1",
            trace_id: "Root=1-2-3",
            time_ms: 1_722_641_683_123,
            stage_variables: &self.variables,
            binary_media_types: &self.binary,
            api_key: None,
            authorizer: None,
            caller: None,
            operation_name: None,
        }
    }
}

fn v1(request: &ProxyRequest<'_>) -> Value {
    serde_json::from_slice(&to_v1(request).unwrap()).unwrap()
}

fn v2(request: &ProxyRequest<'_>) -> Value {
    serde_json::from_slice(&to_v2(request).unwrap()).unwrap()
}

#[test]
fn v1_of_a_rest_api_is_what_aws_was_seen_to_send() {
    let fixture = Fixture::new(&[
        ("accept", b"*/*"),
        ("user-agent", b"curl/8"),
        ("connection", b"close"),
        ("content-length", b"0"),
    ]);
    assert_eq!(
        v1(&fixture.request(ApiKind::Rest)),
        json!({
            "resource": "/{proxy+}",
            "path": "/a%2Bb",
            "httpMethod": "GET",
            "headers": {
                "Accept": "*/*", "User-Agent": "curl/8", "X-Amzn-Trace-Id": "Root=1-2-3",
                "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Port": "3000", "X-Forwarded-Proto": "http",
            },
            "multiValueHeaders": {
                "Accept": ["*/*"], "User-Agent": ["curl/8"], "X-Amzn-Trace-Id": ["Root=1-2-3"],
                "X-Forwarded-For": ["127.0.0.1"], "X-Forwarded-Port": ["3000"], "X-Forwarded-Proto": ["http"],
            },
            "queryStringParameters": null,
            "multiValueQueryStringParameters": null,
            "pathParameters": {"proxy": "a%2Bb"},
            "stageVariables": null,
            "requestContext": {
                "accountId": "111111111111",
                "apiId": "abc123",
                "deploymentId": "dep1",
                "domainName": "abc123.execute-api.localhost",
                "domainPrefix": "abc123",
                "extendedRequestId": "ext1",
                "httpMethod": "GET",
                "identity": {
                    "accessKey": null, "accountId": null, "caller": null, "cognitoAuthenticationProvider": null,
                    "cognitoAuthenticationType": null, "cognitoIdentityId": null, "cognitoIdentityPoolId": null,
                    "principalOrgId": null, "sourceIp": "127.0.0.1", "user": null, "userAgent": "curl/8", "userArn": null,
                },
                "path": "/test/a%2Bb",
                "protocol": "HTTP/1.1",
                "requestId": "req1",
                "requestTime": "02/Aug/2024:23:34:43 +0000",
                "requestTimeEpoch": 1_722_641_683_123_u64,
                "resourceId": "res1",
                "resourcePath": "/{proxy+}",
                "stage": "test",
            },
            "body": null,
            "isBase64Encoded": false,
        })
    );
}

#[test]
fn v2_of_an_http_api_has_no_nulls() {
    let fixture = Fixture::new(&[
        ("cookie", b"a=1; b=2"),
        ("cookie", b"c=3"),
        ("x-many", b"1"),
        ("x-many", b"2"),
    ]);
    let request = ProxyRequest {
        query: "q=1&q=2&r=%20",
        ..fixture.request(ApiKind::Http)
    };
    assert_eq!(
        v2(&request),
        json!({
            "version": "2.0",
            "routeKey": "ANY /{proxy+}",
            "rawPath": "/test/a+b",
            "rawQueryString": "q=1&q=2&r=%20",
            "cookies": ["a=1", "b=2", "c=3"],
            "headers": {
                "x-many": "1,2", "x-amzn-trace-id": "Root=1-2-3",
                "x-forwarded-for": "127.0.0.1", "x-forwarded-port": "3000", "x-forwarded-proto": "http",
            },
            "queryStringParameters": {"q": "1,2", "r": " "},
            "requestContext": {
                "accountId": "111111111111",
                "apiId": "abc123",
                "domainName": "abc123.execute-api.localhost",
                "domainPrefix": "abc123",
                "http": {"method": "GET", "path": "/test/a+b", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": ""},
                "requestId": "req1",
                "routeKey": "ANY /{proxy+}",
                "stage": "test",
                "time": "02/Aug/2024:23:34:43 +0000",
                "timeEpoch": 1_722_641_683_123_u64,
            },
            "pathParameters": {"proxy": "a+b"},
            "isBase64Encoded": false,
        })
    );
}

#[test]
fn a_function_url_keeps_escapes_and_the_cookie_header() {
    let fixture = Fixture::new(&[("cookie", b"a=1")]);
    let request = ProxyRequest {
        stage: "$default",
        route_key: "$default",
        path_parameters: &[],
        request_path: "/a%2Bb",
        ..fixture.request(ApiKind::FunctionUrl)
    };
    let event = v2(&request);
    assert_eq!(event["rawPath"], "/a%2Bb");
    assert_eq!(event["cookies"], json!(["a=1"]));
    assert_eq!(event["headers"]["cookie"], "a=1");
    assert_eq!(event.get("pathParameters"), None);
    assert_eq!(event.get("body"), None);
}

#[test]
fn v1_of_an_http_api_differs_in_a_few_places() {
    let fixture = Fixture::new(&[("x-api-key", b"k")]);
    let event = v1(&fixture.request(ApiKind::Http));
    assert_eq!(event["version"], "1.0");
    assert_eq!(event["path"], "/test/a+b");
    assert_eq!(event["headers"]["x-api-key"], "k");
    assert_eq!(event["requestContext"]["resourceId"], "ANY /{proxy+}");
    assert_eq!(event["requestContext"].get("deploymentId"), None);
    assert_eq!(
        event["requestContext"]["identity"].get("cognitoAmr"),
        Some(&Value::Null)
    );
}

#[test]
fn v1_names_the_key_only_when_one_was_required() {
    let fixture = Fixture::new(&[]);
    let key = RequestApiKey {
        value: "secret-value",
        id: "key1",
    };
    let request = ProxyRequest {
        api_key: Some(key),
        ..fixture.request(ApiKind::Rest)
    };
    let identity = &v1(&request)["requestContext"]["identity"];
    assert_eq!(
        (&identity["apiKey"], &identity["apiKeyId"]),
        (&json!("secret-value"), &json!("key1"))
    );
    assert!(!format!("{request:?}").contains("secret-value"));
    assert_eq!(
        v1(&fixture.request(ApiKind::Rest))["requestContext"]["identity"].get("apiKey"),
        None
    );
}

#[test]
fn v1_shows_what_the_method_and_the_authorizer_add() {
    let mut fixture = Fixture::new(&[]);
    fixture
        .variables
        .insert("colour".to_owned(), "blue".to_owned());
    let context = json!({"principalId": "me", "n": 1});
    let request = ProxyRequest {
        authorizer: context.as_object(),
        operation_name: Some("ReadUser"),
        path_parameters: &[],
        ..fixture.request(ApiKind::Rest)
    };
    let event = v1(&request);
    assert_eq!(event["requestContext"]["authorizer"], context);
    assert_eq!(event["requestContext"]["operationName"], "ReadUser");
    assert_eq!(event["stageVariables"], json!({"colour": "blue"}));
    assert_eq!(event["pathParameters"], Value::Null);
    assert_eq!(
        v2(&request)["requestContext"]["authorizer"],
        json!({"lambda": context})
    );
    assert_eq!(v2(&request)["stageVariables"], json!({"colour": "blue"}));
}

#[test]
fn the_caller_who_signed_a_request_is_described() {
    let fixture = Fixture::new(&[]);
    let request = ProxyRequest {
        caller: Some(IamCaller {
            access_key: "AKIA1",
            account_id: "000000000000",
            user_arn: "arn:of:a:user",
            user_id: "AIDA1",
        }),
        ..fixture.request(ApiKind::Http)
    };
    assert_eq!(
        v2(&request)["requestContext"]["authorizer"],
        json!({"iam": {
            "accessKey": "AKIA1",
            "accountId": "000000000000",
            "callerId": "AIDA1",
            "cognitoIdentity": null,
            "principalOrgId": null,
            "userArn": "arn:of:a:user",
            "userId": "AIDA1",
        }})
    );
    let event = v1(&request);
    let identity = &event["requestContext"]["identity"];
    for (member, value) in [
        ("accessKey", "AKIA1"),
        ("accountId", "000000000000"),
        ("caller", "AIDA1"),
        ("user", "AIDA1"),
        ("userArn", "arn:of:a:user"),
    ] {
        assert_eq!(identity[member], value, "{member}");
    }
}

#[test]
fn v1_decodes_the_query_and_the_last_value_wins() {
    let fixture = Fixture::new(&[]);
    let query = "category=electronics&category=books&email=test%2Balias&plus=a+b&empty";
    let event = v1(&ProxyRequest {
        query,
        ..fixture.request(ApiKind::Rest)
    });
    assert_eq!(
        event["queryStringParameters"],
        json!({"category": "books", "email": "test+alias", "plus": "a b", "empty": ""})
    );
    assert_eq!(
        event["multiValueQueryStringParameters"]["category"],
        json!(["electronics", "books"])
    );
}

#[test]
fn v1_keeps_all_values_of_a_header_and_shows_the_last() {
    let fixture = Fixture::new(&[
        ("x-many", b"1"),
        ("x-many", b"2"),
        ("x-forwarded-for", b"10.0.0.1"),
        ("x-latin", b"\xe9"),
    ]);
    let event = v1(&fixture.request(ApiKind::Rest));
    assert_eq!(event["headers"]["X-Many"], "2");
    assert_eq!(event["multiValueHeaders"]["X-Many"], json!(["1", "2"]));
    assert_eq!(event["headers"]["X-Forwarded-For"], "10.0.0.1, 127.0.0.1");
    assert_eq!(event["headers"]["X-Latin"], "\u{fffd}");
}

#[test]
fn v1_of_a_rest_api_encodes_binary_media_types_only() {
    let mut fixture = Fixture::new(&[("content-type", b"Image/PNG; x=y")]);
    let body = |fixture: &Fixture, body: &[u8]| {
        let event = v1(&ProxyRequest {
            body,
            ..fixture.request(ApiKind::Rest)
        });
        (event["body"].clone(), event["isBase64Encoded"].clone())
    };
    assert_eq!(body(&fixture, b"hi"), (json!("hi"), json!(false)));
    assert_eq!(
        body(&fixture, b"\xff"),
        (json!("\u{fffd}"), json!(false)),
        "AWS damages such bodies too"
    );
    fixture.binary = vec!["image/png".to_owned()];
    assert_eq!(body(&fixture, b"hi"), (json!("aGk="), json!(true)));
    assert_eq!(body(&fixture, b""), (Value::Null, json!(false)));
    fixture.binary = vec!["*/*".to_owned()];
    assert_eq!(body(&fixture, b"hi"), (json!("aGk="), json!(true)));
}

#[test]
fn v2_encodes_what_is_not_text() {
    let body = |content_type: &'static [u8], body: &[u8]| {
        let fixture = Fixture::new(&[("content-type", content_type)]);
        let event = v2(&ProxyRequest {
            body,
            ..fixture.request(ApiKind::Http)
        });
        (event["body"].clone(), event["isBase64Encoded"].clone())
    };
    for text in [
        "text/csv",
        "application/json; charset=utf-8",
        "APPLICATION/XML",
        "application/javascript",
        "a/b+json",
        "a/b+xml",
    ] {
        assert_eq!(
            body(text.as_bytes(), b"hi"),
            (json!("hi"), json!(false)),
            "{text}"
        );
    }
    for binary in [
        "image/png",
        "application/octet-stream",
        "application/x-www-form-urlencoded",
        "",
    ] {
        assert_eq!(
            body(binary.as_bytes(), b"hi"),
            (json!("aGk="), json!(true)),
            "{binary}"
        );
    }
    assert_eq!(body(b"text/plain", b"\xff"), (json!("/w=="), json!(true)));
}

proptest! {
    #[test]
    fn never_panics(
        values in proptest::collection::vec(proptest::collection::vec(prop_oneof![Just(b'\t'), 32..=126_u8, 128..=255_u8], 0..20), 4),
        path in "\\PC*",
        query in "\\PC*",
        body in proptest::collection::vec(any::<u8>(), 0..40),
        time_ms in any::<u64>(),
    ) {
        let names = ["content-type", "cookie", "user-agent", "x-any"];
        let headers: Vec<(&'static str, &[u8])> = names.into_iter().zip(values.iter().map(Vec::as_slice)).collect();
        let fixture = Fixture::new(&headers);
        for kind in [ApiKind::Rest, ApiKind::Http, ApiKind::FunctionUrl] {
            let parameters = [("proxy", path.as_str())];
            let request = ProxyRequest {
                path: &path, request_path: &path, query: &query, body: &body, time_ms,
                path_parameters: &parameters,
                ..fixture.request(kind)
            };
            prop_assert_eq!(&v1(&request)["httpMethod"], "GET");
            prop_assert_eq!(&v2(&request)["requestContext"]["timeEpoch"], &json!(time_ms));
        }
    }
}
