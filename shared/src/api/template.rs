//! Path templates, and the parameters that a path has under one.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::{Remaining, Routing};

/// One segment of a [`PathTemplate`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Segment {
    /// Matches itself.
    Literal(Box<str>),
    /// `{name}`: matches any one segment that is not empty.
    Variable(Box<str>),
    /// `{name+}`, the last segment: matches all that is left of the path, one character at least.
    Greedy(Box<str>),
}

/// The path of a resource or of a route: `/`, `/users/{id}`, `/files/{proxy+}`.
///
/// ```
/// use tollgate::api::{PathTemplate, Routing};
///
/// let template: PathTemplate = "/users/{id}/{rest+}".parse()?;
/// let parameters = template.parameters("/users/7/a/b%2Fc", Routing::RestApi);
/// assert_eq!(parameters, Some(vec![("id", "7"), ("rest", "a/b%2Fc")]));
/// assert_eq!(template.parameters("/users/7", Routing::RestApi), None);
/// # Ok::<(), tollgate::api::ParsePathTemplateError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PathTemplate {
    source: Box<str>,
    segments: Box<[Segment]>,
}

/// Why a text is not a path template.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParsePathTemplateError {
    /// The first character is not a slash.
    #[error("the path `{template}` does not begin with `/`")]
    NoLeadingSlash {
        /// The text.
        template: String,
    },
    /// Two slashes in a row, or a slash at the end.
    #[error("the path `{template}` has an empty segment: remove the doubled or trailing `/`")]
    EmptySegment {
        /// The text.
        template: String,
    },
    /// A character that cannot stand in a path: white space, a control character, `?` or `#`.
    #[error("the path `{template}` contains {character:?}, which a path cannot contain")]
    ForbiddenCharacter {
        /// The text.
        template: String,
        /// The first such character.
        character: char,
    },
    /// Braces that do not enclose the name of a variable and fill their segment.
    #[error(
        "the segment `{segment}` of the path `{template}` is not a variable: write `{{name}}` or `{{name+}}` between two slashes"
    )]
    MalformedVariable {
        /// The text.
        template: String,
        /// The segment.
        segment: String,
    },
    /// A greedy variable before the last segment.
    #[error("the greedy variable `{{{name}+}}` is not the last segment of the path `{template}`")]
    GreedyNotLast {
        /// The text.
        template: String,
        /// The variable.
        name: String,
    },
    /// Two variables with one name.
    #[error("the path `{template}` uses the variable name `{name}` twice")]
    DuplicateVariable {
        /// The text.
        template: String,
        /// The name.
        name: String,
    },
}

impl PathTemplate {
    /// The text that this was parsed from.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// The segments; none for `/`.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whether the last segment takes all that is left of a path.
    pub fn is_greedy(&self) -> bool {
        matches!(self.segments.last(), Some(Segment::Greedy(_)))
    }

    /// Whether `path`, as the client sent it, fits.
    pub fn matches(&self, path: &str, routing: Routing) -> bool {
        self.walk(path, routing, |_, _| {}).is_some()
    }

    /// The values that `path`, as the client sent it, gives to the variables, in their order; `None` when it does not fit.
    ///
    /// The values keep their percent-escapes.
    pub fn parameters<'t, 'p>(
        &'t self,
        path: &'p str,
        routing: Routing,
    ) -> Option<Vec<(&'t str, &'p str)>> {
        let mut parameters = Vec::new();
        self.walk(path, routing, |name, value| parameters.push((name, value)))?;
        Some(parameters)
    }

    fn walk<'t, 'p>(
        &'t self,
        path: &'p str,
        routing: Routing,
        mut bind: impl FnMut(&'t str, &'p str),
    ) -> Option<()> {
        let mut rest = Remaining::of(path, routing)?;
        for segment in &self.segments {
            match segment {
                Segment::Literal(literal) => {
                    let (part, tail) = rest.split()?;
                    if part != &**literal {
                        return None;
                    }
                    rest = tail;
                }
                Segment::Variable(name) => {
                    let (part, tail) = rest.split()?;
                    if part.is_empty() {
                        return None;
                    }
                    bind(name, part);
                    rest = tail;
                }
                Segment::Greedy(name) => {
                    bind(name, rest.greedy()?);
                    rest = Remaining(None);
                }
            }
        }
        rest.is_empty().then_some(())
    }
}

impl fmt::Display for PathTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.source)
    }
}

impl FromStr for PathTemplate {
    type Err = ParsePathTemplateError;

    /// Reads a template.
    ///
    /// # Errors
    ///
    /// One variant of [`ParsePathTemplateError`] for each cause.
    fn from_str(template: &str) -> Result<Self, ParsePathTemplateError> {
        let owned = || template.to_owned();
        let Some(rest) = template.strip_prefix('/') else {
            return Err(ParsePathTemplateError::NoLeadingSlash { template: owned() });
        };
        if let Some(character) = template
            .chars()
            .find(|c| c.is_whitespace() || c.is_control() || "?#".contains(*c))
        {
            return Err(ParsePathTemplateError::ForbiddenCharacter {
                template: owned(),
                character,
            });
        }
        if rest.is_empty() {
            return Ok(Self {
                source: template.into(),
                segments: Box::default(),
            });
        }

        let mut segments = Vec::new();
        let mut names = HashSet::new();
        for part in rest.split('/') {
            if let Some(Segment::Greedy(name)) = segments.last() {
                return Err(ParsePathTemplateError::GreedyNotLast {
                    template: owned(),
                    name: name.to_string(),
                });
            }
            if part.is_empty() {
                return Err(ParsePathTemplateError::EmptySegment { template: owned() });
            }
            let segment =
                parse_segment(part).ok_or_else(|| ParsePathTemplateError::MalformedVariable {
                    template: owned(),
                    segment: part.to_owned(),
                })?;
            match &segment {
                Segment::Literal(_) => {}
                Segment::Variable(name) | Segment::Greedy(name) => {
                    if !names.insert(name.clone()) {
                        return Err(ParsePathTemplateError::DuplicateVariable {
                            template: owned(),
                            name: name.to_string(),
                        });
                    }
                }
            }
            segments.push(segment);
        }
        Ok(Self {
            source: template.into(),
            segments: segments.into(),
        })
    }
}

fn parse_segment(part: &str) -> Option<Segment> {
    if !part.contains(['{', '}']) {
        return Some(Segment::Literal(part.into()));
    }
    let inner = part.strip_prefix('{')?.strip_suffix('}')?;
    let (name, greedy) = match inner.strip_suffix('+') {
        Some(name) => (name, true),
        None => (inner, false),
    };
    if name.is_empty() || name.contains(['{', '}', '+']) {
        return None;
    }
    Some(if greedy {
        Segment::Greedy(name.into())
    } else {
        Segment::Variable(name.into())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn template(source: &str) -> PathTemplate {
        source.parse().unwrap()
    }

    fn error(source: &str) -> ParsePathTemplateError {
        source.parse::<PathTemplate>().unwrap_err()
    }

    #[test]
    fn refuses_what_is_not_a_template_and_says_why() {
        use ParsePathTemplateError as E;
        assert!(matches!(error(""), E::NoLeadingSlash { .. }));
        assert!(matches!(error("users"), E::NoLeadingSlash { .. }));
        assert!(matches!(error("//"), E::EmptySegment { .. }));
        assert!(matches!(error("/users/"), E::EmptySegment { .. }));
        assert!(matches!(
            error("/a b"),
            E::ForbiddenCharacter { character: ' ', .. }
        ));
        assert!(matches!(
            error("/a?b"),
            E::ForbiddenCharacter { character: '?', .. }
        ));
        for bad in [
            "/{}",
            "/{+}",
            "/{id",
            "/id}",
            "/a{id}",
            "/{id}.json",
            "/{a}{b}",
            "/{a++}",
            "/{{a}}",
        ] {
            assert!(matches!(error(bad), E::MalformedVariable { .. }), "{bad}");
        }
        assert!(matches!(error("/{proxy+}/a"), E::GreedyNotLast { .. }));
        assert!(matches!(error("/{proxy+}/"), E::GreedyNotLast { .. }));
        assert!(matches!(error("/{id}/{id}"), E::DuplicateVariable { .. }));
        assert!(error("/{id}/{id+}").to_string().contains("`id` twice"));
        assert_eq!(
            error("/{proxy+}/a").to_string(),
            "the greedy variable `{proxy+}` is not the last segment of the path `/{proxy+}/a`"
        );
    }

    #[test]
    fn the_root_matches_the_root_only() {
        for routing in [Routing::RestApi, Routing::HttpApi] {
            assert!(template("/").matches("/", routing));
            assert!(!template("/").matches("/a", routing));
            assert!(!template("/").matches("", routing));
            assert!(!template("/").matches("*", routing));
        }
    }

    #[test]
    fn a_variable_takes_exactly_one_segment_with_its_escapes() {
        let users = template("/users/{id}");
        assert_eq!(
            users.parameters("/users/a%2Fb", Routing::RestApi),
            Some(vec![("id", "a%2Fb")])
        );
        assert!(!users.matches("/users/a/b", Routing::RestApi));
        assert!(!users.matches("/users", Routing::RestApi));
        assert!(
            !users.matches("/users/", Routing::HttpApi),
            "an empty segment has no value"
        );
    }

    #[test]
    fn a_greedy_variable_needs_something_to_take() {
        let files = template("/files/{proxy+}");
        for routing in [Routing::RestApi, Routing::HttpApi] {
            assert!(!files.matches("/files", routing));
            assert!(!files.matches("/files/", routing));
            assert_eq!(
                files.parameters("/files/a//b", routing),
                Some(vec![("proxy", "a//b")])
            );
        }
    }

    #[test]
    fn rest_routing_ignores_slashes_at_both_ends() {
        let proxy = template("/{proxy+}");
        assert_eq!(
            proxy.parameters("/test-path/", Routing::RestApi),
            Some(vec![("proxy", "test-path")])
        );
        assert!(template("/hardcoded").matches("//hardcoded", Routing::RestApi));
        assert!(
            !template("/a/b").matches("/a//b", Routing::RestApi),
            "inside the path a doubled slash counts"
        );
    }

    #[test]
    fn http_routing_counts_every_slash() {
        assert!(!template("/users").matches("/users/", Routing::HttpApi));
        assert!(!template("/users").matches("//users", Routing::HttpApi));
        assert_eq!(
            template("/{proxy+}").parameters("/a/", Routing::HttpApi),
            Some(vec![("proxy", "a/")])
        );
    }

    proptest! {
        #[test]
        fn displays_what_it_was_parsed_from(source in "(/[a-z]{1,3}|/\\{[a-z]{1,2}\\}){0,4}(/\\{z\\+\\})?") {
            if let Ok(parsed) = source.parse::<PathTemplate>() {
                prop_assert_eq!(parsed.to_string().parse::<PathTemplate>().unwrap(), parsed.clone());
                prop_assert_eq!(parsed.to_string(), source);
            }
        }

        #[test]
        fn never_panics(source in "\\PC*", path in "\\PC*") {
            if let Ok(parsed) = source.parse::<PathTemplate>() {
                parsed.matches(&path, Routing::RestApi);
                parsed.matches(&path, Routing::HttpApi);
            }
            template("/{a}/b/{c+}").parameters(&path, Routing::HttpApi);
        }

        #[test]
        fn a_path_made_from_a_template_matches_it(values in proptest::collection::vec("[a-z0-9%.]{1,6}", 3)) {
            let path = format!("/x/{}/y/{}/{}", values[0], values[1], values[2]);
            let template = template("/x/{a}/y/{b+}");
            let found = template.parameters(&path, Routing::RestApi).unwrap();
            let rest = format!("{}/{}", values[1], values[2]);
            prop_assert_eq!(found, vec![("a", values[0].as_str()), ("b", rest.as_str())]);
        }
    }
}
