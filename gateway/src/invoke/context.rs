//! What accompanies an event.

use http::HeaderValue;

/// What accompanies an event.
#[derive(Clone, Debug)]
pub struct InvocationContext {
    pub(super) request_id: HeaderValue,
    pub(super) trace_id: Option<HeaderValue>,
}

/// An id that cannot stand in a Runtime API path or header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// The request id is empty, longer than 128 characters, or has other characters than ASCII letters, digits, `-`, `_`.
    #[error("a request id has 1 to 128 ASCII letters, digits, hyphens and underscores; use a UUID")]
    RequestId,
    /// The trace id has characters that a header cannot carry.
    #[error("a trace id has visible ASCII characters only")]
    TraceId,
}

impl InvocationContext {
    /// The context of an invocation with this request id, a UUID as on AWS.
    ///
    /// # Errors
    ///
    /// [`ContextError::RequestId`] when it cannot stand in a path.
    pub fn new(request_id: &str) -> Result<Self, ContextError> {
        let plain = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
        if !(1..=128).contains(&request_id.len()) || !request_id.bytes().all(plain) {
            return Err(ContextError::RequestId);
        }
        let Ok(request_id) = HeaderValue::from_str(request_id) else {
            return Err(ContextError::RequestId);
        };
        Ok(Self {
            request_id,
            trace_id: None,
        })
    }

    /// Adds the X-Ray trace id, `Root=1-…`.
    ///
    /// # Errors
    ///
    /// [`ContextError::TraceId`] when it cannot stand in a header.
    pub fn with_trace_id(self, trace_id: &str) -> Result<Self, ContextError> {
        let Ok(trace_id) = HeaderValue::from_str(trace_id) else {
            return Err(ContextError::TraceId);
        };
        Ok(Self {
            trace_id: Some(trace_id),
            ..self
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_request_ids_that_would_change_the_path() {
        for id in ["", "a/b", "a b", "ä", "a\r\nb", "?", &"x".repeat(129)] {
            assert_eq!(
                InvocationContext::new(id).unwrap_err(),
                ContextError::RequestId
            );
        }
    }
}
