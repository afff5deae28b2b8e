//! The registration that makes Lambda say when an environment ends.
//!
//! Without an extension Lambda kills the processes of an environment without a word, and what was charged in advance is lost to its clients.
//! An internal extension without events costs nothing: it asks for its next event once, and none ever comes.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};

use crate::body::Body;
use crate::proxy::ProxyError;
use crate::upstream::{Platform, Upstream, own_request};

const NAME: HeaderName = HeaderName::from_static("lambda-extension-name");
const IDENTIFIER: HeaderName = HeaderName::from_static("lambda-extension-identifier");

/// The name under which the layer registers. Names are unique in a function.
const OWN_NAME: HeaderValue = HeaderValue::from_static("tollgate");

/// Registers, and begins to wait. It has to happen before the runtime asks for its first event.
pub(crate) async fn register(platform: &Platform) -> Result<(), ProxyError> {
    let mut upstream = Upstream::new(platform.clone());
    let body = Body::from(Bytes::from_static(br#"{"events":[]}"#));
    let mut request = own_request(Method::POST, "/2020-01-01/extension/register", body)?;
    request.headers_mut().insert(NAME, OWN_NAME);
    request.headers_mut().insert(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    let reply = upstream.send(request).await?;
    let status = reply.status();
    let Some(identifier) = reply.headers().get(IDENTIFIER).cloned() else {
        return Err(ProxyError::NotRegistered(status));
    };
    drop(reply);
    tokio::spawn(async move {
        if let Err(error) = wait(upstream, identifier).await {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "the wait for the end of the environment broke"
            );
        }
    });
    Ok(())
}

async fn wait(mut upstream: Upstream, identifier: HeaderValue) -> Result<(), ProxyError> {
    let path = "/2020-01-01/extension/event/next";
    let mut request = own_request(Method::GET, path, Body::default())?;
    request.headers_mut().insert(IDENTIFIER, identifier);
    let _no_event_was_asked_for = upstream.send(request).await?;
    Ok(())
}
