//! The functions of a template, started.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tollgate::http::variable;
use tollgate::time::SystemClock;

use super::{StartApi, StartError};
use crate::invoke::{Function, FunctionConfig};
use crate::local;
use crate::template::{FunctionSpec, Template};

/// How long a function waits for one answer of the store. It shares a laptop with everything else, so it is patient.
const STORE_TIMEOUT_MS: &str = "5000";

/// Starts one process of each function, so that the first request need not wait for it.
pub(super) async fn start(
    template: &Template,
    executables: &BTreeMap<String, PathBuf>,
    arguments: &StartApi,
    endpoint_url: &str,
) -> Result<BTreeMap<String, Arc<Function>>, StartError> {
    let mut functions = BTreeMap::new();
    for spec in &template.functions {
        let Some(binary) = executables.get(&spec.logical_id) else {
            continue;
        };
        let config = FunctionConfig {
            arn: format!(
                "arn:aws:lambda:{}:{}:function:{}",
                local::REGION,
                local::ACCOUNT_ID,
                spec.name
            ),
            handler: spec.handler.clone(),
            runtime: spec.runtime.clone(),
            region: local::REGION.to_owned(),
            environment: environment(spec, arguments, endpoint_url),
            timeout: Duration::from_secs(u64::from(spec.timeout_s)),
            memory_mb: spec.memory_mb,
            concurrency: arguments.concurrency,
            ..FunctionConfig::new(&spec.name, binary)
        };
        let function = Function::new(config, Arc::new(SystemClock));
        let started = match function {
            Ok(function) => function.warm_up().await.map(|()| function),
            Err(error) => Err(error),
        };
        let function = started.map_err(|cause| StartError::Function {
            logical_id: spec.logical_id.clone(),
            cause,
        })?;
        functions.insert(spec.logical_id.clone(), Arc::new(function));
    }
    Ok(functions)
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
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    if let Some(filter) = &arguments.log_filter {
        variables.insert("RUST_LOG".to_owned(), filter.clone());
    }
    variables.extend(spec.environment.clone());
    if arguments.strict_aws {
        variables.insert(variable::STRICT_AWS.to_owned(), "true".to_owned());
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
