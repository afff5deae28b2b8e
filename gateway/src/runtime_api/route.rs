//! The paths of the Runtime API and of the Extensions API.

use http::Method;

/// What every path of the Runtime API starts with.
const PREFIX: &str = "/2018-06-01/runtime/";

/// What every path of the Extensions API starts with.
const EXTENSION_PREFIX: &str = "/2020-01-01/extension/";

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
    /// `POST /extension/register`.
    Register,
    /// `GET /extension/event/next`.
    NextEvent,
    /// `POST /extension/init/error` and `POST /extension/exit/error`.
    ExtensionError,
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
    let found = match path.strip_prefix(PREFIX) {
        Some(rest) => of_runtime(rest),
        None => path.strip_prefix(EXTENSION_PREFIX).and_then(of_extensions),
    };
    let found = found.ok_or(RouteError::UnknownPath)?;
    let expected = match found {
        Route::Next | Route::NextEvent => Method::GET,
        Route::Response(_)
        | Route::Error(_)
        | Route::InitError
        | Route::Register
        | Route::ExtensionError => Method::POST,
    };
    if *method == expected {
        Ok(found)
    } else {
        Err(RouteError::WrongMethod)
    }
}

fn of_runtime(rest: &str) -> Option<Route<'_>> {
    let mut segments = rest.split('/');
    let segments = (
        segments.next(),
        segments.next(),
        segments.next(),
        segments.next(),
    );
    match segments {
        (Some("invocation"), Some("next"), None, None) => Some(Route::Next),
        (Some("invocation"), Some(request_id), Some("response"), None) => {
            Some(Route::Response(request_id))
        }
        (Some("invocation"), Some(request_id), Some("error"), None) => {
            Some(Route::Error(request_id))
        }
        (Some("init"), Some("error"), None, None) => Some(Route::InitError),
        _ => None,
    }
}

fn of_extensions(rest: &str) -> Option<Route<'_>> {
    match rest {
        "register" => Some(Route::Register),
        "event/next" => Some(Route::NextEvent),
        "init/error" | "exit/error" => Some(Route::ExtensionError),
        _ => None,
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
        let calls = [
            (Method::POST, "register", Route::Register),
            (Method::GET, "event/next", Route::NextEvent),
            (Method::POST, "init/error", Route::ExtensionError),
            (Method::POST, "exit/error", Route::ExtensionError),
        ];
        for (method, rest, expected) in calls {
            let path = format!("{EXTENSION_PREFIX}{rest}");
            assert_eq!(route(&method, &path), Ok(expected));
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
            "/2020-01-01/extension/event/next/",
        ] {
            assert_eq!(route(&Method::GET, path), Err(RouteError::UnknownPath));
        }
        let next = "/2018-06-01/runtime/invocation/next";
        assert_eq!(route(&Method::POST, next), Err(RouteError::WrongMethod));
    }
}
