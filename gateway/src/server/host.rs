//! The host that a request names.

use http::header;
use http::request::Parts;

use crate::fault::Fault;

/// The host with its port; `None` when a client of HTTP/1.0 names none.
///
/// # Errors
///
/// When a request names two, also as part of its target, or one that no URL could have: handlers build URLs from it.
pub(super) fn of(parts: &Parts) -> Result<Option<&str>, Fault> {
    let in_target = parts.uri.authority().map(http::uri::Authority::as_str);
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (_, Some(_)) => return Err(Fault::BadRequest),
        (Some(host), None) => Some(host.to_str().map_err(|_no_text| Fault::BadRequest)?),
        (None, None) => in_target,
    };
    if in_target.is_some_and(|other| host.is_some_and(|host| !host.eq_ignore_ascii_case(other))) {
        return Err(Fault::BadRequest);
    }
    if host.is_none_or(is_host) {
        Ok(host)
    } else {
        Err(Fault::BadRequest)
    }
}

fn is_host(text: &str) -> bool {
    let (name, port) = match text.rsplit_once(':') {
        // The colons of an address in brackets belong to it.
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        Some(_) | None => (text, None),
    };
    let is_address = name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok());
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    (is_address || is_name) && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host_of(hosts: &[&str]) -> Result<Option<String>, Fault> {
        let mut request = http::Request::builder().uri("/dev/users");
        for host in hosts {
            request = request.header("host", *host);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        of(&parts).map(|host| host.map(str::to_owned))
    }

    #[test]
    fn names_and_addresses_are_hosts() {
        assert_eq!(host_of(&[]), Ok(None));
        for host in [
            "localhost:3000",
            "a-b.execute-api.localhost",
            "127.0.0.1",
            "[::1]:80",
            "[::1]",
        ] {
            assert_eq!(host_of(&[host]), Ok(Some(host.to_owned())));
        }
    }

    #[test]
    fn a_target_with_another_host_is_refused() {
        let checked = |host: &str| {
            let request = http::Request::builder().uri("http://A.example:80/dev/users");
            let request = request.header("host", host).body(()).unwrap();
            of(&request.into_parts().0).map(|host| host.map(str::to_owned))
        };
        assert_eq!(checked("a.example:80"), Ok(Some("a.example:80".to_owned())));
        assert_eq!(checked("b.example:80"), Err(Fault::BadRequest));
    }

    #[test]
    fn what_would_change_a_url_is_refused() {
        let refused = [
            "",
            "a b",
            "[",
            "x<y",
            "a:99999",
            "a:",
            "%zz",
            "a/b",
            "x@y",
            "h/dev/users?",
            "h#",
            "a:1:2",
        ];
        for host in refused {
            assert_eq!(host_of(&[host]), Err(Fault::BadRequest), "{host}");
        }
        assert_eq!(host_of(&["a", "a"]), Err(Fault::BadRequest));
    }
}
