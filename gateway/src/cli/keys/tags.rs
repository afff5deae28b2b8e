//! What the commands say of a key in tags: its expiry, its scopes, its notes for handlers.

use std::collections::BTreeMap;
use std::str::FromStr;

use tollgate::control::{EXPIRES_AT_TAG, check_tags, parse_instant};
use tollgate::metadata::META;
use tollgate::scope::SCOPES;
use tollgate::time::Timestamp;

use super::super::document::rfc3339;
use super::super::failure::Failure;

/// Until when a key may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NewExpiry {
    /// It does not expire.
    Never,
    /// It expires at this instant.
    At(Timestamp),
}

/// A note for handlers. An empty text takes it away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    name: String,
    text: String,
}

impl FromStr for NewExpiry {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "never" {
            return Ok(Self::Never);
        }
        instant(text).map(Self::At)
    }
}

impl FromStr for Note {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, text) = text
            .split_once('=')
            .ok_or_else(|| "write NAME=TEXT, such as tenant=acme".to_owned())?;
        Ok(Self {
            name: name.to_owned(),
            text: text.to_owned(),
        })
    }
}

/// Reads an instant.
pub(super) fn instant(text: &str) -> Result<Timestamp, String> {
    parse_instant(text).ok_or_else(|| {
        "write it like 2027-01-31T00:00:00Z, between the years 1970 and 2554".to_owned()
    })
}

/// The tags to set, and with `None` those to take away.
pub(super) fn changes(
    expiry: Option<NewExpiry>,
    scopes: Option<&str>,
    notes: &[Note],
) -> Result<BTreeMap<String, Option<String>>, Failure> {
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let mut changes = BTreeMap::new();
    if let Some(expiry) = expiry {
        let text = match expiry {
            NewExpiry::Never => None,
            NewExpiry::At(instant) => Some(rfc3339(instant)),
        };
        changes.insert(EXPIRES_AT_TAG.to_owned(), text);
    }
    if let Some(scopes) = scopes {
        changes.insert(SCOPES.to_owned(), filled(scopes.trim()));
    }
    for Note { name, text } in notes {
        changes.insert(format!("{META}{name}"), filled(text));
    }
    check_tags(&set(&changes)).map_err(|error| Failure::failed(error.to_string()))?;
    Ok(changes)
}

/// The tags that are set.
pub(super) fn set(changes: &BTreeMap<String, Option<String>>) -> BTreeMap<String, String> {
    changes
        .iter()
        .filter_map(|(name, text)| Some((name.clone(), text.clone()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_is_taken_away() {
        let notes = ["tenant=acme", "tier="].map(|text| text.parse().unwrap());
        let changed = changes(Some(NewExpiry::Never), Some(" "), &notes).unwrap();
        let expected = [
            ("tollgate:expires-at", None),
            ("tollgate:meta:tenant", Some("acme")),
            ("tollgate:meta:tier", None),
            ("tollgate:scopes", None),
        ];
        let expected = expected.map(|(k, v)| (k.to_owned(), v.map(str::to_owned)));
        assert_eq!(changed, expected.into());
        assert_eq!(set(&changed).len(), 1);
    }

    #[test]
    fn what_a_tag_cannot_say_is_refused() {
        assert!("tenant".parse::<Note>().is_err());
        assert!("soon".parse::<NewExpiry>().is_err());
        assert!(changes(None, Some("users"), &[]).is_err());
        let odd = ["a-b=c".parse().unwrap()];
        assert!(changes(None, None, &odd).is_err());
    }
}
