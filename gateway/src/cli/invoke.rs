//! `invoke`: one event for one function, as `sam local invoke` does it, without a container.

use std::io::{self, IsTerminal, Read};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde_json::Value;
use tollgate::control::account_limit_of_aws;

use super::connection::ConnectionOptions;
use super::environment::Environment;
use super::failure::Failure;
use super::output::Printer;
use super::template_options::TemplateOptions;
use crate::invoke::MAX_PAYLOAD_BYTES;
use crate::local;
use crate::start_api::{self, InvokeOnce, InvokeOnceError, Outcome};

const EXAMPLES: &str = "\
Examples:
  tollgate invoke UsersFunction -e events/users-create.json --with-sample-plan
  tollgate invoke -e - --no-build < event.json
  tollgate invoke UsersFunction -e events/users-list.json --data .tollgate --json | jq .statusCode

The answer goes to stdout, the function's log to stderr.
Exit codes: 0 the function answered, 1 it failed (its error object is on stdout), 2 wrong usage, or it could not be called.";

/// Calls one function of the template with one event, and shows its answer.
///
/// It builds the function, makes the template's tables, plans and keys in an embedded store, and runs the function as Lambda would.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Invoke {
    /// The function's logical id or name; the only one of the template when it is not given.
    function: Option<String>,
    /// The event, in JSON; `-` for stdin.
    #[arg(short, long, value_name = "FILE")]
    event: PathBuf,
    /// Puts the key that the event carries into a plan for the event's stage: 100 requests a second, 1000 a month. Sample events name
    /// a key and an API that the template does not know.
    #[arg(long)]
    with_sample_plan: bool,
    #[command(flatten)]
    template: TemplateOptions,
}

impl Invoke {
    /// Calls the function.
    pub(super) async fn run(
        &self,
        connection: &ConnectionOptions,
        environment: &Environment,
        printer: &Printer,
    ) -> Result<(), Failure> {
        connection.refuse_url("invoke")?;
        let event = read(&self.event)?;
        let start = start_api::StartApi {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            admin_port: 0,
            dynamodb_port: 0,
            template: Some(self.template.template.clone()),
            config_env: self.template.config_env.clone(),
            parameter_overrides: self.template.parameter_overrides.clone(),
            build: self.template.build_mode(),
            data: self.template.data.clone(),
            strict_aws: false,
            problem_details: None,
            lambda_endpoint: None,
            aws_limits: false,
            account_limit: account_limit_of_aws(),
            concurrency: 1,
            max_concurrency: Some(1),
            endpoint_url: connection.named_endpoint_url().map(str::to_owned),
            table: connection.named_table().unwrap_or(local::TABLE).to_owned(),
            pepper: environment
                .pepper
                .clone()
                .unwrap_or_else(|| local::PEPPER.to_owned()),
            cargo: environment.cargo.as_deref().unwrap_or("cargo").into(),
            log_filter: environment.log_filter.clone(),
            webhook: None,
        };
        let outcome = start_api::invoke_once(InvokeOnce {
            start,
            function: self.function.clone(),
            event,
            with_sample_plan: self.with_sample_plan,
        })
        .await?;
        match outcome {
            Outcome::Answered(payload) => {
                print(&payload, printer);
                Ok(())
            }
            Outcome::Failed { object, error } => {
                print(object.to_string().as_bytes(), printer);
                Err(Failure::refused("the function failed").caused_by(&error))
            }
        }
    }
}

fn read(path: &Path) -> Result<Bytes, Failure> {
    let mut event = Vec::new();
    // One byte more than a function takes tells that there is more.
    let most = u64::try_from(MAX_PAYLOAD_BYTES).unwrap_or(u64::MAX);
    let most = most.saturating_add(1);
    let read = if path == Path::new("-") {
        io::stdin().lock().take(most).read_to_end(&mut event)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut event))
    };
    read.map_err(|error| {
        Failure::failed(format!("the event `{}` cannot be read", path.display()))
            .caused_by(&error)
            .hint("sample events are in the folder `events`; `-e -` reads stdin")
    })?;
    Ok(event.into())
}

/// Shows JSON with indents to somebody at a terminal, and as it is to a program.
fn print(payload: &[u8], printer: &Printer) {
    if io::stdout().is_terminal()
        && !printer.is_json()
        && let Ok(value) = serde_json::from_slice::<Value>(payload)
    {
        printer.json(&value);
        return;
    }
    printer.line(&String::from_utf8_lossy(payload));
}

impl From<InvokeOnceError> for Failure {
    fn from(error: InvokeOnceError) -> Self {
        let message = error.to_string();
        match error {
            InvokeOnceError::Start(error) => error.into(),
            InvokeOnceError::NoSuchFunction(_, known) | InvokeOnceError::NotNamed(known) => {
                Self::failed(message).hint(if known.is_empty() {
                    "the template has no function".to_owned()
                } else {
                    format!("it has: {}", known.join(", "))
                })
            }
            InvokeOnceError::Event(_) => {
                Self::failed(message).hint("sample events are in the folder `events`")
            }
            InvokeOnceError::Sample(_) => Self::failed("no sample plan could be made")
                .caused_by(&error)
                .hint("leave --with-sample-plan out, or give the event another key"),
            InvokeOnceError::Invoke(_) | InvokeOnceError::Context(_) | InvokeOnceError::Stopped => {
                Self::failed(message)
            }
        }
    }
}
