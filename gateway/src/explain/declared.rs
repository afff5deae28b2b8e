//! Stages that stand in no store: those of a template's HTTP APIs, and the URLs of its functions.

mod methods;

use http::Method;
use tollgate::api::{MethodPatterns, Route, Routes, Routing};
use tollgate::id::ApiStage;

use crate::lambda::FunctionName;
use crate::router::DEFAULT_STAGE;
use crate::template::{
    ApiKind, ApiSpec, FunctionSpec, FunctionUrlAuth, FunctionUrlSpec, MethodSpec,
    RouteAuthorization, Template,
};

pub use methods::DeclaredMethod;

/// A stage of an HTTP API, or a function URL.
#[derive(Clone, Debug)]
pub struct DeclaredStage {
    /// What plans call it.
    pub api_stage: ApiStage,
    /// The name of the API; for a function URL, the logical id of the function.
    pub name: String,
    /// Which of the two it is.
    pub kind: DeclaredKind,
    /// The routes. A function URL has `$default` alone.
    pub routes: Routes<DeclaredRoute>,
}

/// What a declared stage belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeclaredKind {
    /// An HTTP API.
    HttpApi,
    /// The URL of a function.
    FunctionUrl {
        /// The function's name.
        function_name: String,
    },
}

/// A route, and what decides who may use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredRoute {
    /// The logical id of the function that answers.
    pub function: String,
    /// The methods that need no key, where the function has Tollgate's layer.
    pub public: Option<MethodPatterns>,
    /// What the front door asks before.
    pub access: DeclaredAccess,
}

/// What a front door asks of callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeclaredAccess {
    /// Nothing.
    Open,
    /// A signature.
    Signed,
    /// That a function lets them pass.
    Authorizer {
        /// The authorizer's name.
        name: String,
        /// Whether its function is Tollgate's and has the table, and so decides by usage plans.
        has_plans: bool,
        /// What a request has to have, as `$request.header.NAME` and the like. Without it the answer is 401.
        identity_sources: Vec<String>,
        /// For how long an answer is used again, in seconds.
        ttl_s: u32,
    },
    /// Something that is not simulated, by its name: nobody passes.
    NotSimulated(String),
}

impl DeclaredStage {
    /// The stages that a template declares: of its HTTP APIs first.
    ///
    /// Routes that conflict with another one, and routes of functions that are not there, are left out, as the gateway does.
    #[must_use]
    pub fn all(template: &Template) -> Vec<Self> {
        let apis = template
            .apis
            .iter()
            .filter(|api| api.kind == ApiKind::Http)
            .map(|api| Self::of_api(api, template));
        let urls = template.functions.iter().filter_map(|function| {
            let url = function.url.as_ref()?;
            Some(Self::of_url(function, url))
        });
        apis.chain(urls).collect()
    }

    fn of_api(api: &ApiSpec, template: &Template) -> Self {
        let mut routes = Routes::new(Routing::HttpApi);
        for method in &api.methods {
            if let Some(route) = DeclaredRoute::of(api, method, template) {
                // What conflicts has stopped the start of a gateway, and without one no route is better than a wrong one.
                let _ = method.insert_into(&mut routes, route);
            }
        }
        Self {
            api_stage: ApiStage::new(api.id.as_str(), api.stage.as_str()),
            name: api.name.clone(),
            kind: DeclaredKind::HttpApi,
            routes,
        }
    }

    fn of_url(function: &FunctionSpec, url: &FunctionUrlSpec) -> Self {
        let mut routes = Routes::new(Routing::HttpApi);
        let route = DeclaredRoute {
            function: function.logical_id.clone(),
            public: function.public_methods(),
            access: match url.auth {
                FunctionUrlAuth::None => DeclaredAccess::Open,
                FunctionUrlAuth::AwsIam => DeclaredAccess::Signed,
            },
        };
        // The first route conflicts with none.
        let _ = routes.insert_default(route);
        Self {
            api_stage: ApiStage::new(url.id.as_str(), DEFAULT_STAGE),
            name: function.logical_id.clone(),
            kind: DeclaredKind::FunctionUrl {
                function_name: function.name.clone(),
            },
            routes,
        }
    }

    /// `the HTTP API users`, with a capital.
    pub(crate) fn described(&self) -> String {
        match &self.kind {
            DeclaredKind::HttpApi => format!("The HTTP API {}", self.name),
            DeclaredKind::FunctionUrl { .. } => format!("The function URL of {}", self.name),
        }
    }
}

impl DeclaredRoute {
    /// The route that a method of an HTTP API becomes. `None` when its function is not there.
    pub(crate) fn of(api: &ApiSpec, method: &MethodSpec, template: &Template) -> Option<Self> {
        let function = template
            .functions
            .iter()
            .find(|function| function.logical_id == method.function_logical_id)?;
        Some(Self {
            function: function.logical_id.clone(),
            public: function.public_methods(),
            access: access(api, method, template),
        })
    }

    /// Whether a request with this verb, or `ANY`, needs a key of a usage plan: an authorizer of Tollgate's asks for it, or the function's
    /// layer. `path` is the route's; `None` for `$default`.
    pub(crate) fn requires_key(&self, verb: &str, path: Option<&str>) -> bool {
        self.asks_before() || self.has_layer_at(verb, path)
    }

    /// Whether the function's layer asks for a key on this route.
    pub fn has_layer_for(route: &Route<Self>) -> bool {
        let path = route.template().map(ToString::to_string);
        route
            .value()
            .has_layer_at(route.verb().as_str(), path.as_deref())
    }

    fn has_layer_at(&self, verb: &str, path: Option<&str>) -> bool {
        let verb = Method::from_bytes(verb.as_bytes()).unwrap_or(Method::GET);
        let is_public =
            |public: &MethodPatterns| path.is_some_and(|path| public.matches(&verb, path));
        self.public
            .as_ref()
            .is_some_and(|public| !is_public(public))
    }

    /// Whether an authorizer decides by usage plans before the function is called.
    fn asks_before(&self) -> bool {
        match self.access {
            DeclaredAccess::Authorizer { has_plans, .. } => has_plans,
            DeclaredAccess::Open | DeclaredAccess::Signed | DeclaredAccess::NotSimulated(_) => {
                false
            }
        }
    }
}

fn access(api: &ApiSpec, method: &MethodSpec, template: &Template) -> DeclaredAccess {
    match &method.authorization {
        RouteAuthorization::Open => DeclaredAccess::Open,
        RouteAuthorization::Signed => DeclaredAccess::Signed,
        RouteAuthorization::NotSimulated(name) => DeclaredAccess::NotSimulated(name.clone()),
        RouteAuthorization::Lambda(name) => {
            let authorizer = api
                .authorizers
                .iter()
                .find(|authorizer| authorizer.name == *name);
            let function = authorizer
                .and_then(|authorizer| FunctionName::parse(&authorizer.function_arn))
                .and_then(|wanted| {
                    let mut functions = template.functions.iter();
                    functions.find(|function| function.name == wanted.name)
                });
            DeclaredAccess::Authorizer {
                name: name.clone(),
                has_plans: function.is_some_and(FunctionSpec::decides_by_plans),
                identity_sources: authorizer
                    .map_or_else(Vec::new, |authorizer| authorizer.identity_sources.clone()),
                ttl_s: authorizer.map_or(0, |authorizer| authorizer.ttl_s),
            }
        }
    }
}
