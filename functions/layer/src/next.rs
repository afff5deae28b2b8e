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
use crate::asks::ask;
use crate::body::Body;
use crate::collected::Collected;
use crate::config::InvokeMode;
use crate::event::{Door, Event};
use crate::in_flight::{Arrival, Invocation};
use crate::kept::Delivery;
use crate::proxy::{Proxy, ProxyError};
use crate::told;
use crate::upstream::{Upstream, own_request, passed_on};

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
    upstream: Upstream,
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
    let mut connection = Some(upstream);
    loop {
        if let Some(event) = proxy.kept.take() {
            return Ok((event, connected(proxy, connection)));
        }
        let left = proxy.asks.take_over();
        let is_taken_over = left.is_some();
        let mut asking = left.unwrap_or_else(|| {
            let request = Request::from_parts(head.clone(), Body::default());
            ask(connected(proxy, connection.take()), request)
        });
        let asked = tokio::select! {
            biased;
            asked = &mut asking => Some(asked),
            event = proxy.kept.next() => {
                proxy.asks.leave(asking);
                return Ok((event, connected(proxy, connection)));
            }
            () = proxy.closed() => None,
        };
        let Some((answered, upstream)) = asked else {
            // The platform sends no event where nobody asks. The runtime waits for the end of the process, as it would without a layer.
            drop(asking);
            return std::future::pending().await;
        };
        let answered = match answered {
            // It has waited for nobody, for however long.
            Err(_broken) if is_taken_over => continue,
            answered => answered?,
        };
        if answered.status() != StatusCode::OK {
            return Ok((answered.map(Body::from), upstream));
        }
        let (delivery, upstream) = decided(proxy, upstream, answered).await?;
        if let Some(event) = delivery.and_then(Delivery::take) {
            return Ok((event, upstream));
        }
        connection = Some(upstream);
    }
}

/// The connection to the platform, or a new one.
fn connected<L, C>(proxy: &Proxy<L, C>, connection: Option<Upstream>) -> Upstream {
    connection.unwrap_or_else(|| Upstream::new(proxy.platform.clone()))
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
    let message = proxy.in_flight.begin();
    let proxy = Arc::clone(proxy);
    let deciding = tokio::spawn(async move {
        let _message = message;
        let task = Arc::clone(&proxy);
        let handling = tokio::spawn(async move {
            let delivery = handle(&task, &mut upstream, head, body).await;
            (delivery, upstream)
        });
        match handling.await {
            Ok((delivery, upstream)) => Ok((delivery?, upstream)),
            Err(panicked) => {
                tracing::error!(error = %panicked, "a request could not be decided");
                let mut upstream = connected(&proxy, None);
                let failed = fail(&mut upstream, &id).await;
                let _nobody_is_given_it = proxy.in_flight.take(&id);
                failed.map(|()| (None, upstream))
            }
        }
    });
    deciding.await?
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
    post(upstream, request).await
}

/// Sends an answer of this layer's own, and hears what the platform says of it.
async fn post(upstream: &mut Upstream, request: Request<Body>) -> Result<(), ProxyError> {
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

/// The event for the runtime; `None` when it was answered here, or is another's.
async fn handle<L: Ledger, C: Clock>(
    proxy: &Arc<Proxy<L, C>>,
    upstream: &mut Upstream,
    mut head: http::response::Parts,
    body: Incoming,
) -> Result<Option<Delivery>, ProxyError> {
    // The platform bounds events.
    let text = Collected::read(body, usize::MAX).await?.text;
    let id: Box<str> = request_id(&head)?.into();
    let event = Event::read(&text);
    let given = loop {
        match proxy.in_flight.arrive(&id) {
            Arrival::New => match decide(proxy, upstream, &id, &event).await {
                Ok(Some(given)) => break given,
                other => {
                    let _nobody_is_given_it = proxy.in_flight.take(&id);
                    return other.map(|_refused| None);
                }
            },
            Arrival::BeingDecided => proxy.in_flight.decided(&id).await,
            Arrival::Again(given) => {
                proxy.kept.forget(&id);
                break given;
            }
            Arrival::Answered => return Ok(None),
        }
    };
    let pieces = match (&event, &given) {
        (Event::Http(request), Some(invocation)) => {
            told::tell(&text, request, &invocation.allowance)
        }
        (Event::Http(_) | Event::Other | Event::Unreadable(_), _) => VecDeque::from([text.clone()]),
    };
    passed_on(&mut head.headers);
    set_len(&mut head.headers, &pieces);
    let event = Response::from_parts(head, Body::new(pieces));
    Ok(Some(Delivery::new(id, event, Arc::clone(&proxy.kept))))
}

/// What the runtime is given of an event that nobody has decided yet: its request, or nothing of what is none. `None` when it was answered
/// here.
async fn decide<L: Ledger, C: Clock>(
    proxy: &Proxy<L, C>,
    upstream: &mut Upstream,
    id: &str,
    event: &Event<'_>,
) -> Result<Option<Option<Arc<Invocation>>>, ProxyError> {
    match proxy.plans.check(event).await {
        Checked::Pass(allowance) => {
            let given = match event {
                Event::Other | Event::Unreadable(_) => None,
                Event::Http(request) => Some(Arc::new(Invocation {
                    door: request.door,
                    allowance,
                })),
            };
            proxy.in_flight.give(id, given.clone());
            Ok(Some(given))
        }
        Checked::Answered(answer) => {
            let door = match event {
                Event::Http(request) => request.door,
                Event::Unreadable(door) => *door,
                Event::Other => Door::V2,
            };
            refuse(proxy, upstream, id, door, &answer).await?;
            Ok(None)
        }
    }
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
    post(upstream, request).await
}
