//! What the console is told of this gateway, and of what its template declares beside the store.

use std::sync::Arc;

use tollgate::control::Control;
use tollgate::store::dynamodb::DynamoStore;
use tollgate::time::SystemClock;

use crate::console::{Console, Surroundings};
use crate::explain::{DeclaredRoute, DeclaredStage};
use crate::tally::Tally;
use crate::template::{ApiKind, ApiSpec, DEFAULT_ROUTE, MethodSpec, Template};

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

/// Whether a method checks a key: the gateway does for REST APIs; for HTTP APIs the function's layer does, or an authorizer.
pub(crate) fn requires_key(api: &ApiSpec, method: &MethodSpec, template: &Template) -> bool {
    match api.kind {
        ApiKind::Rest => method.api_key_required,
        ApiKind::Http => {
            let path = Some(method.path.as_str()).filter(|path| *path != DEFAULT_ROUTE);
            DeclaredRoute::of(api, method, template)
                .is_some_and(|route| route.requires_key(&method.verb, path))
        }
    }
}
