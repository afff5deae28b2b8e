//! Who may use a port that acts for an operator: programs on this machine, and pages that it served itself.
//!
//! A web page that a browser shows can send requests to the loopback address. Browsers say in `Origin` and `Sec-Fetch-Site` where a page came
//! from, and in `Host` the name under which it reached us, which is a foreign one when that name was pointed at this machine.

use std::net::Ipv4Addr;

use http::request::Parts;
use http::{HeaderMap, HeaderName, header};

use super::super::host;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Host,
    PublicName,
    Origin,
}

impl Refusal {
    pub(crate) const fn message(self) -> &'static str {
        match self {
            Self::Host => {
                "this port answers to the names localhost, 127.0.0.1 and [::1] only: use one of them in the endpoint's URL"
            }
            Self::PublicName => {
                "this port answers to addresses, to localhost and to names of a local network: use one of them in the endpoint's URL"
            }
            Self::Origin => "this port answers no requests of other web pages",
        }
    }
}

/// Refuses requests that a web page from elsewhere may have sent.
pub(crate) fn check(parts: &Parts) -> Result<(), Refusal> {
    check_named(parts, is_loopback, Refusal::Host)
}

/// The same, for a port that containers on this machine use, too: they know it by the address of a bridge, or by a name such as
/// `host.docker.internal`. Only a name that is in the DNS of the internet can be pointed here by somebody else.
pub(crate) fn check_with_containers(parts: &Parts) -> Result<(), Refusal> {
    check_named(parts, is_local, Refusal::PublicName)
}

fn check_named(parts: &Parts, is_known: fn(&str) -> bool, refusal: Refusal) -> Result<(), Refusal> {
    let host = match host::of(parts) {
        Ok(Some(host)) if is_known(name_in(host)) => host,
        Ok(_) | Err(_) => return Err(refusal),
    };
    let headers = &parts.headers;
    let is_own_page = |origin: &str| {
        origin
            .strip_prefix("http://")
            .is_some_and(|authority| authority.eq_ignore_ascii_case(host))
    };
    let from_elsewhere = |name: &HeaderName, is_own: &dyn Fn(&str) -> bool| {
        !texts(headers, name).all(|value| value.is_some_and(is_own))
    };
    if from_elsewhere(&header::ORIGIN, &is_own_page)
        || from_elsewhere(&FETCH_SITE, &|site| matches!(site, "same-origin" | "none"))
    {
        return Err(Refusal::Origin);
    }
    Ok(())
}

fn texts<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = Option<&'a str>> {
    headers
        .get_all(name)
        .iter()
        .map(|value| value.to_str().ok())
}

/// A host without its port.
fn name_in(host: &str) -> &str {
    match host.rsplit_once(':') {
        // The colons of an address in brackets belong to it.
        Some((name, port)) if !port.ends_with(']') => name,
        Some(_) | None => host,
    }
}

/// An address, or a name that the DNS of the internet cannot have.
fn is_local(name: &str) -> bool {
    is_loopback(name)
        || name.starts_with('[')
        || name.parse::<Ipv4Addr>().is_ok()
        || !name.contains('.')
        || name.ends_with(".internal")
}

fn is_loopback(name: &str) -> bool {
    ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(headers: &[(&str, &str)]) -> Result<(), Refusal> {
        let mut request = http::Request::builder().uri("/apikeys");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        check(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn programs_on_this_machine_may_use_it() {
        for host in [
            "127.0.0.1:3100",
            "localhost:3100",
            "LOCALHOST",
            "[::1]:3100",
        ] {
            assert_eq!(checked(&[("host", host)]), Ok(()), "{host}");
        }
    }

    #[test]
    fn a_foreign_name_that_leads_here_is_refused() {
        for host in [
            "attacker.example:3100",
            "localhost.attacker.example",
            "127.0.0.1.nip.io:3100",
            "10.0.0.1:3100",
        ] {
            assert_eq!(checked(&[("host", host)]), Err(Refusal::Host), "{host}");
        }
        assert_eq!(checked(&[]), Err(Refusal::Host));
    }

    #[test]
    fn containers_may_use_a_port_that_is_for_them_and_no_name_of_the_internet() {
        let checked = |host: &str| {
            let request = http::Request::builder().uri("/").header("host", host);
            check_with_containers(&request.body(()).unwrap().into_parts().0)
        };
        for host in [
            "127.0.0.1:8000",
            "[::1]:8000",
            "172.17.0.1:8000",
            "host.docker.internal:8000",
            "gateway:8000",
        ] {
            assert_eq!(checked(host), Ok(()), "{host}");
        }
        for host in [
            "attacker.example:8000",
            "172.17.0.1.nip.io",
            "x.internal.example",
        ] {
            assert_eq!(checked(host), Err(Refusal::PublicName), "{host}");
        }
    }

    #[test]
    fn its_own_pages_may_use_it_and_no_others() {
        let host = ("host", "127.0.0.1:3100");
        let own = [
            host,
            ("origin", "http://127.0.0.1:3100"),
            ("sec-fetch-site", "same-origin"),
        ];
        assert_eq!(checked(&own), Ok(()));
        assert_eq!(checked(&[host, ("sec-fetch-site", "none")]), Ok(()));
        for (name, value) in [
            ("origin", "http://127.0.0.1:8080"),
            ("origin", "https://127.0.0.1:3100"),
            ("origin", "http://attacker.example"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            assert_eq!(
                checked(&[host, (name, value)]),
                Err(Refusal::Origin),
                "{name}: {value}"
            );
        }
    }
}
