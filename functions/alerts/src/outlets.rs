//! Who is told: an event bus and a webhook, as far as there are any.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Uri, header};
use serde_json::{Value, json};
use tollgate::alert::{Channel, Message, SOURCE, Webhook};
use tollgate::alerting::{Tell, Untold};
use tollgate::outbound::{Outbound, OutboundAnswer, OutboundError, Service, Signer};
use tollgate::time::Clock;

use crate::config::{Config, EventBus};

/// The longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The operation of EventBridge.
const PUT_EVENTS: HeaderValue = HeaderValue::from_static("AWSEvents.PutEvents");
const TARGET: &str = "x-amz-target";
const JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.1");

/// The event bus and the webhook of the function's settings.
pub struct Outlets<C> {
    clock: C,
    channels: Vec<Channel>,
    outbound: Outbound,
    signer: Signer,
    event_bus: Option<EventBus>,
    webhook: Option<Webhook>,
}

impl<C: Clock> Outlets<C> {
    /// Those of `config`. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When there are no certificates, no region or no credentials.
    pub fn new(
        sdk_config: &aws_config::SdkConfig,
        clock: C,
        config: &Config,
    ) -> Result<Self, OutboundError> {
        let event = config.event_bus.as_ref().map(|_| Channel::Event);
        let webhook = config.webhook.as_ref().map(|_| Channel::Webhook);
        Ok(Self {
            clock,
            channels: event.into_iter().chain(webhook).collect(),
            outbound: Outbound::new()?,
            signer: Signer::new(sdk_config)?,
            event_bus: config.event_bus.clone(),
            webhook: config.webhook.clone(),
        })
    }

    async fn put_event(&self, bus: &EventBus, message: &Message) -> Result<(), Untold> {
        let detail = message.to_json().map_err(untold)?;
        let entry = json!({
            "Source": SOURCE,
            "DetailType": message.detail_type(),
            "Detail": detail,
            "EventBusName": bus.name,
        });
        let body = json!({ "Entries": [entry] }).to_string();
        let mut request = Request::new(Bytes::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = endpoint(&bus.endpoint).map_err(untold)?;
        let fields = request.headers_mut();
        fields.insert(header::CONTENT_TYPE, JSON);
        fields.insert(TARGET, PUT_EVENTS);
        let now = self.clock.now();
        let signed = self.signer.sign(Service::Events, &mut request, now);
        signed.await.map_err(untold)?;
        let answer = self.send(request).await?;
        // An entry may be refused although the request was taken.
        let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if told.get("FailedEntryCount").and_then(Value::as_u64) == Some(0) {
            return Ok(());
        }
        let code = told.pointer("/Entries/0/ErrorCode").and_then(Value::as_str);
        let code = code.unwrap_or("no code");
        Err(Untold::new(format!(
            "EventBridge refused the event: {code}"
        )))
    }

    async fn call(&self, webhook: &Webhook, message: &Message) -> Result<(), Untold> {
        let request = webhook.request(message, self.clock.now()).map_err(untold)?;
        let request = request.map(Bytes::from);
        self.send(request).await.map(|_answer| ())
    }

    async fn send(&self, request: Request<Bytes>) -> Result<OutboundAnswer, Untold> {
        let answer = self.outbound.send(request, PATIENCE).await;
        let answer = answer.map_err(untold)?;
        if answer.status.is_success() {
            Ok(answer)
        } else {
            Err(Untold::new(format!("status {}", answer.status.as_u16())))
        }
    }
}

/// The URL with a path.
fn endpoint(url: &str) -> Result<Uri, http::uri::InvalidUri> {
    format!("{}/", url.trim_end_matches('/')).parse()
}

fn untold(error: impl fmt::Display) -> Untold {
    Untold::new(error.to_string())
}

impl<C: Clock> Tell for Outlets<C> {
    fn channels(&self) -> &[Channel] {
        &self.channels
    }

    async fn tell(&self, channel: Channel, message: &Message) -> Result<(), Untold> {
        match (channel, &self.event_bus, &self.webhook) {
            (Channel::Event, Some(bus), _) => self.put_event(bus, message).await,
            (Channel::Webhook, _, Some(webhook)) => self.call(webhook, message).await,
            (Channel::Event, None, _) | (Channel::Webhook, _, None) => {
                Err(Untold::new("there is no such channel here"))
            }
        }
    }
}

impl<C> fmt::Debug for Outlets<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outlets")
            .field("channels", &self.channels)
            .field("event_bus", &self.event_bus)
            .finish_non_exhaustive()
    }
}
