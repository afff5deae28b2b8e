//! REST APIs, as API Gateway's clients describe them: one form on the wire and in the store.
//!
//! An API has a [`Definition`] that is being edited, deployments that are [`Snapshot`]s of it, and stages that point to deployments.
//! The members and their names are those of the service model `apigateway/2015-07-09`.

mod api;
mod authorizer;
mod gateway_response;
mod integration;
mod resource;
mod stage;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use api::{
    ApiKeySource, ApiStatus, EndpointAccessMode, EndpointConfiguration, EndpointType,
    IpAddressType, RestApi, SecurityPolicy,
};
pub(crate) use authorizer::jwt_configuration;
pub use authorizer::{Authorizer, AuthorizerKind};
pub use gateway_response::{GatewayResponse, GatewayResponseKind};
pub use integration::{
    ConnectionType, ContentHandling, Integration, IntegrationKind, IntegrationResponse,
    ResponseTransferMode, TlsConfig,
};
pub use resource::{Method, MethodResponse, Model, RequestValidator, Resource};
pub use stage::{
    AccessLogSettings, CacheClusterSize, CacheClusterStatus, CanarySettings, Deployment,
    MethodSetting, MethodSnapshot, Stage, UnauthorizedCacheControl,
};

/// Makes an enum whose members have API Gateway's names, in the order of the service model.
macro_rules! wire_enum {
    (
        $(#[$attribute:meta])*
        $name:ident { $($(#[$variant_attribute:meta])* $variant:ident = $text:literal),+ $(,)? }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[allow(unreachable_pub, reason = "some enums are private to their module")]
        pub enum $name {
            $($(#[$variant_attribute])* #[serde(rename = $text)] $variant,)+
        }

        #[allow(unreachable_pub, reason = "some enums are private to their module")]
        impl $name {
            /// Every member, in the order of the service model.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// API Gateway's name.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// The member with API Gateway's name `text`.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|member| member.as_str() == text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use wire_enum;

/// All of an API but the snapshots of its deployments.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiRecord {
    /// The API itself.
    pub api: RestApi,
    /// What is being edited.
    pub definition: Definition,
    /// The deployments, by id.
    pub deployments: BTreeMap<String, Deployment>,
    /// The stages, by name.
    pub stages: BTreeMap<String, Stage>,
}

/// What an API consists of, as it is being edited. None of it is served before it is deployed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Definition {
    /// The resources with their methods, by id. The root is one of them.
    pub resources: BTreeMap<String, Resource>,
    /// The authorizers, by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub authorizers: BTreeMap<String, Authorizer>,
    /// The request validators, by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_validators: BTreeMap<String, RequestValidator>,
    /// The models, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<String, Model>,
    /// The gateway responses that were customised.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gateway_responses: BTreeMap<GatewayResponseKind, GatewayResponse>,
}

/// What a deployment serves: the API and its definition as they were when it was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// The API.
    pub api: RestApi,
    /// Its definition.
    pub definition: Definition,
}
