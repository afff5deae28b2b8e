//! Objects of JSON texts whose members stay as they stand, and changes to a text that copy nothing else of it.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of an object in their order.
#[derive(Debug)]
pub(crate) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// `None` when the text is no object.
    pub(crate) fn read(text: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }

    /// `None` when the value is no object.
    pub(crate) fn of(value: &'a RawValue) -> Option<Self> {
        Self::read(value.get().as_bytes())
    }

    /// The value of a member; of the last one where several have the name, as most readers have it.
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        let mut members = self.0.iter().rev();
        members
            .find(|(known, _)| known == name)
            .map(|(_, value)| *value)
    }

    /// The object at the name.
    pub(crate) fn object(&self, name: &str) -> Option<Self> {
        self.get(name).and_then(Self::of)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(name, value)| (&**name, *value))
    }
}

/// A member's name, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Name(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Reader)
    }
}

/// An object that is being written.
#[derive(Debug)]
pub(crate) struct Object(String);

impl Object {
    pub(crate) fn new() -> Self {
        Self("{".to_owned())
    }

    /// Adds a member whose value is JSON already.
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(&quoted(name));
        self.0.push(':');
        self.0.push_str(value);
    }

    /// Adds what another object has, but for the members that `is_left_out` names.
    pub(crate) fn add_all(&mut self, members: &Members<'_>, is_left_out: impl Fn(&str) -> bool) {
        for (name, value) in members.iter() {
            if !is_left_out(name) {
                self.add(name, value.get());
            }
        }
    }

    pub(crate) fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// A text as JSON has it.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A text with changes, as pieces of which those that did not change are not copied.
#[derive(Debug)]
pub(crate) struct Edits {
    whole: Bytes,
    /// In any order; no two overlap.
    changes: Vec<(Range<usize>, String)>,
}

impl Edits {
    pub(crate) const fn of(whole: Bytes) -> Self {
        Self {
            whole,
            changes: Vec::new(),
        }
    }

    /// Puts another text in the place of a value that was read from this one.
    pub(crate) fn replace(&mut self, value: &RawValue, text: String) {
        let part = value.get();
        let start = part.as_ptr().addr().checked_sub(self.whole.as_ptr().addr());
        let range = start.and_then(|start| Some(start..start.checked_add(part.len())?));
        debug_assert!(
            range
                .clone()
                .is_some_and(|range| self.whole.get(range) == Some(part.as_bytes())),
            "the value is a part of the text"
        );
        self.changes.extend(range.map(|range| (range, text)));
    }

    /// Adds a member to the object that the whole text is.
    pub(crate) fn add_first(&mut self, members: &Members<'_>, name: &str, value: &str) {
        let at = self.whole.iter().position(|byte| *byte == b'{');
        let at = at.unwrap_or_default().saturating_add(1);
        let comma = if members.is_empty() { "" } else { "," };
        let text = format!("{}:{value}{comma}", quoted(name));
        self.changes.push((at..at, text));
    }

    pub(crate) fn pieces(mut self) -> VecDeque<Bytes> {
        self.changes.sort_by_key(|(range, _)| range.start);
        let mut pieces = VecDeque::new();
        let mut rest = self.whole;
        let mut done = 0_usize;
        for (range, text) in self.changes {
            let unchanged = range.start.saturating_sub(done).min(rest.len());
            let kept = rest.split_to(unchanged);
            let replaced = range.len().min(rest.len());
            rest = rest.split_off(replaced);
            done = range.end;
            pieces.extend([kept, Bytes::from(text)]);
        }
        pieces.push_back(rest);
        pieces.retain(|piece| !piece.is_empty());
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(pieces: &VecDeque<Bytes>) -> String {
        let bytes = pieces.iter().flat_map(|piece| piece.iter().copied());
        String::from_utf8(bytes.collect()).unwrap()
    }

    #[test]
    fn members_stay_as_they_stand() {
        let text = br#" {"a" : [1,  2],"\u0062":"x\ud800", "a":{"c" :1e999}} "#;
        let members = Members::read(text).unwrap();
        let all: Vec<_> = members
            .iter()
            .map(|(name, raw)| (name, raw.get()))
            .collect();
        assert_eq!(
            all,
            [
                ("a", "[1,  2]"),
                ("b", r#""x\ud800""#),
                ("a", r#"{"c" :1e999}"#)
            ]
        );
        assert!(members.object("a").unwrap().has("c"));
        assert!(members.object("b").is_none());
        for other in ["[]", "1", "", "{\"a\":1} x", "{\"a\":", "null"] {
            assert!(Members::read(other.as_bytes()).is_none(), "{other}");
        }
    }

    #[test]
    fn what_does_not_change_is_not_copied() {
        let whole = Bytes::from(r#"  {"a": {"x":1}, "body": "long", "b": 2}"#);
        let members = Members::read(&whole).unwrap();
        let mut edits = Edits::of(whole.clone());
        edits.replace(members.get("b").unwrap(), "3".to_owned());
        edits.replace(members.get("a").unwrap(), "{}".to_owned());
        edits.add_first(&members, "n\"", "null");
        let pieces = edits.pieces();
        assert_eq!(
            joined(&pieces),
            r#"  {"n\"":null,"a": {}, "body": "long", "b": 3}"#
        );
        let place = whole.as_ptr_range();
        let shared = pieces
            .iter()
            .filter(|piece| place.contains(&piece.as_ptr()));
        assert_eq!(shared.count(), 4);
    }

    #[test]
    fn an_empty_object_gets_its_first_member() {
        let whole = Bytes::from(" {}");
        let members = Members::read(&whole).unwrap();
        let mut edits = Edits::of(whole.clone());
        edits.add_first(&members, "a", "1");
        assert_eq!(joined(&edits.pieces()), r#" {"a":1}"#);
    }
}
