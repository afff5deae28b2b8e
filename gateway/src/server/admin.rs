//! The admin port: loopback only, for clients on this machine, and for no web page.

pub(crate) mod guard;

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use serde_json::json;
use tollgate::control::Control;
use tollgate::store::dynamodb::DynamoStore;
use tollgate::time::{Clock, SystemClock};
use tracing::{error, info};

use super::Handler;
use crate::console::Console;
use crate::content::Content;
use crate::explain::{self, Desk, Unanswered};
use crate::incoming::{self, BodyError, REQUEST_ID, RequestIds};

const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// Where a program that has started the gateway asks whether it takes requests.
const READY: &str = "/ready";

/// The management API, the console where there is one, `POST /explain` with it, and `GET /ready`, which answers 200 once the gateway takes
/// requests.
#[derive(Clone, Debug)]
pub struct Admin {
    control: Control<DynamoStore, SystemClock>,
    console: Option<Console>,
    desk: Option<Desk>,
}

impl Admin {
    /// The admin port of this management API.
    #[must_use]
    pub const fn new(control: Control<DynamoStore, SystemClock>) -> Self {
        Self {
            control,
            console: None,
            desk: None,
        }
    }

    /// The same with a console, and with explanations of what the console explains.
    #[must_use]
    pub fn with_console(self, console: Console) -> Self {
        Self {
            desk: Some(console.desk()),
            console: Some(console),
            ..self
        }
    }
}

impl Handler for Admin {
    type Body = Content;

    const HAS_ENDLESS_ANSWERS: bool = true;

    async fn handle(&self, request: Request<Incoming>, _peer: SocketAddr) -> Response<Content> {
        let method = request.method().clone();
        let path = request.uri().path().to_owned();
        let mut response = self.answer(request).await;
        let ids = RequestIds::new(SystemClock.now().as_secs());
        if let Ok(id) = ids.request.parse() {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        info!(target: "tollgate::admin", "{method} {path} {}", response.status().as_u16());
        response
    }

    fn stop(&self) {
        if let Some(console) = &self.console {
            console.stop();
        }
    }
}

impl Admin {
    async fn answer(&self, request: Request<Incoming>) -> Response<Content> {
        let (parts, body) = request.into_parts();
        if let Err(refusal) = guard::check(&parts) {
            return refused(
                StatusCode::FORBIDDEN,
                "AccessDeniedException",
                refusal.message(),
            );
        }
        if parts.uri.path() == READY {
            return ready(&parts.method);
        }
        if !incoming::may_fit(&body) {
            incoming::drain(&parts.headers, body).await;
            return too_large();
        }
        match incoming::read(body).await {
            Ok(body) => {
                let desk = self.desk.as_ref();
                if let Some(desk) = desk.filter(|_desk| parts.uri.path() == explain::PATH) {
                    return explained(desk, &parts.method, &body).await;
                }
                let console = self.console.as_ref();
                let console = console.filter(|_console| Console::takes(&parts));
                let request = Request::from_parts(parts, body);
                match console {
                    Some(console) => console.answer(request).await,
                    None => self.control.answer(request).await.map(Content::from),
                }
            }
            Err(BodyError::TooLong) => too_large(),
            Err(BodyError::Broken) => refused(
                StatusCode::BAD_REQUEST,
                "BadRequestException",
                "the body did not arrive whole",
            ),
        }
    }
}

fn ready(method: &Method) -> Response<Content> {
    if *method == Method::GET || *method == Method::HEAD {
        json_response(StatusCode::OK, &json!({"ready": true}))
    } else {
        method_not_allowed()
    }
}

async fn explained(desk: &Desk, method: &Method, body: &[u8]) -> Response<Content> {
    if *method != Method::POST {
        return method_not_allowed();
    }
    match desk.answer(body).await {
        Ok(explained) => json_response(StatusCode::OK, &json!(explained)),
        Err(why @ (Unanswered::NoQuestion | Unanswered::Mistake(_))) => refused(
            StatusCode::BAD_REQUEST,
            "BadRequestException",
            &why.to_string(),
        ),
        Err(why @ Unanswered::Store(_)) => {
            error!(
                error = &why as &dyn std::error::Error,
                "could not explain a decision"
            );
            let status = StatusCode::SERVICE_UNAVAILABLE;
            refused(status, "ServiceUnavailableException", &why.to_string())
        }
    }
}

fn method_not_allowed() -> Response<Content> {
    refused(
        StatusCode::METHOD_NOT_ALLOWED,
        "BadRequestException",
        "Method Not Allowed",
    )
}

fn too_large() -> Response<Content> {
    refused(
        StatusCode::PAYLOAD_TOO_LARGE,
        "RequestEntityTooLargeException",
        "the body is longer than 10 MB",
    )
}

fn refused(status: StatusCode, error_type: &'static str, message: &str) -> Response<Content> {
    let mut response = json_response(status, &json!({"message": message}));
    response
        .headers_mut()
        .insert(ERROR_TYPE, HeaderValue::from_static(error_type));
    response
}

fn json_response(status: StatusCode, body: &serde_json::Value) -> Response<Content> {
    let mut response = Response::new(Content::from(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}
