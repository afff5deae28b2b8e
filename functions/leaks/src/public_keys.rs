//! GitHub's public keys, remembered for a while.

use std::time::Duration;

use tokio::sync::Mutex;
use tollgate::outbound::OutboundError;
use tollgate::time::Timestamp;

use crate::fetch::{Fetch, FetchError};
use crate::github::PublicKey;

/// For how long the list is used without asking again.
const FRESH: Duration = Duration::from_hours(1);

/// How often it is asked for at the most, whatever comes: GitHub answers those who have not logged in 60 times an hour.
const PAUSE: Duration = Duration::from_mins(1);

/// The list as it was read last.
#[derive(Debug, Default)]
pub(crate) struct PublicKeys(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    keys: Vec<PublicKey>,
    read_at: Option<Timestamp>,
    /// Also when there was no answer.
    asked_at: Option<Timestamp>,
}

/// What is known of a key's identifier.
#[derive(Debug)]
pub(crate) enum Found {
    Key(PublicKey),
    /// GitHub has no such key.
    Nobody,
}

impl PublicKeys {
    /// The key with this identifier at `now`. One that is not in the list may be new: the list is read again, unless it was asked for a moment
    /// ago.
    ///
    /// # Errors
    ///
    /// When the list is needed and cannot be had.
    pub(crate) async fn find(
        &self,
        identifier: &str,
        fetch: &impl Fetch,
        now: Timestamp,
    ) -> Result<Found, FetchError> {
        // Whoever comes meanwhile waits for the same answer.
        let mut known = self.0.lock().await;
        let is_within = |instant: Option<Timestamp>, duration| {
            instant.is_some_and(|instant| now.saturating_since(instant) < duration)
        };
        let find = |keys: &[PublicKey]| {
            let mut keys = keys.iter();
            keys.find(|key| key.identifier == identifier).cloned()
        };
        if is_within(known.read_at, FRESH)
            && let Some(key) = find(&known.keys)
        {
            return Ok(Found::Key(key));
        }
        if is_within(known.asked_at, PAUSE) {
            // A list that has just been read is GitHub's word; without one nobody knows.
            return if is_within(known.read_at, FRESH) {
                Ok(Found::Nobody)
            } else {
                Err(FetchError::NoAnswer(OutboundError::Unreachable(
                    "the last try has just failed".to_owned(),
                )))
            };
        }
        known.asked_at = Some(now);
        let list = fetch.fetch().await?;
        known.keys = PublicKey::list(&list).ok_or(FetchError::NoList)?;
        known.read_at = Some(now);
        Ok(find(&known.keys).map_or(Found::Nobody, Found::Key))
    }
}
