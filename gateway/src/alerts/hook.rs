//! The webhook of a gateway, if it has one.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;
use tollgate::alert::{Channel, Message, Webhook};
use tollgate::alerting::{Tell, Untold};
use tollgate::time::{Clock as _, SystemClock};

use crate::http_client::{HttpClient, SendError};

/// The longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

const WEBHOOK_ALONE: [Channel; 1] = [Channel::Webhook];

/// Tells a webhook of alerts. Without one, alerts are kept and logged.
#[derive(Clone, Debug, Default)]
pub struct Hook {
    webhook: Option<Webhook>,
    client: HttpClient,
}

impl Hook {
    /// Tells `webhook`.
    #[must_use]
    pub fn new(webhook: Option<Webhook>) -> Self {
        Self {
            webhook,
            client: HttpClient::default(),
        }
    }
}

impl Tell for Hook {
    fn channels(&self) -> &[Channel] {
        match self.webhook {
            Some(_) => &WEBHOOK_ALONE,
            None => &[],
        }
    }

    async fn tell(&self, channel: Channel, message: &Message) -> Result<(), Untold> {
        let (Channel::Webhook, Some(webhook)) = (channel, &self.webhook) else {
            return Err(Untold::new("there is no such channel here"));
        };
        let request = webhook.request(message, SystemClock.now());
        let request = request.map_err(|error| Untold::new(error.to_string()))?;
        match timeout(PATIENCE, self.client.send(request.map(Bytes::from))).await {
            Ok(Ok(answer)) if answer.status.is_success() => Ok(()),
            Ok(Ok(answer)) => Err(Untold::new(format!("status {}", answer.status.as_u16()))),
            Ok(Err(SendError::Unreachable(why))) => Err(Untold::new(why)),
            // Whoever answers at such length has taken the message, or says at length that it has not: nobody reads it.
            Ok(Err(SendError::TooLong)) => Err(Untold::new("the answer is too long")),
            Err(_elapsed) => Err(Untold::new("no answer in time")),
        }
    }
}
