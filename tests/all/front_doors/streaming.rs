//! Answers that a handler sends piece by piece.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http_body_util::BodyExt as _;
use lambda_http::lambda_runtime::streaming::{Body, channel};
use lambda_http::{Request, Response};
use tower::{Layer as _, ServiceExt as _, service_fn};

use super::{TestLayer, start};
use crate::deployment::tables::event;

/// What the layer answers when a handler answers with `body`.
async fn answer(layer: &TestLayer, body: Body, event: &str) -> Response<Body> {
    let body = Arc::new(Mutex::new(Some(body)));
    let service = layer.layer(service_fn(move |_: Request| {
        let body = body.lock().unwrap().take().unwrap();
        async move { Ok::<_, Infallible>(Response::new(body)) }
    }));
    let request = lambda_http::request::from_str(event).unwrap();
    service.oneshot(request).await.unwrap()
}

#[tokio::test]
async fn pieces_pass_one_by_one_while_the_handler_still_sends() {
    let (_tables, layer) = start().await;
    let (mut sender, body) = channel();
    let response = answer(&layer, body, &event("function-url-create.json")).await;
    assert_eq!(response.status(), 200);
    assert!(response.headers().contains_key("ratelimit"));
    let mut body = response.into_body();
    let pieces: [&[u8]; 3] = [b"data: 1\n\n", b"\0\xff", b"data: 2\n\n"];
    for piece in pieces {
        sender.send_data(piece.into()).await.unwrap();
        let frame = body.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), piece);
    }
    drop(sender);
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_seen_to_break_off() {
    let (_tables, layer) = start().await;
    let (mut sender, body) = channel();
    let response = answer(&layer, body, &event("function-url-create.json")).await;
    let mut body = response.into_body();
    sender.send_data("half".into()).await.unwrap();
    sender.abort();
    let mut ends = Vec::new();
    while let Some(frame) = body.frame().await {
        ends.push(frame.is_ok());
    }
    assert_eq!(ends.last(), Some(&false));
}

#[tokio::test]
async fn a_denial_is_whole_where_answers_are_streamed() {
    let (_tables, layer) = start().await;
    let (_sender, body) = channel();
    let event = event("function-url-create.json").replace("x-api-key", "x-other-key");
    let response = answer(&layer, body, &event).await;
    assert_eq!(response.status(), 403);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, r#"{"message":"Forbidden"}"#);
}
