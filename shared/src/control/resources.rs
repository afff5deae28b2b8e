//! Plans, keys and their places as resources of CloudFormation templates: `Custom::UsagePlan`, `Custom::ApiKey` and
//! `Custom::UsagePlanKey` with the properties of their twins in `AWS::ApiGateway`, and `Custom::ApiStage`, which puts a stage into a plan
//! of another stack.
//!
//! CloudFormation asks at least once. A request that comes again, also while the first is being worked on, finds what was made and is
//! answered the same: ids come from the request, and what has no id of its own notes whose it is in a tag.

mod api_key;
mod api_stage;
mod id;
mod properties;
mod usage_plan;
mod usage_plan_key;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use super::error::ControlError;
use super::{Control, Inner};
use crate::store::{ApiRegistry, Registry};
use crate::time::{Clock, Timestamp};

/// The longest id that CloudFormation takes, in bytes.
const MAX_ID_LEN: usize = 1_024;

/// Which resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceType {
    /// `Custom::UsagePlan`.
    UsagePlan,
    /// `Custom::ApiKey`.
    ApiKey,
    /// `Custom::UsagePlanKey`: a key in a plan.
    UsagePlanKey,
    /// `Custom::ApiStage`: a stage in a plan that stands elsewhere.
    ApiStage,
}

impl ResourceType {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::UsagePlan,
        Self::ApiKey,
        Self::UsagePlanKey,
        Self::ApiStage,
    ];

    /// The name in templates.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UsagePlan => "Custom::UsagePlan",
            Self::ApiKey => "Custom::ApiKey",
            Self::UsagePlanKey => "Custom::UsagePlanKey",
            Self::ApiStage => "Custom::ApiStage",
        }
    }

    /// The type with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }
}

/// What CloudFormation asks for.
pub struct ResourceRequest {
    /// The resource's type.
    pub resource_type: ResourceType,
    /// The ARN of the stack.
    pub stack_id: String,
    /// The resource's name in the template.
    pub logical_id: String,
    /// The same for each repetition of the request.
    pub request_id: String,
    /// What the template says. Scalars may all be texts.
    pub properties: Map<String, Value>,
    /// What is to become of the resource.
    pub change: ResourceChange,
}

impl fmt::Debug for ResourceRequest {
    /// Without the properties: the value of a key may be among them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceRequest")
            .field("resource_type", &self.resource_type)
            .field("stack_id", &self.stack_id)
            .field("logical_id", &self.logical_id)
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}

/// What is to become of a resource.
#[derive(Clone)]
pub enum ResourceChange {
    /// It is made.
    Create,
    /// It is changed, or replaced by a new one where its twin would be.
    Update {
        /// Which one.
        physical_id: String,
        /// What the template said before.
        old_properties: Map<String, Value>,
    },
    /// It is deleted.
    Delete {
        /// Which one.
        physical_id: String,
    },
}

impl fmt::Debug for ResourceChange {
    /// Without the properties: the value of a key may be among them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create => f.write_str("Create"),
            Self::Update { physical_id, .. } => write!(f, "Update({physical_id})"),
            Self::Delete { physical_id } => write!(f, "Delete({physical_id})"),
        }
    }
}

/// A resource as the template sees it.
#[derive(Clone, PartialEq, Eq)]
pub struct Resource {
    /// What `Ref` gives.
    pub physical_id: String,
    /// What `Fn::GetAtt` gives.
    pub attributes: BTreeMap<&'static str, String>,
    /// Whether the value of a key is among the attributes.
    pub has_secrets: bool,
}

impl fmt::Debug for Resource {
    /// Without the attributes: the value of a key may be among them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resource")
            .field("physical_id", &self.physical_id)
            .field("has_secrets", &self.has_secrets)
            .finish_non_exhaustive()
    }
}

impl Resource {
    /// A resource that nothing was done to.
    pub fn untouched(physical_id: impl Into<String>) -> Self {
        Self::new(physical_id)
    }

    fn new(physical_id: impl Into<String>) -> Self {
        Self {
            physical_id: physical_id.into(),
            attributes: BTreeMap::new(),
            has_secrets: false,
        }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.insert(name, value.into());
        self
    }
}

/// Why a resource was not changed, in words for whoever deploys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ResourceError(String);

impl From<ControlError> for ResourceError {
    fn from(error: ControlError) -> Self {
        Self(error.into_message())
    }
}

impl ResourceRequest {
    /// The id of the resource that the request is about: that of the one that is there, else of the one that is to be made. An id that the
    /// answer to a failed creation names must be that of nothing else, because CloudFormation deletes what it names.
    pub fn physical_id(&self) -> String {
        match &self.change {
            ResourceChange::Update { physical_id, .. } | ResourceChange::Delete { physical_id } => {
                physical_id.clone()
            }
            ResourceChange::Create => match self.resource_type {
                ResourceType::UsagePlan | ResourceType::ApiKey => self.made_id(),
                ResourceType::UsagePlanKey => usage_plan_key::physical_id(&self.properties)
                    .unwrap_or_else(|_incomplete| self.made_id()),
                ResourceType::ApiStage => api_stage::physical_id(&self.properties)
                    .unwrap_or_else(|_incomplete| self.made_id()),
            },
        }
    }

    /// The id of what this request makes: 10 lower-case letters and digits, the same for each repetition.
    fn made_id(&self) -> String {
        id::short(&[&self.stack_id, &self.logical_id, &self.request_id])
    }

    /// Who owns what has no id of its own: the resource in its stack.
    fn owner(&self) -> String {
        id::long(&[&self.stack_id, &self.logical_id])
    }

    /// A name for what the template gives none, as CloudFormation makes them: the names of the stack and the resource, and the id.
    fn default_name(&self, id: &str) -> String {
        // arn:aws:cloudformation:us-east-1:123456789012:stack/NAME/UUID
        let stack = self.stack_id.split('/').nth(1).unwrap_or_default();
        format!("{stack}-{}-{id}", self.logical_id)
    }
}

impl<S: Registry + ApiRegistry, C: Clock, const REST_APIS: bool> Control<S, C, REST_APIS> {
    /// Does what CloudFormation asks for. The same request may come any number of times, also at the same time.
    ///
    /// # Errors
    ///
    /// When a property is missing, unknown, or cannot be used; when the store refuses the change or does not answer. The change may have
    /// been made in the last case: then the request has to come again, or the resource be deleted.
    pub async fn change_resource(
        &self,
        request: &ResourceRequest,
    ) -> Result<Resource, ResourceError> {
        let now = self.0.clock.now();
        // Boxed, as every operation of the management API.
        let changed = Box::pin(change(&self.0, request, now)).await;
        changed.map_err(ResourceError::from)
    }
}

async fn change<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    request: &ResourceRequest,
    now: Timestamp,
) -> Result<Resource, ControlError> {
    match request.resource_type {
        ResourceType::UsagePlan => usage_plan::change(control, request, now).await,
        ResourceType::ApiKey => api_key::change(control, request, now).await,
        ResourceType::UsagePlanKey => usage_plan_key::change(control, request, now).await,
        ResourceType::ApiStage => api_stage::change(control, request).await,
    }
}

/// An id that is made of others. CloudFormation takes answers of 4 KB, and ids of 1 KB.
fn composed_id(id: String) -> Result<String, ControlError> {
    if id.len() > MAX_ID_LEN {
        return Err(ControlError::bad_request(format!(
            "the ids of the properties have more than {MAX_ID_LEN} bytes together"
        )));
    }
    Ok(id)
}

/// What the template changes of a resource's tags: those that it no longer has go, and what others have set stays.
fn tag_changes(
    old: &BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
) -> BTreeMap<String, Option<String>> {
    let gone = old
        .keys()
        .filter(|name| !new.contains_key(*name))
        .map(|name| (name.clone(), None));
    let set = new
        .iter()
        .filter(|(name, value)| old.get(*name) != Some(*value))
        .map(|(name, value)| (name.clone(), Some(value.clone())));
    gone.chain(set).collect()
}

#[cfg(test)]
mod tests;
