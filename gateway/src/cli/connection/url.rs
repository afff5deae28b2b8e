//! The management API that the commands ask instead of a table, and how to sign for it.

use std::sync::Arc;

use tollgate::time::Clock;

use super::ConnectionOptions;
use crate::cli::environment::Environment;
use crate::cli::failure::Failure;
use crate::local;
use crate::remote::{Client, Endpoint, InvalidUrl, Signer, Timing};

impl ConnectionOptions {
    /// The URL of a management API, where one is named rather than a table: an option wins over every variable.
    ///
    /// # Errors
    ///
    /// When a table is named as well.
    pub(in crate::cli) fn named_url<'a>(
        &'a self,
        environment: &'a Environment,
    ) -> Result<Option<&'a str>, Failure> {
        let table_option = [
            ("--table", self.table.is_some()),
            ("--endpoint-url", self.endpoint_url.is_some()),
        ]
        .into_iter()
        .find_map(|(option, is_given)| is_given.then_some(option));
        match (&self.url, &environment.url, table_option) {
            (Some(_), _, Some(option)) => {
                let failure = Failure::failed(format!("--url and {option} name two places"));
                Err(failure.hint(
                    "give --url for a management API, or --table and --endpoint-url for a table",
                ))
            }
            (None, Some(_), None) if environment.table.is_some() => {
                let failure = Failure::failed("TOLLGATE_URL and TOLLGATE_TABLE name two places");
                Err(failure.hint("unset one of them, or say which with --url or --table"))
            }
            (Some(url), _, None) | (None, Some(url), None) => Ok(Some(url)),
            (None, _, Some(_)) | (None, None, None) => Ok(None),
        }
    }

    /// Refuses `--url` for a command that has a store of its own.
    pub(in crate::cli) fn refuse_url(&self, command: &str) -> Result<(), Failure> {
        match self.url {
            None => Ok(()),
            Some(_) => Err(Failure::failed(format!("{command} takes no --url"))
                .hint("--url is for keys, plans, usage, import, export and connect")),
        }
    }

    /// A client of the management API at `url`. No request is sent to it yet.
    pub(in crate::cli) async fn connect(
        &self,
        url: &str,
        clock: &Arc<dyn Clock>,
    ) -> Result<Client, Failure> {
        let endpoint = Endpoint::parse(url).map_err(|error| invalid(&error))?;
        let signer = self.signer(&endpoint, Arc::clone(clock)).await?;
        Ok(Client::new(endpoint, signer, Timing::default()))
    }

    async fn signer(&self, endpoint: &Endpoint, clock: Arc<dyn Clock>) -> Result<Signer, Failure> {
        if endpoint.is_loopback() && self.profile.is_none() {
            let region = self.region.as_deref().unwrap_or(local::REGION);
            return Ok(Signer::new(local::credentials(), region, clock));
        }
        let region = self.region_of(endpoint)?;
        let config = self.aws_config(region.as_deref(), None).await;
        let Some(region) = config.region() else {
            return Err(
                Failure::failed(format!("no AWS region is known for {endpoint}")).hint(
                    "its host does not name one: give --region, set AWS_REGION, or name a profile that has one with --profile",
                ),
            );
        };
        let Some(credentials) = config.credentials_provider() else {
            return Err(no_credentials(endpoint));
        };
        Ok(Signer::new(credentials, region.to_string(), clock))
    }

    /// The region of a function URL, or else the option's.
    fn region_of(&self, endpoint: &Endpoint) -> Result<Option<String>, Failure> {
        match (endpoint.region(), self.region.as_deref()) {
            (Some(region), Some(option)) if region != option => Err(Failure::failed(format!(
                "--region says {option}, and {endpoint} is in {region}"
            ))
            .hint("leave --region out: the URL names its region")),
            (region, option) => Ok(region.or(option).map(str::to_owned)),
        }
    }
}

fn no_credentials(endpoint: &Endpoint) -> Failure {
    Failure::failed(format!("no usable AWS credentials for {endpoint}"))
        .hint("name a profile with --profile, or set AWS_PROFILE")
}

fn invalid(error: &InvalidUrl) -> Failure {
    let hint = match error {
        InvalidUrl::Malformed(_) | InvalidUrl::HasUser | InvalidUrl::HasPath(_) => {
            "write it like https://abc123.lambda-url.eu-west-1.on.aws, or http://127.0.0.1:3100 for the local gateway"
        }
        InvalidUrl::NotEncrypted(_) => "write it with https://",
    };
    Failure::failed(error.to_string()).hint(hint)
}

#[cfg(test)]
mod tests {
    use tollgate::time::ManualClock;

    use super::*;
    use crate::cli::tests::NOON;

    fn options(url: Option<&str>, table: Option<&str>) -> ConnectionOptions {
        ConnectionOptions {
            url: url.map(str::to_owned),
            table: table.map(str::to_owned),
            ..ConnectionOptions::default()
        }
    }

    fn variables(url: Option<&str>, table: Option<&str>) -> Environment {
        Environment {
            url: url.map(str::to_owned),
            table: table.map(str::to_owned),
            ..Environment::default()
        }
    }

    const URL: Option<&str> = Some("https://option.example.com");
    const VARIABLE: Option<&str> = Some("https://variable.example.com");
    const TABLE: Option<&str> = Some("prod");

    #[test]
    fn an_option_wins_over_every_variable() {
        for (option, table, environment, expected) in [
            (URL, None, variables(VARIABLE, TABLE), URL),
            (None, TABLE, variables(VARIABLE, None), None),
            (None, None, variables(VARIABLE, None), VARIABLE),
            (None, None, variables(None, TABLE), None),
            (None, None, variables(None, None), None),
        ] {
            let options = options(option, table);
            assert_eq!(options.named_url(&environment).unwrap(), expected);
        }
    }

    #[test]
    fn two_places_are_refused() {
        let both = options(URL, TABLE);
        let failure = both.named_url(&variables(None, None)).unwrap_err();
        assert_eq!(failure.message(), "--url and --table name two places");
        let none = options(None, None);
        let failure = none.named_url(&variables(VARIABLE, TABLE)).unwrap_err();
        assert_eq!(
            failure.message(),
            "TOLLGATE_URL and TOLLGATE_TABLE name two places"
        );
    }

    #[tokio::test]
    async fn a_region_that_is_not_the_urls_is_refused() {
        let options = ConnectionOptions {
            region: Some("us-east-1".to_owned()),
            ..ConnectionOptions::default()
        };
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(NOON));
        let url = "https://abc123.lambda-url.eu-west-1.on.aws";
        let failure = options.connect(url, &clock).await.unwrap_err();
        assert_eq!(
            failure.message(),
            format!("--region says us-east-1, and {url} is in eu-west-1")
        );
    }
}
