//! `POST /runtime/invocation/ID/response`: what is added to a function's answer.

use std::collections::VecDeque;

use bytes::Bytes;
use http::{Request, header};
use hyper::body::Incoming;
use tollgate::store::Ledger;
use tollgate::time::Clock;

use crate::answer::{DELIMITER, Head};
use crate::body::Body;
use crate::collected::Collected;
use crate::event::Door;
use crate::in_flight::Invocation;
use crate::next::{INTEGRATION_RESPONSE, RESPONSE_MODE, set_len};
use crate::proxy::{Proxy, ProxyError};

/// The longest answer that is read, in bytes: Lambda takes 6 MB. A longer one passes as it is, to be refused there.
const MAX_ANSWER_LEN: usize = 8 * 1024 * 1024;

/// The longest result that Lambda takes, in bytes.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html> says 6 MB, and its error texts this number.
const MAX_RESULT_LEN: usize = 6_291_556;

/// The longest result that a load balancer takes, in bytes: 1 MB.
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html>
const MAX_BALANCED_LEN: usize = 1024 * 1024;

/// The longest head of a streamed answer that is read, in bytes.
const MAX_HEAD_LEN: usize = 64 * 1024;

/// The answer as the platform gets it.
pub(crate) async fn finished<L: Ledger, C: Clock>(
    proxy: &Proxy<L, C>,
    invocation: &Invocation,
    request: Request<Incoming>,
) -> Result<Request<Body>, ProxyError> {
    let (mut head, body) = request.into_parts();
    let is = |name, expected: &str| {
        let value = head.headers.get(name);
        value.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(expected.as_bytes()))
    };
    let is_streamed = is(RESPONSE_MODE, "streaming");
    let has_head = head
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.as_bytes().split(|byte| *byte == b';').next())
        .is_some_and(|kind| {
            kind.trim_ascii()
                .eq_ignore_ascii_case(INTEGRATION_RESPONSE.as_bytes())
        });
    if is_streamed && !has_head {
        return Ok(Request::from_parts(head, Body::from(body)));
    }
    let body = if is_streamed {
        let read = Collected::read_until(body, MAX_HEAD_LEN, |text| delimiter(text).is_some());
        let begun = read.await?;
        if let Some(pieces) = finished_head(proxy, invocation, &begun.text).await {
            head.headers.remove(header::CONTENT_LENGTH);
            begun.with(pieces)
        } else {
            tracing::warn!("the head of a streamed answer cannot be read: it passes as it is");
            begun.unchanged()
        }
    } else {
        let whole = Collected::read(body, MAX_ANSWER_LEN).await?;
        match finished_result(proxy, invocation, &whole).await {
            Some(pieces) => {
                set_len(&mut head.headers, &pieces);
                whole.with(pieces)
            }
            None => whole.unchanged(),
        }
    };
    Ok(Request::from_parts(head, body))
}

/// `None` when the answer has to stay as it is.
async fn finished_result<L: Ledger, C: Clock>(
    proxy: &Proxy<L, C>,
    invocation: &Invocation,
    whole: &Collected,
) -> Option<VecDeque<Bytes>> {
    if !whole.is_whole() {
        return None;
    }
    let head = Head::of_result(&whole.text)?;
    let plain = head.plain(invocation.door);
    let pieces = finish(proxy, invocation, head).await;
    let most = match invocation.door {
        Door::Rest | Door::HttpV1 | Door::V2 => MAX_RESULT_LEN,
        Door::LoadBalancer { .. } => MAX_BALANCED_LEN,
    };
    let is_too_long =
        |pieces: &VecDeque<Bytes>| pieces.iter().map(Bytes::len).sum::<usize>() > most;
    // An answer that is taken must not become one that is not.
    if is_too_long(&pieces) && !is_too_long(&plain) {
        return Some(plain);
    }
    Some(pieces)
}

async fn finished_head<L: Ledger, C: Clock>(
    proxy: &Proxy<L, C>,
    invocation: &Invocation,
    begun: &Bytes,
) -> Option<VecDeque<Bytes>> {
    let mut rest = begun.clone();
    let text = rest.split_to(delimiter(begun)?);
    let head = Head::of_streamed(&text)?;
    let mut pieces = finish(proxy, invocation, head).await;
    pieces.push_back(rest);
    Some(pieces)
}

async fn finish<L: Ledger, C: Clock>(
    proxy: &Proxy<L, C>,
    invocation: &Invocation,
    head: Head<'_>,
) -> VecDeque<Bytes> {
    let mut fields = head.said();
    let metered = invocation.allowance.metered();
    proxy.plans.finish(&mut fields, metered).await;
    head.with(&fields, invocation.door)
}

/// Where the head ends, when it is not too long.
fn delimiter(text: &[u8]) -> Option<usize> {
    let mut windows = text.windows(DELIMITER.len()).take(MAX_HEAD_LEN);
    windows.position(|window| window == DELIMITER)
}
