//! A set of routes, and the choice of the one that answers a request.
//!
//! The routes stand in a trie by segments, so a request looks at few of them: at each segment at most a literal, a variable
//! and a greedy branch. Nothing is allocated but the list of path parameters.
//!
//! What the choice rests on:
//!
//! - **Both kinds**: a literal segment goes before `{x}`, which goes before `{proxy+}`, compared from the left; a verb of its own
//!   goes before `ANY` (AWS documents `ANY` as all methods which a resource does not define). A branch that leads nowhere is
//!   given up for the next one: with `/a/b` and `/{x}/c`, `/a/c` is answered by the second. (Observed of AWS, not documented.)
//! - **REST API**: the resource is chosen first, by the path alone; when it lacks the method, no other resource is tried. AWS
//!   answers 403 `Missing Authentication Token` there. A path on which no method stands is no resource here. Siblings must
//!   agree on their variable, as AWS demands when a resource is created.
//! - **HTTP API**: path and method are matched together. The developer guide gives three steps: a full match, then a match with
//!   a greedy variable, then `$default`. So a route without a greedy variable goes before every route with one.

mod trie;

use std::fmt;

use http::Method;
use thiserror::Error;

use super::{PathTemplate, Remaining, Routing, Segment, Verb};
use trie::{Node, Search, choose};

/// One route: a verb, a path, and what belongs to it.
#[derive(Clone, Debug)]
pub struct Route<T> {
    verb: Verb,
    /// `None` for `$default`.
    template: Option<PathTemplate>,
    value: T,
}

/// Routes, each with a value of type `T`.
///
/// ```
/// use http::Method;
/// use tollgate::api::{RouteMatch, Routes, Routing, Verb};
///
/// let mut routes = Routes::new(Routing::RestApi);
/// routes.insert(Verb::Get, "/users/{id}".parse()?, "read a user")?;
/// let RouteMatch::Found(found) = routes.find(&Method::GET, "/users/7") else { unreachable!() };
/// assert_eq!((*found.value, found.parameters), ("read a user", vec![("id", "7")]));
/// assert!(matches!(routes.find(&Method::PUT, "/users/7"), RouteMatch::NoMethod { .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Routes<T> {
    routing: Routing,
    entries: Vec<Route<T>>,
    root: Node,
    /// The place of `$default` in `entries`.
    default: Option<usize>,
}

/// Why a route cannot join the others.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RouteConflict {
    /// The verb is taken on this path, or on one that matches the same requests (`/users/{id}` and `/users/{name}`).
    #[error("`{verb} {template}` conflicts with `{verb} {existing}`: both match the same requests")]
    Taken {
        /// The verb of both.
        verb: Verb,
        /// The path of the new route.
        template: PathTemplate,
        /// The path of the route that was there first.
        existing: PathTemplate,
    },
    /// In a REST API, a sibling has another variable.
    #[error(
        "`{template}` has the variable `{variable}` where another resource has `{existing}`: use one name for both"
    )]
    SiblingVariable {
        /// The path of the new route.
        template: PathTemplate,
        /// Its variable, with braces.
        variable: String,
        /// The variable that was there first, with braces.
        existing: String,
    },
    /// A second `$default`.
    #[error("the API has a `$default` route already")]
    DefaultTaken,
    /// A `$default` in a REST API.
    #[error("a REST API has no `$default` route: use `ANY /` and `ANY /{{proxy+}}`")]
    DefaultInRestApi,
}

/// What [`Routes::find`] found.
#[derive(Debug)]
pub enum RouteMatch<'r, 'p, T> {
    /// The route that answers.
    Found(Found<'r, 'p, T>),
    /// A path matches, but not with this method. `template` is the most specific of those that match.
    NoMethod {
        /// The path of the resource.
        template: &'r PathTemplate,
    },
    /// No path matches.
    NoPath,
}

/// The route that answers a request.
#[derive(Debug)]
pub struct Found<'r, 'p, T> {
    /// The route's value.
    pub value: &'r T,
    /// The route's verb; `ANY` for `$default`.
    pub verb: Verb,
    /// The route's path; `None` for `$default`.
    pub template: Option<&'r PathTemplate>,
    /// The values of the path's variables, in their order, with their percent-escapes.
    pub parameters: Vec<(&'r str, &'p str)>,
}

impl<T> Route<T> {
    /// The verb; `ANY` for `$default`.
    pub fn verb(&self) -> Verb {
        self.verb
    }

    /// The path; `None` for `$default`.
    pub fn template(&self) -> Option<&PathTemplate> {
        self.template.as_ref()
    }

    /// The value.
    pub fn value(&self) -> &T {
        &self.value
    }

    fn found<'p>(&self, path: &'p str, routing: Routing) -> Found<'_, 'p, T> {
        let parameters = self
            .template
            .as_ref()
            .and_then(|template| template.parameters(path, routing));
        Found {
            value: &self.value,
            verb: self.verb,
            template: self.template.as_ref(),
            parameters: parameters.unwrap_or_default(),
        }
    }
}

impl<T> Routes<T> {
    /// No routes yet, of an API of this kind.
    pub fn new(routing: Routing) -> Self {
        Self {
            routing,
            entries: Vec::new(),
            root: Node::default(),
            default: None,
        }
    }

    /// Adds a route.
    ///
    /// # Errors
    ///
    /// A [`RouteConflict`] when a route that is there already would match the same requests, or, in a REST API, when a
    /// sibling resource has another variable. The set is then as it was.
    pub fn insert(
        &mut self,
        verb: Verb,
        template: PathTemplate,
        value: T,
    ) -> Result<(), RouteConflict> {
        if self.routing == Routing::RestApi {
            self.check_siblings(&template)?;
        }
        let index = self.entries.len();
        let mut node = &mut self.root;
        let mut greedy = false;
        for segment in template.segments() {
            match segment {
                Segment::Literal(literal) => {
                    node = node.literals.entry(literal.clone()).or_default();
                }
                Segment::Variable(_) => {
                    node.variable_part
                        .get_or_insert_with(|| part(segment).into());
                    node = node.variable.get_or_insert_default();
                }
                Segment::Greedy(_) => {
                    node.variable_part
                        .get_or_insert_with(|| part(segment).into());
                    greedy = true;
                }
            }
        }
        let list = if greedy {
            &mut node.greedy
        } else {
            &mut node.here
        };
        let taken = list
            .iter()
            .find(|(other, _)| *other == verb)
            .and_then(|(_, index)| self.entries.get(*index));
        if let Some(existing) = taken.and_then(Route::template) {
            return Err(RouteConflict::Taken {
                verb,
                template,
                existing: existing.clone(),
            });
        }
        list.push((verb, index));
        self.entries.push(Route {
            verb,
            template: Some(template),
            value,
        });
        Ok(())
    }

    /// Adds the `$default` route of an HTTP API, which answers what no other route answers.
    ///
    /// # Errors
    ///
    /// [`RouteConflict::DefaultTaken`] or [`RouteConflict::DefaultInRestApi`].
    pub fn insert_default(&mut self, value: T) -> Result<(), RouteConflict> {
        match self.routing {
            Routing::RestApi => return Err(RouteConflict::DefaultInRestApi),
            Routing::HttpApi => {}
        }
        if self.default.is_some() {
            return Err(RouteConflict::DefaultTaken);
        }
        self.default = Some(self.entries.len());
        self.entries.push(Route {
            verb: Verb::Any,
            template: None,
            value,
        });
        Ok(())
    }

    /// All routes, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Route<T>> {
        self.entries.iter()
    }

    /// The route that answers a request. `path` is what the client sent, without stage and query.
    pub fn find<'p>(&self, method: &Method, path: &'p str) -> RouteMatch<'_, 'p, T> {
        let any_method = Search {
            method: None,
            full: true,
            greedy: true,
        };
        let resource =
            Remaining::of(path, self.routing).and_then(|rest| self.root.search(rest, any_method));
        let with_method = resource.and_then(|list| match self.routing {
            Routing::RestApi => choose(list, method),
            Routing::HttpApi => {
                let rest = Remaining::of(path, self.routing)?;
                let search = |full| {
                    self.root.search(
                        rest,
                        Search {
                            method: Some(method),
                            full,
                            greedy: !full,
                        },
                    )
                };
                choose(search(true).or_else(|| search(false))?, method)
            }
        });
        if let Some(route) = with_method
            .or(self.default)
            .and_then(|index| self.entries.get(index))
        {
            return RouteMatch::Found(route.found(path, self.routing));
        }
        let template = resource
            .and_then(|list| list.first())
            .and_then(|(_, index)| self.entries.get(*index))
            .and_then(Route::template);
        template.map_or(RouteMatch::NoPath, |template| RouteMatch::NoMethod {
            template,
        })
    }

    fn check_siblings(&self, template: &PathTemplate) -> Result<(), RouteConflict> {
        let mut node = &self.root;
        for segment in template.segments() {
            let next = match segment {
                Segment::Literal(literal) => node.literals.get(literal),
                Segment::Variable(_) | Segment::Greedy(_) => {
                    let variable = part(segment);
                    if let Some(existing) = node
                        .variable_part
                        .as_deref()
                        .filter(|existing| *existing != variable)
                    {
                        return Err(RouteConflict::SiblingVariable {
                            template: template.clone(),
                            variable,
                            existing: existing.to_owned(),
                        });
                    }
                    node.variable.as_deref()
                }
            };
            let Some(next) = next else { return Ok(()) };
            node = next;
        }
        Ok(())
    }
}

impl<T> Found<'_, '_, T> {
    /// The route key of an HTTP API: `GET /users/{id}`, or `$default`.
    pub fn route_key(&self) -> String {
        match self.template {
            Some(template) => format!("{} {template}", self.verb),
            None => "$default".to_owned(),
        }
    }
}

impl<T> fmt::Display for Route<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.template {
            Some(template) => write!(f, "{} {template}", self.verb),
            None => f.write_str("$default"),
        }
    }
}

fn part(segment: &Segment) -> String {
    match segment {
        Segment::Literal(literal) => literal.to_string(),
        Segment::Variable(name) => format!("{{{name}}}"),
        Segment::Greedy(name) => format!("{{{name}+}}"),
    }
}

#[cfg(test)]
mod tests;
