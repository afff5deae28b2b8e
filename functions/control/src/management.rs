//! The management API on the function URL.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::timeout;
use tollgate::store::{ApiRegistry, Housekeeping, Registry};
use tollgate::time::Clock;

use crate::app::{App, HandleError};
use crate::invocation::Invocation;

/// What cannot stand in the path of a URI. What is escaped already stays as it is.
const NOT_IN_PATHS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A request to a function URL, payload 2.0.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    raw_path: String,
    #[serde(default)]
    raw_query_string: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
    request_context: RequestContext,
}

#[derive(Deserialize)]
struct RequestContext {
    http: HttpContext,
    #[serde(default)]
    authorizer: Option<Authorizer>,
}

#[derive(Deserialize)]
struct HttpContext {
    method: String,
}

#[derive(Deserialize)]
struct Authorizer {
    #[serde(default)]
    iam: Option<Identity>,
}

/// Who signed the request, as Lambda has verified it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    #[serde(default)]
    user_arn: Option<String>,
}

/// What Lambda makes the answer of.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    headers: BTreeMap<String, String>,
    body: String,
    is_base64_encoded: bool,
}

/// Answers one request to the function URL.
pub(crate) async fn handle<S, C>(
    app: &App<S, C>,
    event: Value,
    invocation: &Invocation,
) -> Result<Value, HandleError>
where
    S: Registry + ApiRegistry + Housekeeping + Clone,
    C: Clock + Clone,
{
    let event: Event = serde_json::from_value(event)?;
    let (method, path) = (
        event.request_context.http.method.clone(),
        event.raw_path.clone(),
    );
    let response = if event.is_identified() || app.config.allow_unsigned {
        match event.into_request() {
            Ok(request) => {
                let control = app.control(invocation)?;
                let work = invocation.budget(app.clock.now()).work;
                match timeout(work, control.answer(request)).await {
                    Ok(response) => response,
                    Err(_elapsed) => refusal(
                        StatusCode::SERVICE_UNAVAILABLE,
                        "ServiceUnavailableException",
                        "it was not done in the time that the function has for it; try again",
                    ),
                }
            }
            Err(why) => refusal(StatusCode::BAD_REQUEST, "BadRequestException", &why),
        }
    } else {
        tracing::error!(
            method,
            path,
            "a request without an identity was refused: the function URL must have the authorisation type AWS_IAM"
        );
        refusal(
            StatusCode::FORBIDDEN,
            "AccessDeniedException",
            "Forbidden. Sign the request with AWS Signature Version 4; the function URL has to have the authorisation type AWS_IAM.",
        )
    };
    tracing::info!(
        method,
        path,
        status = response.status().as_u16(),
        "a call of the management API"
    );
    Ok(serde_json::to_value(Answer::new(&response))?)
}

impl Event {
    fn is_identified(&self) -> bool {
        let authorizer = self.request_context.authorizer.as_ref();
        let identity = authorizer.and_then(|authorizer| authorizer.iam.as_ref());
        let arn = identity.and_then(|identity| identity.user_arn.as_deref());
        arn.is_some_and(|arn| !arn.is_empty())
    }

    /// The request as the client sent it, but for its signature, which Lambda has verified.
    fn into_request(self) -> Result<Request<Bytes>, String> {
        let method = Method::from_bytes(self.request_context.http.method.as_bytes())
            .map_err(|_no_method| "the method cannot be read".to_owned())?;
        let mut uri = utf8_percent_encode(&self.raw_path, NOT_IN_PATHS).to_string();
        if !self.raw_query_string.is_empty() {
            uri.push('?');
            uri.push_str(&self.raw_query_string);
        }
        let body =
            match self.body {
                None => Bytes::new(),
                Some(body) if self.is_base64_encoded => BASE64_STANDARD
                    .decode(body)
                    .map(Bytes::from)
                    .map_err(|_no_base64| "the body is not Base64".to_owned())?,
                Some(body) => Bytes::from(body),
            };
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri
            .parse()
            .map_err(|_no_uri| "the path or the query cannot be read".to_owned())?;
        for (name, value) in &self.headers {
            let name: Result<HeaderName, _> = name.parse();
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value))
                && name != header::AUTHORIZATION
            {
                request.headers_mut().append(name, value);
            }
        }
        Ok(request)
    }
}

impl Answer {
    fn new(response: &Response<Bytes>) -> Self {
        let mut headers: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in response.headers() {
            let value = String::from_utf8_lossy(value.as_bytes());
            headers
                .entry(name.as_str().to_owned())
                .and_modify(|known| {
                    known.push_str(", ");
                    known.push_str(&value);
                })
                .or_insert_with(|| value.to_string());
        }
        let (body, is_base64_encoded) = match std::str::from_utf8(response.body()) {
            Ok(text) => (text.to_owned(), false),
            Err(_no_text) => (BASE64_STANDARD.encode(response.body()), true),
        };
        Self {
            status_code: response.status().as_u16(),
            headers,
            body,
            is_base64_encoded,
        }
    }
}

/// A refusal in the form that API Gateway's clients read.
fn refusal(status: StatusCode, error_type: &'static str, message: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(json!({ "message": message }).to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert("x-amzn-errortype", HeaderValue::from_static(error_type));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(event: Value) -> Request<Bytes> {
        let event: Event = serde_json::from_value(event).unwrap();
        event.into_request().unwrap()
    }

    #[test]
    fn path_query_headers_and_body_come_as_the_client_sent_them() {
        let request = request(json!({
            "rawPath": "/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Fapikeys%2Fk 1",
            "rawQueryString": "tagKeys=a%20b&tagKeys=c",
            "headers": { "accept": "application/json", "authorization": "AWS4-HMAC-SHA256 ..." },
            "body": "eyJhIjoxfQ==",
            "isBase64Encoded": true,
            "requestContext": { "http": { "method": "DELETE" } },
        }));
        assert_eq!(request.method(), Method::DELETE);
        assert_eq!(
            request.uri(),
            "/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Fapikeys%2Fk%201?tagKeys=a%20b&tagKeys=c"
        );
        assert_eq!(request.headers()["accept"], "application/json");
        assert!(!request.headers().contains_key("authorization"));
        assert_eq!(request.body(), r#"{"a":1}"#);
    }

    #[test]
    fn a_body_that_is_no_text_is_answered_in_base64() {
        let text = Answer::new(&Response::new(Bytes::from_static(b"{\"a\":1}")));
        assert_eq!(
            (text.body.as_str(), text.is_base64_encoded),
            ("{\"a\":1}", false)
        );
        let binary = Answer::new(&Response::new(Bytes::from_static(&[0xff, 0x00])));
        assert_eq!(
            (binary.body.as_str(), binary.is_base64_encoded),
            ("/wA=", true)
        );
    }

    #[test]
    fn only_an_identity_that_lambda_has_verified_counts() {
        let identified = |authorizer: Value| {
            let event = json!({
                "rawPath": "/", "headers": { "authorization": "AWS4-HMAC-SHA256 Credential=a" },
                "requestContext": { "http": { "method": "GET" }, "authorizer": authorizer },
            });
            serde_json::from_value::<Event>(event)
                .unwrap()
                .is_identified()
        };
        assert!(identified(
            json!({ "iam": { "userArn": "arn:aws:iam::000000000000:user/joe" } })
        ));
        for authorizer in [
            Value::Null,
            json!({}),
            json!({ "iam": null }),
            json!({ "iam": {} }),
            json!({ "iam": { "userArn": "" } }),
            json!({ "lambda": { "userArn": "arn:aws:iam::000000000000:user/joe" } }),
        ] {
            assert!(!identified(authorizer.clone()), "{authorizer}");
        }
    }
}
