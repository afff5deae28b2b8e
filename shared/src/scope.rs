//! Which methods a key opens, where it does not open all that its plans do.
//!
//! A key's tag [`SCOPES`] has a list of methods, such as `GET /users, POST /users, * /reports/{id}`. A tag has at most 256 characters: for
//! a longer list, tags whose names begin with `tollgate:scopes:` have more of it.

use std::collections::BTreeMap;
use std::str::FromStr;

use thiserror::Error;

use crate::api::{MethodPatterns, ParseMethodPatternsError};
use crate::plan::MethodName;

/// The tag of a key with the methods that it opens.
pub const SCOPES: &str = "tollgate:scopes";

/// What the names of further such tags begin with.
pub const MORE_SCOPES: &str = "tollgate:scopes:";

/// How many methods a key's scopes can name. Each decision looks at them one after the other.
pub const MAX_SCOPES: usize = 64;

/// The methods that a key opens, and no others.
///
/// A scope names a method as its front door does: by the verb, or `*` for any, and by the resource's path template or the route's. The names
/// of variables do not matter. Behind a route that takes all paths, that route is the method: `* /{proxy+}`. Function URLs and load
/// balancers have no routes: there the path counts that the client has sent, and one that can be read in two ways is in no scope.
///
/// ```
/// use tollgate::plan::MethodName;
/// use tollgate::scope::Scopes;
///
/// let scopes: Scopes = "GET /users, * /reports/{id}".parse()?;
/// let allow = |verb, resource| scopes.allow(MethodName { resource, verb });
/// assert!(allow("GET", "/users"));
/// assert!(!allow("POST", "/users"));
/// assert!(allow("DELETE", "/reports/{reportId}"));
/// assert!(allow("GET", "/reports/7"));
/// assert!(!allow("GET", "/reports/{proxy+}"));
/// # Ok::<(), tollgate::scope::ParseScopesError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(MethodPatterns);

/// Why a text is no list of scopes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParseScopesError {
    /// It names no method.
    #[error(
        "it names no method: write for example `GET /users`, or take the tag away so that the key opens all methods of its plans"
    )]
    Empty,
    /// It names too many.
    #[error("it names more than {MAX_SCOPES} methods")]
    TooMany,
    /// An entry is no method.
    #[error(transparent)]
    Method(#[from] ParseMethodPatternsError),
}

impl Scopes {
    /// Whether a request for `method` is within the scopes.
    pub fn allow(&self, method: MethodName<'_>) -> bool {
        self.0.cover(method.verb, method.resource)
    }

    /// The scopes that a stored text has. One that cannot be read, which nobody could set, opens nothing.
    pub(crate) fn stored(text: &str) -> Self {
        text.parse().unwrap_or_default()
    }

    /// The text of all tags that have scopes; `None` when there are none, and the key opens all that its plans do.
    pub fn text_of(tags: &BTreeMap<String, String>) -> Option<String> {
        let texts: Vec<&str> = tags
            .iter()
            .filter(|(name, _)| is_scope_tag(name))
            .map(|(_, text)| text.as_str())
            .collect();
        (!texts.is_empty()).then(|| texts.join(", "))
    }
}

/// Whether a tag of this name has scopes.
pub fn is_scope_tag(name: &str) -> bool {
    name == SCOPES || name.starts_with(MORE_SCOPES)
}

impl FromStr for Scopes {
    type Err = ParseScopesError;

    /// Reads a list separated by commas.
    ///
    /// # Errors
    ///
    /// When it names no method, more than [`MAX_SCOPES`], or something that is none.
    fn from_str(text: &str) -> Result<Self, ParseScopesError> {
        let patterns: MethodPatterns = text.parse()?;
        match patterns.as_slice().len() {
            0 => Err(ParseScopesError::Empty),
            1..=MAX_SCOPES => Ok(Self(patterns)),
            _ => Err(ParseScopesError::TooMany),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(list: &str, verb: &str, resource: &str) -> bool {
        let scopes: Scopes = list.parse().unwrap();
        scopes.allow(MethodName { resource, verb })
    }

    #[test]
    fn a_route_that_takes_more_than_the_scope_is_outside() {
        assert!(!allows("GET /users/{id}", "GET", "/users/{proxy+}"));
        assert!(!allows("GET /{a}/{b+}", "GET", "/{proxy+}"));
        assert!(!allows("GET /users/me", "GET", "/users/{id}"));
        assert!(allows("GET /{all+}", "GET", "/users/{proxy+}"));
        assert!(allows("* /users/{rest+}", "PUT", "/users/{id}/avatar"));
        assert!(allows("GET /users/{proxy+}", "GET", "/users/{rest+}"));
        assert!(!allows("GET /users/{proxy+}", "GET", "/{proxy+}"));
    }

    #[test]
    fn a_path_that_can_be_read_in_two_ways_is_in_no_scope() {
        for path in [
            "/users/../admin",
            "/users/%2e%2e/admin",
            "/users/a%2Fb",
            "/users/a\\b",
        ] {
            assert!(!allows("* /users/{rest+}", "GET", path), "{path}");
        }
        assert!(!allows("GET /users", "GET", "/us%65rs"));
        assert!(allows("GET /", "GET", "/"));
    }

    #[test]
    fn several_tags_make_one_list() {
        let tags = |tags: &[(&str, &str)]| {
            let owned = tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
            Scopes::text_of(&owned.collect())
        };
        assert_eq!(tags(&[("team", "blue")]), None);
        let text = tags(&[
            ("tollgate:scopes", "GET /a"),
            ("tollgate:scopes:b", "GET /b, POST /b"),
        ]);
        assert_eq!(text.as_deref(), Some("GET /a, GET /b, POST /b"));
    }

    #[test]
    fn a_list_that_cannot_be_read_opens_nothing() {
        let everywhere = MethodName {
            resource: "/users",
            verb: "GET",
        };
        assert!(!Scopes::stored("users").allow(everywhere));
        assert_eq!("".parse::<Scopes>(), Err(ParseScopesError::Empty));
        let many = vec!["GET /a"; MAX_SCOPES + 1].join(",");
        assert_eq!(many.parse::<Scopes>(), Err(ParseScopesError::TooMany));
    }
}
