//! The users function, as Lambda runs it.
//!
//! Everything that can be made before the first request is made here, once: logging, the configuration, the DynamoDB clients whose
//! connections all requests share, and the connection that each decision needs. Lambda ends an environment with TERM, which it sends only
//! where an extension is registered; then the layer gives back what it charged in advance.

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use lambda_http::Error;
use tollgate::http::{Settings, UsagePlanLayer};
use tollgate::logs::Logs;
use tollgate::time::SystemClock;
use tower::ServiceBuilder;
use users::config::{Config, sdk_config};
use users::{App, UserStore};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Logs::from_env(&[]).start();
    let config = Config::from_env().inspect_err(|error| tracing::error!("{error}"))?;
    let settings = Settings::from_env().inspect_err(|error| tracing::error!("{error}"))?;
    let sdk_config = sdk_config().await;
    let plans = settings
        .map(|settings| UsagePlanLayer::from_settings(&sdk_config, &settings))
        .transpose()?;
    if let Some(plans) = &plans {
        plans.warm_up().await;
        if plans.takes_leases() {
            let plans = plans.clone();
            lambda_runtime::spawn_graceful_shutdown_handler(|| async move {
                plans.hand_back().await;
            })
            .await;
        }
    }
    let store = UserStore::new(Client::new(&sdk_config), config.users_table);
    let users = users::service(Arc::new(App::new(store, SystemClock)));
    lambda_http::run_concurrent(ServiceBuilder::new().option_layer(plans).service(users)).await
}
