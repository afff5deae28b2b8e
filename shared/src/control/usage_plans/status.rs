//! What a key's record does not say of it: when it was last used, and which of its values work.
//!
//! Clients of API Gateway read it as the tags of `arn:aws:apigateway:REGION::/apikeys/ID/status`. The key itself does not have them, so
//! that a template which says all tags of a key finds what it has said.

use std::collections::BTreeMap;

use super::no_such_key;
use crate::control::Inner;
use crate::control::error::ControlError;
use crate::id::KeyId;
use crate::meter::{LastUse, MeterId};
use crate::store::{ApiKey, ApiRegistry, FormerValue, KeyRegistry, Registry, StoreError};
use crate::time::Clock;

/// The tag with the minute in which a key was last used, such as `2026-11-29T17:52:00Z`; only the date where the minute is not known.
const LAST_USED_AT: &str = "tollgate:last-used-at";

/// What the names of the tags begin with that tell of a key's values; the number of the value follows.
const VALUE: &str = "tollgate:value:";

/// What such a tag says of the value that was made last.
const CURRENT: &str = "current";

/// How a key stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyStatus {
    /// The minute in which it was last used, as RFC 3339 has it; only the date where the minute is not known. `None`: never.
    pub last_used: Option<String>,
    /// Which of its values was made last, counted from 1.
    pub value_number: u32,
    /// The values before it that are known, the oldest first.
    pub former_values: Vec<FormerValue>,
}

impl KeyStatus {
    /// The status of a key whose meters were last charged at `uses`.
    pub fn new(key: &ApiKey, uses: impl IntoIterator<Item = LastUse>) -> Self {
        let last = uses.into_iter().max_by_key(|last| (last.day.day, last.at));
        Self {
            last_used: last.map(|last| match last.at {
                Some(at) => at.rfc3339_secs(),
                None => last.day.day.to_string(),
            }),
            value_number: key.value_number,
            former_values: key.former_values.clone(),
        }
    }

    /// The tags that tell it.
    pub fn tags(&self) -> BTreeMap<String, String> {
        let former = self.former_values.iter().map(|former| {
            let name = format!("{VALUE}{}", former.number);
            (name, former.expires_at.rfc3339_secs())
        });
        let current = format!("{VALUE}{}", self.value_number);
        let last_used = self.last_used.clone();
        former
            .chain([(current, CURRENT.to_owned())])
            .chain(last_used.map(|text| (LAST_USED_AT.to_owned(), text)))
            .collect()
    }

    /// What tags tell. Those that say something else are left out.
    pub fn of_tags(tags: &BTreeMap<String, String>) -> Self {
        let mut status = Self {
            last_used: tags.get(LAST_USED_AT).cloned(),
            value_number: 1,
            former_values: Vec::new(),
        };
        for (name, text) in tags {
            let number = name.strip_prefix(VALUE).map(str::parse);
            match (number, super::tags::instant(text)) {
                (Some(Ok(number)), Some(expires_at)) => {
                    status
                        .former_values
                        .push(FormerValue { number, expires_at });
                }
                (Some(Ok(number)), None) if text == CURRENT => status.value_number = number,
                _ => {}
            }
        }
        status.former_values.sort_by_key(|former| former.number);
        status
    }
}

/// The status of each key, in its place. It reads 100 meters at once.
///
/// # Errors
///
/// When the store does not answer.
pub async fn key_statuses(
    store: &impl KeyRegistry,
    keys: &[ApiKey],
) -> Result<Vec<KeyStatus>, StoreError> {
    let meters_of = |key: &ApiKey| -> Vec<MeterId> {
        let plan_ids = key.plan_ids.iter();
        plan_ids
            .map(|plan_id| MeterId {
                key_id: key.id.clone(),
                plan_id: plan_id.clone(),
            })
            .collect()
    };
    let meters: Vec<MeterId> = keys.iter().flat_map(meters_of).collect();
    // Boxed: calls of the store are large.
    let mut uses = Box::pin(store.last_used(&meters)).await?.into_iter();
    let statuses = keys.iter().map(|key| {
        let uses: Vec<_> = uses.by_ref().take(key.plan_ids.len()).collect();
        KeyStatus::new(key, uses.into_iter().flatten())
    });
    Ok(statuses.collect())
}

/// The tags of a key's status.
pub(super) async fn tags_of<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    id: &KeyId,
) -> Result<BTreeMap<String, String>, ControlError> {
    let key = control.store.key_by_id(id).await?.ok_or_else(no_such_key)?;
    let statuses = key_statuses(&control.store, std::slice::from_ref(&key)).await?;
    Ok(statuses.first().map(KeyStatus::tags).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn status() -> KeyStatus {
        KeyStatus {
            last_used: Some("2026-11-29T17:52:00Z".to_owned()),
            value_number: 11,
            former_values: vec![
                FormerValue {
                    number: 9,
                    expires_at: Timestamp::from_secs(1_795_435_200),
                },
                FormerValue {
                    number: 10,
                    expires_at: Timestamp::from_secs(1_796_040_000),
                },
            ],
        }
    }

    #[test]
    fn tags_tell_what_works_and_until_when() {
        let tags = status().tags();
        let told: Vec<_> = tags.iter().map(|(k, v)| format!("{k} {v}")).collect();
        assert_eq!(
            told,
            [
                "tollgate:last-used-at 2026-11-29T17:52:00Z",
                "tollgate:value:10 2026-11-30T12:00:00Z",
                "tollgate:value:11 current",
                "tollgate:value:9 2026-11-23T12:00:00Z",
            ]
        );
        assert_eq!(KeyStatus::of_tags(&tags), status());
    }

    #[test]
    fn tags_of_others_tell_nothing() {
        let tags = [
            ("team", "blue"),
            ("tollgate:value:x", CURRENT),
            ("tollgate:value:3", "?"),
        ];
        let owned = tags.map(|(k, v)| (k.to_owned(), v.to_owned()));
        let status = KeyStatus::of_tags(&owned.into());
        assert_eq!((status.value_number, status.last_used), (1, None));
        assert!(status.former_values.is_empty());
    }
}
