//! `console`: the console for a table, on this machine.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tollgate::control::{Control, NoGateway, Settings, UnmanagedStages, account_limit_of_aws};
use tollgate::key::EnvironmentLetter;
use tollgate::store::dynamodb::DynamoStore;
use tollgate::time::SystemClock;

use super::connection::{ConnectionOptions, PepperUse, Place};
use super::environment::Environment;
use super::failure::Failure;
use super::output::{Printer, style};
use crate::console::{self, Console, Surroundings};
use crate::local;
use crate::server::{self, Admin};
use crate::start_api::{Signals, start_logs};

const EXAMPLES: &str = "\
Examples:
  tollgate console --table tollgate-prod --region eu-west-1
  tollgate console --table tollgate-prod --profile prod --port 3200 --environment prod
  tollgate console --port 3200   (the table of the gateway on this machine, whose own console is on 3100)";

/// Serves the console for a table: pages on which keys, plans and usage are seen and managed in a browser.
///
/// It listens on the loopback address only, and works with your own AWS credentials: whoever can use this machine can use them through it
/// while it runs. The management API is on the same port, for the AWS CLI. On AWS it needs `TOLLGATE_PEPPER`, the stack's secret, as each
/// command does that creates keys.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ServeConsole {
    /// The port, on the loopback address only; 0 for a free one.
    #[arg(long, value_name = "PORT", default_value_t = 3100)]
    port: u16,
    /// The environment whose first letter the values of new keys start with.
    #[arg(long, value_name = "NAME", default_value = "dev")]
    environment: String,
    /// Stores only the hashes of the values of new keys: the values can never be shown again.
    #[arg(long)]
    no_keep_values: bool,
}

/// Where the console is, as `--json` tells it when it is ready.
#[derive(serde::Serialize)]
struct Summary<'a> {
    console_url: &'a str,
}

impl ServeConsole {
    /// Serves the console until it is told to stop.
    pub(super) async fn run(
        &self,
        connection: &ConnectionOptions,
        environment: &Environment,
        printer: &Printer,
    ) -> Result<(), Failure> {
        connection.refuse_url("console")?;
        if environment.url.is_some() {
            printer.note("TOLLGATE_URL is not used: the console needs the table itself");
        }
        let (store, place) = connection.open(environment, PepperUse::Hashes).await?;
        let listener = self.bind().await?;
        let address = listener
            .local_addr()
            .map_err(|error| Failure::failed("the port has no address").caused_by(&error))?;
        let _logs = start_logs(environment.log_filter.as_deref())?;
        let mut signals = Signals::new()
            .map_err(|error| Failure::failed("signals cannot be waited for").caused_by(&error))?;
        let (control, console) = self.console(store, &place)?;
        // A table that is not there, or credentials that do not open it, are better told here than on a page.
        tokio::select! {
            loaded = console.load() => loaded.map_err(|error| place.tell(&error))?,
            () = signals.any() => return Ok(()),
        }
        let url = format!("http://{address}{}", console::ROOT);
        if printer.is_json() {
            printer.json(&Summary { console_url: &url });
        } else {
            printer.line(&format!("Console of {place} on {}", style::bold(&url)));
            printer.line("It works with your credentials. Ctrl-C stops.");
        }
        let (stop, stopped) = watch::channel(false);
        let admin = Admin::new(control).with_console(console);
        let serving = server::serve(listener, admin, stopped);
        let wait = async {
            signals.any().await;
            stop.send_replace(true);
        };
        tokio::join!(serving, wait);
        Ok(())
    }

    fn console(
        &self,
        store: DynamoStore,
        place: &Place,
    ) -> Result<(Control<DynamoStore, SystemClock>, Console), Failure> {
        let settings = Settings {
            region: local::REGION.to_owned(),
            account_id: local::ACCOUNT_ID.to_owned(),
            environment: EnvironmentLetter::of(&self.environment),
            keep_values: !self.no_keep_values,
            aws_limits: false,
            account_limit: account_limit_of_aws(),
            unmanaged_stages: UnmanagedStages::Any,
        };
        let control = Control::new(store.clone(), SystemClock, settings, Arc::new(NoGateway))
            .map_err(|error| Failure::failed(error.to_string()))?;
        let console = Console::new(Surroundings {
            control: control.clone(),
            store,
            clock: Arc::new(SystemClock),
            place: place.to_string(),
            declared: Vec::new(),
            data_plane_url: None,
            tally: None,
        });
        Ok((control, console))
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
