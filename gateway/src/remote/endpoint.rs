//! The URL of a management API.

use std::fmt;

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Uri, uri};

use crate::local;

/// What stands between the id and the region in the host of a function URL.
const FUNCTION_URL: &str = ".lambda-url.";

/// What the hosts of function URLs end with.
const AWS: &str = ".on.aws";

/// Scheme and host of a management API, without a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    scheme: Scheme,
    authority: Authority,
}

/// Why a text is not the URL of a management API.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// It is no URL, or has another scheme than `http` and `https`.
    #[error("`{0}` is not the URL of a management API")]
    Malformed(String),
    /// It has a path or a query: the paths are the API's own.
    #[error("`{0}` has more than a host: the paths of the management API are put after it")]
    HasPath(String),
    /// It names a user or a password, which would end up in messages.
    #[error("the URL of a management API has no user and no password: requests are signed")]
    HasUser,
    /// It leads to another machine without encryption.
    #[error("`{0}` is not encrypted, and only this machine is asked without encryption")]
    NotEncrypted(String),
}

impl Endpoint {
    /// Reads a URL such as `https://abc123.lambda-url.eu-west-1.on.aws/`, or `http://127.0.0.1:3100`.
    ///
    /// # Errors
    ///
    /// When it is no URL with a scheme and a host, has a user, a path or a query, or is not encrypted and leads to another machine.
    pub fn parse(url: &str) -> Result<Self, InvalidUrl> {
        let malformed = || InvalidUrl::Malformed(url.to_owned());
        let parts = url
            .parse::<Uri>()
            .map_err(|_no_uri| malformed())?
            .into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(malformed());
        };
        if authority.as_str().contains('@') {
            return Err(InvalidUrl::HasUser);
        }
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err(malformed());
        }
        if parts.path_and_query.is_some_and(|path| path != "/") {
            return Err(InvalidUrl::HasPath(url.to_owned()));
        }
        let endpoint = Self { scheme, authority };
        if endpoint.scheme == Scheme::HTTP && !endpoint.is_loopback() {
            return Err(InvalidUrl::NotEncrypted(url.to_owned()));
        }
        Ok(endpoint)
    }

    /// Whether it is on this machine.
    pub fn is_loopback(&self) -> bool {
        local::is_loopback(self.authority.host())
    }

    /// The region in the host of a function URL. `None` for every other host.
    pub fn region(&self) -> Option<&str> {
        let (_id, rest) = self.authority.host().split_once(FUNCTION_URL)?;
        let region = rest.strip_suffix(AWS)?;
        (!region.is_empty() && !region.contains('.')).then_some(region)
    }

    /// The whole URI of a path there.
    ///
    /// # Errors
    ///
    /// When the path could not stand in a URI.
    pub fn uri(&self, path: PathAndQuery) -> Result<Uri, http::Error> {
        uri::Builder::new()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(path)
            .build()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_url_names_its_region() {
        let region = |url| Endpoint::parse(url).unwrap().region().map(str::to_owned);
        let url = "https://abc123.lambda-url.eu-west-1.on.aws/";
        assert_eq!(region(url).as_deref(), Some("eu-west-1"));
        for other in [
            "https://api.example.com",
            "https://abc123.lambda-url.on.aws",
            "https://abc123.lambda-url.eu-west-1.on.aws.example.com",
            "http://127.0.0.1:3100",
        ] {
            assert_eq!(region(other), None, "{other}");
        }
    }

    #[test]
    fn only_this_machine_is_asked_without_encryption() {
        for url in [
            "http://127.0.0.1:3100",
            "http://localhost",
            "http://[::1]:1",
        ] {
            assert!(Endpoint::parse(url).unwrap().is_loopback(), "{url}");
        }
        for url in ["http://example.com", "http://127.0.0.1.example.com"] {
            let refused = InvalidUrl::NotEncrypted(url.to_owned());
            assert_eq!(Endpoint::parse(url), Err(refused));
        }
    }

    #[test]
    fn what_is_no_url_of_an_api_is_refused() {
        for url in [
            "",
            "abc123",
            "localhost:3100",
            "ftp://localhost",
            "https://",
            "a b",
        ] {
            let refused = InvalidUrl::Malformed(url.to_owned());
            assert_eq!(Endpoint::parse(url), Err(refused));
        }
        for url in ["https://example.com/apikeys", "https://example.com/?a=b"] {
            let refused = InvalidUrl::HasPath(url.to_owned());
            assert_eq!(Endpoint::parse(url), Err(refused));
        }
        let refused = Endpoint::parse("https://joe:secret@example.com").unwrap_err();
        assert!(!refused.to_string().contains("secret"));
    }
}
