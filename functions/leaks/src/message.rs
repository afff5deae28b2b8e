//! What GitHub sends, and what it is answered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The longest message, in bytes. GitHub sends many matches at once where there are many; each has a few hundred bytes.
pub const MAX_MESSAGE_BYTES: usize = 1024 * 1024;

/// One match.
#[derive(Clone, Deserialize)]
pub(crate) struct Match {
    /// What was found: a secret, if it is a key.
    pub(crate) token: String,
    /// The name of the pattern that fits.
    #[serde(default, rename = "type")]
    pub(crate) kind: String,
    /// Where it was found; it may be empty.
    #[serde(default)]
    pub(crate) url: String,
    /// In what it was found, such as `content` or `commit`.
    #[serde(default)]
    pub(crate) source: String,
}

/// Whether a match is a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Label {
    TruePositive,
    FalsePositive,
}

/// What GitHub is told of a match.
#[derive(Debug, Serialize)]
pub(crate) struct Feedback<'a> {
    token_raw: &'a str,
    token_type: &'a str,
    label: Label,
}

/// Reads the matches, each token once: GitHub finds the same one at several places. `None` when the message is none.
pub(crate) fn read(body: &[u8]) -> Option<Vec<Match>> {
    let all: Vec<Match> = serde_json::from_slice(body).ok()?;
    let mut once = BTreeMap::new();
    for found in all {
        once.entry(found.token.clone()).or_insert(found);
    }
    Some(once.into_values().collect())
}

impl<'a> Feedback<'a> {
    pub(crate) fn new(found: &'a Match, label: Label) -> Self {
        Self {
            token_raw: &found.token,
            token_type: &found.kind,
            label,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_token_is_read_once_and_what_is_not_needed_may_be_left_out() {
        let body = r#"[{"token":"b","type":"t","url":"https://x/1","source":"content"},{"token":"a"},{"token":"b","url":"https://x/2"}]"#;
        let matches = read(body.as_bytes()).unwrap();
        let read: Vec<(&str, &str)> = matches
            .iter()
            .map(|found| (found.token.as_str(), found.url.as_str()))
            .collect();
        assert_eq!(read, [("a", ""), ("b", "https://x/1")]);
        for body in [
            "",
            "{}",
            r#"[{"type":"t"}]"#,
            r#"["a"]"#,
            r#"[{"token":7}]"#,
        ] {
            assert!(super::read(body.as_bytes()).is_none(), "{body}");
        }
    }

    #[test]
    fn a_label_is_one_of_githubs_words() {
        let matches = read(br#"[{"token":"a","type":"t"}]"#).unwrap();
        let told = serde_json::to_string(&Feedback::new(&matches[0], Label::TruePositive)).unwrap();
        assert_eq!(
            told,
            r#"{"token_raw":"a","token_type":"t","label":"true_positive"}"#
        );
    }
}
