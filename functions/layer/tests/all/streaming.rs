//! Answers that come piece by piece.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use lambda_http::lambda_runtime::streaming::{Body, Sender, channel};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::desk::{Desk, event};
use crate::platform::Told;

const HEAD: &str = "application/vnd.awslambda.http-integration-response";

/// Begins to answer the invocation `a`.
async fn begin(desk: &Desk, content_type: &str) -> (Sender, JoinHandle<u16>) {
    let stream = TcpStream::connect(desk.address).await.unwrap();
    let (mut client, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let (sender, body): (Sender, Body) = channel();
    let request = Request::builder()
        .method(Method::POST)
        .uri("/2018-06-01/runtime/invocation/a/response")
        .header("host", "platform")
        .header("lambda-runtime-function-response-mode", "streaming")
        .header("transfer-encoding", "chunked")
        .header("content-type", content_type)
        .header(
            "trailer",
            "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body",
        )
        .body(body)
        .unwrap();
    let answered = tokio::spawn(async move {
        let answered = client.send_request(request).await.unwrap();
        answered.status().as_u16()
    });
    (sender, answered)
}

/// What the platform is told of an answer in these pieces.
async fn told(content_type: &str, pieces: &[&[u8]]) -> Told {
    let desk = Desk::start().await;
    desk.platform.send("a", event("function-url-create"));
    desk.runtime().next().await;
    let (mut sender, answered) = begin(&desk, content_type).await;
    for piece in pieces {
        let piece = Bytes::copy_from_slice(piece);
        sender.send_data(piece).await.unwrap();
    }
    drop(sender);
    assert_eq!(answered.await.unwrap(), 202);
    desk.platform.answer("a").await
}

/// The head, and all behind the delimiter.
fn split(told: &Told) -> (Value, &[u8]) {
    let mut windows = told.body.windows(8);
    let at = windows.position(|window| window == [0; 8]).unwrap();
    let (head, rest) = told.body.split_at(at);
    (serde_json::from_slice(head).unwrap(), &rest[8..])
}

#[tokio::test]
async fn a_streamed_head_gets_the_fields_wherever_its_pieces_end() {
    let expected = [
        br#"{"statusCode":201,"headers":{"a":"b"},"cookies":["c"]}"#.as_slice(),
        &[0; 8],
        b"data\0\0\0\0\0\0\0\0more",
    ]
    .concat();
    for size in [1, 3, 7, 60, 1_000] {
        let pieces: Vec<&[u8]> = expected.chunks(size).collect();
        let told = told(HEAD, &pieces).await;
        let (head, body) = split(&told);
        assert_eq!(body, b"data\0\0\0\0\0\0\0\0more");
        assert_eq!(
            (&head["statusCode"], &head["cookies"]),
            (&json!(201), &json!(["c"]))
        );
        assert_eq!(head["headers"]["a"], "b");
        assert!(head["headers"]["ratelimit"].is_string(), "{size}");
    }
}

#[tokio::test]
async fn a_head_may_say_nothing() {
    let told = told(HEAD, &[b"{}", &[0; 8], b"x"]).await;
    let (head, body) = split(&told);
    assert!(head["headers"]["ratelimit"].is_string());
    assert_eq!(body, b"x");
}

#[tokio::test]
async fn twenty_megabytes_pass_byte_for_byte() {
    let random: Vec<u8> = (0_u32..20 << 20)
        .map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()[0])
        .collect();
    let pieces: Vec<&[u8]> = random.chunks(100_000).collect();
    let told_without_head = told("application/octet-stream", &pieces).await;
    assert!(told_without_head.body == random);
    let with_head: Vec<&[u8]> = [b"{}".as_slice(), &[0; 8]]
        .into_iter()
        .chain(pieces)
        .collect();
    let told_with_head = told(HEAD, &with_head).await;
    assert!(split(&told_with_head).1 == random);
}

#[tokio::test]
async fn what_has_no_head_that_can_be_read_passes_byte_for_byte() {
    let long = [
        b"{\"a\":\"".as_slice(),
        &vec![b'a'; 70_000],
        b"\"}",
        &[0; 8],
    ]
    .concat();
    let cases: [&[&[u8]]; 4] = [
        &[b"no JSON", &[0; 8], b"body"],
        &[b"{\"headers\":{}}", &[0; 7]],
        &[&long, b"body"],
        &[],
    ];
    for pieces in cases {
        let told = told(HEAD, pieces).await;
        assert!(told.body == pieces.concat());
    }
}

#[tokio::test]
async fn pieces_and_trailers_pass_while_the_function_still_sends() {
    for content_type in [HEAD, "text/event-stream"] {
        let desk = Desk::start().await;
        desk.platform.send("a", event("function-url-create"));
        desk.runtime().next().await;
        let (mut sender, answered) = begin(&desk, content_type).await;
        let head = Bytes::from_static(b"{}\0\0\0\0\0\0\0\0");
        sender.send_data(head).await.unwrap();
        desk.platform.until_piece(&[0; 8]).await;
        for piece in ["data: 1\n\n", "data: 2\n\n"] {
            sender.send_data(piece.into()).await.unwrap();
            desk.platform.until_piece(piece.as_bytes()).await;
        }
        let failure = HeaderValue::from_static("Runtime.StreamError");
        let mut trailers = HeaderMap::new();
        trailers.insert("lambda-runtime-function-error-type", failure.clone());
        sender.send_trailers(trailers).await.unwrap();
        drop(sender);
        assert_eq!(answered.await.unwrap(), 202);
        let told = desk.platform.answer("a").await;
        let trailers = told.trailers.unwrap();
        assert_eq!(trailers["lambda-runtime-function-error-type"], failure);
    }
}

#[tokio::test]
async fn a_streamed_cost_is_charged() {
    let desk = Desk::start().await;
    desk.platform.send("a", event("function-url-create"));
    desk.runtime().next().await;
    let (mut sender, answered) = begin(&desk, HEAD).await;
    let head = b"{\"headers\":{\"X-Tollgate-Cost\":7}}\0\0\0\0\0\0\0\0";
    sender.send_data(Bytes::from_static(head)).await.unwrap();
    drop(sender);
    answered.await.unwrap();
    assert!(!desk.platform.answer("a").await.text().contains("Cost"));
    let (got, _) = desk.round("b", &event("users-create"), "{}").await;
    let told = &got["requestContext"]["authorizer"]["lambda"];
    assert_eq!(told["remaining"], 9_992);
}
