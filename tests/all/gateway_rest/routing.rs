//! Which API, stage and method a request reaches.

use serde_json::json;

use super::{App, Deployed, mock, shown, with};

#[tokio::test]
async fn an_api_is_reached_by_host_and_by_both_paths() {
    let app = App::start().await;
    app.deploy(&Deployed::methods(&[(
        "/users/{id}",
        "GET",
        with(&mock("$context.path $input.params('id')")),
    )]))
    .await;
    let hosts = [
        "a1b2c3.execute-api.localhost:3000",
        "A1B2C3.execute-api.us-east-1.amazonaws.com",
    ];
    for host in hosts {
        let headers = [("host", host)];
        let sent = app.client.send("GET", "/test/users/7", &headers, "");
        assert_eq!(sent.await.unwrap().body, "/test/users/7 7", "{host}");
    }
    for path in [
        "/_aws/execute-api/a1b2c3/test/users/7",
        "/restapis/a1b2c3/test/_user_request_/users/7",
    ] {
        let answer = app.client.get(path).await.unwrap();
        assert_eq!(answer.body, "/test/users/7 7", "{path}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_forbidden_or_lacks_its_token() {
    let app = App::start().await;
    app.deploy(&Deployed::methods(&[("/users", "GET", with(&mock("x")))]))
        .await;
    let forbidden = (
        403,
        Some("ForbiddenException"),
        r#"{"message":"Forbidden"}"#,
    );
    let missing = (
        403,
        Some("MissingAuthenticationTokenException"),
        r#"{"message":"Missing Authentication Token"}"#,
    );
    for (method, path, expected) in [
        ("GET", "/_aws/execute-api/a1b2c3/prod/users", forbidden),
        ("GET", "/_aws/execute-api/zzzzzz/test/users", forbidden),
        ("GET", "/_aws/execute-api/a1b2c3", forbidden),
        ("POST", "/_aws/execute-api/a1b2c3/test/users", missing),
        ("GET", "/_aws/execute-api/a1b2c3/test/orders", missing),
        ("GET", "/_aws/execute-api/a1b2c3/test", missing),
    ] {
        let answer = app.client.send(method, path, &[], "").await.unwrap();
        assert_eq!(shown(&answer), expected, "{method} {path}");
        assert!(answer.header("x-amzn-requestid").is_some());
        assert!(answer.header("x-amz-apigw-id").is_some());
        assert!(answer.header("x-amzn-trace-id").is_none());
    }
}

#[tokio::test]
async fn any_answers_what_no_verb_of_its_own_does() {
    let app = App::start().await;
    app.deploy(&Deployed::methods(&[
        ("/users", "ANY", with(&mock("any $context.httpMethod"))),
        ("/users", "GET", with(&mock("get"))),
        (
            "/files/{proxy+}",
            "GET",
            with(&mock("$input.params('proxy')")),
        ),
    ]))
    .await;
    assert_eq!(app.get("/users").await.body, "get");
    let posted = app.send("POST", "/users", &[], "").await;
    assert_eq!(posted.body, "any POST");
    assert_eq!(app.get("/files/a/b/").await.body, "a/b");
}

#[tokio::test]
async fn what_is_too_long_is_refused_as_an_api_gateway_would() {
    let app = App::start().await;
    let mut deployed = Deployed::integration(&mock("x"));
    deployed.definition["gatewayResponses"] = json!({"REQUEST_TOO_LARGE": {
        "statusCode": "400", "responseParameters": {}, "responseTemplates": {},
    }});
    app.deploy(&deployed).await;
    let long = "x".repeat(10_300);
    let answer = app.send("GET", "/", &[("x-long", &long)], "").await;
    assert_eq!(answer.status, 431);
    let answer = app.send("POST", "/", &[], vec![b'x'; 10_485_761]).await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.header("x-amzn-errortype"),
        Some("RequestTooLargeException")
    );
}
