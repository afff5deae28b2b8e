//! A management API behind a door like that of a function URL: it recomputes each signature, and refuses what does not match.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tollgate::control::{Control, NoGateway, Settings, UnmanagedStages, account_limit_of_aws};
use tollgate::key::EnvironmentLetter;
use tollgate::store::dynamodb::DynamoStore;
use tollgate::time::{Clock, ManualClock};

use crate::local;
use crate::server::{self, Handler};

/// What the signature itself adds to a request.
const ADDED: [&str; 4] = [
    "host",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
];

/// What is done with the next request.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// It is answered with this status, error type and body.
    Answer(u16, &'static str, &'static str),
    /// It is never answered.
    Hang,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
}

/// A running API. It stops with the test.
pub(super) struct SignedApi {
    pub(super) url: String,
    door: Door,
    _stop: watch::Sender<bool>,
}

#[derive(Clone)]
struct Door {
    control: Control<DynamoStore, ManualClock>,
    clock: ManualClock,
    state: Arc<Mutex<State>>,
}

struct State {
    secret: String,
    faults: VecDeque<Fault>,
    seen: Vec<Seen>,
}

impl SignedApi {
    /// Starts one that knows the credentials of this machine.
    pub(super) async fn start(store: DynamoStore, clock: ManualClock) -> Self {
        let settings = Settings {
            keep_values: true,
            region: local::REGION.to_owned(),
            account_id: local::ACCOUNT_ID.to_owned(),
            environment: EnvironmentLetter::of("dev"),
            aws_limits: false,
            account_limit: account_limit_of_aws(),
            unmanaged_stages: UnmanagedStages::Any,
        };
        let control = Control::new(store, clock.clone(), settings, Arc::new(NoGateway));
        let door = Door {
            control: control.unwrap(),
            clock,
            state: Arc::new(Mutex::new(State {
                secret: local::CREDENTIAL.to_owned(),
                faults: VecDeque::new(),
                seen: Vec::new(),
            })),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(server::serve(listener, door.clone(), stopped));
        Self {
            url,
            door,
            _stop: stop,
        }
    }

    /// From now on it knows another secret.
    pub(super) fn change_secret(&self) {
        self.door.state.lock().unwrap().secret = "another".to_owned();
    }

    /// The next requests meet these.
    pub(super) fn break_with(&self, faults: impl IntoIterator<Item = Fault>) {
        self.door.state.lock().unwrap().faults.extend(faults);
    }

    /// What came since it was last asked.
    pub(super) fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.door.state.lock().unwrap().seen)
    }
}

impl Handler for Door {
    type Body = Full<Bytes>;

    async fn handle(&self, request: Request<Incoming>, _peer: SocketAddr) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let request = Request::from_parts(parts, body);
        let (secret, fault) = {
            let mut state = self.state.lock().unwrap();
            state.seen.push(Seen {
                method: request.method().clone(),
                path: request.uri().to_string(),
                headers: request.headers().clone(),
            });
            (state.secret.clone(), state.faults.pop_front())
        };
        match fault {
            Some(Fault::Answer(status, error_type, body)) => answer(status, error_type, body),
            Some(Fault::Hang) => std::future::pending().await,
            None if is_signed(&request, &secret, &self.clock) => {
                self.control.answer(request).await.map(Full::new)
            }
            None => answer(
                403,
                "InvalidSignatureException",
                r#"{"message":"The request signature we calculated does not match the signature you provided."}"#,
            ),
        }
    }
}

fn answer(status: u16, error_type: &str, body: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap());
    if !error_type.is_empty() {
        response = response.header("x-amzn-ErrorType", error_type);
    }
    response.body(Full::from(body)).unwrap()
}

/// Whether the request has the signature that these credentials make for Lambda in this region, now.
fn is_signed(request: &Request<Bytes>, secret: &str, clock: &ManualClock) -> bool {
    let field = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let Some(authorization) = field("authorization") else {
        return false;
    };
    let Some((_, rest)) = authorization.split_once("SignedHeaders=") else {
        return false;
    };
    let names = rest.split(',').next().unwrap_or_default();
    let covered = names
        .split(';')
        .filter(|name| !ADDED.contains(name))
        .filter_map(|name| Some((name, field(name)?)));
    let identity = Credentials::new(local::CREDENTIAL, secret, None, None, "test").into();
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(local::REGION)
        .name("lambda")
        .time(UNIX_EPOCH + Duration::from_nanos(clock.now().as_nanos()))
        .settings(settings)
        .build()
        .unwrap()
        .into();
    let url = format!("http://{}{}", field("host").unwrap(), request.uri());
    let body = SignableBody::Bytes(request.body());
    let signable = SignableRequest::new(request.method().as_str(), url, covered, body).unwrap();
    let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
    instructions
        .headers()
        .all(|(name, value)| field(name) == Some(value))
}
