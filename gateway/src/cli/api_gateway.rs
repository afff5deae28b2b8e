//! The two sides of an import and an export: API Gateway, and Tollgate.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use tollgate::control::{Control, NoGateway, Settings, UnmanagedStages, account_limit_of_aws};
use tollgate::key::EnvironmentLetter;
use tollgate::store::Registry as _;
use tollgate::time::{Clock, SystemClock, Timestamp};

use super::Surroundings;
use super::connection::{ConnectionOptions, PepperUse, is_loopback, load_aws_config};
use super::environment::Environment;
use super::failure::Failure;
use super::output::Printer;
use crate::local;
use crate::migration::{self, ApiGateway, Progress, Rate};

/// How long work may take before it says how far it is, and until it says so again, in seconds.
const SILENCE_SECS: u64 = 2;

/// The options that say where API Gateway is.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "API Gateway")]
pub(super) struct ApiGatewayOptions {
    #[arg(
        long,
        help = "Where API Gateway is, such as the admin port of another gateway [env: AWS_ENDPOINT_URL_API_GATEWAY] [default: AWS]",
        value_name = "URL"
    )]
    api_gateway_url: Option<String>,
    #[arg(
        long,
        help = "Its AWS region, where it is not that of --region [env: AWS_REGION]",
        value_name = "REGION"
    )]
    api_gateway_region: Option<String>,
    #[arg(
        long,
        help = "The AWS profile for it, where it is not that of --profile [env: AWS_PROFILE]",
        value_name = "NAME"
    )]
    api_gateway_profile: Option<String>,
    /// The most requests a second to it. AWS allows an account 10, for all who manage APIs in it
    #[arg(long, value_name = "NUMBER", default_value = "10")]
    requests_per_second: NonZeroU32,
}

impl ApiGatewayOptions {
    /// A client. No request is sent yet.
    ///
    /// # Errors
    ///
    /// When it cannot be said where it is, or it is the gateway of Tollgate's own side.
    pub(super) async fn connect(
        &self,
        connection: &ConnectionOptions,
        environment: &Environment,
    ) -> Result<ApiGateway, Failure> {
        let region = self
            .api_gateway_region
            .as_deref()
            .or(connection.named_region());
        let profile = self
            .api_gateway_profile
            .as_deref()
            .or(connection.named_profile());
        let url = self
            .api_gateway_url
            .as_deref()
            .or(environment.api_gateway_endpoint_url.as_deref());
        if let Some(url) = url
            && let Some(own) = own_url(connection, environment)?
            && is_same_place(url, own)
        {
            return Err(Failure::failed(format!(
                "API Gateway is to be at {url}, and that is Tollgate's own side"
            ))
            .hint(
                "name the one with --api-gateway-url (or AWS_ENDPOINT_URL_API_GATEWAY) and the other with --url",
            ));
        }
        let is_local = match url {
            Some(url) => is_loopback(url)? && profile.is_none(),
            None => false,
        };
        let config = match url {
            Some(url) if is_local => local::sdk_config(url, region.unwrap_or(local::REGION)),
            Some(_) | None => load_aws_config(profile, region, url).await,
        };
        let Some(region) = config.region() else {
            return Err(
                Failure::failed("no AWS region is known for API Gateway").hint(
                    "give --api-gateway-region, set AWS_REGION, or name a profile that has one",
                ),
            );
        };
        let place = match url {
            Some(url) => url.to_owned(),
            None => format!("API Gateway in {region}"),
        };
        let builder = aws_sdk_apigateway::config::Builder::from(&config);
        let rate = Rate::PerSecond(self.requests_per_second);
        Ok(ApiGateway::new(builder, rate, place))
    }
}

/// The management API of Tollgate's side, as far as it has one whose address is known.
fn own_url<'a>(
    connection: &'a ConnectionOptions,
    environment: &'a Environment,
) -> Result<Option<&'a str>, Failure> {
    let named = connection.named_url(environment)?;
    let usual = (!connection.names_table(environment)).then_some(local::ADMIN_URL);
    Ok(named.or(usual))
}

/// Whether two URLs name one port of one machine.
fn is_same_place(one: &str, other: &str) -> bool {
    let place = |url: &str| {
        let uri: http::Uri = url.parse().ok()?;
        let host = uri.host()?.to_ascii_lowercase();
        let host = if local::is_loopback(&host) {
            "localhost".to_owned()
        } else {
            host
        };
        let usual = if uri.scheme_str() == Some("https") {
            443
        } else {
            80
        };
        Some((host, uri.port_u16().unwrap_or(usual)))
    };
    place(one).is_some_and(|one| place(other) == Some(one))
}

/// Whether the values of keys that Tollgate gets are kept, so that they can be shown again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeepValues {
    /// They are, where a table is named; a management API decides itself.
    Yes,
    /// Only their hashes are.
    No,
}

/// Tollgate's side: a management API that is elsewhere, or a table, whose management API is in this process then.
pub(super) async fn tollgate(
    connection: &ConnectionOptions,
    surroundings: &Surroundings,
    pepper_use: PepperUse,
    keep_values: KeepValues,
) -> Result<ApiGateway, Failure> {
    let environment = &surroundings.environment;
    if let Some(url) = connection.named_url(environment)? {
        if keep_values == KeepValues::No {
            return Err(Failure::failed(
                "--no-keep-values cannot be given with --url: the management API decides that itself",
            )
            .hint("leave it out, or name the table with --table"));
        }
        let client = connection.connect(url, &surroundings.clock).await?;
        let place = client.endpoint().to_string();
        return Ok(ApiGateway::new(
            migration::through(client),
            Rate::Unlimited,
            place,
        ));
    }
    let (store, place) = connection.open(environment, pepper_use).await?;
    // What keeps the table from answering is told better by it than by the management API.
    store.counts().await.map_err(|error| place.tell(&error))?;
    let settings = Settings {
        region: local::REGION.to_owned(),
        account_id: local::ACCOUNT_ID.to_owned(),
        environment: EnvironmentLetter::of("dev"),
        keep_values: keep_values == KeepValues::Yes,
        aws_limits: false,
        account_limit: account_limit_of_aws(),
        unmanaged_stages: UnmanagedStages::Any,
    };
    let control = Control::new(store, SystemClock, settings, Arc::new(NoGateway))
        .map_err(|error| Failure::failed(error.to_string()))?;
    Ok(ApiGateway::new(
        migration::in_process(control),
        Rate::Unlimited,
        place.to_string(),
    ))
}

/// Says how far long work is, now and then.
pub(super) struct Reporter<'a> {
    printer: &'a Printer,
    clock: Arc<dyn Clock>,
    last: Mutex<Timestamp>,
}

impl<'a> Reporter<'a> {
    pub(super) fn new(printer: &'a Printer, clock: &Arc<dyn Clock>) -> Self {
        Self {
            printer,
            clock: Arc::clone(clock),
            last: Mutex::new(clock.now()),
        }
    }
}

impl Progress for Reporter<'_> {
    fn reached(&self, what: &str, done: usize, of: usize) {
        let now = self.clock.now();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_since(*last).as_secs() >= SILENCE_SECS {
            *last = now;
            self.printer.note(&format!("{done} of {of} {what}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_gateway_is_known_by_all_its_names() {
        for other in ["http://localhost:3100", "http://127.0.0.1:3100/"] {
            assert!(is_same_place(local::ADMIN_URL, other), "{other}");
        }
        for other in ["http://127.0.0.1:3200", "https://example.com", "nonsense"] {
            assert!(!is_same_place(local::ADMIN_URL, other), "{other}");
        }
    }
}
