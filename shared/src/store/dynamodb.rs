//! The store on DynamoDB: Amazon's, DynamoDB Local, or the one embedded in the gateway.

#[cfg(feature = "control")]
mod account;
mod alerts;
#[cfg(feature = "control")]
mod apis;
mod batch;
mod charge;
mod counts;
mod further;
#[cfg(feature = "control")]
mod housekeeping;
mod key_items;
mod keys;
mod ledger;
mod list;
mod members;
mod plans;
mod remaining;
mod retry;
mod shard;
mod stages;
mod stream;
mod table;
mod transaction;
mod usage;
mod used_days;
mod values;

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::item::name;
use super::{StoreError, StoreErrorKind};
use crate::key::Pepper;

pub use stream::Change;
pub use table::create_table;

/// Attributes by name, as DynamoDB has them.
type Attributes = HashMap<String, AttributeValue>;

/// How long to wait for an answer, and how often to ask.
///
/// The AWS SDK has no time-out of its own. A charge may be sent twice: its slot makes the second one harmless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The longest wait for one answer.
    pub attempt_timeout: Duration,
    /// How many times a request is sent, 1 or more.
    pub attempts: u32,
}

impl Patience {
    /// For the path of a request: two attempts of 200 ms.
    pub const REQUEST: Self = Self {
        attempt_timeout: Duration::from_millis(200),
        attempts: 2,
    };

    /// For operators, and for a store that shares a laptop with everything else: three attempts of 5 s.
    pub const OPERATOR: Self = Self {
        attempt_timeout: Duration::from_secs(5),
        attempts: 3,
    };
}

/// The longest wait for a connection, where [`Patience`] does not end it before. With little memory a function needs most of a second for
/// its first one, which [`Ledger::warm_up`](super::Ledger::warm_up) makes.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Tollgate's table.
#[derive(Clone, Debug)]
pub struct DynamoStore {
    client: Client,
    table: String,
    pepper: Pepper,
}

impl DynamoStore {
    /// The table `table`, reached with the endpoint, region and credentials of `config`. `pepper` keys the hashes of new keys' values.
    #[must_use]
    pub fn new(
        config: &aws_config::SdkConfig,
        patience: Patience,
        table: impl Into<String>,
        pepper: Pepper,
    ) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(patience.attempt_timeout)
            .build();
        let retries = RetryConfig::standard()
            .with_max_attempts(patience.attempts)
            .with_initial_backoff(Duration::from_millis(20));
        let config = aws_sdk_dynamodb::config::Builder::from(config)
            .timeout_config(timeouts)
            .retry_config(retries)
            .build();
        Self {
            client: Client::from_conf(config),
            table: table.into(),
            pepper,
        }
    }

    /// The table's name.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// Reads one item as it is now.
    async fn read<T: DeserializeOwned>(
        &self,
        pk: String,
        sk: &str,
    ) -> Result<Option<T>, StoreError> {
        if pk.len() > MAX_PK_LEN || sk.len() > MAX_SK_LEN {
            return Ok(None);
        }
        let request = self
            .client
            .get_item()
            .table_name(&self.table)
            .key(name::PK, AttributeValue::S(pk))
            .key(name::SK, AttributeValue::S(sk.to_owned()))
            .consistent_read(true);
        let answer = Box::pin(request.send())
            .await
            .map_err(|error| store_error("GetItem", error))?;
        answer.item.map(from_item).transpose()
    }
}

/// DynamoDB's bounds on keys, in bytes. Nothing can stand under a longer one, and a request for it would be refused instead of finding nothing.
const MAX_PK_LEN: usize = 2048;
const MAX_SK_LEN: usize = 1024;

fn to_item<T: Serialize>(item: T) -> Result<Attributes, StoreError> {
    serde_dynamo::to_item(item).map_err(|error| {
        StoreError::new(StoreErrorKind::Broken, "an item cannot be written", error)
    })
}

fn from_item<T: DeserializeOwned>(item: Attributes) -> Result<T, StoreError> {
    serde_dynamo::from_item(item)
        .map_err(|error| StoreError::new(StoreErrorKind::Broken, "an item is damaged", error))
}

/// Codes with which DynamoDB asks to be called less often, or says that a transaction holds the item.
const THROTTLING_CODES: [&str; 6] = [
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "Throttling",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// Sorts an error of the SDK by whether trying again may help.
fn store_error<E>(operation: &str, error: SdkError<E>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let (kind, said) = match &error {
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or_default();
            let kind = if THROTTLING_CODES.contains(&code) {
                StoreErrorKind::Throttled
            } else if service.raw().status().is_server_error() {
                StoreErrorKind::Unavailable
            } else {
                StoreErrorKind::Broken
            };
            let message = service.err().message().unwrap_or("no reason was given");
            (kind, format!("{code}: {message}"))
        }
        SdkError::ConstructionFailure(_) => (
            StoreErrorKind::Broken,
            "the request could not be made".to_owned(),
        ),
        SdkError::TimeoutError(_) => (StoreErrorKind::Unavailable, "no answer in time".to_owned()),
        SdkError::DispatchFailure(_) => (
            StoreErrorKind::Unavailable,
            "no connection to the store".to_owned(),
        ),
        SdkError::ResponseError(_) => (
            StoreErrorKind::Unavailable,
            "the answer could not be read".to_owned(),
        ),
        // The SDK may add kinds; of an unknown one nothing is known, not even whether the write was applied.
        _ => (StoreErrorKind::Unavailable, "the request failed".to_owned()),
    };
    StoreError::new(kind, format!("DynamoDB {operation}: {said}"), error)
}
