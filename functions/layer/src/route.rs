//! What a call of the runtime is.

use http::Method;

/// The calls that are more to this layer than something to pass on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call<'a> {
    /// It asks for an event.
    Next,
    /// It answers the invocation with this id.
    Response(&'a str),
    /// The function has failed.
    Error(&'a str),
    /// It waits until its process runs as a copy.
    Restored,
    /// Anything else: other parts of the Runtime API, the APIs of extensions, and what there will be.
    Other,
}

impl<'a> Call<'a> {
    pub(crate) fn of(method: &Method, path: &'a str) -> Self {
        let Some(path) = path.strip_prefix("/2018-06-01/runtime/") else {
            return Self::Other;
        };
        let segments: [Option<&str>; 4] = {
            let mut segments = path.split('/');
            [(); 4].map(|()| segments.next())
        };
        match (method, segments) {
            (&Method::GET, [Some("invocation"), Some("next"), None, None]) => Self::Next,
            (&Method::GET, [Some("restore"), Some("next"), None, None]) => Self::Restored,
            (&Method::POST, [Some("invocation"), Some(id), Some("response"), None]) => {
                Self::Response(id)
            }
            (&Method::POST, [Some("invocation"), Some(id), Some("error"), None]) => Self::Error(id),
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_paths_are_known() {
        let known = [
            (
                Method::GET,
                "/2018-06-01/runtime/invocation/next",
                Call::Next,
            ),
            (
                Method::GET,
                "/2018-06-01/runtime/restore/next",
                Call::Restored,
            ),
            (
                Method::POST,
                "/2018-06-01/runtime/invocation/a-1/response",
                Call::Response("a-1"),
            ),
            (
                Method::POST,
                "/2018-06-01/runtime/invocation/a-1/error",
                Call::Error("a-1"),
            ),
        ];
        for (method, path, call) in known {
            assert_eq!(Call::of(&method, path), call);
            assert_eq!(Call::of(&Method::PUT, path), Call::Other);
            assert_eq!(Call::of(&method, &format!("{path}/x")), Call::Other);
        }
        for path in [
            "/2018-06-01/runtime/init/error",
            "/2018-06-01/runtime/restore/error",
            "/2020-01-01/extension/register",
            "/2022-07-01/telemetry",
            "/",
        ] {
            assert_eq!(Call::of(&Method::POST, path), Call::Other);
        }
    }
}
