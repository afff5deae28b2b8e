//! The patch operations of an API.

use super::{check_policy, compression_size};
use crate::control::error::ControlError;
use crate::control::patch::{self, Op, Patch};
use crate::control::rest_apis::endpoint;
use crate::rest_api::{
    ApiKeySource, EndpointAccessMode, EndpointType, IpAddressType, RestApi, SecurityPolicy,
};

/// The paths that take `replace` and nothing else, but for `remove` of the description and of the policy.
const REPLACED: [&str; 10] = [
    "name",
    "description",
    "version",
    "policy",
    "minimumCompressionSize",
    "apiKeySource",
    "disableExecuteApiEndpoint",
    "endpointConfiguration/ipAddressType",
    "securityPolicy",
    "endpointAccessMode",
];

/// Applies patch operations, in their order.
pub(super) fn apply(api: &mut RestApi, patches: &[Patch]) -> Result<(), ControlError> {
    for patch in patches {
        let segments = patch.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match segments.as_slice() {
            ["description"] if patch.op == Op::Remove => api.description = None,
            ["policy"] if patch.op == Op::Remove => api.policy = None,
            ["binaryMediaTypes", media_type] => change_media_types(api, media_type, patch)?,
            ["endpointConfiguration", "types", _] => change_type(api, patch)?,
            ["endpointConfiguration", "vpcEndpointIds"] => change_vpc_endpoints(api, patch)?,
            segments => replace(api, segments, patch)?,
        }
    }
    Ok(())
}

/// What only `replace` does. An unknown path is told from an operation that a known one does not take.
fn replace(api: &mut RestApi, segments: &[&str], patch: &Patch) -> Result<(), ControlError> {
    if !REPLACED.contains(&segments.join("/").as_str()) {
        return Err(patch.invalid_path());
    }
    match patch.op {
        Op::Replace => {}
        Op::Add | Op::Remove | Op::Move | Op::Test | Op::Copy => {
            return Err(patch::only_replace());
        }
    }
    let text = patch.optional_text();
    match segments {
        ["name"] => {
            api.name = text.ok_or_else(|| ControlError::bad_request("API name cannot be empty"))?;
        }
        ["description"] => api.description = text,
        ["version"] => api.version = text,
        ["policy"] => {
            check_policy(text.as_deref())?;
            api.policy = text;
        }
        ["minimumCompressionSize"] => {
            // Without a value, compression is switched off. What is no number is outside the bounds, too.
            let size = text.map(|text| text.parse().unwrap_or(-1));
            api.minimum_compression_size = size.map(compression_size).transpose()?;
        }
        ["apiKeySource"] => {
            api.api_key_source = ApiKeySource::parse(patch.text()).ok_or_else(|| {
                ControlError::bad_request(
                    "Invalid API Key source specified. Valid options are HEADER,AUTHORIZER",
                )
            })?;
        }
        ["disableExecuteApiEndpoint"] => api.disable_execute_api_endpoint = patch.boolean(),
        ["endpointConfiguration", "ipAddressType"] => {
            let configuration = &mut api.endpoint_configuration;
            configuration.ip_address_type =
                IpAddressType::parse(patch.text()).ok_or_else(|| {
                    ControlError::bad_request("ipAddressType must be either ipv4 or dualstack.")
                })?;
            endpoint::check_private(configuration)?;
        }
        ["securityPolicy"] => api.security_policy = patch.one_of(SecurityPolicy::parse)?,
        ["endpointAccessMode"] => {
            api.endpoint_access_mode = patch.one_of(EndpointAccessMode::parse)?;
        }
        _ => return Err(patch.invalid_path()),
    }
    Ok(())
}

/// The media type stands in the path, and only a replacement has a value (recorded).
fn change_media_types(
    api: &mut RestApi,
    media_type: &str,
    patch: &Patch,
) -> Result<(), ControlError> {
    let types = &mut api.binary_media_types;
    let added = match patch.op {
        Op::Add => {
            types.retain(|known| known != media_type);
            media_type
        }
        Op::Replace => {
            types.retain(|known| known != media_type && known != patch.text());
            patch.text()
        }
        Op::Remove => {
            types.retain(|known| known != media_type);
            return Ok(());
        }
        Op::Move | Op::Test | Op::Copy => return Err(add_remove_or_replace()),
    };
    types.push(added.to_owned());
    Ok(())
}

fn change_type(api: &mut RestApi, patch: &Patch) -> Result<(), ControlError> {
    match patch.op {
        Op::Add | Op::Replace => {}
        // An API has one type always.
        Op::Remove => return Ok(()),
        Op::Move | Op::Test | Op::Copy => return Err(add_remove_or_replace()),
    }
    let kind = EndpointType::parse(patch.text()).ok_or_else(|| {
        ControlError::bad_request(
            "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE",
        )
    })?;
    let configuration = &mut api.endpoint_configuration;
    configuration.types = vec![kind];
    match kind {
        EndpointType::Private => configuration.ip_address_type = IpAddressType::Dualstack,
        EndpointType::Regional | EndpointType::Edge => {}
    }
    Ok(())
}

fn change_vpc_endpoints(api: &mut RestApi, patch: &Patch) -> Result<(), ControlError> {
    let ids = &mut api.endpoint_configuration.vpc_endpoint_ids;
    match patch.op {
        Op::Add => {
            if !ids.iter().any(|id| id == patch.text()) {
                ids.push(patch.text().to_owned());
            }
        }
        Op::Remove => ids.retain(|id| id != patch.text()),
        Op::Replace => *ids = vec![patch.text().to_owned()],
        Op::Move | Op::Test | Op::Copy => return Err(add_remove_or_replace()),
    }
    Ok(())
}

/// What lists say of other operations (recorded).
fn add_remove_or_replace() -> ControlError {
    ControlError::bad_request("Invalid patch operation specified. Must be 'add'|'remove'|'replace'")
}
