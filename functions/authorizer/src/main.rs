//! The authorizer function, as Lambda runs it: [`tollgate::authorizer`] says what it answers.
//!
//! Everything that can be made before the first request is made here, once, the connection to the store too. What was charged in advance is given
//! back when Lambda ends the environment.

use aws_config::BehaviorVersion;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::Value;
use tollgate::authorizer::{Authorizer, AuthorizerSettings};
use tollgate::http::{Settings, variable};
use tollgate::logs::Logs;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Logs::from_env(&[]).start();
    let settings = Settings::from_env()
        .inspect_err(|error| tracing::error!("{error}"))?
        .ok_or_else(|| {
            format!(
                "{} is off, but an authorizer has to decide",
                variable::LAYER
            )
        })?;
    let answers = AuthorizerSettings::from_env().inspect_err(|error| tracing::error!("{error}"))?;
    let sdk_config = aws_config::load_defaults(BehaviorVersion::v2026_01_12()).await;
    let authorizer = Authorizer::from_settings(&sdk_config, &settings, answers)?;
    authorizer.warm_up().await;
    if authorizer.takes_leases() {
        let authorizer = authorizer.clone();
        lambda_runtime::spawn_graceful_shutdown_handler(|| async move {
            authorizer.hand_back().await;
        })
        .await;
    }
    lambda_runtime::run_concurrent(service_fn(move |event: LambdaEvent<Value>| {
        let authorizer = authorizer.clone();
        async move {
            let answer = authorizer.answer(&event.payload).await;
            answer.map_err(|unknown| Diagnostic {
                error_type: "UnknownEvent".to_owned(),
                error_message: unknown.to_string(),
            })
        }
    }))
    .await
}
