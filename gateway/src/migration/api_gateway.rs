//! One side: Amazon API Gateway, or a Tollgate, which speaks as it does.

mod changes;
mod error;
mod pace;
mod reading;

use std::fmt;
use std::future::Future;

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::config::retry::RetryConfig;
use aws_sdk_apigateway::config::timeout::TimeoutConfig;
use aws_sdk_apigateway::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_apigateway::primitives::Blob;
use std::time::Duration;
use tokio::time::sleep;

pub use error::{MigrationError, MigrationErrorKind};
use pace::Pace;
pub use pace::Rate;
pub use reading::Wanted;

/// For one answer. A function that starts, and a store that is asked several times, take a while.
const ANSWER: Duration = Duration::from_secs(30);

/// Before a call is made again; twice as long before the next time.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// How often a call is made in all that the other side asks to be made less often.
const THROTTLED_TRIES: u32 = 8;

/// How often a call is made in all that has no answer.
const UNANSWERED_TRIES: u32 = 3;

/// How many calls are on their way at once.
pub(super) const AT_ONCE: usize = 8;

/// A client of one side.
pub struct ApiGateway {
    client: Client,
    pace: Pace,
    region: String,
    place: String,
}

/// Whether a call may be made again when its answer was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repeat {
    /// Twice is the same as once.
    Harmless,
    /// It could make something twice.
    Unsafe,
}

impl ApiGateway {
    /// A client with this configuration that calls no faster than `rate`; errors call the side `place`.
    #[must_use]
    pub fn new(config: aws_sdk_apigateway::config::Builder, rate: Rate, place: String) -> Self {
        // Calls are made again here, where they keep to the rate, and where what could be made twice is not.
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(ANSWER);
        let config = config
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts.build())
            .build();
        let region = config.region().map(ToString::to_string);
        Self {
            client: Client::from_conf(config),
            pace: Pace::new(rate),
            region: region.unwrap_or_default(),
            place,
        }
    }

    /// What errors call it.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The definition of a stage of an API that is managed there, with what makes it work on API Gateway.
    ///
    /// # Errors
    ///
    /// When there is no such stage, or no answer.
    pub async fn open_api(&self, api_id: &str, stage: &str) -> Result<Vec<u8>, MigrationError> {
        let answer = self
            .call("GetExport", Repeat::Harmless, || {
                self.client
                    .get_export()
                    .rest_api_id(api_id)
                    .stage_name(stage)
                    .export_type("oas30")
                    .parameters("extensions", "apigateway")
                    .accepts("application/json")
                    .send()
            })
            .await?;
        Ok(answer.body.map(Blob::into_inner).unwrap_or_default())
    }

    async fn call<T, E, F>(
        &self,
        operation: &'static str,
        repeat: Repeat,
        send: impl Fn() -> F,
    ) -> Result<T, MigrationError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        F: Future<Output = Result<T, SdkError<E>>>,
    {
        let mut tries = 1_u32;
        let mut pause = FIRST_PAUSE;
        loop {
            self.pace.turn().await;
            let error = match send().await {
                Ok(answer) => return Ok(answer),
                Err(error) => MigrationErrorKind::of(&error),
            };
            let most = match (&error, repeat) {
                (MigrationErrorKind::Throttled(_), _) => THROTTLED_TRIES,
                (MigrationErrorKind::Unanswered(_), Repeat::Harmless) => UNANSWERED_TRIES,
                (MigrationErrorKind::Unanswered(_), Repeat::Unsafe)
                | (
                    MigrationErrorKind::Refused { .. }
                    | MigrationErrorKind::Denied(_)
                    | MigrationErrorKind::Unreadable(_),
                    _,
                ) => 1,
            };
            if tries >= most {
                return Err(self.error(operation, error));
            }
            sleep(pause).await;
            tries = tries.saturating_add(1);
            pause = pause.saturating_mul(2);
        }
    }

    fn error(&self, operation: &'static str, kind: MigrationErrorKind) -> MigrationError {
        MigrationError {
            place: self.place.clone(),
            operation,
            kind,
        }
    }

    fn unreadable(&self, operation: &'static str, what: impl fmt::Display) -> MigrationError {
        self.error(operation, MigrationErrorKind::Unreadable(what.to_string()))
    }

    /// The name of a key or plan in calls about tags, such as `apikeys/a1b2c3d4e5`.
    fn arn(&self, path: &str) -> String {
        let partition = match self.region.as_str() {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        format!("arn:{partition}:apigateway:{}::/{path}", self.region)
    }
}

impl fmt::Debug for ApiGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiGateway")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}
