//! Tags of keys, plans, APIs and stages.

mod rules;

use std::collections::BTreeMap;

use http::StatusCode;
use serde::Serialize;

use super::{carried, no_such_key, no_such_plan, status};
use crate::control::Inner;
use crate::control::call::Call;
use crate::control::error::ControlError;
use crate::control::reply::Reply;
use crate::id::{KeyId, PlanId};
use crate::store::{ApiRegistry, Expiry, KeyChange, Registry};
use crate::time::Clock;

pub use rules::{EXPIRES_AT, InvalidTags, check, instant};
use rules::{at_most, together};
pub(super) use rules::{checked, expiry};

/// Shape `Tags`.
#[derive(Serialize)]
struct Body<'a> {
    tags: &'a BTreeMap<String, String>,
}

/// What has tags, by its ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Resource {
    Key(KeyId),
    /// What is known of a key beside its record. It can only be read.
    KeyStatus(KeyId),
    Plan(PlanId),
    Api(String),
    Stage {
        api_id: String,
        name: String,
    },
}

/// A change of tags: what to set, and with `None` what to take away.
type Change = BTreeMap<String, Option<String>>;

impl Resource {
    /// Reads `arn:aws:apigateway:us-east-1::/apikeys/{id}`. Partition and region do not matter: there is one table.
    fn parse(arn: &str) -> Result<Self, ControlError> {
        let invalid =
            || ControlError::bad_request(format!("Invalid resource ARN specified: {arn}"));
        let mut parts = arn.splitn(6, ':');
        let mut next = || parts.next().unwrap_or_default();
        let (scheme, _partition, service, _region) = (next(), next(), next(), next());
        let (_account, path) = (next(), next());
        let path = path.strip_prefix('/').ok_or_else(invalid)?;
        let segments: Vec<&str> = path.split('/').collect();
        if scheme != "arn" || service != "apigateway" || segments.contains(&"") {
            return Err(invalid());
        }
        match segments.as_slice() {
            ["apikeys", id] => Ok(Self::Key((*id).into())),
            ["apikeys", id, "status"] => Ok(Self::KeyStatus((*id).into())),
            ["usageplans", id] => Ok(Self::Plan((*id).into())),
            ["restapis", id] => Ok(Self::Api((*id).to_owned())),
            ["restapis", id, "stages", name] => Ok(Self::Stage {
                api_id: (*id).to_owned(),
                name: (*name).to_owned(),
            }),
            _ => Err(invalid()),
        }
    }
}

pub(super) async fn get<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let tags = match Resource::parse(call.path("resource_arn"))? {
        Resource::Key(id) => {
            let key = control.store.key_by_id(&id).await?;
            key.ok_or_else(no_such_key)?.tags
        }
        Resource::KeyStatus(id) => status::tags_of(control, &id).await?,
        Resource::Plan(id) => {
            let plan = control.store.plan_by_id(&id).await?;
            plan.ok_or_else(no_such_plan)?.tags
        }
        Resource::Api(id) => control.api(&call.of_api(&id)).await?.record.api.tags,
        Resource::Stage { api_id, name } => {
            let api = control.api(&call.of_api(&api_id)).await?;
            let stage = api.record.stages.get(&name);
            stage.ok_or_else(no_such_stage)?.tags.clone()
        }
    };
    Reply::ok(&Body { tags: &tags })
}

fn no_such_stage() -> ControlError {
    ControlError::not_found("Invalid stage identifier specified")
}

pub(super) async fn tag<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let members = call.members("tagResourceInput")?;
    let tags = members.text_map("tags")?;
    let tags = checked(tags.ok_or_else(|| members.missing("tags"))?)?;
    match Resource::parse(call.path("resource_arn"))? {
        Resource::Key(id) => carried::keeps_id(&tags, id.as_str())?,
        Resource::Plan(id) => carried::keeps_id(&tags, id.as_str())?,
        Resource::KeyStatus(_) | Resource::Api(_) | Resource::Stage { .. } => {}
    }
    let expiry = expiry(&tags)?.map(Expiry::At);
    let change = tags
        .into_iter()
        .map(|(key, value)| (key, Some(value)))
        .collect();
    change_tags(control, call, &change, expiry).await
}

pub(super) async fn untag<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let change: Change = call
        .query_all("tagKeys")
        .map(|key| (key.to_owned(), None))
        .collect();
    if change.is_empty() {
        return Err(ControlError::validation(&[
            "Value null at 'tagKeys' failed to satisfy constraint: Member must not be null"
                .to_owned(),
        ]));
    }
    let expiry = change.contains_key(EXPIRES_AT).then_some(Expiry::Never);
    change_tags(control, call, &change, expiry).await
}

async fn change_tags<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
    change: &Change,
    expiry: Option<Expiry>,
) -> Result<Reply, ControlError> {
    match Resource::parse(call.path("resource_arn"))? {
        Resource::Key(id) => {
            let key = control.store.key_by_id(&id).await?;
            apply(change, &mut key.ok_or_else(no_such_key)?.tags)?;
            let change = KeyChange {
                tag_changes: change.clone(),
                expiry,
                ..KeyChange::default()
            };
            control.store.update_key(&id, &change, call.now()).await?;
        }
        Resource::KeyStatus(_) => {
            return Err(ControlError::bad_request(
                "The tags of a key's status cannot be changed",
            ));
        }
        Resource::Plan(id) => {
            control
                .store
                .edit_plan(&id, |plan| apply(change, &mut plan.tags))
                .await?;
        }
        Resource::Api(id) => {
            control
                .change_api(&call.of_api(&id), |edit| {
                    apply(change, &mut edit.record.api.tags)
                })
                .await?;
        }
        Resource::Stage { api_id, name } => {
            control
                .change_api(&call.of_api(&api_id), |edit| {
                    let stage = edit.record.stages.get_mut(&name);
                    apply(change, &mut stage.ok_or_else(no_such_stage)?.tags)
                })
                .await?;
        }
    }
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

fn apply(change: &Change, tags: &mut BTreeMap<String, String>) -> Result<(), ControlError> {
    for (key, value) in change {
        match value {
            Some(value) => tags.insert(key.clone(), value.clone()),
            None => tags.remove(key),
        };
    }
    together(tags)?;
    Ok(at_most(tags)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{QUOTAS, SHARDS};

    #[test]
    fn a_resource_is_known_by_its_arn() {
        let arn = |path: &str| format!("arn:aws:apigateway:us-east-1::/{path}");
        let stage = Resource::Stage {
            api_id: "a1b2c3d4e5".to_owned(),
            name: "dev".to_owned(),
        };
        let known = [
            ("apikeys/k1", Resource::Key("k1".into())),
            ("apikeys/k1/status", Resource::KeyStatus("k1".into())),
            ("usageplans/p1", Resource::Plan("p1".into())),
            (
                "restapis/a1b2c3d4e5",
                Resource::Api("a1b2c3d4e5".to_owned()),
            ),
            ("restapis/a1b2c3d4e5/stages/dev", stage),
        ];
        for (path, resource) in known {
            assert_eq!(Resource::parse(&arn(path)), Ok(resource), "{path}");
        }
        let unknown = [
            "",
            "apikeys",
            "apikeys/",
            "apikeys/k1/x",
            "restapis/a/stages",
        ];
        for path in unknown {
            assert!(Resource::parse(&arn(path)).is_err(), "{path}");
        }
        assert!(Resource::parse("arn:aws:lambda:us-east-1::/apikeys/k1").is_err());
        assert!(Resource::parse("k1").is_err());
    }

    #[test]
    fn a_plan_has_shards_or_further_quotas_whichever_came_first() {
        let shards = (SHARDS.to_owned(), "4".to_owned());
        let quotas = (QUOTAS.to_owned(), "100/minute".to_owned());
        assert!(check(&BTreeMap::from([shards.clone(), quotas.clone()])).is_err());
        let change = BTreeMap::from([(QUOTAS.to_owned(), Some("100/minute".to_owned()))]);
        assert!(apply(&change, &mut BTreeMap::from([shards])).is_err());
    }
}
