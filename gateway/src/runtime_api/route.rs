//! The paths of the Runtime API.

use http::Method;

/// What every path starts with.
const PREFIX: &str = "/2018-06-01/runtime/";

/// A call that a process may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route<'a> {
    /// `GET /runtime/invocation/next`.
    Next,
    /// `POST /runtime/invocation/{request id}/response`.
    Response(&'a str),
    /// `POST /runtime/invocation/{request id}/error`.
    Error(&'a str),
    /// `POST /runtime/init/error`.
    InitError,
}

/// Why a request is none of the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RouteError {
    /// No call has this path.
    UnknownPath,
    /// The path has another method.
    WrongMethod,
}

/// Finds the call for a request line.
pub(super) fn route<'a>(method: &Method, path: &'a str) -> Result<Route<'a>, RouteError> {
    let rest = path.strip_prefix(PREFIX).ok_or(RouteError::UnknownPath)?;
    let mut segments = rest.split('/');
    let found = match (
        segments.next(),
        segments.next(),
        segments.next(),
        segments.next(),
    ) {
        (Some("invocation"), Some("next"), None, None) => Route::Next,
        (Some("invocation"), Some(request_id), Some("response"), None) => {
            Route::Response(request_id)
        }
        (Some("invocation"), Some(request_id), Some("error"), None) => Route::Error(request_id),
        (Some("init"), Some("error"), None, None) => Route::InitError,
        _ => return Err(RouteError::UnknownPath),
    };
    let expected = match found {
        Route::Next => Method::GET,
        Route::Response(_) | Route::Error(_) | Route::InitError => Method::POST,
    };
    if *method == expected {
        Ok(found)
    } else {
        Err(RouteError::WrongMethod)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_each_call() {
        let calls = [
            (Method::GET, "invocation/next", Route::Next),
            (
                Method::POST,
                "invocation/a-1/response",
                Route::Response("a-1"),
            ),
            (Method::POST, "invocation/a-1/error", Route::Error("a-1")),
            (Method::POST, "init/error", Route::InitError),
        ];
        for (method, rest, expected) in calls {
            assert_eq!(route(&method, &format!("{PREFIX}{rest}")), Ok(expected));
        }
    }

    #[test]
    fn refuses_other_paths_and_methods() {
        for path in [
            "/",
            "",
            "/2018-06-01/runtime",
            "/2018-06-01/runtime/invocation/next/",
            "/2018-06-01/runtime/invocation/a/b/response",
            "/2020-01-01/runtime/invocation/next",
        ] {
            assert_eq!(route(&Method::GET, path), Err(RouteError::UnknownPath));
        }
        let next = "/2018-06-01/runtime/invocation/next";
        assert_eq!(route(&Method::POST, next), Err(RouteError::WrongMethod));
    }
}
