//! The function that receives GitHub's secret scanning alerts, as Lambda runs it.

use std::sync::Arc;

use aws_config::BehaviorVersion;
use lambda_http::{Error, Request, service_fn};
use leaks::config::Config;
use leaks::{App, HttpsFetch, LogAlerts};
use tollgate::logs::Logs;
use tollgate::store::dynamodb::{DynamoStore, Patience};
use tollgate::time::SystemClock;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Logs::from_env(&[]).start();
    let config = Config::from_env().inspect_err(|error| tracing::error!("{error}"))?;
    let sdk_config = aws_config::load_defaults(BehaviorVersion::v2026_01_12()).await;
    let store = DynamoStore::new(&sdk_config, Patience::OPERATOR, config.table, config.pepper);
    let fetch = HttpsFetch::new(&config.public_keys_url)?;
    let app = Arc::new(App::new(store, fetch, LogAlerts, SystemClock));
    let answer = move |request: Request| {
        let app = Arc::clone(&app);
        async move { Ok::<_, Error>(app.answer(request).await) }
    };
    lambda_http::run(service_fn(answer)).await
}
