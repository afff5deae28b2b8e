//! Reading the stages of REST APIs.

use futures_util::{StreamExt as _, stream};
use tollgate::id::{ApiId, ApiStage};
use tollgate::rest_api::{Definition, Method};
use tollgate::store::dynamodb::DynamoStore;
use tollgate::store::{ApiRegistry as _, PageRequest, StoreError};

use super::super::surroundings::KeyRule;
use super::{KnownMethod, KnownStage, StageBook, StageKind};

/// How many APIs one call lists.
const APIS_PER_CALL: u32 = 500;

/// How many APIs are read at a time.
const APIS_AT_ONCE: usize = 8;

/// The stages of all REST APIs. What a deployment serves never changes, so it is taken from `known` where it is there. An API that cannot be
/// read keeps the stages that it had.
pub(super) async fn rest_stages(
    store: &DynamoStore,
    known: Option<&StageBook>,
) -> Result<Vec<KnownStage>, StoreError> {
    let ids = api_ids(store).await?;
    let reading = ids.into_iter().map(|id| async move {
        match Box::pin(stages_of(store, &id, known)).await {
            Ok(stages) => stages,
            Err(error) => {
                tracing::warn!(%id, %error, "the console could not read an API");
                remembered(&id, known)
            }
        }
    });
    let read: Vec<Vec<KnownStage>> = stream::iter(reading)
        .buffer_unordered(APIS_AT_ONCE)
        .collect()
        .await;
    Ok(read.into_iter().flatten().collect())
}

fn remembered(id: &ApiId, known: Option<&StageBook>) -> Vec<KnownStage> {
    let stages = known.into_iter().flat_map(StageBook::all);
    let stages = stages.filter(|known| known.api_stage.api_id == *id);
    stages.cloned().collect()
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
    id: &ApiId,
    known: Option<&StageBook>,
) -> Result<Vec<KnownStage>, StoreError> {
    let Some(api) = store.rest_api(id).await? else {
        return Ok(Vec::new());
    };
    let record = &api.record;
    let mut stages = Vec::with_capacity(record.stages.len());
    for (name, stage) in &record.stages {
        let api_stage = ApiStage::new(record.api.id.as_str(), name.as_str());
        let deployment_id = &stage.deployment_id;
        let remembered = known
            .and_then(|book| book.get(&api_stage))
            .filter(|known| known.deployment_id.as_ref() == Some(deployment_id))
            .and_then(|known| known.methods.clone());
        let methods = match remembered {
            Some(methods) => Some(methods),
            None => store
                .snapshot(id, deployment_id)
                .await?
                .map(|snapshot| methods_of(&snapshot.definition).into()),
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
