//! The methods that a route can name.

use std::fmt;
use std::str::FromStr;

use http::Method;
use thiserror::Error;

/// One HTTP method, or `ANY`.
///
/// The methods are those that API Gateway accepts for a resource or a route key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Every method for which the same path has no verb of its own.
    Any,
    /// `DELETE`
    Delete,
    /// `GET`
    Get,
    /// `HEAD`
    Head,
    /// `OPTIONS`
    Options,
    /// `PATCH`
    Patch,
    /// `POST`
    Post,
    /// `PUT`
    Put,
}

/// A method's name is unknown.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("unknown method `{name}`: use DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT or ANY")]
pub struct ParseVerbError {
    name: String,
}

impl Verb {
    /// All verbs.
    pub const ALL: [Self; 8] = [
        Self::Any,
        Self::Delete,
        Self::Get,
        Self::Head,
        Self::Options,
        Self::Patch,
        Self::Post,
        Self::Put,
    ];

    /// The name in capitals, as API Gateway writes it: `GET`, `ANY`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "ANY",
            Self::Delete => "DELETE",
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Patch => "PATCH",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }

    /// Whether a request with this method is covered. `ANY` covers every method, extension methods too.
    pub fn covers(self, method: &Method) -> bool {
        self == Self::Any || self.as_str() == method.as_str()
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Verb {
    type Err = ParseVerbError;

    /// Reads a name in any case. `*` is `ANY`, as in the throttle settings of a usage plan.
    fn from_str(name: &str) -> Result<Self, ParseVerbError> {
        if name == "*" {
            return Ok(Self::Any);
        }
        Self::ALL
            .into_iter()
            .find(|verb| verb.as_str().eq_ignore_ascii_case(name))
            .ok_or_else(|| ParseVerbError {
                name: name.to_owned(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_what_it_displays() {
        for verb in Verb::ALL {
            assert_eq!(verb.to_string().parse(), Ok(verb));
        }
    }

    #[test]
    fn reads_lower_case_and_the_star() {
        assert_eq!("get".parse(), Ok(Verb::Get));
        assert_eq!("*".parse(), Ok(Verb::Any));
    }

    #[test]
    fn names_an_unknown_method() {
        let error = "GTE".parse::<Verb>().unwrap_err();
        assert!(error.to_string().contains("`GTE`"), "{error}");
        assert!("".parse::<Verb>().is_err());
    }

    #[test]
    fn any_covers_all_methods_and_a_verb_covers_its_own() {
        assert!(Verb::Any.covers(&Method::TRACE));
        assert!(Verb::Any.covers(&Method::from_bytes(b"PURGE").unwrap()));
        assert!(Verb::Get.covers(&Method::GET));
        assert!(!Verb::Get.covers(&Method::HEAD));
        assert!(
            !Verb::Get.covers(&Method::from_bytes(b"get").unwrap()),
            "methods are case-sensitive in HTTP"
        );
    }
}
