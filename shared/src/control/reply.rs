//! What an operation answers.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use serde_json::Value;

use super::error::{ControlError, Kind};

/// The answer of an operation that was carried out.
#[derive(Debug)]
pub(super) struct Reply {
    status: StatusCode,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Empty,
    Json(Value),
    /// A document that is not an answer but what was asked for.
    Document {
        content_type: HeaderValue,
        disposition: Option<HeaderValue>,
        bytes: Bytes,
    },
}

/// What lists look like for clients that accept `application/json`.
#[derive(Serialize)]
struct Page<'a, T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<&'a str>,
    item: &'a [T],
}

impl Reply {
    /// A body in JSON.
    pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Result<Self, ControlError> {
        let body = serde_json::to_value(body)
            .map_err(|error| ControlError::new(Kind::Internal, error.to_string()))?;
        Ok(Self {
            status,
            body: Body::Json(body),
        })
    }

    /// 200 with a body in JSON.
    pub(super) fn ok(body: &impl Serialize) -> Result<Self, ControlError> {
        Self::json(StatusCode::OK, body)
    }

    /// 201 with a body in JSON.
    pub(super) fn created(body: &impl Serialize) -> Result<Self, ControlError> {
        Self::json(StatusCode::CREATED, body)
    }

    /// 200 with a page of a list; `position` is where the next one starts.
    pub(super) fn page(
        entries: &[impl Serialize],
        position: Option<&str>,
    ) -> Result<Self, ControlError> {
        Self::ok(&Page {
            position,
            item: entries,
        })
    }

    /// No body.
    pub(super) const fn empty(status: StatusCode) -> Self {
        Self {
            status,
            body: Body::Empty,
        }
    }

    /// 200 with a document of another kind.
    pub(super) const fn document(
        content_type: HeaderValue,
        disposition: Option<HeaderValue>,
        bytes: Bytes,
    ) -> Self {
        Self {
            status: StatusCode::OK,
            body: Body::Document {
                content_type,
                disposition,
                bytes,
            },
        }
    }

    pub(super) fn into_response(self) -> Response<Bytes> {
        const DISPOSITION: HeaderName = header::CONTENT_DISPOSITION;
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = self.status;
        let json = HeaderValue::from_static("application/json");
        match self.body {
            Body::Empty => {}
            Body::Json(body) => {
                *response.body_mut() = Bytes::from(body.to_string());
                response.headers_mut().insert(header::CONTENT_TYPE, json);
            }
            Body::Document {
                content_type,
                disposition,
                bytes,
            } => {
                *response.body_mut() = bytes;
                let headers = response.headers_mut();
                headers.insert(header::CONTENT_TYPE, content_type);
                if let Some(disposition) = disposition {
                    headers.insert(DISPOSITION, disposition);
                }
            }
        }
        response
    }
}
