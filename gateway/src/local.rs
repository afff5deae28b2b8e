//! What the gateway on a laptop and the command line agree on, so that neither needs a setting.

use std::net::IpAddr;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use sha2::{Digest as _, Sha256};
use tollgate::key::{Pepper, WeakPepper};

/// Where the gateway serves its embedded DynamoDB.
pub const ENDPOINT_URL: &str = "http://127.0.0.1:8000";

/// Where the gateway's admin port is when no other one is asked for.
pub const ADMIN_URL: &str = "http://127.0.0.1:3100";

/// The name of Tollgate's table in it.
pub const TABLE: &str = "tollgate";

/// The region that requests to it are signed for.
pub const REGION: &str = "us-east-1";

/// The account that the simulated gateway says it is in.
pub const ACCOUNT_ID: &str = "000000000000";

/// The access key id and the secret access key that requests to it are signed with. It takes any.
pub const CREDENTIAL: &str = "local";

/// The pepper of a local table. It protects nothing: everybody has it.
pub const PEPPER: &str = "tollgate-local-pepper-not-a-secret";

/// The pepper of a local table, ready to hash with.
///
/// # Errors
///
/// Never: [`PEPPER`] is long enough.
pub fn pepper() -> Result<Pepper, WeakPepper> {
    Pepper::new(PEPPER.as_bytes())
}

/// An id like AWS's, of small letters and digits, that is the same at every start. `len` is 32 at the most.
pub(crate) fn short_id(name: &str, len: usize) -> String {
    Sha256::digest(name)
        .iter()
        .map(|byte| char::from_digit(u32::from(byte % 36), 36).unwrap_or('0'))
        .take(len)
        .collect()
}

/// How to reach a DynamoDB on this machine: nothing is read from the environment or from AWS's files.
#[must_use]
pub fn sdk_config(endpoint_url: &str, region: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .endpoint_url(endpoint_url)
        .region(Region::new(region.to_owned()))
        .credentials_provider(credentials())
        .build()
}

/// Credentials that everything on this machine takes.
#[must_use]
pub fn credentials() -> SharedCredentialsProvider {
    let credentials = Credentials::new(CREDENTIAL, CREDENTIAL, None, None, "tollgate-local");
    SharedCredentialsProvider::new(credentials)
}

/// Whether the host of a URL is this machine.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}
