//! Asking GitHub for its public keys.

use std::future::Future;
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, Uri, header};
use tollgate::outbound::{Outbound, OutboundError};

/// The longest wait for the keys: GitHub waits 30 s for the answer to its message.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The longest list of keys, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// Where the public keys come from.
pub trait Fetch: Send + Sync + 'static {
    /// The list as JSON.
    ///
    /// # Errors
    ///
    /// When it cannot be had.
    fn fetch(&self) -> impl Future<Output = Result<Bytes, FetchError>> + Send;
}

/// Why there are no public keys.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No connection, no answer in time, or none that can be read.
    #[error(transparent)]
    NoAnswer(#[from] OutboundError),
    /// Another status than 200.
    #[error("status {0}")]
    Status(u16),
    /// The answer is no list of keys.
    #[error("the answer is no list of public keys")]
    NoList,
}

/// A URL that the keys are not fetched from.
#[derive(Debug, thiserror::Error)]
pub enum InvalidUrl {
    /// It is not encrypted, and not on this machine.
    #[error("the URL of the public keys has to begin with https://")]
    NotHttps,
    /// No certificates, or no TLS.
    #[error(transparent)]
    NoTls(#[from] OutboundError),
}

/// Fetches over HTTPS; over HTTP from this machine, for tests.
#[derive(Debug)]
pub struct HttpsFetch {
    uri: Uri,
    outbound: Outbound,
}

impl HttpsFetch {
    /// Fetches from `url`.
    ///
    /// # Errors
    ///
    /// When the URL is no `https` one, or the machine has no certificates.
    pub fn new(url: &str) -> Result<Self, InvalidUrl> {
        let uri: Uri = url.parse().map_err(|_no_uri| InvalidUrl::NotHttps)?;
        match (uri.scheme_str(), uri.host()) {
            (Some("https"), Some(_)) => {}
            (Some("http"), Some(host)) if is_loopback(host) => {}
            _ => return Err(InvalidUrl::NotHttps),
        }
        let outbound = Outbound::new()?.with_answers_up_to(MAX_BYTES);
        Ok(Self { uri, outbound })
    }
}

impl Fetch for HttpsFetch {
    async fn fetch(&self) -> Result<Bytes, FetchError> {
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        // GitHub refuses requests without one.
        let agent = HeaderValue::from_static("tollgate");
        headers.insert(header::USER_AGENT, agent);
        let json = HeaderValue::from_static("application/vnd.github+json");
        headers.insert(header::ACCEPT, json);
        let answer = self.outbound.send(request, TIMEOUT).await?;
        if answer.status != StatusCode::OK {
            return Err(FetchError::Status(answer.status.as_u16()));
        }
        Ok(answer.body)
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_over_https_or_from_this_machine() {
        for url in [
            "https://api.github.com/meta/public_keys/secret_scanning",
            "http://127.0.0.1:9/keys",
            "http://[::1]/keys",
        ] {
            assert!(HttpsFetch::new(url).is_ok(), "{url}");
        }
        for url in [
            "",
            "/keys",
            "http://api.github.com/",
            "http://127.0.0.1.example.com/",
            "ftp://127.0.0.1/",
        ] {
            let refused = HttpsFetch::new(url);
            assert!(matches!(refused, Err(InvalidUrl::NotHttps)), "{url}");
        }
    }
}
