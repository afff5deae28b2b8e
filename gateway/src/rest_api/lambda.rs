//! Functions, by the URIs that integrations and authorizers name them with.

mod invoked;
mod uri;

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderName, Method, Request, StatusCode, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::backend::{self, HttpClient};
use crate::incoming::RequestIds;
use crate::invoke::{Function, InvocationContext};

pub(super) use invoked::{Invoked, LambdaFailure};
pub(super) use uri::{AwsUri, FunctionName};

const FUNCTION_ERROR: HeaderName = HeaderName::from_static("x-amz-function-error");

/// What a function's name and an alias have besides letters and digits.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'$');

/// Where functions run: in this process by their names, all others behind an endpoint that speaks Lambda's Invoke API.
#[derive(Clone, Debug)]
pub(super) struct Lambdas {
    functions: BTreeMap<String, Function>,
    endpoint: Option<Uri>,
    client: HttpClient,
}

/// A function that can be called.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// One of the template's.
    Local(Function),
    /// One behind the endpoint, with the whole address of its invocations.
    Remote {
        /// Its name.
        name: String,
        /// Where to post events.
        uri: Uri,
    },
}

impl Lambdas {
    pub(super) fn new(
        functions: BTreeMap<String, Function>,
        endpoint: Option<Uri>,
        client: HttpClient,
    ) -> Self {
        Self {
            functions,
            endpoint,
            client,
        }
    }

    /// The function with this name.
    ///
    /// # Errors
    ///
    /// When there is none, as a sentence for the log.
    pub(super) fn target(&self, function: &FunctionName) -> Result<Target, String> {
        if let Some(local) = self.functions.get(&function.name) {
            return Ok(Target::Local(local.clone()));
        }
        let Some(endpoint) = &self.endpoint else {
            return Err(format!(
                "the function `{}` is not in the template; start the gateway with --lambda-endpoint to call functions elsewhere",
                function.name
            ));
        };
        let base = endpoint.to_string();
        let name = utf8_percent_encode(&function.name, SEGMENT);
        let mut uri = format!(
            "{}/2015-03-31/functions/{name}/invocations",
            base.trim_end_matches('/')
        );
        if let Some(qualifier) = &function.qualifier {
            uri.push_str("?Qualifier=");
            uri.extend(utf8_percent_encode(qualifier, SEGMENT));
        }
        let uri = uri
            .parse()
            .map_err(|error| format!("the function's address `{uri}` cannot be used: {error}"))?;
        Ok(Target::Remote {
            name: function.name.clone(),
            uri,
        })
    }

    /// Calls a function and waits for its answer. An error that the function itself reports is an answer too.
    pub(super) async fn invoke(
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
            Target::Remote { uri, .. } => {
                let request = Request::builder()
                    .method(Method::POST)
                    .uri(uri)
                    .header(http::header::CONTENT_TYPE, "application/json")
                    .header("x-amz-invocation-type", "RequestResponse")
                    .body(event)
                    .map_err(|error| LambdaFailure::Unusable(error.to_string()))?;
                let answer = self
                    .client
                    .send(request)
                    .await
                    .map_err(|error| match error {
                        backend::SendError::Unreachable(why) => LambdaFailure::Unreachable(why),
                        backend::SendError::TooLong => {
                            LambdaFailure::Unusable("its answer is too long".to_owned())
                        }
                    })?;
                if answer.status == StatusCode::OK {
                    let is_error = answer.headers.contains_key(FUNCTION_ERROR);
                    return Ok(Invoked {
                        payload: answer.body,
                        is_error,
                    });
                }
                let text = String::from_utf8_lossy(&answer.body);
                Err(LambdaFailure::Refused {
                    status: answer.status,
                    message: text.chars().take(500).collect(),
                })
            }
        }
    }
}

impl Target {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Local(function) => &function.config().name,
            Self::Remote { name, .. } => name,
        }
    }
}
