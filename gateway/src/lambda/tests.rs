//! Functions behind an endpoint, as `cargo lambda watch`, `sam local start-lambda` and Lambda itself answer for them.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::*;

const ERROR: &str = r#"{"errorType":"ValueError","errorMessage":"too old"}"#;
const MISSING: &str = r#"{"title":"Missing function"}"#;

/// An endpoint that knows the function `users`, answers for it with what it is told, and keeps the paths that it was asked for.
struct Endpoint {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    server: tokio::task::JoinHandle<()>,
}

impl Endpoint {
    async fn start(status: u16, function_error: Option<&'static str>, body: &'static str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let paths = Arc::clone(&asked);
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let paths = Arc::clone(&paths);
                let service = service_fn(move |request: Request<Incoming>| {
                    let path = request.uri().path().to_owned();
                    let mut response = Response::new(Full::<Bytes>::from(body));
                    *response.status_mut() = StatusCode::from_u16(status).unwrap();
                    if let Some(kind) = function_error {
                        let value = kind.parse().unwrap();
                        response.headers_mut().insert("x-amz-function-error", value);
                    }
                    if path != "/2015-03-31/functions/users/invocations" {
                        *response.status_mut() = StatusCode::NOT_FOUND;
                        *response.body_mut() = Full::from(MISSING);
                    }
                    paths.lock().unwrap().push(path);
                    async move { Ok::<_, Infallible>(response) }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection);
            }
        });
        Self {
            address,
            asked,
            server,
        }
    }

    fn lambdas(&self, binaries: &[(&str, &str)]) -> Lambdas {
        let binaries = binaries
            .iter()
            .map(|(name, binary)| ((*name).to_owned(), (*binary).to_owned()));
        let endpoint = format!("http://{}/", self.address).parse().unwrap();
        Lambdas::elsewhere(endpoint, binaries.collect())
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn target(lambdas: &Lambdas, name: &str) -> Target {
    lambdas.target(&FunctionName::parse(name).unwrap()).unwrap()
}

async fn invoke(lambdas: &Lambdas, target: &Target) -> Result<Invoked, LambdaFailure> {
    let ids = RequestIds::new(1_700_000_000);
    lambdas
        .invoke(target, Bytes::from_static(b"{}"), &ids)
        .await
}

#[tokio::test]
async fn the_error_of_a_function_is_no_answer_wherever_it_runs() {
    let answers = [
        (200, None, r#"{"statusCode":200}"#, Some(false)),
        (
            200,
            None,
            r#"{"errorMessage":"a part of an answer"}"#,
            Some(false),
        ),
        (200, Some("Unhandled"), ERROR, Some(true)),
        // An error in the initialisation, behind `cargo lambda watch`, then one of the handler.
        (200, None, ERROR, Some(true)),
        (500, None, ERROR, Some(true)),
        (500, None, "the endpoint itself failed", None),
        (429, None, ERROR, None),
    ];
    for (status, function_error, body, expected) in answers {
        let endpoint = Endpoint::start(status, function_error, body).await;
        let lambdas = endpoint.lambdas(&[]);
        let outcome = invoke(&lambdas, &target(&lambdas, "users")).await;
        match (outcome, expected) {
            (Ok(answer), Some(is_error)) => {
                assert_eq!(
                    (answer.is_error, &*answer.payload),
                    (is_error, body.as_bytes())
                );
            }
            (Err(LambdaFailure::Refused { status: seen, .. }), None) => assert_eq!(seen, status),
            (outcome, _) => panic!("{status} {body}: {outcome:?}"),
        }
    }
}

#[tokio::test]
async fn a_function_that_the_endpoint_does_not_know_is_called_by_its_binary_from_then_on() {
    let endpoint = Endpoint::start(200, None, "{}").await;
    let lambdas = endpoint.lambdas(&[("UsersFunction", "users")]);
    let function = target(&lambdas, "UsersFunction");
    let by_name = "/2015-03-31/functions/UsersFunction/invocations";
    let by_binary = "/2015-03-31/functions/users/invocations";
    assert!(invoke(&lambdas, &function).await.is_ok());
    assert_eq!(endpoint.asked(), [by_name, by_binary]);
    assert!(invoke(&lambdas, &function.clone()).await.is_ok());
    assert_eq!(endpoint.asked(), [by_binary]);
}

#[tokio::test]
async fn a_function_that_does_not_exist_is_said_not_to() {
    let endpoint = Endpoint::start(200, None, "{}").await;
    let lambdas = endpoint.lambdas(&[]);
    let failure = invoke(&lambdas, &target(&lambdas, "orders")).await;
    let expected = "the endpoint of --lambda-endpoint answered 404 Not Found: ";
    assert_eq!(
        failure.unwrap_err().to_string(),
        format!("{expected}{MISSING}")
    );
    let here = Lambdas::here([]);
    let missing = here.target(&FunctionName::parse("orders").unwrap());
    assert!(missing.unwrap_err().contains("is not in the template"));
}

#[tokio::test]
async fn an_endpoint_that_nobody_listens_on_is_unreachable() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let endpoint = format!("http://{address}").parse().unwrap();
    let lambdas = Lambdas::elsewhere(endpoint, BTreeMap::new());
    let failure = invoke(&lambdas, &target(&lambdas, "users")).await;
    assert!(matches!(failure, Err(LambdaFailure::Unreachable(_))));
}
