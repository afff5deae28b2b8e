//! Which of several templates or models is meant for a media type.

use std::collections::BTreeMap;

/// The media type where nothing else is said.
pub(super) const JSON: &str = "application/json";

/// What a map has where it has nothing for a media type.
const DEFAULT: &str = "$default";

/// A media type without its parameters, in small letters.
pub(super) fn essence(media_type: &str) -> String {
    let essence = media_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// What there is for the media type of a request's body; without one, that is JSON.
pub(super) fn for_body<'m, T>(
    map: &'m BTreeMap<String, T>,
    content_type: Option<&str>,
) -> Option<&'m T> {
    let wanted = content_type.map_or_else(|| JSON.to_owned(), essence);
    map.iter()
        .find(|(media_type, _)| essence(media_type) == wanted)
        .map(|(_, value)| value)
        .or_else(|| map.get(DEFAULT))
}

/// What there is for an answer, with its media type: the first of those that the client accepts by name, else JSON, else the first.
pub(super) fn for_answer<'m, T>(
    map: &'m BTreeMap<String, T>,
    accept: Option<&str>,
) -> Option<(&'m str, &'m T)> {
    let named = |wanted: &str| {
        map.iter()
            .find(|(media_type, _)| essence(media_type) == wanted)
    };
    accept
        .unwrap_or_default()
        .split(',')
        .find_map(|range| named(&essence(range)))
        .or_else(|| named(JSON))
        .or_else(|| map.iter().next())
        .map(|(media_type, value)| (media_type.as_str(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(names: &[&'static str]) -> BTreeMap<String, &'static str> {
        names
            .iter()
            .map(|name| ((*name).to_owned(), *name))
            .collect()
    }

    #[test]
    fn a_body_is_matched_without_its_parameters_and_letter_case() {
        let both = map(&["application/json", "text/xml"]);
        assert_eq!(
            for_body(&both, Some("Text/XML; charset=utf-8")),
            Some(&"text/xml")
        );
        assert_eq!(for_body(&both, None), Some(&"application/json"));
        assert_eq!(for_body(&both, Some("text/plain")), None);
        let with_default = map(&["$default", "text/xml"]);
        assert_eq!(
            for_body(&with_default, Some("text/plain")),
            Some(&"$default")
        );
    }

    #[test]
    fn an_answer_is_what_the_client_accepts_or_json_or_the_first() {
        let both = map(&["application/json", "text/html"]);
        let chosen = |accept| for_answer(&both, accept).map(|(media_type, _)| media_type);
        assert_eq!(
            chosen(Some("image/png, text/html;q=0.9, */*")),
            Some("text/html")
        );
        assert_eq!(chosen(Some("*/*")), Some("application/json"));
        assert_eq!(chosen(None), Some("application/json"));
        let html = map(&["text/html"]);
        assert_eq!(for_answer(&html, None), Some(("text/html", &"text/html")));
        assert_eq!(for_answer(&map(&[]), None), None);
    }
}
