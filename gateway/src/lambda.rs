//! Functions, by the names that APIs call them with: those that run in this process, or all of them behind an endpoint.

mod invoked;
mod remote;
#[cfg(test)]
mod tests;
mod uri;

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Uri;

use crate::http_client::HttpClient;
use crate::incoming::RequestIds;
use crate::invoke::{Function, InvocationContext};

pub(crate) use invoked::shown;
pub use invoked::{Invoked, LambdaFailure};
pub use remote::RemoteFunction;
pub use uri::{AwsUri, FunctionName};

/// Where functions run. Clones share them.
#[derive(Clone, Debug)]
pub struct Lambdas {
    place: Place,
    client: HttpClient,
}

#[derive(Clone, Debug)]
enum Place {
    /// In this process, by name.
    Here(BTreeMap<String, Function>),
    /// Behind an endpoint that speaks Lambda's Invoke API.
    Elsewhere {
        endpoint: Uri,
        /// The binaries of functions, by the functions' names.
        binaries: BTreeMap<String, String>,
    },
}

/// A function that can be called. Clones share what they have learned of it.
#[derive(Clone, Debug)]
pub enum Target {
    /// One that runs in this process.
    Local(Function),
    /// One behind the endpoint.
    Remote(RemoteFunction),
}

impl Lambdas {
    /// Functions that run in this process.
    #[must_use]
    pub fn here(functions: impl IntoIterator<Item = Function>) -> Self {
        let named = |function: Function| (function.config().name.clone(), function);
        Self {
            place: Place::Here(functions.into_iter().map(named).collect()),
            client: HttpClient::default(),
        }
    }

    /// Functions behind `endpoint`, whatever their names.
    ///
    /// `binaries` has the names of functions' binaries: an endpoint that does not know a function by its name is asked for the binary.
    /// That is how `cargo lambda watch` names them.
    #[must_use]
    pub fn elsewhere(endpoint: Uri, binaries: BTreeMap<String, String>) -> Self {
        Self {
            place: Place::Elsewhere { endpoint, binaries },
            client: HttpClient::default(),
        }
    }

    /// The function with this name.
    ///
    /// # Errors
    ///
    /// When there is none, as a sentence for the log.
    pub fn target(&self, function: &FunctionName) -> Result<Target, String> {
        match &self.place {
            Place::Here(functions) => {
                let local = functions.get(&function.name).cloned();
                local.map(Target::Local).ok_or_else(|| {
                    format!(
                        "the function `{}` is not in the template; start the gateway with --lambda-endpoint to call functions elsewhere",
                        function.name
                    )
                })
            }
            Place::Elsewhere { endpoint, binaries } => {
                let binary = binaries.get(&function.name).map(String::as_str);
                RemoteFunction::new(endpoint, function, binary).map(Target::Remote)
            }
        }
    }

    /// Calls a function and waits for its answer. An error that the function itself reports is an answer too.
    ///
    /// # Errors
    ///
    /// Every variant of [`LambdaFailure`]: the function was not called, or its answer was lost.
    pub async fn invoke(
        &self,
        target: &Target,
        event: Bytes,
        ids: &RequestIds,
    ) -> Result<Invoked, LambdaFailure> {
        match target {
            Target::Local(function) => {
                let context = InvocationContext::new(&ids.request)
                    .and_then(|context| context.with_trace_id(&ids.trace))
                    .map_err(|error| LambdaFailure::Unusable(error.to_string()))?;
                match function.invoke(event, context).await {
                    Ok(answer) => Ok(Invoked::answered(answer.payload)),
                    Err(error) => Invoked::of_error(&error, ids),
                }
            }
            Target::Remote(function) => function.invoke(&self.client, event, ids).await,
        }
    }
}

impl Target {
    /// The function's name.
    pub fn name(&self) -> &str {
        match self {
            Self::Local(function) => &function.config().name,
            Self::Remote(function) => function.name(),
        }
    }
}
