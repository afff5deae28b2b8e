//! Which table or management API the commands work on, and how to reach it.

mod url;

use std::error::Error;
use std::fmt;

use aws_config::{BehaviorVersion, Region};
use tollgate::key::Pepper;
use tollgate::store::dynamodb::{DynamoStore, Patience};
use tollgate::store::{StoreError, StoreErrorKind};

use super::environment::Environment;
use super::failure::Failure;
use crate::local;

const START_GATEWAY: &str = "start the gateway with `cargo tollgate start-api`, name the address of one that is elsewhere with --url, or name a table with --table";

/// The options that say where keys and plans are. Without any, they are in the local gateway's table.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Connection")]
pub(super) struct ConnectionOptions {
    #[arg(
        long,
        help = "The management API to ask instead of a table: the function URL of a stack, or a gateway's admin port [env: TOLLGATE_URL]",
        global = true,
        value_name = "URL"
    )]
    url: Option<String>,
    #[arg(
        long,
        help = "The table, on AWS unless --endpoint-url is given [env: TOLLGATE_TABLE] [default: the local gateway's]",
        global = true,
        value_name = "NAME"
    )]
    table: Option<String>,
    #[arg(
        long,
        help = "Where DynamoDB is [env: AWS_ENDPOINT_URL_DYNAMODB]",
        global = true,
        value_name = "URL"
    )]
    endpoint_url: Option<String>,
    #[arg(
        long,
        help = "The AWS region [env: AWS_REGION] [default: the one that --url names]",
        global = true,
        value_name = "REGION"
    )]
    region: Option<String>,
    #[arg(
        long,
        help = "The AWS profile to take region and credentials from [env: AWS_PROFILE]",
        global = true,
        value_name = "NAME"
    )]
    profile: Option<String>,
}

/// Whether a command hashes values: then it needs the table's own pepper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PepperUse {
    /// It creates keys.
    Hashes,
    /// It does not.
    None,
}

/// Where the table is, as the options and the environment say.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    table: String,
    endpoint_url: Option<String>,
    credentials: CredentialSource,
    pepper: PepperSource,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CredentialSource {
    Local,
    Aws,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PepperSource {
    /// The variable, or the local pepper without one.
    VariableOrLocal,
    Variable,
}

/// The table that a command works on, as its errors name it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    table: String,
    /// An endpoint, or `DynamoDB in REGION`.
    location: String,
    is_local: bool,
}

impl ConnectionOptions {
    /// The table that was named with `--table`.
    pub(super) fn named_table(&self) -> Option<&str> {
        self.table.as_deref()
    }

    /// The endpoint that was named with `--endpoint-url`.
    pub(super) fn named_endpoint_url(&self) -> Option<&str> {
        self.endpoint_url.as_deref()
    }

    /// Whether a table is named, by an option or a variable.
    pub(super) fn names_table(&self, environment: &Environment) -> bool {
        let named = [
            &self.table,
            &self.endpoint_url,
            &environment.table,
            &environment.endpoint_url,
        ];
        named.into_iter().any(Option::is_some)
    }

    /// The region that was named with `--region`.
    pub(super) fn named_region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// The profile that was named with `--profile`.
    pub(super) fn named_profile(&self) -> Option<&str> {
        self.profile.as_deref()
    }

    /// Opens the table. No request is sent yet.
    pub(super) async fn open(
        &self,
        environment: &Environment,
        pepper_use: PepperUse,
    ) -> Result<(DynamoStore, Place), Failure> {
        let target = self.target(environment)?;
        let pepper = target.pepper.pepper(environment, pepper_use)?;
        let (config, location) = match (target.credentials, &target.endpoint_url) {
            (CredentialSource::Local, Some(endpoint_url)) => {
                let region = self.region.as_deref().unwrap_or(local::REGION);
                let config = local::sdk_config(endpoint_url, region);
                (config, endpoint_url.clone())
            }
            (CredentialSource::Aws | CredentialSource::Local, endpoint_url) => {
                let config = self
                    .aws_config(self.region.as_deref(), endpoint_url.as_deref())
                    .await;
                let Some(region) = config.region() else {
                    return Err(Failure::failed("no AWS region is set").hint(
                        "give --region, set AWS_REGION, or name a profile that has one with --profile",
                    ));
                };
                let location = endpoint_url
                    .clone()
                    .unwrap_or_else(|| format!("DynamoDB in {region}"));
                (config, location)
            }
        };
        let place = Place {
            table: target.table.clone(),
            location,
            is_local: target.credentials == CredentialSource::Local,
        };
        let store = DynamoStore::new(&config, Patience::OPERATOR, target.table, pepper);
        Ok((store, place))
    }

    fn target(&self, environment: &Environment) -> Result<Target, Failure> {
        let given = |option: &Option<String>, variable: &Option<String>| {
            option.clone().or_else(|| variable.clone())
        };
        let table = given(&self.table, &environment.table);
        if table.as_deref() == Some("") {
            return Err(Failure::failed("the name of the table is empty")
                .hint("name it with --table, or leave --table and TOLLGATE_TABLE away for the local gateway's"));
        }
        let endpoint_url = given(&self.endpoint_url, &environment.endpoint_url);
        let credentials = if self.profile.is_some() {
            CredentialSource::Aws
        } else {
            CredentialSource::Local
        };
        match (table, endpoint_url) {
            (None, None) => Ok(Target {
                table: local::TABLE.to_owned(),
                endpoint_url: Some(local::ENDPOINT_URL.to_owned()),
                credentials: CredentialSource::Local,
                pepper: PepperSource::VariableOrLocal,
            }),
            (table, Some(url)) if is_loopback(&url)? => Ok(Target {
                table: table.unwrap_or_else(|| local::TABLE.to_owned()),
                endpoint_url: Some(url),
                credentials,
                pepper: PepperSource::VariableOrLocal,
            }),
            (Some(table), endpoint_url) => Ok(Target {
                table,
                endpoint_url,
                credentials: CredentialSource::Aws,
                pepper: PepperSource::Variable,
            }),
            (None, Some(url)) => Err(Failure::failed(format!("no table is named for {url}"))
                .hint("name it with --table, or set TOLLGATE_TABLE")),
        }
    }

    async fn aws_config(
        &self,
        region: Option<&str>,
        endpoint_url: Option<&str>,
    ) -> aws_config::SdkConfig {
        load_aws_config(self.profile.as_deref(), region, endpoint_url).await
    }
}

/// What the AWS SDK takes from its own files and variables, but for what is given.
pub(super) async fn load_aws_config(
    profile: Option<&str>,
    region: Option<&str>,
    endpoint_url: Option<&str>,
) -> aws_config::SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12());
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    if let Some(endpoint_url) = endpoint_url {
        loader = loader.endpoint_url(endpoint_url);
    }
    loader.load().await
}

impl PepperSource {
    fn pepper(self, environment: &Environment, pepper_use: PepperUse) -> Result<Pepper, Failure> {
        let variable = environment.pepper.as_deref();
        let secret = match (self, variable) {
            (Self::VariableOrLocal, None) => local::PEPPER,
            (Self::VariableOrLocal | Self::Variable, Some(secret)) => secret,
            (Self::Variable, None) => match pepper_use {
                PepperUse::Hashes => return Err(no_pepper()),
                // A store wants a pepper; this one hashes nothing.
                PepperUse::None => local::PEPPER,
            },
        };
        Pepper::new(secret.as_bytes())
            .map_err(|error| Failure::failed("TOLLGATE_PEPPER is too short").caused_by(&error))
    }
}

fn no_pepper() -> Failure {
    Failure::failed(
        "TOLLGATE_PEPPER is not set; it is the secret under which the values of keys are hashed, and a key hashed under another one opens nothing",
    )
    .hint("it is in the Secrets Manager secret of the stack, its resource `Pepper`: aws secretsmanager get-secret-value --secret-id SECRET --query SecretString --output text")
}

/// Whether the URL's host is this machine.
pub(super) fn is_loopback(url: &str) -> Result<bool, Failure> {
    let invalid = || {
        Failure::failed(format!("`{url}` is not the URL of an endpoint"))
            .hint("write it like http://127.0.0.1:8000")
    };
    let uri: http::Uri = url
        .parse()
        .map_err(|error| invalid().caused_by(&error as &http::uri::InvalidUri))?;
    let (Some("http" | "https"), Some(host)) = (uri.scheme_str(), uri.host()) else {
        return Err(invalid());
    };
    Ok(local::is_loopback(host))
}

/// `table NAME, LOCATION`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "table {}, {}", self.table, self.location)
    }
}

impl Place {
    /// Says what the store's error means here.
    pub(super) fn tell(&self, error: &StoreError) -> Failure {
        let Self {
            table,
            location,
            is_local,
        } = self;
        let text = error.to_string();
        // The store's errors are opaque but for their kind; the operation and DynamoDB's code stand in their text.
        if text.contains("ResourceNotFoundException") {
            let failure = Failure::failed(format!("there is no table `{table}` at {location}"));
            return failure.hint(if *is_local {
                "the gateway creates its table: start it with `cargo tollgate start-api`, or name a table with --table"
            } else {
                "check --table, --region and --profile"
            });
        }
        match error.kind() {
            StoreErrorKind::Throttled => {
                Failure::failed(format!("{location} asks to be called less often"))
                    .caused_by(error)
                    .hint("try again in a moment")
            }
            StoreErrorKind::Unavailable => {
                let failure = if mentions_credentials(error) {
                    Failure::failed(format!("no usable AWS credentials for {location}"))
                        .rooted_in(error)
                } else if text.contains("no connection") {
                    Failure::failed(format!("no connection to {location}")).rooted_in(error)
                } else {
                    Failure::failed(format!("no usable answer from {location}")).caused_by(error)
                };
                failure.hint(if *is_local {
                    START_GATEWAY
                } else {
                    "check the network, --region and --profile; a session may have ended: `aws sso login`"
                })
            }
            StoreErrorKind::Broken | StoreErrorKind::InvalidPosition => {
                Failure::failed(format!("table `{table}` at {location} refused the request"))
                    .caused_by(error)
            }
        }
    }
}

/// Whether there was no connection for want of credentials: the SDK reports both as one.
fn mentions_credentials(error: &StoreError) -> bool {
    let mut next: Option<&dyn Error> = Some(error);
    while let Some(cause) = next {
        if cause.to_string().contains("credentials") {
            return true;
        }
        next = cause.source();
    }
    false
}

#[cfg(test)]
mod tests;
