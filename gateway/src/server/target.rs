//! What requests can be for.

use std::collections::BTreeMap;
use std::time::Duration;

use tollgate::api::Routes;
use tollgate::id::ApiStage;

use super::http_api::Access;
use crate::fault::Door;
use crate::lambda::Target;
use crate::template::{InvokeMode, PayloadVersion};

/// Which API or function URL a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetId {
    /// The HTTP API with this place in the list.
    Api(usize),
    /// The function URL with this place in the list.
    FunctionUrl(usize),
}

impl TargetId {
    pub(super) const fn door(self) -> Door {
        match self {
            Self::Api(_) => Door::HttpApi,
            Self::FunctionUrl(_) => Door::FunctionUrl,
        }
    }
}

/// A deployed HTTP API with its stage.
#[derive(Debug)]
pub struct Api {
    /// The API and its stage.
    pub api_stage: ApiStage,
    /// The id of what is deployed.
    pub deployment_id: String,
    /// The methods.
    pub routes: Routes<Method>,
    /// The stage's variables.
    pub stage_variables: BTreeMap<String, String>,
}

/// A method and its integration.
#[derive(Clone, Debug)]
pub struct Method {
    /// The function that answers.
    pub target: Target,
    /// Who may call it.
    pub access: Access,
    /// The format of events.
    pub payload_version: PayloadVersion,
    /// How long the function may take.
    pub timeout: Duration,
    /// The id of the resource.
    pub resource_id: String,
}

/// A function's own URL.
#[derive(Debug)]
pub struct FunctionUrl {
    /// The first label of its host.
    pub url_id: String,
    /// The function.
    pub target: Target,
    /// Who may call it.
    pub access: Access,
    /// How the answer is sent. Streams arrive whole: only what is no proxy answer is treated in another way.
    pub invoke_mode: InvokeMode,
}
