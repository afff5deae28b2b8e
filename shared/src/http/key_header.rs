//! The header that carries a key.

use http::HeaderMap;

/// The header that carries the key, as with API Gateway.
pub(crate) const API_KEY: &str = "x-api-key";

/// Stands for what cannot be a key: it is refused like any other unknown one, without a read.
const NO_KEY: &str = "?";

/// The key that a request was sent with. What is no text, and a second header, cannot be a key: the handler might read another one
/// than was charged.
///
/// ```
/// use http::{HeaderMap, HeaderValue};
/// use tollgate::http::sent_key;
///
/// let mut headers = HeaderMap::new();
/// assert_eq!(sent_key(&headers), None);
/// headers.append("x-api-key", HeaderValue::from_static("a"));
/// assert_eq!(sent_key(&headers), Some("a"));
/// headers.append("x-api-key", HeaderValue::from_static("b"));
/// assert_eq!(sent_key(&headers), Some("?"));
/// ```
pub fn sent_key(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(API_KEY).iter();
    let value = values.next()?;
    Some(match values.next() {
        Some(_second) => NO_KEY,
        None => value.to_str().unwrap_or(NO_KEY),
    })
}
