//! A user and its id.

use std::fmt;

use serde::{Deserialize, Serialize};
use tollgate::time::Timestamp;

/// The characters of an id.
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A user, as it is stored and as it is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The id, given by this API.
    pub id: UserId,
    /// The name: 1 to 100 characters.
    pub name: String,
    /// The email address: 3 to 254 characters.
    pub email: String,
    /// When the user was created: RFC 3339, UTC, milliseconds.
    pub created_at: String,
    /// When the user was last replaced: RFC 3339, UTC, milliseconds.
    pub updated_at: String,
}

/// What a caller may say about a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserFields {
    /// The name: 1 to 100 characters.
    pub name: String,
    /// The email address: 3 to 254 characters.
    pub email: String,
}

/// The id of a user: 20 base62 characters, 119 bits of randomness.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(String);

impl UserId {
    /// The number of characters of an id.
    pub const LENGTH: usize = 20;

    /// A new id from the randomness of the operating system.
    ///
    /// # Errors
    ///
    /// When the operating system has no randomness to give.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut id = String::with_capacity(Self::LENGTH);
        let mut bytes = [0_u8; 32];
        while id.len() < Self::LENGTH {
            getrandom::fill(&mut bytes)?;
            let missing = Self::LENGTH.saturating_sub(id.len());
            let characters = bytes.iter().copied().filter_map(base62_character);
            id.extend(characters.take(missing));
        }
        Ok(Self(id))
    }

    /// The id that `text` spells, when it has the form of one.
    pub fn parse(text: &str) -> Option<Self> {
        let is_id =
            text.len() == Self::LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_id.then(|| Self(text.to_owned()))
    }

    /// The characters of the id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The character for a random byte; none for the last 8 values, with which some characters would be more frequent than others.
fn base62_character(byte: u8) -> Option<char> {
    let is_fair = byte < 248;
    let character = BASE62.get(usize::from(byte % 62)).copied()?;
    is_fair.then_some(char::from(character))
}

/// An instant as RFC 3339 in UTC with milliseconds: `2026-11-23T19:22:33.123Z`.
pub(crate) fn rfc3339(instant: Timestamp) -> String {
    let millis = i64::try_from(instant.as_millis()).unwrap_or(i64::MAX);
    let instant = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
    format!("{instant:.3}")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn random_ids_have_the_form_of_ids_and_differ() {
        let ids: HashSet<String> = (0..1_000)
            .map(|_| UserId::random().unwrap().to_string())
            .collect();
        assert_eq!(ids.len(), 1_000);
        assert!(ids.iter().all(|id| UserId::parse(id).is_some()));
    }

    #[test]
    fn each_of_the_62_characters_stands_for_four_bytes() {
        let characters: Vec<char> = (0..=u8::MAX).filter_map(base62_character).collect();
        assert_eq!(characters.len(), 248);
        for expected in BASE62 {
            let count = characters
                .iter()
                .filter(|character| **character == char::from(*expected))
                .count();
            assert_eq!(count, 4);
        }
    }

    #[test]
    fn refuses_ids_of_another_form() {
        for text in [
            "",
            "short",
            "0123456789012345678",
            "012345678901234567890",
            "0123456789-123456789",
            "0123456789é12345678",
        ] {
            assert_eq!(UserId::parse(text), None, "{text}");
        }
    }

    #[test]
    fn writes_instants_with_milliseconds_in_utc() {
        assert_eq!(rfc3339(Timestamp::EPOCH), "1970-01-01T00:00:00.000Z");
        assert_eq!(
            rfc3339(Timestamp::from_millis(1_700_000_000_120)),
            "2023-11-14T22:13:20.120Z"
        );
    }
}
