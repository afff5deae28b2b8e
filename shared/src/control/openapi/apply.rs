//! What a document says becomes part of an API.
//!
//! Resources keep their ids where their paths stay, and authorizers, validators and models where their names do: stages, plans and clients that
//! know them are not disturbed. Recorded from API Gateway, which does the same.

use std::collections::{BTreeMap, BTreeSet};

use super::error::ImportError;
use super::import::{ApiFields, Imported, variable};
use crate::random::NoEntropy;
use crate::rest_api::{
    ApiKeySource, ApiRecord, ApiStatus, Definition, EndpointConfiguration, EndpointType,
    IpAddressType, Resource, RestApi,
};

const ROOT: &str = "/";

/// The length of the id of a root, and of all other parts of an API. From AWS's examples.
const ROOT_ID_LEN: usize = 10;
const PART_ID_LEN: usize = 6;

/// How often a new id may be one that there is already.
const ID_TRIES: u32 = 16;

/// Why a document did not become part of an API.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The API cannot exist.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// There is no new id.
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

/// The source of new ids: a text of so many characters.
pub type NewId<'a> = dyn FnMut(usize) -> Result<String, NoEntropy> + 'a;

/// A new API. `created_date` is in seconds since the epoch.
///
/// # Errors
///
/// A document without a title, two variables below one resource, no new ids.
pub fn create(
    imported: &Imported,
    api_id: &str,
    created_date: u64,
    new_id: &mut NewId<'_>,
) -> Result<ApiRecord, ApplyError> {
    let name = imported.api.name.clone().ok_or_else(|| {
        ImportError::NotOpenApi("`info.title`, the name of the API, is missing".to_owned())
    })?;
    let mut record = ApiRecord {
        api: RestApi {
            id: api_id.to_owned(),
            name,
            description: None,
            created_date,
            version: None,
            warnings: Vec::new(),
            binary_media_types: Vec::new(),
            minimum_compression_size: None,
            api_key_source: ApiKeySource::Header,
            // Recorded from API Gateway.
            endpoint_configuration: EndpointConfiguration {
                types: vec![EndpointType::Edge],
                ip_address_type: IpAddressType::Ipv4,
                vpc_endpoint_ids: Vec::new(),
            },
            policy: None,
            tags: BTreeMap::new(),
            disable_execute_api_endpoint: false,
            root_resource_id: String::new(),
            security_policy: None,
            endpoint_access_mode: None,
            api_status: ApiStatus::Available,
        },
        definition: Definition::default(),
        deployments: BTreeMap::new(),
        stages: BTreeMap::new(),
    };
    overwrite(&mut record, imported, new_id)?;
    Ok(record)
}

/// What the document says takes the place of all that the API was. Its name, its endpoint and its tags stay where the document is silent.
///
/// # Errors
///
/// Two variables below one resource, no new ids.
pub fn overwrite(
    record: &mut ApiRecord,
    imported: &Imported,
    new_id: &mut NewId<'_>,
) -> Result<(), ApplyError> {
    let definition = with_ids(&imported.definition, &record.definition, new_id)?;
    check_variables(&definition)?;
    let api = &mut record.api;
    api.root_resource_id = root_id(&definition).to_owned();
    api.description = None;
    api.version = None;
    api.api_key_source = ApiKeySource::Header;
    api.binary_media_types = Vec::new();
    api.minimum_compression_size = None;
    api.policy = None;
    api.disable_execute_api_endpoint = false;
    set_fields(api, &imported.api);
    if let Some(media_types) = &imported.api.binary_media_types {
        api.binary_media_types.clone_from(media_types);
    }
    record.definition = definition;
    Ok(())
}

/// What the document says is added to the API, and takes the place of what has the same path and verb, or the same name.
///
/// # Errors
///
/// Two variables below one resource, no new ids.
pub fn merge(
    record: &mut ApiRecord,
    imported: &Imported,
    new_id: &mut NewId<'_>,
) -> Result<(), ApplyError> {
    let added = with_ids(&imported.definition, &record.definition, new_id)?;
    let mut definition = record.definition.clone();
    for (id, resource) in added.resources {
        match definition.resources.get_mut(&id) {
            Some(known) => known.resource_methods.extend(resource.resource_methods),
            None => {
                definition.resources.insert(id, resource);
            }
        }
    }
    definition.authorizers.extend(added.authorizers);
    definition
        .request_validators
        .extend(added.request_validators);
    definition.models.extend(added.models);
    definition.gateway_responses.extend(added.gateway_responses);
    check_variables(&definition)?;
    let api = &mut record.api;
    set_fields(api, &imported.api);
    // Those that there were come first. Recorded from API Gateway.
    for media_type in imported.api.binary_media_types.iter().flatten() {
        if !api.binary_media_types.contains(media_type) {
            api.binary_media_types.push(media_type.clone());
        }
    }
    record.definition = definition;
    Ok(())
}

/// Sets what the document speaks of, but for the media types.
fn set_fields(api: &mut RestApi, fields: &ApiFields) {
    fn set<T: Clone>(field: &mut T, value: Option<&T>) {
        if let Some(value) = value {
            field.clone_from(value);
        }
    }
    let ApiFields {
        name,
        description,
        version,
        api_key_source,
        binary_media_types: _,
        minimum_compression_size,
        policy,
        endpoint_types,
        ip_address_type,
        vpc_endpoint_ids,
        disable_execute_api_endpoint,
    } = fields;
    set(&mut api.name, name.as_ref());
    if description.is_some() {
        api.description.clone_from(description);
    }
    if version.is_some() {
        api.version.clone_from(version);
    }
    set(&mut api.api_key_source, api_key_source.as_ref());
    if minimum_compression_size.is_some() {
        api.minimum_compression_size = *minimum_compression_size;
    }
    if policy.is_some() {
        api.policy.clone_from(policy);
    }
    let endpoint = &mut api.endpoint_configuration;
    set(&mut endpoint.types, endpoint_types.as_ref());
    set(&mut endpoint.ip_address_type, ip_address_type.as_ref());
    set(&mut endpoint.vpc_endpoint_ids, vpc_endpoint_ids.as_ref());
    set(
        &mut api.disable_execute_api_endpoint,
        disable_execute_api_endpoint.as_ref(),
    );
}

/// The ids that are in use, and a source of others.
struct Ids<'a, 'f> {
    taken: BTreeSet<String>,
    new_id: &'a mut NewId<'f>,
}

impl Ids<'_, '_> {
    fn new_id(&mut self, len: usize) -> Result<String, ApplyError> {
        let mut id = (self.new_id)(len)?;
        for _ in 0..ID_TRIES {
            if self.taken.insert(id.clone()) {
                return Ok(id);
            }
            id = (self.new_id)(len)?;
        }
        // A source of so few ids is none; the last one is no worse than another.
        Ok(id)
    }

    /// The id of each name: the one that it had, or a new one.
    fn assign<'n>(
        &mut self,
        names: impl Iterator<Item = &'n String>,
        previous: &BTreeMap<&str, &str>,
    ) -> Result<BTreeMap<&'n str, String>, ApplyError> {
        names
            .map(|name| {
                let id = match previous.get(name.as_str()) {
                    Some(id) => (*id).to_owned(),
                    None if name == ROOT => self.new_id(ROOT_ID_LEN)?,
                    None => self.new_id(PART_ID_LEN)?,
                };
                Ok((name.as_str(), id))
            })
            .collect()
    }
}

/// The definition with ids in place of names.
fn with_ids(
    named: &Definition,
    previous: &Definition,
    new_id: &mut NewId<'_>,
) -> Result<Definition, ApplyError> {
    let by_path: BTreeMap<&str, &str> = pairs(&previous.resources, |resource| &resource.path);
    let authorizers_by_name = pairs(&previous.authorizers, |authorizer| &authorizer.name);
    let validators_by_name = previous
        .request_validators
        .iter()
        .filter_map(|(id, validator)| Some((validator.name.as_deref()?, id.as_str())))
        .collect();
    let models_by_name = previous
        .models
        .iter()
        .map(|(name, model)| (name.as_str(), model.id.as_str()))
        .collect();
    let maps: [&BTreeMap<&str, &str>; 4] = [
        &by_path,
        &authorizers_by_name,
        &validators_by_name,
        &models_by_name,
    ];
    let mut ids = Ids {
        taken: maps
            .iter()
            .flat_map(|map| map.values())
            .map(|id| (*id).to_owned())
            .collect(),
        new_id,
    };
    let resource_ids = ids.assign(named.resources.keys(), &by_path)?;
    let authorizer_ids = ids.assign(named.authorizers.keys(), &authorizers_by_name)?;
    let validator_ids = ids.assign(named.request_validators.keys(), &validators_by_name)?;
    let model_ids = ids.assign(named.models.keys(), &models_by_name)?;
    let id_of = |ids: &BTreeMap<&str, String>, name: &str| {
        ids.get(name).cloned().unwrap_or_else(|| name.to_owned())
    };
    let mut definition = Definition {
        gateway_responses: named.gateway_responses.clone(),
        ..Definition::default()
    };
    for (path, resource) in &named.resources {
        let id = id_of(&resource_ids, path);
        let mut resource = Resource {
            id: id.clone(),
            parent_id: resource
                .parent_id
                .as_ref()
                .map(|parent| id_of(&resource_ids, parent)),
            ..resource.clone()
        };
        for method in resource.resource_methods.values_mut() {
            if let Some(authorizer) = &mut method.authorizer_id {
                *authorizer = id_of(&authorizer_ids, authorizer);
            }
            if let Some(validator) = &mut method.request_validator_id {
                *validator = id_of(&validator_ids, validator);
            }
            if let Some(integration) = &mut method.method_integration
                && integration.cache_namespace == *path
            {
                integration.cache_namespace.clone_from(&id);
            }
        }
        definition.resources.insert(id, resource);
    }
    for (name, authorizer) in &named.authorizers {
        let mut authorizer = authorizer.clone();
        authorizer.id = id_of(&authorizer_ids, name);
        definition
            .authorizers
            .insert(authorizer.id.clone(), authorizer);
    }
    for (name, validator) in &named.request_validators {
        let mut validator = validator.clone();
        validator.id = id_of(&validator_ids, name);
        definition
            .request_validators
            .insert(validator.id.clone(), validator);
    }
    for (name, model) in &named.models {
        let mut model = model.clone();
        model.id = id_of(&model_ids, name);
        definition.models.insert(name.clone(), model);
    }
    Ok(definition)
}

fn pairs<'a, T>(
    parts: &'a BTreeMap<String, T>,
    name: impl Fn(&'a T) -> &'a String,
) -> BTreeMap<&'a str, &'a str> {
    parts
        .iter()
        .map(|(id, part)| (name(part).as_str(), id.as_str()))
        .collect()
}

fn root_id(definition: &Definition) -> &str {
    definition
        .resources
        .values()
        .find(|resource| resource.parent_id.is_none())
        .map_or("", |resource| resource.id.as_str())
}

/// Below one resource there can be one variable. The text is the one of `CreateResource`, as recorded from API Gateway.
fn check_variables(definition: &Definition) -> Result<(), ImportError> {
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    let mut refused = Vec::new();
    for resource in definition.resources.values() {
        let (Some(parent), Some(part)) = (&resource.parent_id, &resource.path_part) else {
            continue;
        };
        if variable(part).is_none() {
            continue;
        }
        if let Some(sibling) = first.get(parent.as_str()) {
            refused.push(format!(
                "Unable to create resource at path '{}': A sibling ({sibling}) of this resource already has a variable path part -- only one is allowed",
                resource.path
            ));
        } else {
            first.insert(parent, part);
        }
    }
    if refused.is_empty() {
        Ok(())
    } else {
        Err(ImportError::Refused(refused))
    }
}
