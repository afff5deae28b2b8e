//! The users function, as Lambda runs it.
//!
//! Everything that can be made before the first request is made here, once: logging, the configuration, and the one DynamoDB client
//! whose connections all requests share.

use std::sync::Arc;

use tollgate::time::SystemClock;
use users::config::{Config, dynamodb_client};
use users::{App, UserStore};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda_http::tracing::init_default_subscriber();
    let config = Config::from_env().inspect_err(|error| tracing::error!("{error}"))?;
    let client = dynamodb_client().await;
    let store = UserStore::new(client, config.users_table);
    let service = users::service(Arc::new(App::new(store, SystemClock)));
    lambda_http::run(service).await
}
