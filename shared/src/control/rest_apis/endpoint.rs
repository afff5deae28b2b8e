//! The kind of an API's endpoint. It is stored and shown: Tollgate serves every API alike.

use crate::control::error::ControlError;
use crate::control::members::Members;
use crate::rest_api::{EndpointConfiguration, EndpointType, IpAddressType};

/// What a client says of the endpoint of a new API.
#[derive(Debug)]
pub(super) struct Requested {
    types: Option<Vec<EndpointType>>,
    ip_address_type: Option<IpAddressType>,
    vpc_endpoint_ids: Vec<String>,
}

/// Reads the member `endpointConfiguration`.
///
/// # Errors
///
/// `ValidationException` for what breaks the service model.
pub(super) fn read(members: Option<&Members>) -> Result<Requested, ControlError> {
    let Some(members) = members else {
        return Ok(Requested {
            types: None,
            ip_address_type: None,
            vpc_endpoint_ids: Vec::new(),
        });
    };
    let mut violations = Vec::new();
    let names = members.texts("types")?;
    let types = names.as_ref().map(|names| {
        let types: Vec<EndpointType> = names
            .iter()
            .filter_map(|name| EndpointType::parse(name))
            .collect();
        if types.len() < names.len() {
            violations.push(format!(
                "Value '[{}]' at 'createRestApiInput.endpointConfiguration.types' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [PRIVATE, EDGE, REGIONAL]]",
                names.join(", ")
            ));
        }
        types
    });
    let name = members.text("ipAddressType")?;
    let ip_address_type = name.as_deref().and_then(IpAddressType::parse);
    if let (Some(name), None) = (&name, ip_address_type) {
        violations.push(format!(
            "Value '{name}' at 'createRestApiInput.endpointConfiguration.ipAddressType' failed to satisfy constraint: Member must satisfy enum value set: [ipv4, dualstack]"
        ));
    }
    if !violations.is_empty() {
        return Err(ControlError::validation(&violations));
    }
    Ok(Requested {
        types,
        ip_address_type,
        vpc_endpoint_ids: members.texts("vpcEndpointIds")?.unwrap_or_default(),
    })
}

/// The endpoint of a new API, edge-optimised where the client says nothing.
///
/// # Errors
///
/// 400 for a combination that API Gateway refuses.
pub(super) fn checked(requested: Requested) -> Result<EndpointConfiguration, ControlError> {
    let types = requested.types.unwrap_or_else(|| vec![EndpointType::Edge]);
    let [kind] = types.as_slice() else {
        return Err(ControlError::bad_request(if types.is_empty() {
            "REGIONAL Configuration and EDGE Configuration cannot be both DISABLED."
        } else {
            "Cannot create an api with multiple Endpoint Types."
        }));
    };
    let default = match kind {
        EndpointType::Regional | EndpointType::Edge => IpAddressType::Ipv4,
        EndpointType::Private => IpAddressType::Dualstack,
    };
    let configuration = EndpointConfiguration {
        ip_address_type: requested.ip_address_type.unwrap_or(default),
        types,
        vpc_endpoint_ids: requested.vpc_endpoint_ids,
    };
    check_private(&configuration)?;
    Ok(configuration)
}

/// Private APIs have IPv4 and IPv6 addresses only.
pub(super) fn check_private(configuration: &EndpointConfiguration) -> Result<(), ControlError> {
    let private = configuration.types.contains(&EndpointType::Private);
    if private && configuration.ip_address_type == IpAddressType::Ipv4 {
        return Err(ControlError::bad_request(
            "Only dualstack ipAddressType is supported for Private APIs.",
        ));
    }
    Ok(())
}
