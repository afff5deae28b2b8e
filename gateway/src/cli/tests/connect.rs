//! The proxy for clients of API Gateway, on real sockets.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tollgate::time::Clock;

use super::super::environment::Environment;
use super::super::failure::Exit;
use super::signed_api::{Fault, SignedApi};
use super::{Person, Shell, Way, type_line};
use crate::connect::Connector;
use crate::http_client::{BackendAnswer, HttpClient};
use crate::local;
use crate::remote::{Client, Endpoint, Signer, Timing};
use crate::server;

/// What a client of API Gateway signs its request with.
const FOREIGN: [(&str, &str); 3] = [
    (
        "authorization",
        "AWS4-HMAC-SHA256 Credential=AKID/20261125/us-east-1/apigateway/aws4_request, SignedHeaders=host;x-amz-date, Signature=00",
    ),
    ("x-amz-date", "20261125T110000Z"),
    ("x-amz-security-token", "the client's own"),
];

/// A proxy before an API that checks signatures.
struct Proxy {
    shell: Shell,
    url: String,
    _stop: watch::Sender<bool>,
}

impl Proxy {
    async fn start() -> Self {
        let shell = Shell::start(Way::Url).await;
        let url = shell.api.as_ref().unwrap().url.clone();
        Self::before(&url, shell).await
    }

    async fn before(api_url: &str, shell: Shell) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(shell.clock.clone());
        let signer = Signer::new(local::credentials(), local::REGION, clock);
        let timing = Timing {
            answer: Duration::from_millis(200),
            ..Timing::default()
        };
        let client = Client::new(Endpoint::parse(api_url).unwrap(), signer, timing);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(server::serve(listener, Connector::new(client), stopped));
        Self {
            shell,
            url,
            _stop: stop,
        }
    }

    fn api(&self) -> &SignedApi {
        self.shell.api.as_ref().unwrap()
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> BackendAnswer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).unwrap();
        HttpClient::default().send(request).await.unwrap()
    }
}

fn json_of(answer: &BackendAnswer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

#[tokio::test]
async fn a_request_gets_another_signature_and_goes_on_as_it_was() {
    let proxy = Proxy::start().await;
    let body = json!({"name": "joe", "enabled": true}).to_string();
    let headers = [&FOREIGN[..], &[("content-type", "application/json")]].concat();
    let created = proxy.send(Method::POST, "/apikeys", &headers, body).await;
    assert_eq!(created.status, 201, "{created:?}");
    let id = json_of(&created)["id"].as_str().unwrap().to_owned();

    let list = "/apikeys?limit=1&includeValues=true&name=j%6Fe";
    let listed = proxy.send(Method::GET, list, &FOREIGN, "").await;
    assert_eq!(json_of(&listed)["item"][0]["id"], id.as_str());

    // Clients escape the ARN, and one escape must stay one.
    let arn = format!("/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Fapikeys%2F{id}");
    let tags = json!({"tags": {"team": "billing"}}).to_string();
    let tagged = proxy.send(Method::PUT, &arn, &headers, tags).await;
    assert_eq!(tagged.status, 204, "{tagged:?}");
    assert!(tagged.body.is_empty());
    let read = proxy.send(Method::GET, &arn, &FOREIGN, "").await;
    assert_eq!(json_of(&read), json!({"tags": {"team": "billing"}}));

    let seen = proxy.api().seen();
    let paths: Vec<&str> = seen.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(paths, ["/apikeys", list, &arn, &arn]);
    for request in seen {
        let fields = format!("{:?}", request.headers);
        assert!(
            !fields.contains("AKID") && !fields.contains("the client's own"),
            "{fields}"
        );
    }
}

#[tokio::test]
async fn what_the_api_refuses_comes_back_with_its_status_and_type() {
    let proxy = Proxy::start().await;
    let answer = proxy.send(Method::GET, "/apikeys/none", &FOREIGN, "").await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.headers["x-amzn-errortype"], "NotFoundException");
    let message = json!({"message": "Invalid API Key identifier specified"});
    assert_eq!(json_of(&answer), message);
}

#[tokio::test]
async fn other_names_and_web_pages_are_refused_and_not_passed_on() {
    let proxy = Proxy::start().await;
    for field in [
        ("host", "attacker.example"),
        ("origin", "http://attacker.example"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let answer = proxy.send(Method::GET, "/apikeys", &[field], "").await;
        assert_eq!(answer.status, 403, "{field:?}");
        assert_eq!(answer.headers["x-amzn-errortype"], "AccessDeniedException");
    }
    assert!(proxy.api().seen().is_empty());
}

#[tokio::test]
async fn a_body_that_lambda_does_not_take_is_refused() {
    let proxy = Proxy::start().await;
    for len in [6 * 1024 * 1024 + 1, 10 * 1024 * 1024 + 1] {
        let body = vec![b' '; len];
        let answer = proxy.send(Method::POST, "/apikeys", &FOREIGN, body).await;
        assert_eq!(answer.status, 413);
    }
    assert!(proxy.api().seen().is_empty());
}

#[tokio::test]
async fn an_api_that_hangs_or_is_gone_is_an_error_with_its_cause() {
    let proxy = Proxy::start().await;
    proxy.api().break_with([Fault::Hang]);
    let answer = proxy.send(Method::GET, "/apikeys", &FOREIGN, "").await;
    assert_eq!(answer.status, 504);
    let url = proxy.api().url.clone();
    let message = json!({ "message": format!("{url}: no answer within 0.2 s") });
    assert_eq!(json_of(&answer), message);

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let proxy = Proxy::before(&nobody, proxy.shell).await;
    let answer = proxy.send(Method::GET, "/apikeys", &FOREIGN, "").await;
    assert_eq!(answer.status, 502);
    let text = json_of(&answer).to_string();
    assert!(text.contains("no connection"), "{text}");
}

#[tokio::test]
async fn it_needs_a_url() {
    let shell = Shell::start(Way::Table).await;
    let nobody = Person::Nobody;
    let done = type_line(&["connect"], nobody, &shell.clock, Environment::default()).await;
    done.fails(
        Exit::Failed,
        "error: no management API is named\n\
         hint: name it with --url, or set TOLLGATE_URL: the outputs of the stack have its URL\n",
    );
}
