//! What a template's HTTP APIs and function URLs serve.

use tollgate::api::{MethodPattern, MethodPatterns, Route, Routes, Segment, Verb};

use super::super::surroundings::KeyRule;
use super::{KnownMethod, KnownStage, StageKind};
use crate::explain::{DeclaredAccess, DeclaredKind, DeclaredRoute, DeclaredStage};
use crate::template::DEFAULT_ROUTE;

impl KnownStage {
    pub(super) fn declared(stage: &DeclaredStage) -> Self {
        let methods = match stage.kind {
            DeclaredKind::HttpApi => KnownMethod::of_http_api(&stage.routes),
            DeclaredKind::FunctionUrl { .. } => {
                let routes = stage.routes.iter();
                routes.flat_map(KnownMethod::of_function_url).collect()
            }
        };
        Self {
            api_stage: stage.api_stage.clone(),
            api_name: stage.name.clone(),
            kind: match stage.kind {
                DeclaredKind::HttpApi => StageKind::HttpApi,
                DeclaredKind::FunctionUrl { .. } => StageKind::FunctionUrl,
            },
            methods: Some(methods.into()),
            deployment_id: None,
        }
    }
}

impl KnownMethod {
    fn declared(verb: &str, path: String, key: KeyRule) -> Self {
        Self {
            verb: verb.to_owned(),
            path,
            key,
            resource_id: None,
        }
    }

    fn of_route(route: &Route<DeclaredRoute>) -> Self {
        let path = route.template().map(ToString::to_string);
        let path = path.unwrap_or_else(|| DEFAULT_ROUTE.to_owned());
        Self::declared(route.verb().as_str(), path, key_rule(route))
    }

    /// What the layer behind a route leaves open. A route may be wider than that, so it stands by itself.
    fn left_open(pattern: &MethodPattern, route: &Route<DeclaredRoute>) -> Self {
        let path = pattern.path.to_string();
        let key = door_rule(&route.value().access);
        Self::declared(pattern.verb.as_str(), path, key)
    }

    /// A function URL takes every path; what its layer leaves open is named one by one.
    fn of_function_url(route: &Route<DeclaredRoute>) -> Vec<Self> {
        let public = route.value().public.iter();
        let open = public.flat_map(MethodPatterns::as_slice);
        let open = open.map(|pattern| Self::left_open(pattern, route));
        let rest = Self::declared("ANY", "/{proxy+}".to_owned(), key_rule(route));
        open.chain([rest]).collect()
    }

    /// The routes of an HTTP API, and what layers leave open behind routes that ask for a key otherwise.
    fn of_http_api(routes: &Routes<DeclaredRoute>) -> Vec<Self> {
        let mut methods: Vec<Self> = routes.iter().map(Self::of_route).collect();
        for route in routes.iter().filter(|it| DeclaredRoute::has_layer_for(it)) {
            let public = route.value().public.iter();
            for pattern in public.flat_map(MethodPatterns::as_slice) {
                let open = Self::left_open(pattern, route);
                let is_listed = methods
                    .iter()
                    .any(|known| (&known.verb, &known.path) == (&open.verb, &open.path));
                if !is_listed && overlaps(route, pattern) {
                    methods.push(open);
                }
            }
        }
        methods
    }
}

/// The rule of a route that a template declares: what its function's layer asks for, else its authorizer.
fn key_rule(route: &Route<DeclaredRoute>) -> KeyRule {
    if DeclaredRoute::has_layer_for(route) {
        return KeyRule::Required;
    }
    door_rule(&route.value().access)
}

/// What the front door asks for, whatever the function does.
fn door_rule(access: &DeclaredAccess) -> KeyRule {
    match access {
        DeclaredAccess::Open => KeyRule::NotRequired,
        DeclaredAccess::Signed => KeyRule::Authorizer("AWS_IAM".to_owned()),
        DeclaredAccess::Authorizer { name, .. } | DeclaredAccess::NotSimulated(name) => {
            KeyRule::Authorizer(name.clone())
        }
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
    use tollgate::api::{PathTemplate, Routing};

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
        assert!(overlap("/health", "/health"));
        assert!(overlap("/{proxy+}", "/health"));
        assert!(overlap("/docs/{id}", "/{kind}/x"));
        assert!(overlap("/docs/{proxy+}", "/docs/v1/{id}"));
        assert!(!overlap("/docs/{proxy+}", "/docs"));
        assert!(!overlap("/docs", "/health"));
        assert!(!overlap("/docs/{id}", "/docs/a/b"));
    }

    #[test]
    fn what_a_layer_leaves_open_behind_a_wider_route_is_a_method_of_its_own() {
        let route = |public: &str| DeclaredRoute {
            function: "users".to_owned(),
            public: Some(public.parse().unwrap()),
            access: DeclaredAccess::Open,
        };
        let public = "GET /health, GET /items/new, GET /other/x";
        let mut routes = Routes::new(Routing::HttpApi);
        routes.insert_default(route(public)).unwrap();
        let items = "/items/{proxy+}".parse().unwrap();
        routes.insert(Verb::Any, items, route(public)).unwrap();
        let health = "/health".parse().unwrap();
        routes.insert(Verb::Get, health, route(public)).unwrap();
        let methods = KnownMethod::of_http_api(&routes);
        let open = methods.iter().filter(|method| method.is_open());
        let open: Vec<String> = open.map(KnownMethod::plan_name).collect();
        assert_eq!(open, ["/health/GET", "/items/new/GET", "/other/x/GET"]);
        let limited = methods
            .iter()
            .filter(|method| method.can_be_throttled(StageKind::HttpApi));
        let limited: Vec<String> = limited.map(KnownMethod::plan_name).collect();
        assert_eq!(limited, ["/items/{proxy+}/ANY"]);
    }
}
