//! `tollgate start-api`: the store, the functions and the gateway in one process.

mod apis;
mod arguments;
mod code;
mod declared;
mod error;
mod functions;
mod http_apis;
mod invoke_once;
mod launch;
mod logs;
mod open_store;
mod sample_plan;
mod stopping;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tollgate::control::{self, Control, UnmanagedStages};
use tollgate::id::ApiStage;
use tollgate::key::EnvironmentLetter;
use tollgate::limiter::{Limiter, Options};
use tollgate::store::dynamodb::DynamoStore;
use tollgate::time::{Clock as _, SystemClock};

pub use arguments::StartApi;
pub(crate) use declared::requires_key;
pub use error::StartError;
pub use invoke_once::{InvokeOnce, InvokeOnceError, Outcome, invoke_once};
pub use sample_plan::SampleError;
pub(crate) use stopping::Signals;

use functions::Functions;
use open_store::OpenStore;
use stopping::{hand_back, stop, stop_unless_told_again};

use crate::alerts::{Hook, Watch};
use crate::deploy::Deployed;
use crate::local;
use crate::router::DEFAULT_STAGE;
use crate::server::{self, Admin, DataPlane};
use crate::tally::Tally;
use crate::template::{self, ApiKind, Template, samconfig};
use crate::threads::Threads;

/// The environment of samconfig.toml that SAM takes when none is named.
const DEFAULT_CONFIG_ENV: &str = "default";

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// How far the gateway has got.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    /// The template can be used. Building comes next.
    Read(&'a Template),
    /// Requests are answered.
    Started(Started<'a>),
}

/// What answers, and where.
#[derive(Clone, Copy, Debug)]
pub struct Started<'a> {
    /// What was asked for.
    pub template: &'a Template,
    /// The plans and keys in the store.
    pub deployed: &'a Deployed,
    /// The port of the APIs.
    pub port: u16,
    /// The port of the admin API.
    pub admin_port: u16,
    /// The DynamoDB.
    pub endpoint_url: &'a str,
    /// Where the store is kept, if it is.
    pub data: Option<&'a Path>,
    /// Where functions are called, when they do not run here.
    pub lambda_endpoint: Option<&'a Uri>,
}

/// How long a request waits for its decision at the most: shorter than the shortest time-out of an integration that clients expect, and
/// long enough for a store that shares a busy laptop.
const DECISION_DEADLINE: Duration = Duration::from_secs(20);

/// Runs the gateway until it is told to stop, and tells `report` how far it has got.
///
/// # Errors
///
/// When the template cannot be used, a port is taken, a function does not build, or the store does not answer.
pub async fn run(arguments: StartApi, report: impl Fn(Progress<'_>)) -> Result<(), StartError> {
    let _logs = start_logs(arguments.log_filter.as_deref())?;
    let template = load(&arguments)?;
    report(Progress::Read(&template));
    let mut signals = Signals::new().map_err(StartError::Signal)?;
    let api_listener = bind(arguments.host, arguments.port, "--port").await?;
    let admin_listener = bind(LOOPBACK, arguments.admin_port, "--admin-port").await?;
    // To the end of this call: what a request has started there, as a function's process, outlives the request.
    let threads = Threads::for_each_processor().map_err(StartError::Threads)?;
    let port = local_port(&api_listener)?;
    let admin_port = local_port(&admin_listener)?;

    let open = tokio::select! {
        open = OpenStore::open(&arguments) => open?,
        () = signals.any() => return Ok(()),
    };
    let functions = Functions::on(threads.seats().clone());
    let prepared = tokio::select! {
        prepared = prepare(&template, &arguments, &open, &functions, port) => Some(prepared),
        () = signals.any() => None,
    };
    let Prepared {
        deployed,
        limiter,
        data_plane,
        admin,
        alerts,
    } = match prepared {
        Some(Ok(prepared)) => prepared,
        Some(Err(error)) => {
            stop_unless_told_again(functions, open.own, &mut signals).await;
            return Err(error);
        }
        None => {
            tracing::info!("stopping before the start");
            stop_unless_told_again(functions, open.own, &mut signals).await;
            return Ok(());
        }
    };
    report(Progress::Started(Started {
        template: &template,
        deployed: &deployed,
        port,
        admin_port,
        endpoint_url: &open.endpoint_url,
        data: arguments.data.as_deref(),
        lambda_endpoint: arguments.lambda_endpoint.as_ref(),
    }));

    let (stopping, stopped) = watch::channel(false);
    let running = async {
        tokio::join!(
            server::serve_on(threads.seats(), api_listener, data_plane, stopped.clone()),
            server::serve(admin_listener, admin, stopped.clone()),
            alerts.run(stopped)
        );
        // No request is running: nothing is charged after this.
        hand_back(&limiter).await;
        stop(functions, open.own).await;
    };
    let told = async {
        signals.any().await;
        tracing::info!("stopping");
        stopping.send_replace(true);
        // A second signal is for those who do not want to wait: what is left ends with this process.
        signals.any().await;
        tracing::warn!("stopping at once");
    };
    tokio::select! {
        () = running => {}
        () = told => {}
    }
    Ok(())
}

/// What answers requests.
struct Prepared {
    deployed: Deployed,
    limiter: Limiter<DynamoStore>,
    data_plane: DataPlane,
    admin: Admin,
    alerts: Watch,
}

/// Deploys and builds what the template declares, and starts its functions, which are then among `functions`.
async fn prepare(
    template: &Template,
    arguments: &StartApi,
    open: &OpenStore,
    functions: &Functions,
    port: u16,
) -> Result<Prepared, StartError> {
    let (deployed, code) = tokio::join!(
        open.deploy(template, arguments),
        code::find_code(template, arguments)
    );
    let (deployed, code) = (deployed?, code?);
    let tally = Tally::new(SystemClock.now());
    let lambdas = functions
        .start(template, code, arguments, open.inner_url(), &tally)
        .await?;
    let (store, pepper) = (open.store.clone(), open.pepper.clone());
    let options = Options {
        deadline: DECISION_DEADLINE,
        ..Options::default()
    };
    let limiter = Limiter::with_options(store.clone(), SystemClock, pepper, options)?;
    let rest_apis = apis::rest_apis(
        lambdas.clone(),
        store.clone(),
        limiter.clone(),
        tally.clone(),
        arguments,
        port,
    );
    let data_plane = apis::data_plane(template, lambdas, Arc::clone(&rest_apis), port)?;
    let settings = control_settings(template, arguments);
    let control = Control::new(store.clone(), SystemClock, settings, rest_apis)?;
    let hook = Hook::new(arguments.webhook.clone());
    let alerts = Watch::new(store.clone(), tally.clone(), hook);
    let console = declared::console(template, &control, store, port, tally);
    Ok(Prepared {
        deployed,
        limiter,
        data_plane,
        admin: Admin::new(control).with_console(console),
        alerts,
    })
}

fn load(arguments: &StartApi) -> Result<Template, StartError> {
    let Some(path) = &arguments.template else {
        return Ok(Template::empty());
    };
    read_template(
        path,
        arguments.config_env.as_deref(),
        &arguments.parameter_overrides,
        &arguments.table,
    )
}

/// Reads a template with the parameters that `samconfig.toml` beside it has for `config_env`, and with `overrides`, which win. Without
/// `config_env`, the default environment's are taken if there are some. `table` is the name of Tollgate's own table where the template
/// gives it none.
///
/// # Errors
///
/// When the template or its parameters cannot be read or used.
pub fn read_template(
    path: &Path,
    config_env: Option<&str>,
    overrides: &[String],
    table: &str,
) -> Result<Template, StartError> {
    let directory = path.parent().unwrap_or(Path::new(""));
    let samconfig_path = directory.join("samconfig.toml");
    let mut parameters = match (std::fs::read_to_string(&samconfig_path), config_env) {
        (Ok(text), Some(config_env)) => samconfig::parameter_overrides(&text, config_env)?,
        // Without the flag, SAM too takes the default environment if there is one.
        (Ok(text), None) => {
            samconfig::parameter_overrides(&text, DEFAULT_CONFIG_ENV).unwrap_or_default()
        }
        (Err(cause), Some(_)) => {
            return Err(StartError::Samconfig {
                path: samconfig_path,
                cause,
            });
        }
        (Err(_), None) => std::collections::BTreeMap::new(),
    };
    parameters.extend(samconfig::parse_overrides(&overrides.join(" "))?);
    let settings = template::Settings {
        parameter_overrides: parameters,
        tollgate_table: table.to_owned(),
        ..template::Settings::default()
    };
    Ok(template::load(path, &settings)?)
}

async fn bind(host: IpAddr, port: u16, flag: &'static str) -> Result<TcpListener, StartError> {
    let address = SocketAddr::from((host, port));
    TcpListener::bind(address)
        .await
        .map_err(|cause| StartError::Bind {
            address,
            flag,
            cause,
        })
}

fn local_port(listener: &TcpListener) -> Result<u16, StartError> {
    let address = listener.local_addr().map_err(StartError::Listener)?;
    Ok(address.port())
}

/// The stage that new keys are for, as far as the template says: that of its first API.
fn stage_name(template: &Template) -> &str {
    template.apis.first().map_or("", |api| api.stage.as_str())
}

/// What the management API is told of this gateway.
fn control_settings(template: &Template, arguments: &StartApi) -> control::Settings {
    let http_stages = template
        .apis
        .iter()
        .filter(|api| api.kind == ApiKind::Http)
        .map(|api| ApiStage::new(api.id.as_str(), api.stage.as_str()));
    let url_stages = template
        .functions
        .iter()
        .filter_map(|function| function.url.as_ref())
        .map(|url| ApiStage::new(url.id.as_str(), DEFAULT_STAGE));
    control::Settings {
        region: local::REGION.to_owned(),
        account_id: local::ACCOUNT_ID.to_owned(),
        environment: EnvironmentLetter::of(stage_name(template)),
        keep_values: true,
        aws_limits: arguments.aws_limits,
        account_limit: arguments.account_limit,
        unmanaged_stages: UnmanagedStages::Known(http_stages.chain(url_stages).collect()),
    }
}

/// Starts logging to stderr, as `filter` says in the form of `RUST_LOG`. What has been logged is written before the guard is gone.
///
/// # Errors
///
/// When stderr cannot be opened a second time.
pub(crate) fn start_logs(
    filter: Option<&str>,
) -> Result<tracing_appender::non_blocking::WorkerGuard, StartError> {
    logs::start(filter).map_err(StartError::Logs)
}
