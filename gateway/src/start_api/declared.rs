//! What the console is told of this gateway, and of what its template declares beside the store.

use std::sync::Arc;

use http::Method;
use tollgate::control::Control;
use tollgate::id::ApiStage;
use tollgate::store::dynamodb::DynamoStore;
use tollgate::time::SystemClock;

use crate::console::{Console, DeclaredApi, DeclaredKind, DeclaredRoute, KeyRule, Surroundings};
use crate::explain::DeclaredStage;
use crate::router::DEFAULT_STAGE;
use crate::tally::Tally;
use crate::template::{
    ApiKind, ApiSpec, FunctionSpec, FunctionUrlSpec, MethodSpec, RouteAuthorization, Template,
};

/// The console of a gateway whose APIs answer on `port`. Its first list is read meanwhile.
pub(super) fn console(
    template: &Template,
    control: &Control<DynamoStore, SystemClock>,
    store: DynamoStore,
    port: u16,
    tally: Tally,
) -> Console {
    let console = Console::new(Surroundings {
        control: control.clone(),
        store,
        clock: Arc::new(SystemClock),
        place: "local gateway".to_owned(),
        declared: declared(template),
        stages: DeclaredStage::all(template),
        data_plane_url: Some(format!("http://127.0.0.1:{port}")),
        tally: Some(tally),
    });
    let loading = console.clone();
    tokio::spawn(async move {
        if let Err(error) = loading.load().await {
            tracing::warn!(%error, "the console could not read the keys and plans yet");
        }
    });
    console
}

/// The HTTP APIs and function URLs of a template. Its REST APIs are in the store.
fn declared(template: &Template) -> Vec<DeclaredApi> {
    let http_apis = template
        .apis
        .iter()
        .filter(|api| match api.kind {
            ApiKind::Http => true,
            ApiKind::Rest => false,
        })
        .map(|api| DeclaredApi {
            api_stage: ApiStage::new(api.id.as_str(), api.stage.as_str()),
            name: api.name.clone(),
            kind: DeclaredKind::HttpApi,
            routes: api
                .methods
                .iter()
                .map(|method| route(api, method, template))
                .collect(),
        });
    let function_urls = template
        .functions
        .iter()
        .filter_map(|function| Some(function_url(function, function.url.as_ref()?)));
    http_apis.chain(function_urls).collect()
}

fn route(api: &ApiSpec, method: &MethodSpec, template: &Template) -> DeclaredRoute {
    let key = match &method.authorization {
        _ if requires_key(api, method, template) => KeyRule::Required,
        RouteAuthorization::Open => KeyRule::NotRequired,
        RouteAuthorization::Signed => KeyRule::Authorizer("AWS_IAM".to_owned()),
        RouteAuthorization::Lambda(name) | RouteAuthorization::NotSimulated(name) => {
            KeyRule::Authorizer(name.clone())
        }
    };
    DeclaredRoute {
        verb: method.verb.clone(),
        path: method.path.clone(),
        integration: method.function_logical_id.clone(),
        key,
    }
}

/// A function URL takes every path; what its layer leaves open is named one by one.
fn function_url(function: &FunctionSpec, url: &FunctionUrlSpec) -> DeclaredApi {
    let of = |verb: String, path: String, key| DeclaredRoute {
        verb,
        path,
        integration: function.logical_id.clone(),
        key,
    };
    let mut routes = Vec::new();
    let rest = if let Some(public) = function.public_methods() {
        routes.extend(public.as_slice().iter().map(|pattern| {
            let text = pattern.to_string();
            let (verb, path) = text.split_once(' ').unwrap_or(("ANY", &text));
            of(verb.to_owned(), path.to_owned(), KeyRule::NotRequired)
        }));
        KeyRule::Required
    } else {
        KeyRule::NotRequired
    };
    routes.push(of("ANY".to_owned(), "/{proxy+}".to_owned(), rest));
    DeclaredApi {
        api_stage: ApiStage::new(url.id.as_str(), DEFAULT_STAGE),
        name: function.logical_id.clone(),
        kind: DeclaredKind::FunctionUrl,
        routes,
    }
}

/// Whether a method checks a key: the gateway does for REST APIs, the function's layer for HTTP APIs.
pub(crate) fn requires_key(api: &ApiSpec, method: &MethodSpec, template: &Template) -> bool {
    match api.kind {
        ApiKind::Rest => method.api_key_required,
        ApiKind::Http => {
            let function = template
                .functions
                .iter()
                .find(|function| function.logical_id == method.function_logical_id);
            let verb = Method::from_bytes(method.verb.as_bytes()).unwrap_or(Method::GET);
            function
                .and_then(FunctionSpec::public_methods)
                .is_some_and(|public| !public.matches(&verb, &method.path))
        }
    }
}
