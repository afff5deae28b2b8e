//! The environment variables that the command line reads itself. The AWS SDK reads its own.

use std::fmt;

/// What the environment says. An empty variable counts as none.
#[derive(Clone, Default)]
pub struct Environment {
    /// `TOLLGATE_TABLE`: the table, when `--table` is not given.
    pub table: Option<String>,
    /// `TOLLGATE_PEPPER`: the secret that keys the hashes of values.
    pub pepper: Option<String>,
    /// `CARGO`: the command that builds functions. Cargo sets it for what it runs.
    pub cargo: Option<String>,
    /// `RUST_LOG`: what the gateway and its functions log.
    pub log_filter: Option<String>,
    /// `AWS_ENDPOINT_URL_DYNAMODB`: where DynamoDB is, when `--endpoint-url` is not given.
    pub endpoint_url: Option<String>,
}

impl Environment {
    /// Reads this process's variables.
    #[must_use]
    pub fn of_process() -> Self {
        Self {
            table: read("TOLLGATE_TABLE"),
            pepper: read("TOLLGATE_PEPPER"),
            cargo: read("CARGO"),
            log_filter: read("RUST_LOG"),
            endpoint_url: read("AWS_ENDPOINT_URL_DYNAMODB"),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place of the command line that reads variables"
)]
fn read(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("table", &self.table)
            .field("pepper", &self.pepper.as_ref().map(|_secret| ".."))
            .field("endpoint_url", &self.endpoint_url)
            .finish_non_exhaustive()
    }
}
