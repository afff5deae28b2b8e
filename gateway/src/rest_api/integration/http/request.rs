//! What a backend is sent: address, query and header fields.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, Uri, header};

use crate::event;
use crate::mapping::parameters::fill_placeholders;
use crate::rest_api::call::Exchange;
use crate::rest_api::mapped::{MappedRequest, replace};

/// The client's header fields, without those that concern its connection.
pub(super) fn proxy_headers(exchange: &Exchange<'_>) -> HeaderMap {
    let mut headers = event::handed_on(&exchange.call.parts.headers);
    for name in [header::HOST, header::EXPECT, header::MAX_FORWARDS] {
        headers.remove(name);
    }
    headers
}

/// The client's query as it was sent, unless mappings add to it.
pub(super) fn proxy_query(exchange: &Exchange<'_>, mapped: &MappedRequest) -> String {
    let sent = exchange.call.parts.uri.query().unwrap_or_default();
    if mapped.query.is_empty() {
        return sent.to_owned();
    }
    let mut query = event::query_parameters(sent).unwrap_or_default();
    query.extend(mapped.query.clone());
    encoded(&query)
}

pub(super) fn encoded(query: &BTreeMap<String, Vec<String>>) -> String {
    let mut text = form_urlencoded::Serializer::new(String::new());
    for (name, values) in query {
        for value in values {
            text.append_pair(name, value);
        }
    }
    text.finish()
}

/// The address of a request: placeholders are filled in, and `query` joins a query that the URI has already.
pub(super) fn uri(
    template: &str,
    path: &BTreeMap<String, String>,
    query: &str,
) -> Result<Uri, String> {
    let mut text = fill_placeholders(template, path);
    if !query.is_empty() {
        text.push(if text.contains('?') { '&' } else { '?' });
        text.push_str(query);
    }
    let uri: Uri = text.parse().map_err(|error| format!("{text}: {error}"))?;
    if uri.host().is_none() || uri.scheme().is_none() {
        return Err(format!("{text}: it names no host"));
    }
    Ok(uri)
}

pub(super) fn set(headers: &mut HeaderMap, name: &str, values: &[String]) {
    let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
        return;
    };
    replace(headers, &name, values);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_and_both_queries_make_the_address() {
        let path = BTreeMap::from([("proxy".to_owned(), "a/b c".to_owned())]);
        let made = |template, query| uri(template, &path, query).map(|uri| uri.to_string());
        assert_eq!(
            made("http://h:1/x/{proxy}", "q=1").unwrap(),
            "http://h:1/x/a/b%20c?q=1"
        );
        assert_eq!(made("http://h/x?a=1", "q=1").unwrap(), "http://h/x?a=1&q=1");
        assert_eq!(made("http://h/x", "").unwrap(), "http://h/x");
        assert!(made("http://", "").is_err());
        assert!(made("/only/a/path", "").is_err());
    }

    #[test]
    fn a_query_keeps_all_values_of_a_name() {
        let values = ["1".to_owned(), "b c".to_owned()];
        let query = BTreeMap::from([("a".to_owned(), values.to_vec())]);
        assert_eq!(encoded(&query), "a=1&a=b+c");
    }
}
