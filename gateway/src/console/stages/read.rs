//! Reading the stages of REST APIs.

use std::sync::Arc;

use tokio::task::JoinSet;
use tollgate::id::{ApiId, ApiStage};
use tollgate::rest_api::{Definition, Method};
use tollgate::store::dynamodb::DynamoStore;
use tollgate::store::{ApiRegistry as _, PageRequest, StoreError, StoredApi};

use super::super::surroundings::KeyRule;
use super::{KnownMethod, KnownStage, StageBook, StageKind};

/// How many APIs one call lists.
const APIS_PER_CALL: u32 = 500;

/// The stages of all REST APIs. What a deployment serves never changes, so it is taken from `known` where it is there.
pub(super) async fn rest_stages(
    store: &DynamoStore,
    known: Option<&StageBook>,
) -> Result<Vec<KnownStage>, StoreError> {
    let mut reading = JoinSet::new();
    for id in api_ids(store).await? {
        let store = store.clone();
        reading.spawn(async move { store.rest_api(&id).await });
    }
    let mut stages = Vec::new();
    while let Some(read) = reading.join_next().await {
        // A task that does not end was cancelled with the whole process.
        let Ok(read) = read else { continue };
        if let Some(api) = read? {
            stages.extend(stages_of(store, &api, known).await?);
        }
    }
    Ok(stages)
}

async fn api_ids(store: &DynamoStore) -> Result<Vec<ApiId>, StoreError> {
    let mut ids = Vec::new();
    let mut after = None;
    loop {
        let page = PageRequest {
            limit: APIS_PER_CALL,
            after,
        };
        let page = store.rest_apis(&page).await?;
        ids.extend(page.entries.iter().map(|api| ApiId::from(api.id.as_str())));
        match page.next {
            Some(_) => after = page.next,
            None => return Ok(ids),
        }
    }
}

async fn stages_of(
    store: &DynamoStore,
    api: &StoredApi,
    known: Option<&StageBook>,
) -> Result<Vec<KnownStage>, StoreError> {
    let record = &api.record;
    let mut stages = Vec::with_capacity(record.stages.len());
    for (name, stage) in &record.stages {
        let api_stage = ApiStage::new(record.api.id.as_str(), name.as_str());
        let deployment_id = &stage.deployment_id;
        let remembered = known
            .and_then(|book| book.get(&api_stage))
            .filter(|known| known.deployment_id.as_ref() == Some(deployment_id));
        let methods = match remembered {
            Some(known) => Arc::clone(&known.methods),
            None => match store.snapshot(&api_stage.api_id, deployment_id).await? {
                Some(snapshot) => methods_of(&snapshot.definition).into(),
                None => Arc::default(),
            },
        };
        stages.push(KnownStage {
            api_stage,
            api_name: record.api.name.clone(),
            kind: StageKind::RestApi,
            methods,
            deployment_id: Some(deployment_id.clone()),
        });
    }
    Ok(stages)
}

/// The methods in the order of their paths.
fn methods_of(definition: &Definition) -> Vec<KnownMethod> {
    let mut methods: Vec<KnownMethod> = definition
        .resources
        .values()
        .flat_map(|resource| {
            resource
                .resource_methods
                .values()
                .map(|method| KnownMethod {
                    verb: method.http_method.clone(),
                    path: resource.path.clone(),
                    key: key_rule(method, definition),
                    resource_id: Some(resource.id.clone()),
                })
        })
        .collect();
    methods.sort_by(|one, other| (&one.path, &one.verb).cmp(&(&other.path, &other.verb)));
    methods
}

fn key_rule(method: &Method, definition: &Definition) -> KeyRule {
    if method.api_key_required {
        return KeyRule::Required;
    }
    if method.authorization_type == "NONE" {
        return KeyRule::NotRequired;
    }
    let authorizer = method.authorizer_id.as_ref();
    let authorizer = authorizer.and_then(|id| definition.authorizers.get(id));
    KeyRule::Authorizer(match authorizer {
        Some(authorizer) => authorizer.name.clone(),
        None => method.authorization_type.clone(),
    })
}

#[cfg(test)]
mod tests {
    use tollgate::rest_api::Resource;

    use super::*;

    #[test]
    fn a_method_is_open_when_it_asks_for_neither_a_key_nor_anything_else() {
        let mut closed = Method::new("GET", "NONE");
        closed.api_key_required = true;
        let methods = [
            closed,
            Method::new("POST", "NONE"),
            Method::new("PUT", "AWS_IAM"),
        ];
        let resource = Resource {
            id: "abc123".to_owned(),
            parent_id: None,
            path_part: None,
            path: "/users".to_owned(),
            resource_methods: methods
                .into_iter()
                .map(|method| (method.http_method.clone(), method))
                .collect(),
        };
        let definition = Definition {
            resources: [(resource.id.clone(), resource)].into(),
            ..Definition::default()
        };
        let methods = methods_of(&definition);
        let names: Vec<String> = methods.iter().map(KnownMethod::plan_name).collect();
        assert_eq!(names, ["/users/GET", "/users/POST", "/users/PUT"]);
        let open: Vec<bool> = methods.iter().map(KnownMethod::is_open).collect();
        assert_eq!(open, [false, true, false]);
    }
}
