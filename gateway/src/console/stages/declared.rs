//! What a template's HTTP APIs and function URLs serve.

use super::super::surroundings::KeyRule;
use super::{KnownMethod, KnownStage, StageKind};
use crate::explain::{DeclaredAccess, DeclaredKind, DeclaredMethod, DeclaredStage};
use crate::template::DEFAULT_ROUTE;

/// What stands for all paths of a function URL.
const EVERY_PATH: &str = "/{proxy+}";

impl KnownStage {
    pub(super) fn declared(stage: &DeclaredStage) -> Self {
        let (kind, default) = match stage.kind {
            DeclaredKind::HttpApi => (StageKind::HttpApi, DEFAULT_ROUTE),
            DeclaredKind::FunctionUrl { .. } => (StageKind::FunctionUrl, EVERY_PATH),
        };
        let methods = stage.methods();
        let methods = methods
            .iter()
            .map(|method| KnownMethod::declared(method, default));
        Self {
            api_stage: stage.api_stage.clone(),
            api_name: stage.name.clone(),
            kind,
            methods: Some(methods.collect()),
            deployment_id: None,
        }
    }
}

impl KnownMethod {
    fn declared(method: &DeclaredMethod<'_>, default: &str) -> Self {
        Self {
            verb: method.verb.as_str().to_owned(),
            path: method.path.clone().unwrap_or_else(|| default.to_owned()),
            key: key_rule(method),
            resource_id: None,
        }
    }
}

/// The rule of a method that a template declares: what its function's layer asks for, else its authorizer.
fn key_rule(method: &DeclaredMethod<'_>) -> KeyRule {
    if method.has_layer {
        return KeyRule::Required;
    }
    match &method.route.access {
        DeclaredAccess::Open => KeyRule::NotRequired,
        DeclaredAccess::Signed => KeyRule::Authorizer("AWS_IAM".to_owned()),
        DeclaredAccess::Authorizer { name, .. } | DeclaredAccess::NotSimulated(name) => {
            KeyRule::Authorizer(name.clone())
        }
    }
}

#[cfg(test)]
mod tests {
    use tollgate::api::{Routes, Routing, Verb};
    use tollgate::id::ApiStage;

    use super::*;
    use crate::explain::DeclaredRoute;

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
        let stage = KnownStage::declared(&DeclaredStage {
            api_stage: ApiStage::new("users", "dev"),
            name: "users".to_owned(),
            kind: DeclaredKind::HttpApi,
            routes,
        });
        let methods: Vec<&KnownMethod> = stage.methods().collect();
        let open = methods.iter().copied().filter(|method| method.is_open());
        let open: Vec<String> = open.map(KnownMethod::plan_name).collect();
        assert_eq!(open, ["/health/GET", "/items/new/GET", "/other/x/GET"]);
        let limited = methods
            .iter()
            .copied()
            .filter(|method| method.can_be_throttled(StageKind::HttpApi));
        let limited: Vec<String> = limited.map(KnownMethod::plan_name).collect();
        assert_eq!(limited, ["/items/{proxy+}/ANY"]);
    }
}
