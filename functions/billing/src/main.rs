//! The billing function, as Lambda runs it.

use std::sync::Arc;

use aws_config::BehaviorVersion;
use billing::config::Config;
use billing::{App, Target};
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
    let target = Target::new(&sdk_config, config.place)?;
    let app = Arc::new(App::new(store, SystemClock, target));
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let app = Arc::clone(&app);
        async move { app.handle(&event.payload).await.map_err(Error::from) }
    }))
    .await
}
