//! Paths of pages, from what people have named.

use form_urlencoded::Serializer;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but what RFC 3986 calls unreserved.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A text as one segment of a path.
pub(super) fn segment(text: &str) -> String {
    // Browsers take these two, in any writing, for steps in the path. No id of ours is one.
    match text {
        "." | ".." => text.replace('.', "%252E"),
        _ => utf8_percent_encode(text, ENCODED).to_string(),
    }
}

/// The address of a plan's page.
pub(super) fn plan(id: &str) -> String {
    format!("/console/plans/{}", segment(id))
}

/// The address of a key's page.
pub(super) fn key(id: &str) -> String {
    format!("/console/keys/{}", segment(id))
}

/// A path with a query of these pairs. Empty values are left out.
pub(super) fn with_query<'a>(
    path: &str,
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> String {
    let mut query = Serializer::new(String::new());
    for (name, value) in pairs {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    match query.finish() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_leaves_its_segment() {
        assert_eq!(segment("a/b?c#d e%"), "a%2Fb%3Fc%23d%20e%25");
        assert_eq!(segment("$default"), "%24default");
        assert_eq!(segment(".."), "%252E%252E");
        assert_eq!(segment("7vl3kj"), "7vl3kj");
    }

    #[test]
    fn a_query_has_what_is_set() {
        assert_eq!(with_query("/x", [("q", ""), ("page", "")]), "/x");
        assert_eq!(
            with_query("/x", [("q", "a&b"), ("page", "2")]),
            "/x?q=a%26b&page=2"
        );
    }
}
