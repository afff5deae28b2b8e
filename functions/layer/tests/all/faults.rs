//! What a runtime sees when something breaks, and what the platform sees when a runtime leaves.

use std::sync::Arc;

use http::StatusCode;
use layer::plans::{Plans, Standing};
use tokio::sync::Semaphore;
use tollgate::time::ManualClock;

use crate::desk::{Desk, NOW, Shop, TestStanding, config, event, serve};
use crate::platform::{Next, Platform};
use crate::runtime::Runtime;

#[tokio::test]
async fn a_failure_of_the_platform_is_the_runtimes_to_see() {
    let desk = Desk::start().await;
    let runtime = desk.runtime();
    desk.platform.send_next(Next::Status(500));
    let got = runtime.try_next().await.unwrap();
    assert_eq!((got.0.status.as_u16(), &*got.0.body), (500, "{}"));
    desk.platform.send_next(Next::Break);
    assert!(runtime.try_next().await.is_err());
    desk.platform.send("a", event("users-create"));
    assert_eq!(runtime.next().await.id(), "a");
    let path = "/2018-06-01/runtime/invocation/a/response";
    desk.platform.reply(path, StatusCode::PAYLOAD_TOO_LARGE);
    let told = runtime.client.send("POST", path, &[], "{}").await.unwrap();
    assert_eq!(told.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_platform_that_is_gone_is_a_broken_connection() {
    let mut desk = Desk::start().await;
    let runtime = desk.runtime();
    let gone = std::mem::replace(&mut desk.platform, Platform::start().await);
    drop(gone);
    assert!(runtime.try_next().await.is_err());
    assert!(runtime.client.get("/anything").await.is_err());
}

#[tokio::test]
async fn the_platform_sees_a_runtime_leave_that_waits_for_an_event() {
    let desk = Desk::start().await;
    let runtime = desk.runtime();
    tokio::select! {
        got = runtime.next() => panic!("{got:?}"),
        () = desk.platform.until_waiting(1) => {}
    }
    desk.platform.until_left(1).await;
    desk.platform.send("a", event("users-create"));
    assert_eq!(desk.runtime().next().await.id(), "a");
}

#[tokio::test]
async fn an_event_that_was_being_decided_when_the_runtime_left_goes_to_its_next_request() {
    let shop = Shop::open(1_000, 1_000).await;
    let layer = shop.tower(&ManualClock::new(NOW));
    let (entered, entrance) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let platform = Platform::start().await;
    let plans = {
        let (entered, entrance) = (Arc::clone(&entered), Arc::clone(&entrance));
        Plans::new(move || {
            let (entered, entrance) = (Arc::clone(&entered), Arc::clone(&entrance));
            let layer = layer.clone();
            async move {
                entered.add_permits(1);
                let _permit = entrance.acquire().await.unwrap();
                TestStanding::Decides(layer)
            }
        })
    };
    let mut config = config(&platform);
    // What decides is made for the first event then.
    config.is_snapshot = true;
    let (_proxy, address, _server) = serve(&config, plans).await;
    platform.send("a", event("users-create"));
    let first = Runtime::new(address);
    tokio::select! {
        got = first.next() => panic!("{got:?}"),
        _ = entered.acquire() => {}
    }
    drop(first);
    let second = Runtime::new(address);
    let asking = tokio::spawn(async move { (second.next().await, second) });
    platform.until_waiting(1).await;
    entrance.add_permits(1);
    let (got, second) = asking.await.unwrap();
    assert_eq!(got.id(), "a");
    assert_eq!(
        got.json()["requestContext"]["authorizer"]["lambda"]["remaining"],
        999
    );
    second.answer("a", r#"{"statusCode":200}"#).await;
    assert!(platform.answer("a").await.text().contains("ratelimit"));
}

#[tokio::test]
async fn a_store_that_does_not_answer_refuses_requests_and_lets_other_events_pass() {
    let desk = Desk::start().await;
    desk.shop
        .store
        .inject("GetItem", tests::Fault::ServerError, 1_000);
    let told = desk.refused("a", &event("users-create")).await;
    assert_eq!(told.json()["statusCode"], 503);
    assert_eq!(told.json()["body"], r#"{"message":"Service Unavailable"}"#);
    desk.platform.send("b", "[1]");
    assert_eq!(desk.runtime().next().await.0.body, "[1]");
}

#[tokio::test]
async fn without_what_decides_requests_are_answered_503_or_pass_as_is_said() {
    let platform = Platform::start().await;
    let plans = Plans::new(|| std::future::ready(Standing::RefusesAll));
    let (_proxy, address, _server) = serve(&config(&platform), plans).await;
    platform.send("a", event("users-create"));
    platform.send("b", "[1]");
    let runtime = Runtime::new(address);
    assert_eq!(runtime.next().await.id(), "b");
    let told = platform.answer("a").await.json();
    assert_eq!(told["statusCode"], 503);
    assert_eq!(told["headers"]["retry-after"], "1");

    let plans = Plans::new(|| std::future::ready(Standing::PassesAll));
    let (_proxy, address, _server) = serve(&config(&platform), plans).await;
    let sent = event("users-create").replace("accept", "x-tollgate-key-id");
    platform.send("c", sent);
    // Nobody knows what headers it has: they could be taken for the layer's.
    platform.send("d", r#"{"httpMethod":7}"#);
    platform.send("e", "[2]");
    let runtime = Runtime::new(address);
    let got = runtime.next().await.json();
    assert_eq!(got["headers"].get("x-tollgate-key-id"), None);
    assert_eq!(got["requestContext"].get("authorizer"), None);
    let costly = r#"{"statusCode":200,"headers":{"x-tollgate-cost":"9"}}"#;
    runtime.answer("c", costly).await;
    assert_eq!(
        platform.answer("c").await.text(),
        r#"{"statusCode":200,"headers":{}}"#
    );
    assert_eq!(runtime.next().await.id(), "e");
    assert_eq!(platform.answer("d").await.json()["statusCode"], 503);
}

#[tokio::test]
async fn an_invocation_that_the_platform_sends_again_is_charged_once_and_not_run_again_once_it_was_answered()
 {
    let desk = Desk::start().await;
    let (first, second) = (desk.runtime(), desk.runtime());
    desk.platform.send("a", event("users-create"));
    let given = first.next().await;
    // Until it is answered, the platform may give it to whoever asks.
    desk.platform.send("a", event("users-create"));
    let again = second.next().await;
    assert_eq!((given.id(), again.id()), ("a", "a"));
    assert_eq!(given.json(), again.json());
    second.answer("a", r#"{"statusCode":200}"#).await;
    assert!(desk.platform.answer("a").await.text().contains("ratelimit"));
    desk.platform.send("a", event("users-create"));
    desk.platform.send("b", event("users-create"));
    let next = second.next().await;
    assert_eq!(next.id(), "b");
    let remaining = |got: &serde_json::Value| {
        got["requestContext"]["authorizer"]["lambda"]["remaining"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(remaining(&next.json()), remaining(&given.json()) - 1);
}

#[tokio::test]
async fn an_answer_that_was_sent_arrives_although_the_runtime_is_gone() {
    use std::io::Write as _;

    let desk = Desk::start().await;
    let runtime = desk.runtime();
    for id in ["a", "b", "c"] {
        desk.platform.send(id, event("users-create"));
        assert_eq!(runtime.next().await.id(), id);
        // Its cost is charged by a write before it goes on.
        let body = r#"{"statusCode":200,"headers":{"x-tollgate-cost":"3"}}"#;
        let mut stream = std::net::TcpStream::connect(desk.address).unwrap();
        write!(
            stream,
            "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        drop(stream);
        let told = desk.platform.answer(id).await.json();
        assert!(told["headers"]["ratelimit"].is_string(), "{told}");
        assert_eq!(told["headers"].get("x-tollgate-cost"), None);
    }
}
