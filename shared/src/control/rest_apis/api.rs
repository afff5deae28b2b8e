//! The APIs themselves.

mod update;

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::Value;

use super::change::new_api_id;
use super::{defaults, endpoint, import, view};
use crate::control::Inner;
use crate::control::call::Call;
use crate::control::error::ControlError;
use crate::control::members::Members;
use crate::control::reply::Reply;
use crate::id::ApiId;
use crate::rest_api::{
    ApiKeySource, ApiRecord, ApiStatus, EndpointAccessMode, RestApi, SecurityPolicy,
};
use crate::store::{ApiRegistry, Registry};
use crate::time::{Clock, Timestamp};

/// The largest answer that could be left uncompressed, in bytes.
const MAX_COMPRESSION_SIZE: u32 = 10_485_760;

pub(super) async fn create<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    if call.query("mode") == Some("import") {
        return import::create(control, call).await;
    }
    let members = call.members("createRestApiInput")?;
    let mut api = read(&members, new_api_id()?, call.now())?;
    let definition = match members.text("cloneFrom")? {
        None => defaults::definition(&api.root_resource_id)?,
        Some(id) => {
            let source = control.store.rest_api(&ApiId::from(id.as_str())).await?;
            let source = source.ok_or_else(|| control.api_not_found(&id))?.record;
            clone_settings(&source.api, &members, &mut api);
            source.definition
        }
    };
    let record = ApiRecord {
        api,
        definition,
        deployments: BTreeMap::new(),
        stages: BTreeMap::new(),
    };
    control.store.create_rest_api(&record).await?;
    control
        .gateway
        .api_changed(&ApiId::from(record.api.id.as_str()));
    Reply::created(&view::api(&record.api)?)
}

pub(super) async fn get<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    Reply::ok(&view::api_with_tags(&control.api(call).await?.record.api)?)
}

pub(super) async fn list<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let Some(request) = call.page()? else {
        return Reply::page(&[] as &[RestApi], None);
    };
    let page = control.store.rest_apis(&request).await?;
    let apis = page.entries.iter().map(view::api);
    let apis: Vec<_> = apis.collect::<Result<_, _>>()?;
    Reply::page(&apis, page.next.as_deref())
}

pub(super) async fn update<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let patches = call.patches("updateRestApiInput")?;
    let api = control
        .change_api(call, |edit| {
            let api = &mut edit.record.api;
            update::apply(api, &patches)?;
            Ok(api.clone())
        })
        .await?;
    Reply::ok(&view::api_with_tags(&api)?)
}

pub(super) async fn delete<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    control.delete_api(call).await?;
    Ok(Reply::empty(StatusCode::ACCEPTED))
}

/// Reads what a client creates.
fn read(members: &Members, id: String, now: Timestamp) -> Result<RestApi, ControlError> {
    let api_key_source = members.choice(
        "apiKeySource",
        &[ApiKeySource::Authorizer, ApiKeySource::Header],
        ApiKeySource::parse,
    )?;
    let endpoint = endpoint::read(members.object("endpointConfiguration")?.as_ref())?;
    let name = members.required_text("name")?;
    if name.is_empty() {
        return Err(ControlError::bad_request("API name cannot be empty"));
    }
    let description = members.text("description")?;
    if description.as_deref() == Some("") {
        return Err(ControlError::bad_request(
            "Description cannot be an empty string",
        ));
    }
    let policy = members.filled_text("policy")?;
    check_policy(policy.as_deref())?;
    Ok(RestApi {
        id,
        name,
        description,
        created_date: now.as_secs(),
        version: members.text("version")?,
        warnings: Vec::new(),
        binary_media_types: members.texts("binaryMediaTypes")?.unwrap_or_default(),
        minimum_compression_size: members
            .integer("minimumCompressionSize")?
            .map(compression_size)
            .transpose()?,
        api_key_source: api_key_source.unwrap_or(ApiKeySource::Header),
        endpoint_configuration: endpoint::checked(endpoint)?,
        policy,
        tags: members.text_map("tags")?.unwrap_or_default(),
        disable_execute_api_endpoint: members
            .boolean("disableExecuteApiEndpoint")?
            .unwrap_or(false),
        root_resource_id: new_api_id()?,
        security_policy: members.choice(
            "securityPolicy",
            SecurityPolicy::ALL,
            SecurityPolicy::parse,
        )?,
        endpoint_access_mode: members.choice(
            "endpointAccessMode",
            EndpointAccessMode::ALL,
            EndpointAccessMode::parse,
        )?,
        api_status: ApiStatus::Available,
    })
}

/// Refuses a resource policy that is no JSON object.
fn check_policy(policy: Option<&str>) -> Result<(), ControlError> {
    let valid = policy.is_none_or(|policy| {
        serde_json::from_str::<serde_json::Map<String, Value>>(policy).is_ok()
    });
    if valid {
        Ok(())
    } else {
        Err(ControlError::bad_request(
            "Invalid policy document. Please check the policy syntax and ensure that Principals are valid.",
        ))
    }
}

/// A size from which answers would be compressed.
fn compression_size(size: i64) -> Result<u32, ControlError> {
    u32::try_from(size)
        .ok()
        .filter(|size| *size <= MAX_COMPRESSION_SIZE)
        .ok_or_else(|| {
            ControlError::bad_request(
                "Invalid minimum compression size, must be between 0 and 10485760",
            )
        })
}

/// What a clone has from its source where the client says nothing.
fn clone_settings(source: &RestApi, members: &Members, api: &mut RestApi) {
    api.root_resource_id.clone_from(&source.root_resource_id);
    let given = |name: &str| members.value(name).is_some();
    if !given("description") {
        api.description.clone_from(&source.description);
    }
    if !given("version") {
        api.version.clone_from(&source.version);
    }
    if !given("binaryMediaTypes") {
        api.binary_media_types
            .clone_from(&source.binary_media_types);
    }
    if !given("minimumCompressionSize") {
        api.minimum_compression_size = source.minimum_compression_size;
    }
    if !given("apiKeySource") {
        api.api_key_source = source.api_key_source;
    }
    if !given("endpointConfiguration") {
        api.endpoint_configuration
            .clone_from(&source.endpoint_configuration);
    }
    if !given("policy") {
        api.policy.clone_from(&source.policy);
    }
}
