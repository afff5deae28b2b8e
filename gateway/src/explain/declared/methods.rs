//! The methods of a declared stage, as people see them.

use tollgate::api::{MethodPattern, MethodPatterns, Route, Segment, Verb};

use super::{DeclaredRoute, DeclaredStage};

/// A route, or what its function's layer leaves open of a route that is wider.
#[derive(Clone, Debug)]
pub struct DeclaredMethod<'a> {
    /// The verb.
    pub verb: Verb,
    /// The path; `None` for `$default`.
    pub path: Option<String>,
    /// The route.
    pub route: &'a DeclaredRoute,
    /// Whether the function's layer asks for a key.
    pub has_layer: bool,
}

impl DeclaredStage {
    /// The routes, and after them what layers leave open behind wider ones, each once.
    #[must_use]
    pub fn methods(&self) -> Vec<DeclaredMethod<'_>> {
        let mut methods: Vec<DeclaredMethod<'_>> =
            self.routes.iter().map(DeclaredMethod::of_route).collect();
        for route in self
            .routes
            .iter()
            .filter(|it| DeclaredRoute::has_layer_for(it))
        {
            let public = route.value().public.iter();
            for pattern in public.flat_map(MethodPatterns::as_slice) {
                let is_listed = methods.iter().any(|known| {
                    known.verb == pattern.verb
                        && known.path.as_deref() == Some(pattern.path.as_str())
                });
                if !is_listed && overlaps(route, pattern) {
                    methods.push(DeclaredMethod {
                        verb: pattern.verb,
                        path: Some(pattern.path.to_string()),
                        route: route.value(),
                        has_layer: false,
                    });
                }
            }
        }
        methods
    }
}

impl<'a> DeclaredMethod<'a> {
    fn of_route(route: &'a Route<DeclaredRoute>) -> Self {
        Self {
            verb: route.verb(),
            path: route.template().map(ToString::to_string),
            route: route.value(),
            has_layer: DeclaredRoute::has_layer_for(route),
        }
    }

    /// Whether somebody asks for a key of a usage plan: the function's layer, or an authorizer of Tollgate's.
    pub fn requires_key(&self) -> bool {
        self.has_layer || self.route.asks_before()
    }
}

/// Whether there are requests that fit both the route and the pattern.
fn overlaps(route: &Route<DeclaredRoute>, pattern: &MethodPattern) -> bool {
    let (one, other) = (route.verb(), pattern.verb);
    let has_verb = one == other || one == Verb::Any || other == Verb::Any;
    let path = route.template();
    has_verb && path.is_none_or(|path| overlap(path.segments(), pattern.path.segments()))
}

/// Whether there are paths that fit both.
fn overlap(one: &[Segment], other: &[Segment]) -> bool {
    match (one, other) {
        ([], []) => true,
        ([Segment::Greedy(_), ..], rest) | (rest, [Segment::Greedy(_), ..]) => !rest.is_empty(),
        ([], _) | (_, []) => false,
        ([Segment::Literal(one), ones @ ..], [Segment::Literal(other), others @ ..]) => {
            one == other && overlap(ones, others)
        }
        ([_, ones @ ..], [_, others @ ..]) => overlap(ones, others),
    }
}

#[cfg(test)]
mod tests {
    use tollgate::api::{PathTemplate, Routes, Routing};
    use tollgate::id::ApiStage;

    use super::super::{DeclaredAccess, DeclaredKind};
    use super::*;

    #[test]
    fn templates_overlap_when_a_path_fits_both() {
        let overlap = |one: &str, other: &str| {
            let one: PathTemplate = one.parse().unwrap();
            let other: PathTemplate = other.parse().unwrap();
            let there = super::overlap(one.segments(), other.segments());
            assert_eq!(there, super::overlap(other.segments(), one.segments()));
            there
        };
        assert!(overlap("/{proxy+}", "/health") && overlap("/docs/{id}", "/{kind}/x"));
        assert!(overlap("/docs/{proxy+}", "/docs/v1/{id}"));
        assert!(!overlap("/docs/{proxy+}", "/docs") && !overlap("/docs/{id}", "/docs/a/b"));
    }

    #[test]
    fn what_is_open_behind_a_wider_route_stands_by_itself() {
        let route = || DeclaredRoute {
            function: "Users".to_owned(),
            public: Some("GET /health, GET /docs/{page}, GET /login".parse().unwrap()),
            access: DeclaredAccess::Open,
        };
        let mut routes = Routes::new(Routing::HttpApi);
        for (verb, path) in [(Verb::Any, "/docs/{proxy+}"), (Verb::Get, "/login")] {
            routes.insert(verb, path.parse().unwrap(), route()).unwrap();
        }
        routes.insert_default(route()).unwrap();
        let stage = DeclaredStage {
            api_stage: ApiStage::new("users", "dev"),
            name: "users".to_owned(),
            kind: DeclaredKind::HttpApi,
            routes,
        };
        let methods = stage.methods();
        let mut told: Vec<String> = methods
            .iter()
            .map(|method| {
                let path = method.path.as_deref().unwrap_or("$default");
                format!("{} {path} {}", method.verb, method.requires_key())
            })
            .collect();
        told.sort();
        assert_eq!(
            told,
            [
                "ANY $default true",
                "ANY /docs/{proxy+} true",
                "GET /docs/{page} false",
                "GET /health false",
                "GET /login false",
            ]
        );
    }
}
