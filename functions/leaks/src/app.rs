//! One message: checked, read, and each key in it disabled.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use lambda_http::{Body, Request};
use serde_json::json;
use tollgate::key::{KeyValue, LEAKED_AT};
use tollgate::store::{ApiKey, KeyChange, KeyRegistry, RegistryError};
use tollgate::time::{Clock, Timestamp};
use tracing::{error, info};

use crate::alert::{Alerts, Leak};
use crate::fetch::{Fetch, FetchError};
use crate::github::Signature;
use crate::message::{self, Feedback, Label, MAX_MESSAGE_BYTES, Match};
use crate::public_keys::{Found, PublicKeys};

const KEY_IDENTIFIER: HeaderName = HeaderName::from_static("github-public-key-identifier");
const SIGNATURE: HeaderName = HeaderName::from_static("github-public-key-signature");

/// How many matches are worked on at a time.
const AT_A_TIME: usize = 8;

/// How long GitHub is asked to wait before it sends a message again, in seconds.
const RETRY_AFTER_S: u64 = 60;

/// Answers messages.
#[derive(Debug)]
pub struct App<S, F, A, C> {
    store: S,
    fetch: F,
    alerts: A,
    clock: C,
    public_keys: PublicKeys,
}

/// Why a message is not answered with feedback.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("only POST is answered")]
    Method,
    #[error("the message is longer than {MAX_MESSAGE_BYTES} bytes")]
    TooLong,
    #[error("the message has no signature of GitHub's")]
    NotSigned,
    #[error("the message is no list of matches")]
    NoMessage,
    #[error("the public keys of GitHub cannot be read")]
    NoKeys(#[from] FetchError),
    #[error("the table of keys does not answer")]
    Store(#[from] RegistryError),
}

impl Refusal {
    const fn status(&self) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotSigned => StatusCode::UNAUTHORIZED,
            Self::NoMessage => StatusCode::BAD_REQUEST,
            Self::NoKeys(_) | Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl<S: KeyRegistry, F: Fetch, A: Alerts, C: Clock> App<S, F, A, C> {
    /// An app that remembers no public keys yet.
    pub fn new(store: S, fetch: F, alerts: A, clock: C) -> Self {
        Self {
            store,
            fetch,
            alerts,
            clock,
            public_keys: PublicKeys::default(),
        }
    }

    /// Answers one request.
    pub async fn answer(&self, request: Request) -> Response<Body> {
        let (parts, body) = request.into_parts();
        match self.receive(&parts.method, &parts.headers, &body).await {
            Ok(feedback) => response(StatusCode::OK, feedback),
            Err(refusal) => refused(&refusal),
        }
    }

    /// The feedback, as JSON.
    async fn receive(
        &self,
        method: &Method,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<String, Refusal> {
        if *method != Method::POST {
            return Err(Refusal::Method);
        }
        if body.len() > MAX_MESSAGE_BYTES {
            return Err(Refusal::TooLong);
        }
        let now = self.clock.now();
        self.check(headers, body, now).await?;
        let matches = message::read(body).ok_or(Refusal::NoMessage)?;
        let labelling: Vec<_> = matches.iter().map(|found| self.label(found, now)).collect();
        let labelled: Vec<_> = stream::iter(labelling).buffered(AT_A_TIME).collect().await;
        // Each has come to its end by now: a key that is disabled is told of, also when the table failed for another.
        let labels: Vec<Label> = labelled.into_iter().collect::<Result<_, _>>()?;
        let keys = labels
            .iter()
            .filter(|label| **label == Label::TruePositive)
            .count();
        info!(
            matches = matches.len(),
            keys, "received a message of GitHub"
        );
        let feedback = matches.iter().zip(labels);
        let feedback: Vec<Feedback<'_>> = feedback
            .map(|(found, label)| Feedback::new(found, label))
            .collect();
        Ok(json!(feedback).to_string())
    }

    /// Whether GitHub has signed the message.
    async fn check(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<(), Refusal> {
        let field = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let signature = field(&KEY_IDENTIFIER)
            .zip(field(&SIGNATURE))
            .and_then(|(identifier, signature)| Signature::read(identifier, signature))
            .ok_or(Refusal::NotSigned)?;
        let identifier = &signature.key_identifier;
        match self.public_keys.find(identifier, &self.fetch, now).await? {
            Found::Key(key) if key.verifies(body, &signature) => Ok(()),
            Found::Key(_) | Found::Nobody => Err(Refusal::NotSigned),
        }
    }

    /// Whether a match is a key, which is disabled then.
    async fn label(&self, found: &Match, now: Timestamp) -> Result<Label, RegistryError> {
        // What has no fitting checksum is not looked for.
        let Ok(value) = KeyValue::parse(&found.token) else {
            return Ok(Label::FalsePositive);
        };
        let Some(owner) = self.store.value_owner(&value).await? else {
            return Ok(Label::FalsePositive);
        };
        let Some(key) = self.store.key_by_id(&owner.key_id).await? else {
            return Ok(Label::FalsePositive);
        };
        // Of a key that was rotated since, the values that open something are not public.
        let has_ended = owner.has_ended(&key, now);
        let is_marked = !key.enabled && key.tags.contains_key(LEAKED_AT);
        if !has_ended && !is_marked {
            self.disable(&key, found, now).await?;
        }
        Ok(Label::TruePositive)
    }

    async fn disable(
        &self,
        key: &ApiKey,
        found: &Match,
        now: Timestamp,
    ) -> Result<(), RegistryError> {
        let change = KeyChange {
            enabled: Some(false),
            tag_changes: BTreeMap::from([(LEAKED_AT.to_owned(), Some(now.rfc3339_secs()))]),
            ..KeyChange::default()
        };
        match self.store.update_key(&key.id, &change, now).await {
            Ok(key) => {
                self.alerts.leaked(&Leak {
                    key_id: &key.id,
                    key_name: &key.name,
                    customer_id: key.customer_id.as_deref(),
                    url: &found.url,
                    source: &found.source,
                });
                Ok(())
            }
            // An operator has deleted it meanwhile: it opens nothing any more.
            Err(RegistryError::NoSuchKey(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn refused(refusal: &Refusal) -> Response<Body> {
    let status = refusal.status();
    if status.is_server_error() {
        error!(
            error = refusal as &dyn std::error::Error,
            "could not work on a message of GitHub"
        );
    } else {
        info!(reason = %refusal, "refused a message");
    }
    let body = json!({"message": refusal.to_string()}).to_string();
    let mut response = response(status, body);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let retry_after = HeaderValue::from(RETRY_AFTER_S);
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, retry_after);
    }
    response
}

fn response(status: StatusCode, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
