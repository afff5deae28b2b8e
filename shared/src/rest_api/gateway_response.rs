//! What the gateway answers by itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::wire_enum;

/// A gateway response that an operator has customised. Shape `GatewayResponse`, whose `defaultResponse` is false for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayResponse {
    /// The status to answer with, if it is not the kind's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<String>,
    /// Header fields: `gatewayresponse.header.Name` to a mapping expression.
    pub response_parameters: BTreeMap<String, String>,
    /// Bodies by media type.
    pub response_templates: BTreeMap<String, String>,
}

wire_enum! {
    /// The occasion of a gateway response.
    #[allow(missing_docs, reason = "the names say all that there is to say")]
    GatewayResponseKind {
        Default4xx = "DEFAULT_4XX",
        Default5xx = "DEFAULT_5XX",
        ResourceNotFound = "RESOURCE_NOT_FOUND",
        Unauthorized = "UNAUTHORIZED",
        InvalidApiKey = "INVALID_API_KEY",
        AccessDenied = "ACCESS_DENIED",
        AuthorizerFailure = "AUTHORIZER_FAILURE",
        AuthorizerConfigurationError = "AUTHORIZER_CONFIGURATION_ERROR",
        InvalidSignature = "INVALID_SIGNATURE",
        ExpiredToken = "EXPIRED_TOKEN",
        MissingAuthenticationToken = "MISSING_AUTHENTICATION_TOKEN",
        IntegrationFailure = "INTEGRATION_FAILURE",
        IntegrationTimeout = "INTEGRATION_TIMEOUT",
        ApiConfigurationError = "API_CONFIGURATION_ERROR",
        UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE",
        BadRequestParameters = "BAD_REQUEST_PARAMETERS",
        BadRequestBody = "BAD_REQUEST_BODY",
        RequestTooLarge = "REQUEST_TOO_LARGE",
        Throttled = "THROTTLED",
        QuotaExceeded = "QUOTA_EXCEEDED",
        WafFiltered = "WAF_FILTERED",
    }
}

impl GatewayResponseKind {
    /// The status where nothing else is said. The two defaults have none. From recorded answers of API Gateway.
    pub const fn default_status(self) -> Option<u16> {
        match self {
            Self::Default4xx | Self::Default5xx => None,
            Self::ResourceNotFound => Some(404),
            Self::Unauthorized => Some(401),
            Self::InvalidApiKey
            | Self::AccessDenied
            | Self::InvalidSignature
            | Self::ExpiredToken
            | Self::MissingAuthenticationToken
            | Self::WafFiltered => Some(403),
            Self::AuthorizerFailure
            | Self::AuthorizerConfigurationError
            | Self::ApiConfigurationError => Some(500),
            Self::IntegrationFailure | Self::IntegrationTimeout => Some(504),
            Self::UnsupportedMediaType => Some(415),
            Self::BadRequestParameters | Self::BadRequestBody => Some(400),
            Self::RequestTooLarge => Some(413),
            Self::Throttled | Self::QuotaExceeded => Some(429),
        }
    }

    /// The default that stands in for this kind where it is not customised itself; `None` for the defaults.
    pub const fn family(self) -> Option<Self> {
        match self.default_status() {
            None => None,
            Some(400..=499) => Some(Self::Default4xx),
            Some(_) => Some(Self::Default5xx),
        }
    }
}
