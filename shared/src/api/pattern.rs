//! The list of methods that need no key: the variable `TOLLGATE_PUBLIC`.

use std::fmt;
use std::str::FromStr;

use http::Method;
use thiserror::Error;

use super::{ParsePathTemplateError, ParseVerbError, PathTemplate, Routing, Verb};

/// A verb and a path: `GET /health`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MethodPattern {
    /// The methods meant.
    pub verb: Verb,
    /// The paths meant.
    pub path: PathTemplate,
}

/// A list of [`MethodPattern`]s: `GET /health, ANY /docs/{proxy+}`.
///
/// A list grants passage without a key, so it matches narrowly: a path with a dot segment (`.`, `..`), an escaped slash or
/// dot, or a backslash matches nothing, because the code behind may read such a path as a different one. Slashes around the
/// path do not count ([`Routing::RestApi`]).
///
/// ```
/// use http::Method;
/// use tollgate::api::MethodPatterns;
///
/// let public: MethodPatterns = "GET /health, ANY /docs/{proxy+}".parse()?;
/// assert!(public.matches(&Method::GET, "/health"));
/// assert!(!public.matches(&Method::POST, "/health"));
/// assert!(!public.matches(&Method::GET, "/docs/../users"));
/// # Ok::<(), tollgate::api::ParseMethodPatternsError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MethodPatterns {
    patterns: Vec<MethodPattern>,
}

/// Why an entry of a list is not a method pattern.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParseMethodPatternsError {
    /// Nothing stands between two commas.
    #[error("entry {position} is empty: remove a comma")]
    Empty {
        /// The place in the list, from 1.
        position: usize,
    },
    /// No white space separates a method from a path.
    #[error(
        "entry {position}, `{entry}`, is not a method and a path: write for example `GET /health`"
    )]
    NotAPair {
        /// The place in the list, from 1.
        position: usize,
        /// The entry.
        entry: String,
    },
    /// The method is unknown.
    #[error("entry {position}, `{entry}`: {source}")]
    Verb {
        /// The place in the list, from 1.
        position: usize,
        /// The entry.
        entry: String,
        /// What is wrong with the method.
        source: ParseVerbError,
    },
    /// The path is not a template.
    #[error("entry {position}, `{entry}`: {source}")]
    Path {
        /// The place in the list, from 1.
        position: usize,
        /// The entry.
        entry: String,
        /// What is wrong with the path.
        source: ParsePathTemplateError,
    },
}

impl MethodPatterns {
    /// The patterns, in the order of the list.
    pub fn as_slice(&self) -> &[MethodPattern] {
        &self.patterns
    }

    /// Whether a request with this method and path, as the client sent it, is on the list.
    pub fn matches(&self, method: &Method, path: &str) -> bool {
        !is_ambiguous(path)
            && self.patterns.iter().any(|pattern| {
                pattern.verb.covers(method) && pattern.path.matches(path, Routing::RestApi)
            })
    }

    /// Whether a method is on the list whole: a verb, and the path template of a resource or of a route, or the path that a client sent
    /// where there are none. The names of variables do not matter.
    pub fn cover(&self, verb: &str, resource: &str) -> bool {
        // A greedy variable of the resource stands for more than the variable of one segment.
        let is_greedy = resource.ends_with("+}");
        !is_ambiguous(resource)
            && self.patterns.iter().any(|pattern| {
                (pattern.verb == Verb::Any || pattern.verb.as_str() == verb)
                    && (!is_greedy || pattern.path.is_greedy())
                    && pattern.path.matches(resource, Routing::RestApi)
            })
    }
}

/// Whether a path may be read as another one, by a URL parser that normalises it.
pub(crate) fn is_ambiguous(path: &str) -> bool {
    let escaped = |hex: &[u8; 3]| {
        path.as_bytes()
            .windows(3)
            .any(|window| window.eq_ignore_ascii_case(hex))
    };
    // What a handler's URL parser would drop, or take for the end of the path.
    path.contains(|character: char| character.is_control() || matches!(character, '\\' | '?' | '#'))
        || path
            .split('/')
            .any(|segment| segment == "." || segment == "..")
        // Which is cut off where nothing follows.
        || path.ends_with(' ')
        || escaped(b"%2e")
        || escaped(b"%2f")
        || escaped(b"%5c")
        || escaped(b"%3f")
        || escaped(b"%23")
        || path
            .as_bytes()
            .windows(3)
            .any(|window| matches!(window, [b'%', b'0' | b'1', hex] if hex.is_ascii_hexdigit()))
        || escaped(b"%7f")
}

impl fmt::Display for MethodPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.path)
    }
}

impl fmt::Display for MethodPatterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, pattern) in self.patterns.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            pattern.fmt(f)?;
        }
        Ok(())
    }
}

impl FromStr for MethodPatterns {
    type Err = ParseMethodPatternsError;

    /// Reads a list separated by commas. White space alone is the empty list.
    ///
    /// # Errors
    ///
    /// The first entry that is not a method and a path, with its place.
    fn from_str(list: &str) -> Result<Self, ParseMethodPatternsError> {
        if list.trim().is_empty() {
            return Ok(Self::default());
        }
        let patterns = list
            .split(',')
            .zip(1..)
            .map(|(entry, position)| parse_entry(entry.trim(), position))
            .collect::<Result<_, _>>()?;
        Ok(Self { patterns })
    }
}

fn parse_entry(entry: &str, position: usize) -> Result<MethodPattern, ParseMethodPatternsError> {
    if entry.is_empty() {
        return Err(ParseMethodPatternsError::Empty { position });
    }
    let named = || entry.to_owned();
    let Some((verb, path)) = entry.split_once(char::is_whitespace) else {
        return Err(ParseMethodPatternsError::NotAPair {
            position,
            entry: named(),
        });
    };
    Ok(MethodPattern {
        verb: verb
            .parse()
            .map_err(|source| ParseMethodPatternsError::Verb {
                position,
                entry: named(),
                source,
            })?,
        path: path
            .trim_start()
            .parse()
            .map_err(|source| ParseMethodPatternsError::Path {
                position,
                entry: named(),
                source,
            })?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn patterns(list: &str) -> MethodPatterns {
        list.parse().unwrap()
    }

    #[test]
    fn an_empty_list_matches_nothing() {
        assert!(patterns(" ").as_slice().is_empty());
        assert!(!patterns("").matches(&Method::GET, "/"));
    }

    #[test]
    fn displays_in_a_canonical_form() {
        assert_eq!(
            patterns("get   /health ,\t* /docs/{p+}").to_string(),
            "GET /health, ANY /docs/{p+}"
        );
    }

    #[test]
    fn errors_name_the_entry() {
        let message = |list: &str| list.parse::<MethodPatterns>().unwrap_err().to_string();
        assert!(message("GET /a, ,GET /b").contains("entry 2 is empty"));
        assert!(message("GET /a,").contains("entry 2 is empty"));
        assert!(message("GET /a, /health").contains("entry 2, `/health`"));
        assert!(message("GTE /a").contains("unknown method `GTE`"));
        assert!(
            message("GET /a, GET health")
                .contains("entry 2, `GET health`: the path `health` does not begin")
        );
    }

    #[test]
    fn paths_that_can_be_read_in_two_ways_match_nothing() {
        let public = patterns("ANY /docs/{proxy+}");
        for path in [
            "/docs/../users",
            "/docs/%2e%2E/users",
            "/docs/..%2fusers",
            "/docs/a\\..\\b",
            "/docs/%5C",
            "/docs/./a",
        ] {
            assert!(!public.matches(&Method::GET, path), "{path}");
        }
        assert!(public.matches(&Method::GET, "/docs/v1.2/..a"));
    }

    proptest! {
        #[test]
        fn never_panics(list in "\\PC*", path in "\\PC*") {
            if let Ok(public) = list.parse::<MethodPatterns>() {
                public.matches(&Method::GET, &path);
                prop_assert_eq!(public.to_string().parse::<MethodPatterns>().unwrap(), public);
            }
        }
    }
}
