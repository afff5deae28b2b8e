//! Cookies of the console: for this host's console alone, and out of the reach of scripts.

use http::{HeaderMap, HeaderValue, header};

/// The value of the cookie `name`.
pub(super) fn get<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(known, value)| (known == name).then_some(value))
}

/// Sets a cookie until the browser is closed. `None` when the value has what a cookie cannot have.
pub(super) fn set(name: &str, value: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!(
        "{name}={value}; Path=/console; HttpOnly; SameSite=Strict"
    ))
    .ok()
}

/// Takes a cookie away.
pub(super) fn clear(name: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!(
        "{name}=; Path=/console; Max-Age=0; HttpOnly; SameSite=Strict"
    ))
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; bb=2"));
        headers.append(header::COOKIE, HeaderValue::from_static("c=x=y"));
        assert_eq!(get(&headers, "bb"), Some("2"));
        assert_eq!(get(&headers, "c"), Some("x=y"));
        assert_eq!(get(&headers, "b"), None);
    }
}
