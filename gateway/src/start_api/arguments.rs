//! What an operator asks the gateway to start.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use http::Uri;
use tollgate::alert::Webhook;
use tollgate::bucket::Throttle;
use tollgate::http::Problems;

use crate::build_functions::BuildMode;

/// What to start, and where.
#[derive(Clone)]
pub struct StartApi {
    /// The address of the APIs. Everything else is on the loopback address.
    pub host: IpAddr,
    /// The port of the APIs. 0 takes a free one.
    pub port: u16,
    /// The port of the admin API. 0 takes a free one.
    pub admin_port: u16,
    /// The port of the embedded DynamoDB. 0 takes a free one.
    pub dynamodb_port: u16,
    /// The SAM template. Without one, the gateway starts empty.
    pub template: Option<PathBuf>,
    /// The environment of samconfig.toml whose parameters to use.
    pub config_env: Option<String>,
    /// Parameters of the template, `Name=value`.
    pub parameter_overrides: Vec<String>,
    /// Whether functions may be built.
    pub build: BuildMode,
    /// Where to keep the store; in memory when there is none.
    pub data: Option<PathBuf>,
    /// Whether answers carry no field that AWS does not send.
    pub strict_aws: bool,
    /// When refusals are told as problem details. `None`: to clients that ask, unless answers carry only what AWS sends.
    pub problem_details: Option<Problems>,
    /// An endpoint of Lambda's Invoke API, where all functions are called instead of being built and started here.
    pub lambda_endpoint: Option<Uri>,
    /// Whether AWS's limits on numbers of keys and plans hold.
    pub aws_limits: bool,
    /// The limit of all REST APIs together.
    pub account_limit: Throttle,
    /// The most processes of each function.
    pub concurrency: usize,
    /// The most invocations in one process of each function. `None`: as the template says.
    pub max_concurrency: Option<u32>,
    /// A DynamoDB to use in place of the embedded one.
    pub endpoint_url: Option<String>,
    /// The name of Tollgate's table, where the template does not name it.
    pub table: String,
    /// The secret under which keys' values are hashed.
    pub pepper: String,
    /// The command that builds functions.
    pub cargo: PathBuf,
    /// The filter for the logs of the gateway and its functions, in the form of `RUST_LOG`.
    pub log_filter: Option<String>,
    /// What is told of alerts, beside the log and the console.
    pub webhook: Option<Webhook>,
}

/// Shows everything but the pepper and the values of parameters, which may be secrets.
impl fmt::Debug for StartApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartApi")
            .field("port", &self.port)
            .field("admin_port", &self.admin_port)
            .field("dynamodb_port", &self.dynamodb_port)
            .field("template", &self.template)
            .field("config_env", &self.config_env)
            .field("data", &self.data)
            .finish_non_exhaustive()
    }
}
