//! `start-api`: what to simulate, and where to listen.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  tollgate start-api
  tollgate start-api --config-env prod --parameter-overrides StageName=prod
  tollgate start-api --no-build --data .tollgate --port 8080";

/// Runs the simulated gateway: builds the functions of a template, serves its APIs, and enforces its plans.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct StartApi {
    /// The address to listen on.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub host: IpAddr,
    /// The port of the APIs; 0 for a free one.
    #[arg(long, value_name = "PORT", default_value_t = 3000)]
    pub port: u16,
    /// The port of the management API and the console, on the loopback address only; 0 for a free one.
    #[arg(long, value_name = "PORT", default_value_t = 3100)]
    pub admin_port: u16,
    /// The port of the embedded DynamoDB, on the loopback address only; 0 for a free one.
    #[arg(long, value_name = "PORT", default_value_t = 8000)]
    pub dynamodb_port: u16,
    /// The SAM template.
    #[arg(long, value_name = "FILE", default_value = "template.yaml")]
    pub template: PathBuf,
    /// The environment of samconfig.toml to take parameters from, as `sam` does; `default` when it is not given.
    #[arg(long, value_name = "ENV")]
    pub config_env: Option<String>,
    /// Parameters of the template, in either of SAM's forms; they win over samconfig.toml.
    #[arg(long, value_name = "KEY=VALUE", num_args = 1..)]
    pub parameter_overrides: Vec<String>,
    /// Runs what was built before.
    #[arg(long)]
    pub no_build: bool,
    /// Keeps tables in this directory, so that they survive a restart. Without it, they are in memory.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The most processes of one function at a time.
    #[arg(long, value_name = "N", default_value = "10")]
    pub concurrency: NonZeroUsize,
}
