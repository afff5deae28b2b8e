//! DynamoDB for tests: the embedded one in this process, and Amazon DynamoDB Local where `tests/run` has started it.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use tokio::sync::oneshot;

use crate::error::Result;

/// The variable in which `tests/run` names the endpoint of Amazon DynamoDB Local.
const LOCAL_ENDPOINT: &str = "TOLLGATE_DYNAMODB_LOCAL_ENDPOINT";

/// A DynamoDB endpoint on loopback. Clones share the server; an embedded one ends with the last of them.
#[derive(Clone, Debug)]
pub struct DynamoDb {
    name: &'static str,
    endpoint: String,
    _server: Option<Arc<Server>>,
}

/// Dropping it makes the server's thread leave.
#[derive(Debug)]
struct Server {
    _stop: oneshot::Sender<()>,
}

impl DynamoDb {
    /// An embedded DynamoDB with no tables, in memory, on a free port.
    ///
    /// It runs on threads of its own: its SQLite work must not hold up the test's runtime.
    ///
    /// # Errors
    ///
    /// When no port, database or thread is to be had.
    pub fn embedded() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let database = dynoxide::Database::memory()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        let listener = {
            let _guard = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let (stop, stopped) = oneshot::channel::<()>();
        thread::Builder::new()
            .name("embedded-dynamodb".to_owned())
            .spawn(move || {
                runtime.spawn(dynoxide::server::serve_on(listener, database));
                // The sender is never used, only dropped, which ends this wait with an error.
                let _dropped = runtime.block_on(stopped);
                runtime.shutdown_background();
            })?;
        Ok(Self {
            name: "embedded DynamoDB",
            endpoint,
            _server: Some(Arc::new(Server { _stop: stop })),
        })
    }

    /// Amazon DynamoDB Local, when `tests/run` has started it. All test processes of a run share its tables: take
    /// [`DynamoDb::fresh_table_name`].
    #[expect(
        clippy::disallowed_methods,
        reason = "tests/run tells the tests in their environment where it is"
    )]
    pub fn amazon_local() -> Option<Self> {
        let endpoint = std::env::var(LOCAL_ENDPOINT).ok()?;
        Some(Self {
            name: "Amazon DynamoDB Local",
            endpoint,
            _server: None,
        })
    }

    /// Each DynamoDB that there is in this run: the embedded one, and Amazon DynamoDB Local where it has been started.
    ///
    /// # Errors
    ///
    /// As [`DynamoDb::embedded`].
    pub fn each() -> Result<Vec<Self>> {
        let mut each = vec![Self::embedded()?];
        each.extend(Self::amazon_local());
        Ok(each)
    }

    /// What it is, for the messages of assertions.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The URL at which it answers.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// A client for it, with the SDK's own retries and time-outs.
    pub fn client(&self) -> Client {
        Self::client_of(&self.endpoint)
    }

    /// A client for any endpoint that speaks DynamoDB's protocol, such as a proxy in front of one.
    pub fn client_of(endpoint: &str) -> Client {
        Client::new(&sdk_config(endpoint))
    }

    /// A table name that no other test uses, in this process or another.
    pub fn fresh_table_name(&self) -> String {
        // Each `RandomState` has keys of its own, from the randomness of the system.
        let random = RandomState::new().build_hasher().finish();
        format!("test-{}-{random:016x}", std::process::id())
    }
}

/// How to reach a DynamoDB on this machine, or a proxy in front of one: nothing is read from the environment or from AWS's files.
pub fn sdk_config(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("local", "local", None, None, "tests");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .region(Region::new("us-east-1"))
        .build()
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
        ScalarAttributeType,
    };

    use super::*;

    async fn writes_and_reads_back(database: &DynamoDb) {
        let client = database.client();
        let table = database.fresh_table_name();
        let id = AttributeDefinition::builder()
            .attribute_name("id")
            .attribute_type(ScalarAttributeType::S);
        let key = KeySchemaElement::builder()
            .attribute_name("id")
            .key_type(KeyType::Hash);
        client
            .create_table()
            .table_name(&table)
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(id.build().unwrap())
            .key_schema(key.build().unwrap())
            .send()
            .await
            .unwrap();
        let joe = AttributeValue::S("joe".to_owned());
        let put = client.put_item().table_name(&table);
        put.item("id", joe.clone()).send().await.unwrap();
        let get = client.get_item().table_name(&table);
        let read = get.key("id", joe.clone()).send().await.unwrap();
        let item = read.item.unwrap();
        assert_eq!(item.get("id"), Some(&joe), "{}", database.name());
        client
            .delete_table()
            .table_name(&table)
            .send()
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn each_database_keeps_what_is_written() {
        for database in DynamoDb::each().unwrap() {
            writes_and_reads_back(&database).await;
        }
    }

    #[tokio::test]
    async fn an_embedded_database_ends_with_its_last_clone() {
        let database = DynamoDb::embedded().unwrap();
        let address = database.endpoint().trim_start_matches("http://").to_owned();
        let clone = database.clone();
        drop(database);
        assert!(clone.client().list_tables().send().await.is_ok());
        drop(clone);
        while tokio::net::TcpStream::connect(&address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn table_names_differ() {
        let database = DynamoDb::embedded().unwrap();
        assert_ne!(database.fresh_table_name(), database.fresh_table_name());
    }
}
