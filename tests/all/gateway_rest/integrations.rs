//! Each kind of integration, and what becomes of its failures.

use serde_json::{Value, json};

use super::{App, Deployed, function_uri, lambda_proxy, mock, shown, with};

const INTERNAL: Option<&str> = Some("InternalServerErrorException");
const INTERNAL_TEXT: &str = r#"{"message":"Internal server error"}"#;

#[tokio::test]
async fn a_function_gets_the_request_as_an_event() {
    let app = App::start().await;
    let mut deployed = Deployed::methods(&[(
        "/users/{id}",
        "ANY",
        with(&lambda_proxy("${stageVariables.fn}:live")),
    )]);
    deployed.stage = json!({"variables": {"fn": "echo"}});
    app.deploy(&deployed).await;
    let headers = [
        ("x-a", "1"),
        ("x-a", "2"),
        ("content-type", "application/json"),
    ];
    let answer = app
        .send("POST", "/users/7?q=a%20b&q=c", &headers, r#"{"x":1}"#)
        .await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert!(answer.header("x-amzn-trace-id").is_some());
    let body = answer.json().unwrap();
    assert_eq!(body["query"], "Qualifier=live");
    let event = &body["event"];
    assert_eq!(event["resource"], "/users/{id}");
    assert_eq!(event["path"], "/users/7");
    assert_eq!(event["pathParameters"], json!({"id": "7"}));
    assert_eq!(event["multiValueHeaders"]["X-A"], json!(["1", "2"]));
    assert_eq!(event["queryStringParameters"], json!({"q": "c"}));
    assert_eq!(event["stageVariables"], json!({"fn": "echo"}));
    assert_eq!(event["body"], r#"{"x":1}"#);
    assert_eq!(event["requestContext"]["apiId"], "a1b2c3");
    assert_eq!(event["requestContext"]["stage"], "test");
    assert_eq!(event["requestContext"]["identity"].get("apiKey"), None);
}

#[tokio::test]
async fn a_function_answers_with_several_values() {
    let app = App::start().await;
    app.deploy(&Deployed::integration(&lambda_proxy("values")))
        .await;
    let answer = app.get("/").await;
    let many: Vec<_> = answer.headers.get_all("x-many").iter().collect();
    assert_eq!(many, ["1", "2", "solo"]);
    assert_eq!(answer.header("x-solo"), Some("1"));
}

#[tokio::test]
async fn a_function_that_fails_or_makes_no_sense_is_a_bad_gateway() {
    let app = App::start().await;
    for name in ["failing", "wrong"] {
        app.deploy(&Deployed::integration(&lambda_proxy(name)))
            .await;
        let answer = app.get("/").await;
        assert_eq!(shown(&answer), (502, INTERNAL, INTERNAL_TEXT), "{name}");
    }
}

#[tokio::test]
async fn an_integration_that_cannot_be_carried_out_is_answered_500() {
    let app = App::start().await;
    let mut not_posted = lambda_proxy("echo");
    not_posted["httpMethod"] = json!("GET");
    let queue = json!({
        "type": "AWS", "httpMethod": "POST", "uri": "arn:aws:apigateway:us-east-1:sqs:path/1/queue",
    });
    let mut bad_template = mock("x");
    bad_template["requestTemplates"]["application/json"] = json!("#if($x)");
    let no_answer = json!({
        "type": "MOCK", "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
    });
    let broken = [
        not_posted,
        lambda_proxy("nobody"),
        queue,
        bad_template,
        no_answer,
        json!({"type": "HTTP_PROXY", "httpMethod": "GET"}),
    ];
    for integration in &broken {
        app.deploy(&Deployed::integration(integration)).await;
        let answer = app.get("/").await;
        assert_eq!(
            shown(&answer),
            (500, INTERNAL, INTERNAL_TEXT),
            "{integration}"
        );
    }
    app.deploy(&Deployed::methods(&[("/", "GET", json!({}))]))
        .await;
    assert_eq!(app.get("/").await.status, 500);
}

#[tokio::test]
async fn an_http_proxy_hands_on_the_request_and_the_answer() {
    let app = App::start().await;
    let integration = json!({
        "type": "HTTP_PROXY", "httpMethod": "ANY",
        "uri": "http://${stageVariables.backend}/base/{proxy}?fixed=1",
        "requestParameters": {
            "integration.request.path.proxy": "method.request.path.proxy",
            "integration.request.header.x-added": "'yes'",
        },
    });
    let mut deployed = Deployed::methods(&[("/{proxy+}", "ANY", with(&integration))]);
    let backend = app.backend.url("");
    deployed.stage = json!({"variables": {"backend": backend.trim_start_matches("http://")}});
    app.deploy(&deployed).await;
    let headers = [
        ("x-a", "1"),
        ("x-a", "2"),
        ("keep-alive", "1"),
        ("te", "trailers"),
        ("connection", "X-Hop"),
        ("x-hop", "1"),
    ];
    let answer = app.send("PUT", "/a/b%20c?q=1&q=2", &headers, "text").await;
    assert_eq!(answer.status, 200);
    let seen = answer.json().unwrap();
    assert_eq!(seen["method"], "PUT");
    assert_eq!(seen["path"], "/base/a/b%20c");
    assert_eq!(seen["query"], "fixed=1&q=1&q=2");
    assert_eq!(seen["body"], "text");
    let headers = &seen["headers"];
    assert_eq!(headers["x-a"], json!(["1", "2"]));
    assert_eq!(headers["x-added"], json!(["yes"]));
    assert_eq!(headers["x-forwarded-for"], json!(["127.0.0.1"]));
    assert_eq!(headers["x-amzn-apigateway-api-id"], json!(["a1b2c3"]));
    assert_eq!(
        headers["host"],
        json!([backend.trim_start_matches("http://")])
    );
    assert_eq!((headers.get("keep-alive"), headers.get("te")), (None, None));
    assert_eq!(headers.get("x-hop"), None);
}

#[tokio::test]
async fn an_http_proxy_renames_what_concerns_its_own_connection() {
    let app = App::start().await;
    let uri = app.backend.url("/created");
    let integration = json!({"type": "HTTP_PROXY", "httpMethod": "GET", "uri": uri});
    app.deploy(&Deployed::integration(&integration)).await;
    let answer = app.send("POST", "/", &[], "").await;
    assert_eq!(
        (answer.status.as_u16(), answer.body.as_str()),
        (201, "made")
    );
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    assert_eq!(answer.header("x-amzn-remapped-server"), Some("backend"));
    assert_eq!(answer.header("x-amzn-remapped-content-length"), Some("4"));
    assert_eq!(answer.headers.get_all("x-a").iter().count(), 2);
    assert!(answer.header("x-amzn-trace-id").is_none());
}

#[tokio::test]
async fn connections_to_a_backend_are_kept() {
    let app = App::start().await;
    let uri = app.backend.url("/echo");
    let integration = json!({"type": "HTTP_PROXY", "httpMethod": "GET", "uri": uri});
    app.deploy(&Deployed::integration(&integration)).await;
    for _ in 0..20 {
        assert_eq!(app.get("/").await.status, 200);
    }
    assert_eq!(app.backend.calls(), 20);
    let connections = app.backend.connections();
    assert!(connections < 20, "{connections} connections");
}

#[tokio::test]
async fn a_backend_that_is_silent_or_gone_is_a_gateway_timeout() {
    let app = App::start().await;
    let timed_out = r#"{"message":"Endpoint request timed out"}"#;
    let gone = r#"{"message":"Network error communicating with endpoint"}"#;
    // Port 1 is reserved: nobody listens there.
    for (uri, text) in [
        (app.backend.url("/silent"), timed_out),
        ("http://127.0.0.1:1/".to_owned(), gone),
    ] {
        for kind in ["HTTP", "HTTP_PROXY"] {
            let integration = json!({
                "type": kind, "httpMethod": "GET", "uri": uri, "timeoutInMillis": 200,
                "integrationResponses": {"200": {"statusCode": "200"}},
            });
            app.deploy(&Deployed::integration(&integration)).await;
            let answer = app.get("/").await;
            assert_eq!(shown(&answer), (504, INTERNAL, text), "{kind} {uri}");
        }
    }
}

#[tokio::test]
async fn an_http_backend_gets_what_is_mapped_and_its_status_selects_the_answer() {
    let app = App::start().await;
    let integration = |path: &str| {
        json!({
            "type": "HTTP", "httpMethod": "POST", "uri": app.backend.url(path),
            "requestParameters": {
                "integration.request.header.x-id": "method.request.path.id",
                "integration.request.querystring.tag": "method.request.multivaluequerystring.tag",
                "integration.request.header.x-stage": "context.stage",
            },
            "requestTemplates": {"application/json": "{\"name\": $input.json('$.user.name')}"},
            "integrationResponses": {
                "200": {
                    "statusCode": "200",
                    "responseParameters": {"method.response.header.x-type": "integration.response.header.content-type"},
                },
                "404": {
                    "statusCode": "410", "selectionPattern": "4\\d{2}",
                    "responseTemplates": {"application/json": "{\"because\": \"$input.path('$.why')\"}"},
                },
            },
        })
    };
    app.deploy(&Deployed::methods(&[
        ("/{id}", "POST", with(&integration("/echo"))),
        ("/{id}/missing", "POST", with(&integration("/missing"))),
    ]))
    .await;
    let body = r#"{"user":{"name":"joe"}}"#;
    let answer = app
        .send("POST", "/7?tag=a&tag=b&other=1", &[("x-secret", "1")], body)
        .await;
    assert_eq!(answer.header("x-type"), Some("application/json"));
    let seen = answer.json().unwrap();
    assert_eq!(seen["query"], "tag=a&tag=b");
    assert_eq!(seen["body"], r#"{"name": "joe"}"#);
    assert_eq!(seen["headers"]["x-id"], json!(["7"]));
    assert_eq!(seen["headers"]["x-stage"], json!(["test"]));
    assert_eq!(seen["headers"].get("x-secret"), None);
    assert_eq!(
        seen["headers"]["user-agent"],
        json!(["AmazonAPIGateway_a1b2c3"])
    );
    let answer = app.send("POST", "/7/missing", &[], body).await;
    assert_eq!(
        (answer.status.as_u16(), answer.body.as_str()),
        (410, r#"{"because": "none"}"#)
    );
}

#[tokio::test]
async fn a_function_without_proxy_gets_a_template_and_its_error_selects_the_answer() {
    let app = App::start().await;
    let integration = |name: &str| {
        json!({
            "type": "AWS", "httpMethod": "POST", "uri": function_uri(name),
            "requestTemplates": {"application/json": "{\"id\": \"$input.params('id')\"}"},
            "integrationResponses": {
                "200": {"statusCode": "200", "responseTemplates": {"application/json": "$input.json('$.got')"}},
                "404": {
                    "statusCode": "404", "selectionPattern": "Not found.*",
                    "responseTemplates": {"application/json": "$input.path('$.errorMessage')"},
                },
            },
        })
    };
    app.deploy(&Deployed::methods(&[
        ("/plain/{id}", "GET", with(&integration("plain"))),
        ("/failing/{id}", "GET", with(&integration("failing"))),
    ]))
    .await;
    assert_eq!(
        app.get("/plain/7").await.json().unwrap(),
        json!({"id": "7"})
    );
    let failed = app.get("/failing/7").await;
    assert_eq!(
        (failed.status.as_u16(), failed.body.as_str()),
        (404, "Not found: joe")
    );
}

#[tokio::test]
async fn the_action_invoke_names_its_function_in_the_query() {
    let app = App::start().await;
    let integration = json!({
        "type": "AWS", "httpMethod": "POST", "uri": "arn:aws:apigateway:us-east-1:lambda:action/Invoke",
        "requestParameters": {"integration.request.querystring.FunctionName": "method.request.querystring.fn"},
        "integrationResponses": {"200": {"statusCode": "200"}},
    });
    app.deploy(&Deployed::integration(&integration)).await;
    let answer = app.send("POST", "/?fn=plain", &[], "{\"a\":1}").await;
    assert_eq!(answer.json().unwrap(), json!({"got": {"a": 1}}));
    assert_eq!(app.send("POST", "/", &[], "{}").await.status, 500);
}

#[tokio::test]
async fn a_mock_answers_a_preflight() {
    let app = App::start().await;
    let integration = json!({
        "type": "MOCK",
        "requestTemplates": {"application/json": "{statusCode: 204}"},
        "integrationResponses": {"204": {"statusCode": "204", "responseParameters": {
            "method.response.header.Access-Control-Allow-Origin": "'*'",
            "method.response.header.Access-Control-Allow-Methods": "'GET,OPTIONS'",
        }}},
    });
    app.deploy(&Deployed::methods(&[(
        "/users",
        "OPTIONS",
        with(&integration),
    )]))
    .await;
    let preflight = [
        ("origin", "http://127.0.0.1"),
        ("access-control-request-method", "GET"),
    ];
    let answer = app.send("OPTIONS", "/users", &preflight, "").await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(
        answer.header("access-control-allow-methods"),
        Some("GET,OPTIONS")
    );
    assert!(answer.header("x-amzn-trace-id").is_none());
}

#[tokio::test]
async fn a_mock_selects_by_the_status_of_its_template() {
    let app = App::start().await;
    let integration = json!({
        "type": "MOCK",
        "requestTemplates": {"application/json": "{\"statusCode\": $input.params('status')}"},
        "integrationResponses": {
            "200": {"statusCode": "200", "responseTemplates": {"application/json": "fine"}},
            "400": {"statusCode": "400", "selectionPattern": "4\\d\\d", "responseTemplates": {"application/json": "wrong"}},
        },
    });
    app.deploy(&Deployed::integration(&integration)).await;
    for (status, expected) in [
        ("200", (200, "fine")),
        ("404", (400, "wrong")),
        ("500", (200, "fine")),
    ] {
        let answer = app.get(&format!("/?status={status}")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body.as_str()),
            expected,
            "{status}"
        );
    }
    assert_eq!(app.get("/?status=text").await.status, 500);
    let none: Value = json!({"message": "Internal server error"});
    assert_eq!(app.get("/").await.json().unwrap(), none);
}
