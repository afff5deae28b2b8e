//! What the console is told of this gateway, and of what its template declares beside the store.

use std::sync::Arc;

use http::Method;
use tollgate::control::Control;
use tollgate::store::dynamodb::DynamoStore;
use tollgate::time::SystemClock;

use crate::console::{Console, Surroundings};
use crate::explain::DeclaredStage;
use crate::tally::Tally;
use crate::template::{ApiKind, ApiSpec, FunctionSpec, MethodSpec, Template};

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
        declared: DeclaredStage::all(template),
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
