//! What is none of the layer's business.

use bytes::Bytes;
use http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::desk::{Desk, event};
use crate::platform::Next;

#[tokio::test]
async fn events_that_are_no_requests_pass_byte_for_byte() {
    let desk = Desk::start().await;
    let runtime = desk.runtime();
    let events = [
        r#"{ "Records" : [ {"eventSource":"aws:sqs", "body":"\u00e9"} ] }"#.to_owned(),
        event("control-daily"),
        event("authorizer-websocket-connect"),
        event("authorizer-http-v2"),
        "\"text\"".to_owned(),
        " 1e400 ".to_owned(),
        String::new(),
        "no JSON".to_owned(),
    ];
    for (number, event) in events.into_iter().enumerate() {
        let id = number.to_string();
        desk.platform.send(&id, event.clone());
        assert_eq!(runtime.next().await.0.body, event);
        let answer = r#"{"statusCode":200,"headers":{"x-tollgate-cost":"1"}}"#;
        runtime.answer(&id, answer).await;
        assert_eq!(desk.platform.answer(&id).await.text(), answer);
    }
    assert_eq!(desk.shop.store.count("UpdateItem"), 0);
}

#[tokio::test]
async fn an_event_of_twenty_megabytes_passes() {
    let desk = Desk::start().await;
    let body = "x".repeat(20 << 20);
    let large = format!(r#"{{"Records":["{body}"]}}"#);
    desk.platform.send("a", large.clone());
    assert!(desk.runtime().next().await.0.body == large);
    let mut request = event("users-create");
    request = request.replace("Joe Black", &body);
    desk.platform.send("b", request);
    let got = desk.runtime().next().await.json();
    assert!(got["body"].as_str().unwrap().contains(&body));
    assert_eq!(
        got["requestContext"]["authorizer"]["lambda"]["keyId"],
        "client"
    );
}

#[tokio::test]
async fn what_lambda_says_beside_an_event_reaches_the_runtime() {
    let desk = Desk::start().await;
    let headers = [
        ("lambda-runtime-trace-id", "Root=1-5759e988;Sampled=1"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:f"),
        ("lambda-runtime-client-context", r#"{"custom":{"a":"b"}}"#),
        (
            "lambda-runtime-cognito-identity",
            r#"{"cognitoIdentityId":"i"}"#,
        ),
        ("lambda-runtime-aws-tenant-id", "tenant-1"),
        ("lambda-runtime-invocation-id", "i-1"),
        ("x-new", "unknown"),
    ];
    desk.platform.send_next(Next::Event {
        id: "a".to_owned(),
        headers: headers.to_vec(),
        payload: event("users-create").into(),
    });
    let got = desk.runtime().next().await;
    for (name, value) in headers {
        assert_eq!(got.0.header(name), Some(value));
    }
    assert_eq!(got.id(), "a");
    assert_eq!(
        got.0.header("lambda-runtime-deadline-ms"),
        Some("1795435203000")
    );
    assert_eq!(got.0.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn names_of_header_fields_are_written_as_the_platform_writes_them() {
    let desk = Desk::start().await;
    desk.platform.send("a", event("users-create"));
    let mut stream = TcpStream::connect(desk.address).await.unwrap();
    let request =
        "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.contains("\r\nLambda-Runtime-Aws-Request-Id: a\r\n"),
        "{answer}"
    );
    assert!(answer.trim_end().ends_with('}'), "{answer}");
}

#[tokio::test]
async fn every_other_call_passes_both_ways() {
    let desk = Desk::start().await;
    let client = desk.runtime().client;
    let calls = [
        (
            "POST",
            "/2018-06-01/runtime/init/error",
            StatusCode::ACCEPTED,
        ),
        (
            "POST",
            "/2018-06-01/runtime/restore/error",
            StatusCode::ACCEPTED,
        ),
        ("GET", "/2018-06-01/runtime/restore/next", StatusCode::OK),
        ("POST", "/2020-01-01/extension/register", StatusCode::OK),
        (
            "POST",
            "/2020-01-01/extension/init/error",
            StatusCode::ACCEPTED,
        ),
        ("PUT", "/2022-07-01/telemetry", StatusCode::OK),
        ("PUT", "/2099-01-01/unknown?a=b", StatusCode::IM_A_TEAPOT),
    ];
    desk.platform
        .reply("/2099-01-01/unknown", StatusCode::IM_A_TEAPOT);
    for (method, path, status) in calls {
        let headers = [("lambda-extension-name", "one"), ("x-custom", "two")];
        let body = Bytes::from_static(b" {\"a\" : 1} ");
        let answer = client
            .send(method, path, &headers, body.clone())
            .await
            .unwrap();
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.body.as_bytes(), body);
        assert_eq!(
            answer.header("lambda-extension-identifier"),
            Some("an-extension")
        );
        let told = desk.platform.told_at(path).await;
        assert_eq!(told.method, method);
        assert_eq!(told.body, body);
        assert_eq!(told.headers["x-custom"], "two");
        assert_eq!(told.headers["host"], desk.platform.authority.as_str());
    }
}
