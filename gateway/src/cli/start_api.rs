//! `start-api`: what to simulate, and where to listen.

use std::net::IpAddr;
use std::num::NonZeroUsize;

use http::Uri;

use super::connection::ConnectionOptions;
use super::environment::{Environment, WEBHOOK_SECRET};
use super::failure::Failure;
use super::output::Printer;
use super::template_options::TemplateOptions;
use tollgate::alert::{InvalidWebhook, MIN_SECRET_LEN, Webhook};
use tollgate::bucket::{Rate, Throttle};
use tollgate::control::{ACCOUNT_BURST, ACCOUNT_RATE};
use tollgate::http::Problems;
use tollgate::store::StoreErrorKind;

use crate::deploy::DeployError;
use crate::local;
use crate::start_api::{self, Progress, StartError};

mod left_out;
mod summary;

const EXAMPLES: &str = "\
Examples:
  tollgate start-api
  tollgate start-api --config-env prod --parameter-overrides StageName=prod
  tollgate start-api --no-build --data .tollgate --port 8080
  tollgate start-api --concurrency 1 --max-concurrency 64   (one process of each function, as on Lambda Managed Instances)
  tollgate start-api --no-template
  tollgate start-api --webhook https://example.com/alerts   (with its secret in TOLLGATE_WEBHOOK_SECRET)
  tollgate start-api --lambda-endpoint http://127.0.0.1:9000   (with `cargo lambda watch`)
  tollgate start-api --lambda-endpoint http://127.0.0.1:3001   (with `sam local start-lambda`)
  aws apigateway get-api-keys --endpoint-url http://localhost:3100";

/// Runs the simulated gateway: builds the functions of a template, serves its APIs, and enforces its plans.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct StartApi {
    /// The address to listen on.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    host: IpAddr,
    /// The port of the APIs; 0 for a free one.
    #[arg(long, value_name = "PORT", default_value_t = 3000)]
    port: u16,
    /// The port of the management API, on the loopback address only; 0 for a free one.
    #[arg(long, value_name = "PORT", default_value_t = 3100)]
    admin_port: u16,
    /// The port of the embedded DynamoDB, on the loopback address only; 0 for a free one.
    #[arg(long, value_name = "PORT", default_value_t = 8000)]
    dynamodb_port: u16,
    #[command(flatten)]
    template: TemplateOptions,
    /// Starts without a template: an empty gateway, to be filled through the management API.
    #[arg(long, conflicts_with_all = ["template", "config_env", "parameter_overrides"])]
    no_template: bool,
    /// Sends no header field that API Gateway does not send: no `Retry-After`, no `RateLimit`.
    #[arg(long)]
    strict_aws: bool,
    /// When refusals are told as problem details (RFC 9457): `off`, `negotiate` (to clients that accept `application/problem+json`) or
    /// `always`. Without it, `negotiate`, and `off` with --strict-aws.
    #[arg(long, value_name = "WHEN")]
    problem_details: Option<Problems>,
    /// Calls all functions at this endpoint instead of building and starting them: those of HTTP APIs, REST APIs, function URLs and
    /// authorizers. It speaks Lambda's Invoke API, as `cargo lambda watch` and `sam local start-lambda` do. A function is called by its
    /// name, and by that of its binary where the endpoint does not know it. Its environment is its own: give it this gateway's
    /// `TOLLGATE_TABLE`, `TOLLGATE_PEPPER` and `AWS_ENDPOINT_URL_DYNAMODB`. Requests are not signed.
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    lambda_endpoint: Option<Uri>,
    /// Holds clients of the management API to AWS's limits: 300 plans, 10,000 keys, 10 plans a key, 20 method throttles a stage.
    #[arg(long)]
    aws_limits: bool,
    /// The requests a second that all REST APIs together may answer, as an account on AWS. Raise it where AWS has raised yours, and
    /// where the gateway has to carry more.
    #[arg(long, value_name = "RATE", default_value_t = ACCOUNT_RATE)]
    account_rate: u32,
    /// How many of them may come at once.
    #[arg(long, value_name = "N", default_value_t = ACCOUNT_BURST)]
    account_burst: u64,
    /// The most processes of one function at a time.
    #[arg(long, value_name = "N", default_value = "10")]
    concurrency: NonZeroUsize,
    /// The most invocations in one process of a function at a time, for all functions, as on Lambda Managed Instances. Functions have
    /// to ask for several, as those do that are run with `run_concurrent`. Without it, the template says: with
    /// `PerExecutionEnvironmentMaxConcurrency`, or the variable `AWS_LAMBDA_MAX_CONCURRENCY`; else it is one.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1600))]
    max_concurrency: Option<u32>,
    /// A URL that is told of alerts by POST, where plans ask for them with the tag `tollgate:alerts`. What is sent is signed with the
    /// secret in `TOLLGATE_WEBHOOK_SECRET`. Without it, alerts are in the log and in the console.
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
}

/// Reads the URL of an endpoint: with a scheme and a host.
fn endpoint(text: &str) -> Result<Uri, String> {
    let uri: Uri = text.parse().map_err(|error| format!("{error}"))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(_)) => Ok(uri),
        _ => Err("write it as http://HOST:PORT".to_owned()),
    }
}

impl StartApi {
    /// Runs the gateway until it is told to stop.
    pub(super) async fn run(
        &self,
        connection: &ConnectionOptions,
        environment: &Environment,
        printer: &Printer,
    ) -> Result<(), Failure> {
        connection.refuse_url("start-api")?;
        let table = connection.named_table().unwrap_or(local::TABLE);
        let pepper = environment.pepper.as_deref().unwrap_or(local::PEPPER);
        let cargo = environment.cargo.as_deref().unwrap_or("cargo");
        let arguments = start_api::StartApi {
            host: self.host,
            port: self.port,
            admin_port: self.admin_port,
            dynamodb_port: self.dynamodb_port,
            template: (!self.no_template).then(|| self.template.template.clone()),
            config_env: self.template.config_env.clone(),
            parameter_overrides: self.template.parameter_overrides.clone(),
            build: self.template.build_mode(),
            data: self.template.data.clone(),
            strict_aws: self.strict_aws,
            problem_details: self.problem_details,
            lambda_endpoint: self.lambda_endpoint.clone(),
            aws_limits: self.aws_limits,
            account_limit: Throttle {
                rate: Rate::from(self.account_rate),
                burst: self.account_burst,
            },
            concurrency: self.concurrency.get(),
            max_concurrency: self.max_concurrency,
            endpoint_url: connection.named_endpoint_url().map(str::to_owned),
            table: table.to_owned(),
            pepper: pepper.to_owned(),
            cargo: cargo.into(),
            log_filter: environment.log_filter.clone(),
            webhook: self.webhook(environment)?,
        };
        let running = start_api::run(arguments, |progress| match progress {
            Progress::Read(template) => left_out::print(template, printer),
            Progress::Started(started) => summary::print(&started, printer),
        });
        // It holds all that a gateway has.
        let outcome = Box::pin(running).await;
        outcome.map_err(Failure::from)
    }
}

impl StartApi {
    fn webhook(&self, environment: &Environment) -> Result<Option<Webhook>, Failure> {
        let Some(url) = &self.webhook else {
            return Ok(None);
        };
        let hint = || {
            format!(
                "set {WEBHOOK_SECRET} to {MIN_SECRET_LEN} characters or more that the receiver knows, such as those of `openssl rand -hex 32`"
            )
        };
        let secret = environment.webhook_secret.as_deref().ok_or_else(|| {
            Failure::failed("the webhook has no secret to sign with").hint(hint())
        })?;
        Webhook::new(url, secret.as_bytes())
            .map(Some)
            .map_err(|error| {
                let failure = Failure::failed(error.to_string());
                match error {
                    InvalidWebhook::Secret(_) => failure.hint(hint()),
                    InvalidWebhook::Url => failure,
                }
            })
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Template(error) => {
                let hint = error.hint.clone();
                let text = error.to_string();
                let message = text
                    .split_once("\nhint:")
                    .map_or(text.as_str(), |(message, _)| message);
                Self::failed(message).hint(hint)
            }
            StartError::Bind { flag, .. } => Self::failed(error.to_string()).hint(format!(
                "stop what uses the port, or choose another with {flag}"
            )),
            StartError::Deploy(DeployError::Store(error))
                if error.kind() == StoreErrorKind::Broken =>
            {
                Self::failed("the store refuses what the template declares").caused_by(&error)
            }
            StartError::Deploy(DeployError::Store(error)) => {
                Self::failed("the store does not answer").caused_by(&error)
            }
            StartError::Overrides(error) => {
                let text = error.to_string();
                match text.split_once("\nhint: ") {
                    Some((message, hint)) => Self::failed(message).hint(hint),
                    None => Self::failed(text),
                }
            }
            StartError::Samconfig { .. }
            | StartError::Listener(_)
            | StartError::Threads(_)
            | StartError::Logs(_)
            | StartError::Signal(_)
            | StartError::Store(_)
            | StartError::Pepper(_)
            | StartError::Deploy(_)
            | StartError::Table(_)
            | StartError::Executable(_)
            | StartError::Layers(_)
            | StartError::Build(_)
            | StartError::Function { .. }
            | StartError::Route { .. }
            | StartError::Router(_)
            | StartError::Control(_)
            | StartError::NoEntropy(_) => Self::failed(error.to_string()),
        }
    }
}
