//! The functions of a template, started.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tempfile::TempDir;
use tollgate::http::variable;
use tollgate::time::SystemClock;

use super::code::Code;
use super::launch::{Launch, Launches};
use super::{StartApi, StartError};
use crate::invoke::{Function, FunctionConfig, QueueBytes};
use crate::lambda::Lambdas;
use crate::local;
use crate::tally::Tally;
use crate::template::{FunctionSpec, LoggingSpec, Template};
use crate::threads::Seats;

/// How long a function waits for one answer of the store. It shares a laptop with everything else, so it is patient.
const STORE_TIMEOUT_MS: &str = "5000";

/// How long a process that takes several invocations may take to initialise, as on Lambda Managed Instances; the function's own
/// time-out where that is longer.
const MANAGED_INIT_TIMEOUT: Duration = Duration::from_secs(130);

/// The log level of a function that asks for JSON and names none.
const DEFAULT_LOG_LEVEL: &str = "INFO";

/// The functions that were started, so that they can be stopped, whatever happens while others start.
#[derive(Debug, Default)]
pub(super) struct Functions {
    /// Where the connections of their processes are served.
    seats: Seats,
    started: Mutex<Vec<Function>>,
    scratch: Mutex<Option<TempDir>>,
}

/// What has to end when the gateway does.
#[derive(Debug)]
pub(super) struct Stopping {
    /// The functions.
    pub(super) started: Vec<Function>,
    /// The files that these need, which are removed with this.
    pub(super) scratch: Option<TempDir>,
}

impl Functions {
    /// None yet; the connections of their processes are to be served on the threads that have `seats`.
    pub(super) fn on(seats: Seats) -> Self {
        Self {
            seats,
            ..Self::default()
        }
    }

    /// Starts one process of each function, so that the first request need not wait for it, and counts what they decide. Functions
    /// elsewhere are left to who runs them.
    pub(super) async fn start(
        &self,
        template: &Template,
        code: Code,
        arguments: &StartApi,
        endpoint_url: &str,
        tally: &Tally,
    ) -> Result<Lambdas, StartError> {
        let Launches {
            by_function,
            scratch,
        } = match code {
            Code::Here(launches) => launches,
            Code::Elsewhere { endpoint, binaries } => {
                return Ok(Lambdas::elsewhere(endpoint, binaries));
            }
        };
        *lock(&self.scratch) = scratch;
        let queue_bytes = QueueBytes::default();
        let mut functions = Vec::new();
        for spec in &template.functions {
            let Some(launch) = by_function.get(&spec.logical_id) else {
                continue;
            };
            let config = FunctionConfig {
                queue_bytes: queue_bytes.clone(),
                seats: self.seats.clone(),
                tally: Some(tally.clone()),
                ..config(spec, launch, arguments, endpoint_url)
            };
            let failed = |cause| StartError::Function {
                logical_id: spec.logical_id.clone(),
                cause,
            };
            let function = Function::new(config, Arc::new(SystemClock)).map_err(failed)?;
            lock(&self.started).push(function.clone());
            function.warm_up().await.map_err(failed)?;
            functions.push(function);
        }
        Ok(Lambdas::here(functions))
    }

    /// The first function, if there is one.
    pub(super) fn first(&self) -> Option<Function> {
        lock(&self.started).first().cloned()
    }

    /// All that has to be stopped.
    pub(super) fn into_stopping(self) -> Stopping {
        let Self {
            started, scratch, ..
        } = self;
        Stopping {
            started: started.into_inner().unwrap_or_else(PoisonError::into_inner),
            scratch: scratch.into_inner().unwrap_or_else(PoisonError::into_inner),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic cannot leave half a function.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a function of the template is, as it runs here.
fn config(
    spec: &FunctionSpec,
    launch: &Launch,
    arguments: &StartApi,
    endpoint_url: &str,
) -> FunctionConfig {
    let per_process = arguments.max_concurrency.or(spec.per_process).unwrap_or(1);
    let timeout = Duration::from_secs(u64::from(spec.timeout_s));
    let defaults = FunctionConfig::new(&spec.name, &launch.program);
    FunctionConfig {
        arn: format!(
            "arn:aws:lambda:{}:{}:function:{}",
            local::REGION,
            local::ACCOUNT_ID,
            spec.name
        ),
        arguments: launch.arguments.clone(),
        working_directory: launch.task_root.clone(),
        handler: spec.handler.clone(),
        runtime: spec.runtime.clone(),
        runtime_environment: launch.variables.clone(),
        region: local::REGION.to_owned(),
        environment: environment(spec, arguments, endpoint_url),
        timeout,
        memory_mb: spec.memory_mb,
        concurrency: arguments.concurrency,
        per_process: usize::try_from(per_process).unwrap_or(1),
        init_timeout: if per_process > 1 {
            timeout.max(MANAGED_INIT_TIMEOUT)
        } else {
            defaults.init_timeout
        },
        ..defaults
    }
}

/// The template's variables, and what stands for AWS on a laptop.
fn environment(
    spec: &FunctionSpec,
    arguments: &StartApi,
    endpoint_url: &str,
) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::from(
        [
            ("AWS_ACCESS_KEY_ID", local::CREDENTIAL),
            ("AWS_SECRET_ACCESS_KEY", local::CREDENTIAL),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            // Log lines go to a terminal by way of the gateway, which shows control characters and does not obey them.
            ("NO_COLOR", "1"),
            (variable::STORE_TIMEOUT_MS, STORE_TIMEOUT_MS),
            // Metrics are lines of JSON for CloudWatch. Here the tally reads them.
            (variable::METRICS, "on"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    if let Some(filter) = &arguments.log_filter {
        variables.insert("RUST_LOG".to_owned(), filter.clone());
    }
    variables.extend(logging(&spec.logging, arguments.log_filter.is_some()));
    variables.extend(spec.environment.clone());
    if arguments.strict_aws {
        variables.insert(variable::STRICT_AWS.to_owned(), "true".to_owned());
    }
    if let Some(problems) = arguments.problem_details {
        let word = problems.as_str().to_owned();
        variables.insert(variable::PROBLEM_DETAILS.to_owned(), word);
    }
    variables.insert(
        "AWS_ENDPOINT_URL_DYNAMODB".to_owned(),
        endpoint_url.to_owned(),
    );
    // On AWS the template resolves the pepper from a secret, which does not exist here.
    if let Some(pepper) = variables.get_mut(variable::PEPPER)
        && pepper.starts_with("{{resolve:")
    {
        pepper.clone_from(&arguments.pepper);
    }
    variables
}

/// What Lambda tells a function of its `LoggingConfig`. A filter of the operator wins over the template's level.
fn logging(spec: &LoggingSpec, has_filter: bool) -> BTreeMap<String, String> {
    let format = spec.is_json.then_some(("AWS_LAMBDA_LOG_FORMAT", "JSON"));
    let level = (spec.is_json && !has_filter).then(|| {
        let level = spec.level.as_deref().unwrap_or(DEFAULT_LOG_LEVEL);
        ("AWS_LAMBDA_LOG_LEVEL", level)
    });
    let group = spec.group.as_deref();
    let group = group.map(|group| ("AWS_LAMBDA_LOG_GROUP_NAME", group));
    format
        .into_iter()
        .chain(level)
        .chain(group)
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(level: Option<&str>) -> LoggingSpec {
        LoggingSpec {
            is_json: true,
            level: level.map(str::to_owned),
            group: None,
        }
    }

    fn level(spec: &LoggingSpec, has_filter: bool) -> Option<String> {
        logging(spec, has_filter).remove("AWS_LAMBDA_LOG_LEVEL")
    }

    #[test]
    fn a_function_that_logs_json_has_a_level_unless_the_operator_has_a_filter() {
        assert_eq!(level(&json(None), false).as_deref(), Some("INFO"));
        assert_eq!(level(&json(Some("WARN")), false).as_deref(), Some("WARN"));
        assert_eq!(level(&json(Some("WARN")), true), None);
        let format = logging(&json(None), true).remove("AWS_LAMBDA_LOG_FORMAT");
        assert_eq!(format.as_deref(), Some("JSON"));
    }

    #[test]
    fn a_function_that_logs_text_is_told_nothing() {
        assert!(logging(&LoggingSpec::default(), false).is_empty());
    }
}
