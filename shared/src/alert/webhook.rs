//! The request to a webhook.

use std::fmt;

use http::{HeaderName, HeaderValue, Method, Request, Uri, header};

use super::{Message, SIGNATURE_FIELD, WeakSecret, WebhookSecret};
use crate::time::Timestamp;

/// The header field that has the alert's id.
pub const ALERT_ID_FIELD: &str = "tollgate-alert-id";

/// A URL that is told of alerts, and the secret that it shares with the sender. Its `Debug` shows neither: many such URLs are secrets.
#[derive(Clone)]
pub struct Webhook {
    url: Uri,
    secret: WebhookSecret,
}

/// Why a webhook cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWebhook {
    /// It is no URL of a server.
    #[error("the webhook's URL has to start with https:// or http://, and name a host")]
    Url,
    /// The secret is too short.
    #[error(transparent)]
    Secret(#[from] WeakSecret),
}

impl Webhook {
    /// Takes a URL with `https` or `http`, and the secret.
    ///
    /// # Errors
    ///
    /// When the URL names no server, or the secret is too short.
    pub fn new(url: &str, secret: &[u8]) -> Result<Self, InvalidWebhook> {
        let url: Uri = url.parse().map_err(|_no_uri| InvalidWebhook::Url)?;
        let has_host = url.host().is_some_and(|host| !host.is_empty());
        match url.scheme_str() {
            Some("https" | "http") if has_host => Ok(Self {
                url,
                secret: WebhookSecret::new(secret)?,
            }),
            Some(_) | None => Err(InvalidWebhook::Url),
        }
    }

    /// The request that tells of an alert, signed for `now`.
    ///
    /// # Errors
    ///
    /// Never, as far as is known: everything in it can be sent.
    pub fn request(
        &self,
        message: &Message,
        now: Timestamp,
    ) -> Result<Request<String>, Box<dyn std::error::Error + Send + Sync>> {
        let body = message.to_json()?;
        let signature = self.secret.sign(now, body.as_bytes());
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.url.clone();
        let fields = request.headers_mut();
        let json = HeaderValue::from_static("application/json");
        fields.insert(header::CONTENT_TYPE, json);
        fields.insert(header::USER_AGENT, HeaderValue::from_static("tollgate"));
        fields.insert(
            HeaderName::from_static(SIGNATURE_FIELD),
            HeaderValue::from_str(&signature)?,
        );
        fields.insert(
            HeaderName::from_static(ALERT_ID_FIELD),
            HeaderValue::from_str(&message.id)?,
        );
        Ok(request)
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Webhook(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_urls_of_servers_are_webhooks_and_none_is_shown() {
        let secret = b"0123456789abcdef";
        let hook = Webhook::new("https://hooks.example.com/T0/secret", secret).unwrap();
        assert_eq!(format!("{hook:?}"), "Webhook(..)");
        assert!(Webhook::new("http://127.0.0.1:9/", secret).is_ok());
        for url in [
            "",
            "hooks.example.com",
            "/path",
            "ftp://example.com/",
            "https:///x",
        ] {
            let refused = Webhook::new(url, secret).unwrap_err();
            assert_eq!(refused, InvalidWebhook::Url, "{url}");
        }
        assert!(Webhook::new("https://example.com/", b"short").is_err());
    }
}
