//! The harness of the tests that need more than one package: stores, a proxy that makes trouble, and the real binary.
//!
//! Everything listens on and talks to 127.0.0.1 only, on ports that the system gives. A server ends when its value is dropped.

mod binaries;
mod counting_proxy;
mod dynamodb;
mod error;
mod gateway;
mod github;
mod http_client;
pub mod sample;

pub use crate::binaries::{Binaries, binaries, workspace_root};
pub use crate::counting_proxy::{Asked, Bill, CountingProxy, Cut, Fault, item_bytes};
pub use crate::dynamodb::{DynamoDb, sdk_config};
pub use crate::error::{Error, Result};
pub use crate::gateway::{Gateway, GatewayBuilder, Output};
pub use crate::github::Signer;
pub use crate::http_client::{Answer, HttpClient};
