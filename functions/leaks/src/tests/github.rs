//! A GitHub with a key pair of the test's own.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;

/// A key pair, and the identifier of its public half.
pub(crate) struct Signer {
    identifier: String,
    pair: EcdsaKeyPair,
}

impl Signer {
    pub(crate) fn new(identifier: &str) -> Self {
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).unwrap();
        Self {
            identifier: identifier.to_owned(),
            pair: EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref()).unwrap(),
        }
    }

    /// As it stands in the header field.
    pub(crate) fn sign(&self, message: &[u8]) -> String {
        let signature = self.pair.sign(&SystemRandom::new(), message).unwrap();
        STANDARD.encode(signature.as_ref())
    }

    /// The list that GitHub publishes.
    pub(crate) fn list(signers: &[&Self]) -> Vec<u8> {
        let keys = signers.iter().map(|signer| {
            json!({
                "key_identifier": signer.identifier,
                "key": signer.pem(),
                "is_current": true,
            })
        });
        json!({"public_keys": keys.collect::<Vec<_>>()})
            .to_string()
            .into_bytes()
    }

    fn pem(&self) -> String {
        // The DER that every tool writes for a point on P-256.
        let head = "3059301306072a8648ce3d020106082a8648ce3d030107034200";
        let head = (0..head.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&head[at..at + 2], 16).unwrap());
        let point = self.pair.public_key().as_ref().iter().copied();
        let text = STANDARD.encode(head.chain(point).collect::<Vec<u8>>());
        let (first, second) = text.split_at(64);
        format!("-----BEGIN PUBLIC KEY-----\n{first}\n{second}\n-----END PUBLIC KEY-----\n")
    }
}

/// Publishes keys on loopback, and counts who asks.
pub(super) struct FakeGitHub {
    pub(super) url: String,
    state: Arc<Mutex<State>>,
}

struct State {
    status: StatusCode,
    list: Vec<u8>,
    asked: usize,
}

impl FakeGitHub {
    pub(super) async fn start(list: Vec<u8>) -> Self {
        let state = Arc::new(Mutex::new(State {
            status: StatusCode::OK,
            list,
            asked: 0,
        }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let shared = Arc::clone(&shared);
                let answer = service_fn(move |request: http::Request<hyper::body::Incoming>| {
                    assert_eq!(request.headers()["user-agent"], "tollgate");
                    let mut state = shared.lock().unwrap();
                    state.asked += 1;
                    let mut response = Response::new(Full::new(Bytes::from(state.list.clone())));
                    *response.status_mut() = state.status;
                    async move { Ok::<_, Infallible>(response) }
                });
                let connection = http1::Builder::new();
                tokio::spawn(connection.serve_connection(TokioIo::new(stream), answer));
            }
        });
        Self { url, state }
    }

    pub(super) fn publish(&self, list: Vec<u8>) {
        let mut state = self.state.lock().unwrap();
        state.list = list;
        state.status = StatusCode::OK;
    }

    pub(super) fn fail(&self) {
        self.state.lock().unwrap().status = StatusCode::BAD_GATEWAY;
    }

    pub(super) fn asked(&self) -> usize {
        self.state.lock().unwrap().asked
    }
}

/// How to reach a DynamoDB on this machine.
pub(super) fn sdk_config(endpoint_url: &str) -> SdkConfig {
    let credentials = Credentials::new("local", "local", None, None, "tests");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .endpoint_url(endpoint_url)
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}
