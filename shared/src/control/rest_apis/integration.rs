//! Integrations: what answers a method.

pub(super) mod check;
mod update;

use std::collections::BTreeMap;

use http::StatusCode;

use super::{lookup, view};
use crate::control::Inner;
use crate::control::call::Call;
use crate::control::error::ControlError;
use crate::control::members::Members;
use crate::control::reply::Reply;
use crate::rest_api::{
    ConnectionType, ContentHandling, Integration, IntegrationKind, ResponseTransferMode, TlsConfig,
};
use crate::store::{ApiRegistry, Registry};
use crate::time::Clock;

/// The order in which API Gateway lists the kinds in its errors (recorded).
const KINDS: [IntegrationKind; 5] = [
    IntegrationKind::Http,
    IntegrationKind::Mock,
    IntegrationKind::AwsProxy,
    IntegrationKind::HttpProxy,
    IntegrationKind::Aws,
];

/// How long a backend may take, in ms, where nothing else is said.
const DEFAULT_TIMEOUT_MS: u32 = 29_000;

pub(super) async fn put<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let members = call.members("putIntegrationInput")?;
    let (resource_id, verb) = (call.path("resource_id"), call.path("http_method"));
    let integration = read(&members, resource_id)?;
    control
        .change_api_or(call, lookup::no_resource, |edit| {
            let definition = &mut edit.record.definition;
            let method = lookup::method_mut(definition, resource_id, verb)?;
            check::check(&integration)?;
            method.method_integration = Some(integration.clone());
            Ok(())
        })
        .await?;
    Reply::created(&view::integration(&integration)?)
}

pub(super) async fn get<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let api = control.api_or(call, lookup::no_resource).await?;
    let definition = &api.record.definition;
    let (resource_id, verb) = (call.path("resource_id"), call.path("http_method"));
    let integration = lookup::integration(lookup::method(definition, resource_id, verb)?)?;
    Reply::ok(&view::integration(integration)?)
}

pub(super) async fn update<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let patches = call.patches("updateIntegrationInput")?;
    let (resource_id, verb) = (call.path("resource_id"), call.path("http_method"));
    let integration = control
        .change_api_or(call, lookup::no_resource, |edit| {
            let definition = &mut edit.record.definition;
            let method = lookup::method_mut(definition, resource_id, verb)?;
            let integration = lookup::integration_mut(method)?;
            update::apply(integration, resource_id, &patches)?;
            check::check(integration)?;
            Ok(integration.clone())
        })
        .await?;
    Reply::ok(&view::integration(&integration)?)
}

pub(super) async fn delete<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let (resource_id, verb) = (call.path("resource_id"), call.path("http_method"));
    control
        .change_api_or(call, lookup::no_resource, |edit| {
            let definition = &mut edit.record.definition;
            let method = lookup::method_mut(definition, resource_id, verb)?;
            let removed = method.method_integration.take();
            removed.map(|_| ()).ok_or_else(lookup::no_integration)
        })
        .await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

fn read(members: &Members, resource_id: &str) -> Result<Integration, ControlError> {
    let kind = members
        .choice("type", &KINDS, IntegrationKind::parse)?
        .ok_or_else(|| members.missing("type"))?;
    let connection_type = members.choice(
        "connectionType",
        &[ConnectionType::VpcLink, ConnectionType::Internet],
        ConnectionType::parse,
    )?;
    let connection_type = match kind {
        IntegrationKind::Http | IntegrationKind::HttpProxy => {
            Some(connection_type.unwrap_or(ConnectionType::Internet))
        }
        IntegrationKind::Aws | IntegrationKind::Mock | IntegrationKind::AwsProxy => connection_type,
    };
    let timeout_in_millis = match members.integer("timeoutInMillis")? {
        None => DEFAULT_TIMEOUT_MS,
        Some(timeout_ms) => check::timeout(timeout_ms)?,
    };
    let passthrough_behavior = members.filled_text("passthroughBehavior")?;
    Ok(Integration {
        kind,
        http_method: members.filled_text("httpMethod")?,
        uri: members.filled_text("uri")?,
        connection_type,
        connection_id: members.filled_text("connectionId")?,
        credentials: members.filled_text("credentials")?,
        request_parameters: members.text_map("requestParameters")?.unwrap_or_default(),
        request_templates: members.text_map("requestTemplates")?.unwrap_or_default(),
        passthrough_behavior: passthrough_behavior.unwrap_or_else(|| "WHEN_NO_MATCH".to_owned()),
        content_handling: members.choice(
            "contentHandling",
            ContentHandling::ALL,
            ContentHandling::parse,
        )?,
        timeout_in_millis,
        cache_namespace: members
            .filled_text("cacheNamespace")?
            .unwrap_or_else(|| resource_id.to_owned()),
        cache_key_parameters: members.texts("cacheKeyParameters")?.unwrap_or_default(),
        integration_responses: BTreeMap::new(),
        tls_config: members
            .object("tlsConfig")?
            .map(|tls| tls.boolean("insecureSkipVerification"))
            .transpose()?
            .map(|insecure| TlsConfig {
                insecure_skip_verification: insecure.unwrap_or(false),
            }),
        response_transfer_mode: members.choice(
            "responseTransferMode",
            ResponseTransferMode::ALL,
            ResponseTransferMode::parse,
        )?,
        integration_target: members.text("integrationTarget")?,
    })
}
