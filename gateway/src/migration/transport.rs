//! The SDK over connections of our own.
//!
//! A stack's management API is behind a function URL, which wants other signatures than API Gateway, and a table has none: it is asked in this
//! process. Either way the SDK writes and reads what goes over the wire, as it does for API Gateway.

use std::fmt;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_apigateway::config::http::{HttpRequest, HttpResponse};
use aws_sdk_apigateway::config::{Builder, SharedHttpClient};
use aws_sdk_apigateway::error::ConnectorError;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Request, Response, header};
use tollgate::control::Control;
use tollgate::store::dynamodb::DynamoStore;
use tollgate::time::SystemClock;

use crate::local;
use crate::remote::Client;

/// What a signature leaves in a request, apart from `Authorization`.
const SIGNATURE_FIELDS: [&str; 3] = ["x-amz-content-sha256", "x-amz-date", "x-amz-security-token"];

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Reaches the management API that `client` reaches, signed as it signs.
#[must_use]
pub fn through(client: Client) -> Builder {
    builder(Through(client))
}

/// Reaches the management API `control` in this process.
#[must_use]
pub fn in_process(control: Control<DynamoStore, SystemClock>) -> Builder {
    builder(InProcess(control))
}

fn builder(connector: impl HttpConnector + 'static) -> Builder {
    let connector = SharedHttpConnector::new(connector);
    let client: SharedHttpClient = http_client_fn(move |_settings, _components| connector.clone());
    // Where it is, and whose it is, the connector decides: what stands here goes no further.
    Builder::new()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .endpoint_url("http://localhost")
        .region(Region::new(local::REGION))
        .credentials_provider(local::credentials())
        .http_client(client)
}

#[derive(Debug)]
struct Through(Client);

impl HttpConnector for Through {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.0.clone();
        HttpConnectorFuture::new(async move {
            let Parts {
                method,
                path,
                mut headers,
                body,
            } = parts(request)?;
            headers.remove(header::HOST);
            headers.remove(header::AUTHORIZATION);
            for name in SIGNATURE_FIELDS {
                headers.remove(name);
            }
            let answer = client
                .send(method, path, headers, body)
                .await
                .map_err(|error| ConnectorError::other(error.into(), None))?;
            let mut response = Response::new(SdkBody::from(answer.body));
            *response.status_mut() = answer.status;
            *response.headers_mut() = answer.headers;
            sdk_response(response)
        })
    }
}

struct InProcess(Control<DynamoStore, SystemClock>);

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let control = self.0.clone();
        HttpConnectorFuture::new(async move {
            let Parts {
                method,
                path,
                headers,
                body,
            } = parts(request)?;
            let mut request = Request::new(body);
            *request.method_mut() = method;
            *request.uri_mut() = path.into();
            *request.headers_mut() = headers;
            sdk_response(control.answer(request).await.map(SdkBody::from))
        })
    }
}

/// A request without what says where it goes.
struct Parts {
    method: Method,
    path: PathAndQuery,
    headers: HeaderMap,
    body: Bytes,
}

fn parts(request: HttpRequest) -> Result<Parts, ConnectorError> {
    let request = request
        .try_into_http1x()
        .map_err(|error| ConnectorError::user(error.into()))?;
    let (parts, body) = request.into_parts();
    let body = body
        .bytes()
        .map(Bytes::copy_from_slice)
        .ok_or_else(|| ConnectorError::user(BoxError::from("the request has no end")))?;
    let path = parts.uri.into_parts().path_and_query;
    Ok(Parts {
        method: parts.method,
        path: path.unwrap_or_else(|| PathAndQuery::from_static("/")),
        headers: parts.headers,
        body,
    })
}

fn sdk_response(response: Response<SdkBody>) -> Result<HttpResponse, ConnectorError> {
    HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
}
