//! A template's REST APIs, as clients of the management API would have made them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use tollgate::id::ApiId;
use tollgate::rest_api::{
    ApiKeySource, ApiRecord, ApiStatus, ConnectionType, Definition, Deployment,
    EndpointConfiguration, EndpointType, Integration, IntegrationKind, IpAddressType, Method,
    Resource, RestApi, Snapshot, Stage,
};
use tollgate::store::dynamodb::DynamoStore;
use tollgate::store::{ApiRegistry, RegistryError, Saved, StoredApi};
use tollgate::time::Timestamp;

use super::{DIGEST_TAG, DeployError, refused};
use crate::local;
use crate::template::{ApiKind, ApiSpec, FunctionSpec, Template};

/// Creates and updates the REST APIs of a template. One that was made from the same text stays as operators have changed it.
pub(super) async fn deploy(
    store: &DynamoStore,
    template: &Template,
    now: Timestamp,
) -> Result<(), DeployError> {
    for spec in &template.apis {
        match spec.kind {
            ApiKind::Rest => deploy_api(store, spec, &template.functions, now).await?,
            ApiKind::Http => {}
        }
    }
    Ok(())
}

async fn deploy_api(
    store: &DynamoStore,
    spec: &ApiSpec,
    functions: &[FunctionSpec],
    now: Timestamp,
) -> Result<(), DeployError> {
    let fail = |cause| refused(&spec.logical_id, cause);
    let id = ApiId::from(spec.id.as_str());
    let wanted = api_of(spec, functions, now);
    let digest = wanted.api.tags.get(DIGEST_TAG).cloned();
    let known = if let Some(known) = store.rest_api(&id).await? {
        known
    } else {
        let record = ApiRecord {
            deployments: BTreeMap::new(),
            stages: BTreeMap::new(),
            ..wanted.clone()
        };
        store.create_rest_api(&record).await.map_err(fail)?;
        StoredApi { record, rev: 1 }
    };
    let is_complete = known.record.stages.contains_key(&spec.stage);
    if is_complete && known.record.api.tags.get(DIGEST_TAG).cloned() == digest {
        return Ok(());
    }
    let mut after = wanted;
    // Other stages and deployments are an operator's.
    for (id, deployment) in &known.record.deployments {
        let deployments = &mut after.deployments;
        deployments
            .entry(id.clone())
            .or_insert_with(|| deployment.clone());
    }
    for (name, stage) in &known.record.stages {
        let stages = &mut after.stages;
        stages.entry(name.clone()).or_insert_with(|| stage.clone());
    }
    let snapshot = Snapshot {
        api: after.api.clone(),
        definition: after.definition.clone(),
    };
    let deployment_id = deployment_id(spec, functions);
    match store
        .save_rest_api(&known, &after, Some((&deployment_id, &snapshot)))
        .await
        .map_err(fail)?
    {
        Saved::Yes => Ok(()),
        Saved::Overtaken => Err(fail(RegistryError::Contended)),
    }
}

/// The API with one deployment and its stage.
fn api_of(spec: &ApiSpec, functions: &[FunctionSpec], now: Timestamp) -> ApiRecord {
    let deployment_id = deployment_id(spec, functions);
    let created_date = now.as_secs();
    let definition = definition(spec, functions);
    let api = RestApi {
        id: spec.id.clone(),
        name: spec.name.clone(),
        description: None,
        created_date,
        version: None,
        warnings: Vec::new(),
        binary_media_types: spec.binary_media_types.clone(),
        minimum_compression_size: None,
        api_key_source: ApiKeySource::Header,
        endpoint_configuration: EndpointConfiguration {
            types: vec![EndpointType::Edge],
            ip_address_type: IpAddressType::Ipv4,
            vpc_endpoint_ids: Vec::new(),
        },
        policy: None,
        tags: BTreeMap::from([(DIGEST_TAG.to_owned(), digest(spec, functions))]),
        disable_execute_api_endpoint: false,
        root_resource_id: resource_id(spec, "/"),
        security_policy: None,
        endpoint_access_mode: None,
        api_status: ApiStatus::Available,
    };
    let deployment = Deployment {
        id: deployment_id.clone(),
        description: Some("from the template".to_owned()),
        created_date,
    };
    let stage = Stage {
        variables: spec.stage_variables.clone(),
        ..Stage::new(spec.stage.clone(), deployment_id.clone(), created_date)
    };
    ApiRecord {
        api,
        definition,
        deployments: BTreeMap::from([(deployment_id, deployment)]),
        stages: BTreeMap::from([(spec.stage.clone(), stage)]),
    }
}

fn definition(spec: &ApiSpec, functions: &[FunctionSpec]) -> Definition {
    let mut resources = BTreeMap::new();
    add_resource(spec, "/", &mut resources);
    for method in &spec.methods {
        let Some(function) = functions
            .iter()
            .find(|function| function.logical_id == method.function_logical_id)
        else {
            continue;
        };
        let id = add_resource(spec, &method.path, &mut resources);
        let timeout = method.timeout_ms.and_then(|ms| u32::try_from(ms).ok());
        let integration = Integration {
            http_method: Some("POST".to_owned()),
            uri: Some(invocation_uri(&function.name)),
            connection_type: Some(ConnectionType::Internet),
            timeout_in_millis: timeout.unwrap_or(Integration::DEFAULT_TIMEOUT_MS),
            ..Integration::new(IntegrationKind::AwsProxy, &id)
        };
        let method = Method {
            api_key_required: method.api_key_required,
            method_integration: Some(integration),
            ..Method::new(&method.verb, "NONE")
        };
        if let Some(resource) = resources.get_mut(&id) {
            let methods = &mut resource.resource_methods;
            methods.insert(method.http_method.clone(), method);
        }
    }
    Definition {
        resources,
        ..Definition::default()
    }
}

/// Adds a resource with those above it, unless they are there.
fn add_resource(spec: &ApiSpec, path: &str, resources: &mut BTreeMap<String, Resource>) -> String {
    let id = resource_id(spec, path);
    if resources.contains_key(&id) {
        return id;
    }
    let (parent_id, path_part) = match path.rsplit_once('/') {
        Some((parent, part)) if path != "/" => {
            let parent = if parent.is_empty() { "/" } else { parent };
            let parent_id = add_resource(spec, parent, resources);
            (Some(parent_id), Some(part.to_owned()))
        }
        Some(_) | None => (None, None),
    };
    let resource = Resource {
        id: id.clone(),
        parent_id,
        path_part,
        path: path.to_owned(),
        resource_methods: BTreeMap::new(),
    };
    resources.insert(id.clone(), resource);
    id
}

/// The URI of a function of the template, as an integration names it.
fn invocation_uri(function_name: &str) -> String {
    let (region, account_id) = (local::REGION, local::ACCOUNT_ID);
    format!(
        "arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/arn:aws:lambda:{region}:{account_id}:function:{function_name}/invocations"
    )
}

fn resource_id(spec: &ApiSpec, path: &str) -> String {
    short_id(&format!("{}{path}", spec.id), 6)
}

/// Names what is deployed: another text of the template makes another deployment.
fn deployment_id(spec: &ApiSpec, functions: &[FunctionSpec]) -> String {
    short_id(&digest(spec, functions), 6)
}

/// Of everything that the template says of the API, and of nothing else.
fn digest(spec: &ApiSpec, functions: &[FunctionSpec]) -> String {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update(text.len().to_be_bytes());
        hash.update(text);
    };
    for text in [&spec.id, &spec.name, &spec.stage] {
        add(text);
    }
    for (name, value) in &spec.stage_variables {
        add(name);
        add(value);
    }
    for media_type in &spec.binary_media_types {
        add(media_type);
    }
    for method in &spec.methods {
        let function = functions
            .iter()
            .find(|function| function.logical_id == method.function_logical_id)
            .map_or("", |function| function.name.as_str());
        let key = if method.api_key_required { "key" } else { "" };
        let timeout = method
            .timeout_ms
            .map_or_else(String::new, |ms| ms.to_string());
        for text in [&method.verb, &method.path, function, key, &timeout] {
            add(text);
        }
    }
    let mut digits = String::new();
    for byte in hash.finalize().iter().take(16) {
        // Writing to a String cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

/// An id like AWS's that is the same at every start.
fn short_id(name: &str, len: usize) -> String {
    Sha256::digest(name)
        .iter()
        .map(|byte| char::from_digit(u32::from(byte % 36), 36).unwrap_or('0'))
        .take(len)
        .collect()
}
