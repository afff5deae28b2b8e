//! The template's functions behind `--lambda-endpoint`: nothing is started, and everything works.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tests::Gateway;
use tokio::net::TcpListener;

use super::{SIGNED, event, get, is_refused, template, until_says};

/// An endpoint that speaks Lambda's Invoke API, and has the functions `Authorizer` and `Echo`.
async fn endpoint() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service =
                service_fn(|request| async { Ok::<_, Infallible>(answer(request).await) });
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connection);
        }
    });
    address
}

async fn answer(request: Request<Incoming>) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    let name = path
        .strip_prefix("/2015-03-31/functions/")
        .and_then(|path| path.strip_suffix("/invocations"));
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let event: Value = serde_json::from_slice(&body).unwrap();
    let mut response = Response::new(Full::default());
    let answered = match name {
        Some("Authorizer") => match event["headers"]["x-token"].as_str() {
            Some("fail") => {
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                json!({"errorType": "E", "errorMessage": "out of order"})
            }
            token => json!({"isAuthorized": token == Some("allow"), "context": {"far": true}}),
        },
        Some("Echo") if event["rawPath"] == "/open" => {
            response
                .headers_mut()
                .insert("x-amz-function-error", "Unhandled".parse().unwrap());
            json!({"errorType": "E", "errorMessage": "out of order"})
        }
        Some("Echo") => json!({"statusCode": 200, "body": json!({"event": event}).to_string()}),
        _ => {
            *response.status_mut() = StatusCode::NOT_FOUND;
            json!({"title": "Missing function"})
        }
    };
    *response.body_mut() = Full::from(answered.to_string());
    response
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn apis_function_urls_and_authorizers_call_functions_elsewhere() {
    let url = format!("http://{}", endpoint().await);
    let gateway = Gateway::builder()
        .template(template())
        .flag("--lambda-endpoint")
        .flag(&url)
        .start()
        .await
        .unwrap();
    let client = gateway.client();
    until_says(
        &gateway,
        &[&format!("Functions on {url}/, not started here")],
    )
    .await;
    let answer = get(&client, "/simple", &[("x-token", "allow")]).await;
    assert_eq!(
        event(&answer)["requestContext"]["authorizer"]["lambda"],
        json!({"far": true})
    );
    let denied = get(&client, "/simple", &[("x-token", "deny")]).await;
    is_refused(&denied, 403, r#"{"message":"Forbidden"}"#);
    let failed = get(&client, "/simple", &[("x-token", "fail")]).await;
    is_refused(&failed, 500, r#"{"message":"Internal Server Error"}"#);
    let signed = get(
        &client,
        "/_aws/lambda-url/Echo/a",
        &[("authorization", SIGNED)],
    )
    .await;
    assert_eq!(event(&signed)["rawPath"], "/a");
    // The error of a function is no answer, and a function that is not there is none either.
    assert_eq!(get(&client, "/open", &[]).await.status, 502);
    let missing = get(&client, "/_aws/lambda-url/Stream/a", &[]).await;
    assert_eq!(missing.status, 502);
    until_says(
        &gateway,
        &["the function failed: ", "answered 404 Not Found"],
    )
    .await;
}
