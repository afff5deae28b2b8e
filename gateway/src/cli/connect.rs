//! `connect`: a proxy to a management API for the AWS CLI, boto3 and Terraform.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tollgate::time::Clock;

use super::connection::ConnectionOptions;
use super::environment::Environment;
use super::failure::Failure;
use super::output::{Printer, style};
use crate::connect::Connector;
use crate::server;
use crate::start_api::{Signals, start_logs};

const EXAMPLES: &str = "\
Examples:
  tollgate connect --url https://abc123.lambda-url.eu-west-1.on.aws
  tollgate connect --url https://abc123.lambda-url.eu-west-1.on.aws --profile prod --port 3200
  aws apigateway get-usage-plans --endpoint-url http://127.0.0.1:3101";

/// Lets the AWS CLI, boto3 and Terraform use a stack's management API: a proxy on this machine signs for it.
///
/// They sign their requests for API Gateway, which the function URL of a stack does not take. The proxy signs them anew, with your own
/// credentials: whoever can use this machine can use them through it while it runs.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Connect {
    /// The port, on the loopback address only; 0 for a free one.
    #[arg(long, value_name = "PORT", default_value_t = 3101)]
    port: u16,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    url: String,
    endpoint_url: String,
}

impl Connect {
    /// Runs the proxy until it is told to stop.
    pub(super) async fn run(
        &self,
        connection: &ConnectionOptions,
        environment: &Environment,
        clock: &Arc<dyn Clock>,
        printer: &Printer,
    ) -> Result<(), Failure> {
        let Some(url) = connection.named_url(environment)? else {
            return Err(Failure::failed("no management API is named").hint(
                "name it with --url, or set TOLLGATE_URL: the outputs of the stack have its URL",
            ));
        };
        let client = connection.connect(url, clock).await?;
        let listener = self.bind().await?;
        let address = listener
            .local_addr()
            .map_err(|error| Failure::failed("the port has no address").caused_by(&error))?;
        let _logs = start_logs(environment.log_filter.as_deref())?;
        let mut signals = Signals::new()
            .map_err(|error| Failure::failed("signals cannot be waited for").caused_by(&error))?;
        let summary = Summary {
            url: client.endpoint().to_string(),
            endpoint_url: format!("http://{address}"),
        };
        summary.print(printer);
        let (stop, stopped) = watch::channel(false);
        let serving = server::serve(listener, Connector::new(client), stopped);
        let wait = async {
            signals.any().await;
            stop.send_replace(true);
        };
        tokio::join!(serving, wait);
        Ok(())
    }

    async fn bind(&self) -> Result<TcpListener, Failure> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        TcpListener::bind(address).await.map_err(|error| {
            Failure::failed(format!("{address} cannot be listened on"))
                .caused_by(&error)
                .hint("stop what uses the port, or choose another with --port")
        })
    }
}

impl Summary {
    fn print(&self, printer: &Printer) {
        if printer.is_json() {
            printer.json(self);
            return;
        }
        let Self { url, endpoint_url } = self;
        printer.line(&format!(
            "Management API of {url} on {}\n",
            style::bold(endpoint_url)
        ));
        printer.line(&format!(
            "  aws apigateway get-usage-plans --endpoint-url {endpoint_url}"
        ));
        printer.line(&format!(
            "  export AWS_ENDPOINT_URL_API_GATEWAY={endpoint_url}   for the AWS CLI, boto3 and the AWS SDKs"
        ));
        printer.line(&format!(
            "  provider \"aws\" {{ endpoints {{ apigateway = \"{endpoint_url}\" }} }}   for Terraform\n"
        ));
        printer.line("Requests are signed with your credentials. Ctrl-C stops.");
    }
}
