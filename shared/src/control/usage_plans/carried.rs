//! Tags of keys and plans that come from elsewhere: what they bring with them.

use std::collections::BTreeMap;

use super::tags::{InvalidTags, instant};
use crate::time::Timestamp;

/// The tag with which a key or a plan is given its id when it is made, 1 to 64 letters, digits, `-` or `_`. It stays, as a note of that.
pub const ID: &str = "tollgate:id";

/// The tag with which a key is given the instant of its making when it is made, such as `2026-12-31T23:59:59Z`. It stays, as a note of that.
pub const CREATED_AT: &str = "tollgate:created-at";

/// The tag of a key whose import has begun and not ended: `created` where the import has made the key, `joining` where it was there.
pub const IMPORT: &str = "tollgate:import";

const MAX_ID_LEN: usize = 64;

/// Checks these tags, where they are there.
///
/// # Errors
///
/// When one of them means nothing.
pub(super) fn check(tags: &BTreeMap<String, String>) -> Result<(), InvalidTags> {
    let invalid = |name: &str, rule: &str| {
        Err(InvalidTags::new(format!(
            "Invalid value of tag {name} specified, {rule}"
        )))
    };
    if tags.get(ID).is_some_and(|id| !is_id(id)) {
        return invalid(ID, "must have 1 to 64 letters, digits, - or _");
    }
    if tags.get(CREATED_AT).is_some_and(|at| instant(at).is_none()) {
        return invalid(
            CREATED_AT,
            "must be an instant such as 2026-12-31T23:59:59Z",
        );
    }
    match tags.get(IMPORT).map(String::as_str) {
        None | Some("created" | "joining") => Ok(()),
        Some(_) => invalid(IMPORT, "must be created or joining"),
    }
}

fn is_id(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=MAX_ID_LEN).contains(&text.len()) && text.bytes().all(is_allowed)
}

/// The id that a key or a plan is to have.
pub(super) fn id(tags: &BTreeMap<String, String>) -> Option<&str> {
    tags.get(ID).map(String::as_str)
}

/// When a key counts as made: as its tag says, but not in the future.
pub(super) fn created_at(tags: &BTreeMap<String, String>, now: Timestamp) -> Timestamp {
    tags.get(CREATED_AT)
        .and_then(|text| instant(text))
        .map_or(now, |created_at| created_at.min(now))
}

/// Refuses another id for what has one.
///
/// # Errors
///
/// When the tag names another id than `id`.
pub(super) fn keeps_id(tags: &BTreeMap<String, String>, id: &str) -> Result<(), InvalidTags> {
    match tags.get(ID) {
        Some(other) if other != id => Err(InvalidTags::new(format!(
            "Invalid value of tag {ID} specified, the id {id} was given when the resource was made and stays"
        ))),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(name: &str, value: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn only_what_means_something_may_be_set() {
        for (name, value, is_valid) in [
            (ID, "a1b2c3d4e5", true),
            (ID, "", false),
            (ID, "a/b", false),
            (CREATED_AT, "2026-11-23T12:00:00Z", true),
            (CREATED_AT, "yesterday", false),
            (IMPORT, "created", true),
            (IMPORT, "joining", true),
            (IMPORT, "done", false),
        ] {
            let checked = check(&tags(name, value));
            assert_eq!(checked.is_ok(), is_valid, "{name}={value}: {checked:?}");
        }
        assert!(check(&tags(ID, &"a".repeat(65))).is_err());
    }

    #[test]
    fn nothing_is_made_in_the_future() {
        let now = Timestamp::from_secs(1_795_435_200);
        let at = |text| created_at(&tags(CREATED_AT, text), now);
        assert_eq!(
            at("2026-11-23T11:59:59Z"),
            Timestamp::from_secs(1_795_435_199)
        );
        assert_eq!(at("2026-11-23T12:00:01Z"), now);
        assert_eq!(created_at(&BTreeMap::new(), now), now);
    }

    #[test]
    fn an_id_stays() {
        assert!(keeps_id(&tags(ID, "k1"), "k1").is_ok());
        assert!(keeps_id(&BTreeMap::new(), "k1").is_ok());
        assert!(keeps_id(&tags(ID, "k2"), "k1").is_err());
    }
}
