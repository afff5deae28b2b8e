//! An API without what it consists of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::wire_enum;

/// A REST API. Shape `RestApi`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RestApi {
    /// The API's id: ten lower-case letters and digits, or the name that a template gives it.
    pub id: String,
    /// What the API is called. Names need not be unique.
    pub name: String,
    /// What the API is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// When it was created, in seconds since the epoch.
    pub created_date: u64,
    /// The operator's own version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What an import had to say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Media types that are not text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub binary_media_types: Vec<String>,
    /// From how many bytes on answers would be compressed. Stored only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_compression_size: Option<u32>,
    /// Where a request's key is read.
    pub api_key_source: ApiKeySource,
    /// The kind of endpoint. Stored only.
    pub endpoint_configuration: EndpointConfiguration,
    /// The resource policy. Stored only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Free labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Stored only.
    pub disable_execute_api_endpoint: bool,
    /// The id of the resource `/`.
    pub root_resource_id: String,
    /// Stored only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_policy: Option<SecurityPolicy>,
    /// Stored only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_access_mode: Option<EndpointAccessMode>,
    /// Whether the API can be used.
    pub api_status: ApiStatus,
}

/// The kind of an API's endpoint. Shape `EndpointConfiguration`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointConfiguration {
    /// One kind, as far as AWS allows.
    pub types: Vec<EndpointType>,
    /// The addresses.
    pub ip_address_type: IpAddressType,
    /// For private APIs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vpc_endpoint_ids: Vec<String>,
}

wire_enum! {
    /// Where a request's key is read.
    ApiKeySource {
        /// In the header field `X-API-Key`.
        Header = "HEADER",
        /// In the answer of a Lambda authorizer, member `usageIdentifierKey`.
        Authorizer = "AUTHORIZER",
    }
}

wire_enum! {
    /// The kind of an endpoint.
    EndpointType {
        /// For clients of one region.
        Regional = "REGIONAL",
        /// Behind Amazon `CloudFront`.
        Edge = "EDGE",
        /// Inside a VPC.
        Private = "PRIVATE",
    }
}

wire_enum! {
    /// The addresses of an endpoint.
    IpAddressType {
        /// IPv4 only.
        Ipv4 = "ipv4",
        /// IPv4 and IPv6.
        Dualstack = "dualstack",
    }
}

wire_enum! {
    /// Whether an API can be used.
    ApiStatus {
        /// It is being changed.
        Updating = "UPDATING",
        /// It can be used.
        Available = "AVAILABLE",
        /// A change waits.
        Pending = "PENDING",
        /// A change failed.
        Failed = "FAILED",
    }
}

wire_enum! {
    /// How strictly the endpoint is bound to its names.
    EndpointAccessMode {
        /// As ever.
        Basic = "BASIC",
        /// Only by its own names.
        Strict = "STRICT",
    }
}

wire_enum! {
    /// The TLS versions and cipher suites.
    #[allow(missing_docs, reason = "the names say all that there is to say")]
    SecurityPolicy {
        Tls10 = "TLS_1_0",
        Tls12 = "TLS_1_2",
        Tls13Only202509 = "SecurityPolicy_TLS13_1_3_2025_09",
        Tls13OnlyFips202509 = "SecurityPolicy_TLS13_1_3_FIPS_2025_09",
        Tls12PfsPq202509 = "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09",
        Tls12FipsPq202509 = "SecurityPolicy_TLS13_1_2_FIPS_PQ_2025_09",
        Tls12FipsPfsPq202509 = "SecurityPolicy_TLS13_1_2_FIPS_PFS_PQ_2025_09",
        Tls12Ext2Pq202509 = "SecurityPolicy_TLS13_1_2_Ext2_PQ_2025_09",
        Tls12Ext2FipsPq202509 = "SecurityPolicy_TLS13_1_2_Ext2_FIPS_PQ_2025_09",
        Tls12Pq202509 = "SecurityPolicy_TLS13_1_2_PQ_2025_09",
        Tls12202106 = "SecurityPolicy_TLS13_1_2_2021_06",
        Tls132025Edge = "SecurityPolicy_TLS13_2025_EDGE",
        Tls12Pfs2025Edge = "SecurityPolicy_TLS12_PFS_2025_EDGE",
        Tls122018Edge = "SecurityPolicy_TLS12_2018_EDGE",
    }
}
