//! The control function, as Lambda runs it.
//!
//! Everything that can be made before the first event is made here, once: logging, the configuration, and the clients whose connections
//! all events share.

use std::sync::Arc;

use aws_config::BehaviorVersion;
use control::App;
use control::config::Config;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use tollgate::logs::Logs;
use tollgate::store::dynamodb::{DynamoStore, Patience};
use tollgate::time::SystemClock;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Logs::from_env(&[]).start();
    let config = Config::from_env().inspect_err(|error| tracing::error!("{error}"))?;
    let sdk_config = aws_config::load_defaults(BehaviorVersion::v2026_01_12()).await;
    let pepper = config.pepper.clone();
    let store = DynamoStore::new(&sdk_config, Patience::OPERATOR, &*config.table, pepper);
    let app = Arc::new(App::new(store, SystemClock, config));
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let app = Arc::clone(&app);
        async move {
            let invocation = (&event.context).into();
            app.handle(event.payload, &invocation)
                .await
                .map_err(Error::from)
        }
    }))
    .await
}
