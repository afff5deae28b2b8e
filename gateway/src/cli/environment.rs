//! The environment variables that the command line reads itself. The AWS SDK reads its own.

use std::env::VarError;
use std::fmt;

/// The variable with the secret of the webhook.
pub(super) const WEBHOOK_SECRET: &str = "TOLLGATE_WEBHOOK_SECRET";

/// What the environment says. An empty variable counts as none.
#[derive(Clone, Default)]
pub struct Environment {
    /// `TOLLGATE_TABLE`: the table, when `--table` is not given.
    pub table: Option<String>,
    /// `TOLLGATE_URL`: the management API to ask instead of a table, when `--url` is not given.
    pub url: Option<String>,
    /// `TOLLGATE_PEPPER`: the secret that keys the hashes of values.
    pub pepper: Option<String>,
    /// `TOLLGATE_KEY`: the value of the key whose requests `explain` explains.
    pub key: Option<String>,
    /// `TOLLGATE_WEBHOOK_SECRET`: the secret with which the webhook of alerts is signed.
    pub webhook_secret: Option<String>,
    /// `CARGO`: the command that builds functions. Cargo sets it for what it runs.
    pub cargo: Option<String>,
    /// `RUST_LOG`: what the gateway and its functions log.
    pub log_filter: Option<String>,
    /// `AWS_ENDPOINT_URL_DYNAMODB`: where DynamoDB is, when `--endpoint-url` is not given.
    pub endpoint_url: Option<String>,
    /// `AWS_ENDPOINT_URL_API_GATEWAY`, or else `AWS_ENDPOINT_URL`: where API Gateway is, when `--api-gateway-url` is not given.
    pub api_gateway_endpoint_url: Option<String>,
    /// The variables on which the table, the management API or the secret depends, and whose values are not UTF-8.
    pub not_unicode: Vec<&'static str>,
}

impl Environment {
    /// Reads this process's variables.
    #[must_use]
    pub fn of_process() -> Self {
        let mut not_unicode = Vec::new();
        let mut read_whole = |name| {
            text_of(read(name)).unwrap_or_else(|NotUnicode| {
                not_unicode.push(name);
                None
            })
        };
        Self {
            table: read_whole("TOLLGATE_TABLE"),
            url: read_whole("TOLLGATE_URL"),
            pepper: read_whole("TOLLGATE_PEPPER"),
            webhook_secret: read_whole(WEBHOOK_SECRET),
            endpoint_url: read_whole("AWS_ENDPOINT_URL_DYNAMODB"),
            api_gateway_endpoint_url: read_whole("AWS_ENDPOINT_URL_API_GATEWAY")
                .or_else(|| read_whole("AWS_ENDPOINT_URL")),
            key: text_of(read("TOLLGATE_KEY")).unwrap_or_default(),
            cargo: text_of(read("CARGO")).unwrap_or_default(),
            log_filter: text_of(read("RUST_LOG")).unwrap_or_default(),
            not_unicode,
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place of the command line that reads variables"
)]
fn read(name: &str) -> Result<String, VarError> {
    std::env::var(name)
}

/// A value that is no text. It is never shown: it may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct NotUnicode;

fn text_of(value: Result<String, VarError>) -> Result<Option<String>, NotUnicode> {
    match value {
        Ok(text) => Ok(Some(text).filter(|text| !text.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(NotUnicode),
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("table", &self.table)
            .field("url", &self.url)
            .field("pepper", &self.pepper.as_ref().map(|_secret| ".."))
            .field(
                "webhook_secret",
                &self.webhook_secret.as_ref().map(|_secret| ".."),
            )
            .field("endpoint_url", &self.endpoint_url)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    #[test]
    fn a_value_that_is_not_utf_8_is_neither_text_nor_unset() {
        let bytes = OsString::from_vec(vec![0xff, 0xfe]);
        assert_eq!(text_of(Err(VarError::NotUnicode(bytes))), Err(NotUnicode));
        assert_eq!(text_of(Err(VarError::NotPresent)), Ok(None));
        assert_eq!(text_of(Ok(String::new())), Ok(None));
        assert_eq!(text_of(Ok("a".to_owned())), Ok(Some("a".to_owned())));
    }
}
