//! What an operator notes of a key for the handlers behind the front door.
//!
//! A tag `tollgate:meta:NAME` of a key is such a note: `tollgate:meta:tenant` = `acme` reaches each handler as `tenant`. It is read with the
//! key, and costs a request nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

/// What the names of the tags begin with.
pub const META: &str = "tollgate:meta:";

/// How many notes a key can have.
pub const MAX_NOTES: usize = 16;

/// How many bytes the names and texts of a key's notes can have together.
pub const MAX_NOTES_LEN: usize = 2_048;

/// The longest name of a note, in characters.
const MAX_NAME_LEN: usize = 32;

/// The notes of a key. Clones share them.
///
/// ```
/// use std::collections::BTreeMap;
/// use tollgate::metadata::Metadata;
///
/// let tags = BTreeMap::from([("tollgate:meta:tenant".to_owned(), "acme".to_owned())]);
/// let metadata = Metadata::of_tags(&tags);
/// assert_eq!(metadata.get("tenant"), Some("acme"));
/// assert_eq!(metadata.get("tier"), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata(Option<Arc<BTreeMap<String, String>>>);

impl Metadata {
    /// The notes among the tags of a key.
    #[must_use]
    pub fn of_tags(tags: &BTreeMap<String, String>) -> Self {
        let notes = tags.iter().filter_map(|(name, text)| {
            let name = name.strip_prefix(META)?;
            Some((name.to_owned(), text.clone()))
        });
        Self::from(notes.collect::<BTreeMap<_, _>>())
    }

    /// The text of a note.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.as_ref()?.get(name).map(String::as_str)
    }

    /// All notes, by their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let notes = self.0.iter().flat_map(|notes| notes.iter());
        notes.map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl From<BTreeMap<String, String>> for Metadata {
    fn from(notes: BTreeMap<String, String>) -> Self {
        Self((!notes.is_empty()).then(|| Arc::new(notes)))
    }
}

/// Whether a note can have this name: 1 to 32 letters, digits and underscores, so that it can stand as it is in templates and logs.
pub fn is_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=MAX_NAME_LEN).contains(&name.len()) && name.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_stand_in_templates() {
        for name in ["tenant", "T_1", &"n".repeat(32)] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "a-b", "a.b", "ü", &"n".repeat(33)] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn other_tags_are_no_notes() {
        let tags = BTreeMap::from([("team".to_owned(), "blue".to_owned())]);
        assert!(Metadata::of_tags(&tags).is_empty());
        assert_eq!(Metadata::of_tags(&tags).iter().count(), 0);
    }
}
