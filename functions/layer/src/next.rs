//! `GET /runtime/invocation/next`: what stands between an event and the runtime.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use tollgate::http::Checked;
use tollgate::store::Ledger;
use tollgate::time::Clock;

use crate::answer;
use crate::body::Body;
use crate::collected::Collected;
use crate::config::InvokeMode;
use crate::event::{Door, Event};
use crate::in_flight::Invocation;
use crate::kept::Delivery;
use crate::proxy::{Proxy, ProxyError};
use crate::told;
use crate::upstream::{PlatformError, Upstream, own_request, passed_on};

/// The invocation's id.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("lambda-runtime-aws-request-id");

/// What has failed, in the form of a name.
const ERROR_TYPE: HeaderName = HeaderName::from_static("lambda-runtime-function-error-type");

/// `streaming`: the answer is streamed.
pub(crate) const RESPONSE_MODE: HeaderName =
    HeaderName::from_static("lambda-runtime-function-response-mode");

/// The type of a streamed answer that begins with a head.
pub(crate) const INTEGRATION_RESPONSE: HeaderValue =
    HeaderValue::from_static("application/vnd.awslambda.http-integration-response");

/// The longest reply to an answer, in bytes.
const MAX_REPLY_LEN: usize = 64 * 1024;

/// The next event for the runtime. Requests that may not pass are answered on the way, and the runtime does not see them.
///
/// A runtime that leaves while nothing has come ends the request to the platform with it. From the event's arrival on, the platform waits
/// for an answer, so what happens then does not end with the runtime's connection, and an event that nobody takes is kept.
pub(crate) async fn next<L: Ledger, C: Clock>(
    proxy: &Arc<Proxy<L, C>>,
    mut upstream: Upstream,
    request: Request<Body>,
) -> Result<(Response<Body>, Upstream), ProxyError> {
    proxy.prepared().await;
    let (mut head, _empty) = request.into_parts();
    for name in [
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        header::TRAILER,
    ] {
        head.headers.remove(name);
    }
    loop {
        if let Some(event) = proxy.kept.take() {
            return Ok((event, upstream));
        }
        let mut asking = Box::pin(ask(
            upstream,
            Request::from_parts(head.clone(), Body::default()),
        ));
        let asked = tokio::select! {
            biased;
            asked = &mut asking => Some(asked),
            event = proxy.kept.next() => {
                // The platform may be sending an event by now: it is kept for whoever asks next.
                let proxy = Arc::clone(proxy);
                let upstream = Upstream::new(proxy.platform().clone());
                tokio::spawn(async move {
                    let (answered, upstream) = asking.await;
                    if let Ok(answered) = answered && answered.status() == StatusCode::OK {
                        let _kept_when_dropped = decided(&proxy, upstream, answered).await;
                    }
                });
                return Ok((event, upstream));
            }
            () = proxy.closed() => None,
        };
        let Some((answered, connection)) = asked else {
            // The platform sends no event where nobody asks. The runtime waits for the end of the process, as it would without a layer.
            drop(asking);
            return std::future::pending().await;
        };
        let answered = answered?;
        if answered.status() != StatusCode::OK {
            return Ok((answered.map(Body::from), connection));
        }
        let (delivery, connection) = decided(proxy, connection, answered).await?;
        upstream = connection;
        if let Some(event) = delivery.and_then(Delivery::take) {
            return Ok((event, upstream));
        }
    }
}

async fn ask(
    mut upstream: Upstream,
    request: Request<Body>,
) -> (Result<Response<Incoming>, PlatformError>, Upstream) {
    let answered = upstream.send(request).await;
    (answered, upstream)
}

/// Decides an event in a task of its own, which does not end with the runtime's connection. An invocation for which that fails has failed,
/// and no other one.
async fn decided<L: Ledger, C: Clock>(
    proxy: &Arc<Proxy<L, C>>,
    mut upstream: Upstream,
    answered: Response<Incoming>,
) -> Result<(Option<Delivery>, Upstream), ProxyError> {
    let (head, body) = answered.into_parts();
    let id = request_id(&head)?.to_owned();
    let task = Arc::clone(proxy);
    let handled = tokio::spawn(async move {
        let _message = task.in_flight.begin();
        let delivery = handle(&task, &mut upstream, head, body).await;
        (delivery, upstream)
    });
    match handled.await {
        Ok((delivery, upstream)) => Ok((delivery?, upstream)),
        Err(panicked) => {
            tracing::error!(error = %panicked, "a request could not be decided");
            let mut upstream = Upstream::new(proxy.platform().clone());
            fail(&mut upstream, &id).await?;
            Ok((None, upstream))
        }
    }
}

/// Tells the platform that an invocation has failed.
async fn fail(upstream: &mut Upstream, id: &str) -> Result<(), ProxyError> {
    const TYPE: &str = "Tollgate.NotDecided";
    let path = format!("/2018-06-01/runtime/invocation/{id}/error");
    let text = format!(
        "{{\"errorType\":\"{TYPE}\",\"errorMessage\":\"the request could not be decided\"}}"
    );
    let mut request = own_request(Method::POST, &path, Body::from(Bytes::from(text)))?;
    let headers = request.headers_mut();
    headers.insert(ERROR_TYPE, HeaderValue::from_static(TYPE));
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    let reply = upstream.send(request).await?;
    Collected::read(reply.into_body(), MAX_REPLY_LEN).await?;
    Ok(())
}

/// The event for the runtime; `None` when it was answered here.
async fn handle<L: Ledger, C: Clock>(
    proxy: &Arc<Proxy<L, C>>,
    upstream: &mut Upstream,
    mut head: http::response::Parts,
    body: Incoming,
) -> Result<Option<Delivery>, ProxyError> {
    // The platform bounds events.
    let text = Collected::read(body, usize::MAX).await?.text;
    let event = Event::read(&text);
    let pieces = match proxy.plans.check(&event).await {
        Checked::Pass(allowance) => match &event {
            Event::Other | Event::Unreadable(_) => VecDeque::from([text.clone()]),
            Event::Http(request) => {
                let pieces = told::tell(&text, request, &allowance);
                let invocation = Invocation {
                    door: request.door,
                    metered: allowance.into_metered(),
                };
                proxy.in_flight.insert(request_id(&head)?, invocation);
                pieces
            }
        },
        Checked::Answered(answer) => {
            let door = match &event {
                Event::Http(request) => request.door,
                Event::Unreadable(door) => *door,
                Event::Other => Door::V2,
            };
            refuse(proxy, upstream, request_id(&head)?, door, &answer).await?;
            return Ok(None);
        }
    };
    passed_on(&mut head.headers);
    set_len(&mut head.headers, &pieces);
    let event = Response::from_parts(head, Body::new(pieces));
    Ok(Some(Delivery::new(event, Arc::clone(&proxy.kept))))
}

fn request_id(head: &http::response::Parts) -> Result<&str, ProxyError> {
    let id = head.headers.get(REQUEST_ID);
    id.and_then(|id| id.to_str().ok())
        .ok_or(ProxyError::NoRequestId)
}

/// A body that is here in whole has a length.
pub(crate) fn set_len(headers: &mut http::HeaderMap, pieces: &VecDeque<Bytes>) {
    let len = pieces.iter().map(Bytes::len).sum::<usize>();
    headers.remove(header::TRANSFER_ENCODING);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(len));
}

/// Answers an invocation in the runtime's place.
async fn refuse<L: Ledger, C: Clock>(
    proxy: &Proxy<L, C>,
    upstream: &mut Upstream,
    id: &str,
    door: Door,
    answer: &Response<String>,
) -> Result<(), ProxyError> {
    let path = format!("/2018-06-01/runtime/invocation/{id}/response");
    let is_streamed = match (proxy.invoke_mode, door) {
        (InvokeMode::Buffered, _) | (InvokeMode::ResponseStream, Door::LoadBalancer { .. }) => {
            false
        }
        (InvokeMode::ResponseStream, Door::Rest | Door::HttpV1 | Door::V2) => true,
    };
    let request = if is_streamed {
        let body = Body::from(answer::streamed(answer, door));
        let mut request = own_request(Method::POST, &path, body)?;
        let headers = request.headers_mut();
        headers.insert(RESPONSE_MODE, HeaderValue::from_static("streaming"));
        headers.insert(header::CONTENT_TYPE, INTEGRATION_RESPONSE);
        headers.insert(
            header::TRANSFER_ENCODING,
            HeaderValue::from_static("chunked"),
        );
        request
    } else {
        let body = Body::from(answer::proxy_result(answer, door));
        let mut request = own_request(Method::POST, &path, body)?;
        request.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        request
    };
    let reply = upstream.send(request).await?;
    let status = reply.status();
    let said = Collected::read(reply.into_body(), MAX_REPLY_LEN)
        .await?
        .text;
    if !status.is_success() {
        let said = String::from_utf8_lossy(&said);
        tracing::warn!(%status, %said, "the platform did not take the answer to a request");
    }
    Ok(())
}
