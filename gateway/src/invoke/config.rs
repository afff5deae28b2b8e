//! What a function is, and the environment variables that its processes see.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::logs::{LogSink, tracing_sink};
use super::pool::QueueBytes;
use crate::tally::Tally;
use crate::threads::Seats;

/// The variable that tells a process how many invocations it may have in hand, where these are more than one.
pub const MAX_CONCURRENCY: &str = "AWS_LAMBDA_MAX_CONCURRENCY";

/// What a function is and how much it may use.
#[derive(Clone)]
pub struct FunctionConfig {
    /// `AWS_LAMBDA_FUNCTION_NAME`.
    pub name: String,
    /// `AWS_LAMBDA_FUNCTION_VERSION`: `$LATEST` unless said otherwise.
    pub version: String,
    /// The function's ARN, told to it with every event.
    pub arn: String,
    /// The executable.
    pub binary: PathBuf,
    /// What it is given, such as the program that an interpreter runs. Nothing unless said otherwise.
    pub arguments: Vec<OsString>,
    /// The working directory and `LAMBDA_TASK_ROOT`.
    pub working_directory: PathBuf,
    /// `_HANDLER`: `bootstrap` unless said otherwise.
    pub handler: String,
    /// The runtime's identifier: `provided.al2023` unless said otherwise.
    pub runtime: String,
    /// The variables of its runtime and its layers. They win over those that Lambda sets for all functions.
    pub runtime_environment: BTreeMap<String, String>,
    /// `AWS_REGION`: `us-east-1` unless said otherwise.
    pub region: String,
    /// The function's own variables. They win over those that Lambda sets.
    pub environment: BTreeMap<String, String>,
    /// How long one invocation may take: 3 s unless said otherwise, as on AWS.
    pub timeout: Duration,
    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE` in MB: 128 unless said otherwise. Told to the function, not enforced.
    pub memory_mb: u32,
    /// The most processes at a time: 10 unless said otherwise; 0 counts as 1.
    pub concurrency: usize,
    /// The most invocations in one process at a time: 1 unless said otherwise; 0 counts as 1. A process is told of more by
    /// `AWS_LAMBDA_MAX_CONCURRENCY`, as on Lambda Managed Instances, and has as many in hand as it asks for.
    pub per_process: usize,
    /// How long a process may take until it asks for its first invocation: 10 s, as on AWS.
    pub init_timeout: Duration,
    /// The most invocations that may wait: 10,000 unless said otherwise.
    pub queue_limit: usize,
    /// The room for the events of those, in bytes. Functions that are given the same share it.
    pub queue_bytes: QueueBytes,
    /// Where the connections of processes are served: in the runtime in which a process is started unless said otherwise.
    pub seats: Seats,
    /// Where the lines go that processes write: to `tracing` unless said otherwise.
    pub log_sink: LogSink,
    /// Where decisions are counted of which processes tell in lines of [`metrics`](tollgate::metrics), which are then no lines of the
    /// log. `None` unless said otherwise.
    pub tally: Option<Tally>,
}

impl FunctionConfig {
    /// A function with the defaults of AWS, run from the directory of its executable.
    pub fn new(name: impl Into<String>, binary: impl Into<PathBuf>) -> Self {
        let name = name.into();
        let binary = binary.into();
        Self {
            version: "$LATEST".to_owned(),
            arn: format!("arn:aws:lambda:us-east-1:000000000000:function:{name}"),
            working_directory: binary.parent().map(PathBuf::from).unwrap_or_default(),
            binary,
            arguments: Vec::new(),
            handler: "bootstrap".to_owned(),
            runtime: "provided.al2023".to_owned(),
            runtime_environment: BTreeMap::new(),
            region: "us-east-1".to_owned(),
            environment: BTreeMap::new(),
            timeout: Duration::from_secs(3),
            memory_mb: 128,
            concurrency: 10,
            per_process: 1,
            init_timeout: Duration::from_secs(10),
            queue_limit: 10_000,
            queue_bytes: QueueBytes::default(),
            seats: Seats::default(),
            log_sink: tracing_sink(),
            tally: None,
            name,
        }
    }

    /// The account in the function's ARN.
    pub(super) fn account_id(&self) -> &str {
        self.arn.split(':').nth(4).unwrap_or_default()
    }

    /// All variables of a process whose Runtime API listens on `runtime_api`: those that Lambda defines, then those of the runtime, then
    /// the function's own. `log_stream` tells the processes of one function apart.
    ///
    /// Source: "Defined runtime environment variables" in the AWS Lambda Developer Guide.
    pub(super) fn process_environment(
        &self,
        runtime_api: SocketAddr,
        log_stream: u64,
    ) -> BTreeMap<String, String> {
        let task_root = self.working_directory.to_string_lossy().into_owned();
        let defined = [
            ("AWS_DEFAULT_REGION", self.region.clone()),
            ("AWS_EXECUTION_ENV", format!("AWS_Lambda_{}", self.runtime)),
            (
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                self.memory_mb.to_string(),
            ),
            ("AWS_LAMBDA_FUNCTION_NAME", self.name.clone()),
            ("AWS_LAMBDA_FUNCTION_VERSION", self.version.clone()),
            (
                "AWS_LAMBDA_INITIALIZATION_TYPE",
                if self.per_process > 1 {
                    "lambda-managed-instances".to_owned()
                } else {
                    "on-demand".to_owned()
                },
            ),
            (
                "AWS_LAMBDA_LOG_GROUP_NAME",
                format!("/aws/lambda/{}", self.name),
            ),
            (
                "AWS_LAMBDA_LOG_STREAM_NAME",
                format!("[{}]{log_stream}", self.version),
            ),
            ("AWS_LAMBDA_RUNTIME_API", runtime_api.to_string()),
            ("AWS_REGION", self.region.clone()),
            ("LAMBDA_RUNTIME_DIR", "/var/runtime".to_owned()),
            ("LAMBDA_TASK_ROOT", task_root),
            ("LANG", "en_US.UTF-8".to_owned()),
            ("PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin".to_owned()),
            ("TZ", ":UTC".to_owned()),
            ("_HANDLER", self.handler.clone()),
        ];
        let mut all: BTreeMap<String, String> = defined
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        all.extend(self.runtime_environment.clone());
        all.extend(self.environment.clone());
        // The process and the pool have to agree on it.
        if self.per_process > 1 {
            all.insert(MAX_CONCURRENCY.to_owned(), self.per_process.to_string());
        } else {
            all.remove(MAX_CONCURRENCY);
        }
        // A value of the function's own would send its process to another Runtime API.
        all.insert("AWS_LAMBDA_RUNTIME_API".to_owned(), runtime_api.to_string());
        all
    }
}

/// Shows the names of the variables only: values may be secrets.
impl fmt::Debug for FunctionConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionConfig")
            .field("name", &self.name)
            .field("binary", &self.binary)
            .field("environment", &self.environment.keys())
            .field("timeout", &self.timeout)
            .field("concurrency", &self.concurrency)
            .field("per_process", &self.per_process)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functions_own_variables_win_but_not_over_the_runtime_api() {
        let mut config = FunctionConfig::new("users", "/srv/users/bootstrap");
        config.environment = BTreeMap::from([
            ("TZ".to_owned(), "Europe/Zurich".to_owned()),
            (
                "AWS_LAMBDA_RUNTIME_API".to_owned(),
                "example.com".to_owned(),
            ),
        ]);
        let all = config.process_environment(SocketAddr::from(([127, 0, 0, 1], 9001)), 7);
        assert_eq!(all["TZ"], "Europe/Zurich");
        assert_eq!(all["AWS_LAMBDA_RUNTIME_API"], "127.0.0.1:9001");
        assert_eq!(all["AWS_LAMBDA_FUNCTION_NAME"], "users");
        assert_eq!(all["LAMBDA_TASK_ROOT"], "/srv/users");
        assert_eq!(all["AWS_LAMBDA_LOG_STREAM_NAME"], "[$LATEST]7");
    }

    #[test]
    fn variables_of_the_runtime_win_over_lambdas_and_lose_to_the_functions_own() {
        let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut config = FunctionConfig::new("users", "/usr/bin/python3");
        config.runtime_environment = BTreeMap::from([
            variable("PATH", "/layers/bin"),
            variable("PYTHONPATH", "/layers/python"),
        ]);
        config.environment = BTreeMap::from([variable("PYTHONPATH", "/own")]);
        let all = config.process_environment(SocketAddr::from(([127, 0, 0, 1], 9001)), 0);
        assert_eq!(all["PATH"], "/layers/bin");
        assert_eq!(all["PYTHONPATH"], "/own");
    }

    #[test]
    fn a_process_is_told_how_many_invocations_it_may_have_where_these_are_more_than_one() {
        let address = SocketAddr::from(([127, 0, 0, 1], 9001));
        let mut config = FunctionConfig::new("users", "bootstrap");
        let stray = (MAX_CONCURRENCY.to_owned(), "7".to_owned());
        config.environment = BTreeMap::from([stray]);
        let all = config.process_environment(address, 0);
        assert_eq!(all.get(MAX_CONCURRENCY), None);
        assert_eq!(all["AWS_LAMBDA_INITIALIZATION_TYPE"], "on-demand");
        config.per_process = 16;
        let all = config.process_environment(address, 0);
        assert_eq!(all[MAX_CONCURRENCY], "16");
        let kind = &all["AWS_LAMBDA_INITIALIZATION_TYPE"];
        assert_eq!(kind, "lambda-managed-instances");
    }

    #[test]
    fn debug_shows_no_value_of_a_variable() {
        let mut config = FunctionConfig::new("users", "bootstrap");
        let pepper = ("TOLLGATE_PEPPER".to_owned(), "very-secret".to_owned());
        config.environment = BTreeMap::from([pepper]);
        let shown = format!("{config:?}");
        assert!(shown.contains("TOLLGATE_PEPPER"));
        assert!(!shown.contains("very-secret"));
    }
}
