//! REST APIs. The definition is one document, cut into items: a change of it is one transaction, however much it touches.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::list::List;
use super::transaction::{If, Outcome, Transaction};
use super::{Attributes, DynamoStore, MAX_PK_LEN, from_item, store_error};
use crate::id::{ApiId, ApiStage};
use crate::rest_api::{ApiRecord, Definition, Deployment, RestApi, Snapshot, Stage};
use crate::store::item::{list_sk, name};
use crate::store::{
    ApiRegistry, Page, PageRequest, RegistryError, Saved, StoreError, StoreErrorKind, StoredApi,
};
use crate::time::Timestamp;

const API_LIST: &str = "API";
const API_SK: &str = "API";
const STAGE_SK_PREFIX: &str = "STG#";
const DEPLOYMENT_SK_PREFIX: &str = "DEP#";
const PART_SK_PREFIX: &str = "DOC#";

/// The longest part of a document in one item, in bytes. DynamoDB takes items of 400 KB.
const PART_BYTES: usize = 350_000;

/// The longest document, in bytes. DynamoDB takes transactions of 4 MB.
const DOCUMENT_BYTES: usize = 3_500_000;

/// How many items are removed at once when an API is gone already.
const REMOVED_AT_ONCE: usize = 25;

/// `A#<api id>` / `API`, `STG#<stage>` and `DEP#<deployment id>`: JSON, with what the table itself needs beside it.
#[derive(Debug, Serialize, Deserialize)]
struct DocumentItem {
    pk: String,
    sk: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    list_pk: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    list_sk: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rev: Option<u64>,
    doc: String,
}

impl DocumentItem {
    fn new(pk: String, sk: String, doc: String) -> Self {
        Self {
            pk,
            sk,
            list_pk: None,
            list_sk: None,
            rev: None,
            doc,
        }
    }

    fn of_api(api: &RestApi, rev: u64) -> Result<Self, StoreError> {
        let created_at = Timestamp::from_secs(api.created_date);
        Ok(Self {
            list_pk: Some(API_LIST.to_owned()),
            list_sk: Some(list_sk(created_at, &api.id)),
            rev: Some(rev),
            ..Self::new(api_pk(&api.id), API_SK.to_owned(), to_json(api)?)
        })
    }
}

fn api_pk(id: &str) -> String {
    format!("A#{id}")
}

fn snapshot_pk(id: &str, deployment_id: &str) -> String {
    format!("A#{id}#{deployment_id}")
}

fn stage_sk(stage: &str) -> String {
    format!("{STAGE_SK_PREFIX}{stage}")
}

fn part_sk(index: usize) -> String {
    format!("{PART_SK_PREFIX}{index:03}")
}

fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::new(StoreErrorKind::Broken, "an API cannot be written", error))
}

fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text)
        .map_err(|error| StoreError::new(StoreErrorKind::Broken, "an API's item is damaged", error))
}

/// A document, cut where a character ends.
fn parts_of(mut text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    while text.len() > PART_BYTES {
        let (part, rest) = text.split_at(text.floor_char_boundary(PART_BYTES));
        parts.push(part);
        text = rest;
    }
    parts.push(text);
    parts
}

/// A document that fits into a transaction.
fn document(id: &str, value: &impl Serialize) -> Result<String, RegistryError> {
    let text = to_json(value)?;
    if text.len() > DOCUMENT_BYTES {
        return Err(RegistryError::TooLarge(format!(
            "the API {id} is too large to store: its definition has {} bytes, more than {DOCUMENT_BYTES}",
            text.len()
        )));
    }
    Ok(text)
}

fn put_part(
    transaction: &mut Transaction<'_>,
    pk: &str,
    index: usize,
    part: &str,
) -> Result<(), StoreError> {
    let item = DocumentItem::new(pk.to_owned(), part_sk(index), part.to_owned());
    transaction.put(item, If::Any)
}

/// Writes what differs between two sets of small items, and removes what the second no longer has.
fn put_changed<T: Serialize + PartialEq>(
    transaction: &mut Transaction<'_>,
    pk: &str,
    sk_prefix: &str,
    before: &BTreeMap<String, T>,
    after: &BTreeMap<String, T>,
) -> Result<(), StoreError> {
    for (name, value) in after {
        if before.get(name) != Some(value) {
            let sk = format!("{sk_prefix}{name}");
            let item = DocumentItem::new(pk.to_owned(), sk, to_json(value)?);
            transaction.put(item, If::Any)?;
        }
    }
    for name in before.keys().filter(|name| !after.contains_key(*name)) {
        transaction.delete(pk.to_owned(), format!("{sk_prefix}{name}"), If::Any)?;
    }
    Ok(())
}

fn too_many_items(id: &str) -> RegistryError {
    RegistryError::TooLarge(format!(
        "the change of the API {id} touches more items than one transaction can; make it in several steps"
    ))
}

impl DynamoStore {
    /// All items with this partition key, in the order of their sort keys.
    async fn documents(&self, pk: String) -> Result<Vec<DocumentItem>, StoreError> {
        let mut items = Vec::new();
        if pk.len() > MAX_PK_LEN {
            return Ok(items);
        }
        let mut start: Option<Attributes> = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("#pk = :pk")
                .expression_attribute_names("#pk", name::PK)
                .expression_attribute_values(":pk", AttributeValue::S(pk.clone()))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| store_error("Query", error))?;
            for item in answer.items.unwrap_or_default() {
                items.push(from_item(item)?);
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }

    /// Removes a deployment's snapshot, or what is left of a deleted API. Nothing refers to it any more.
    async fn remove_documents(&self, pk: String, sks: Vec<String>) -> Result<(), StoreError> {
        for sks in sks.chunks(REMOVED_AT_ONCE) {
            let mut transaction = self.transaction();
            for sk in sks {
                transaction.delete(pk.clone(), sk.clone(), If::Any)?;
            }
            // What cannot be removed now stays, and is never read.
            transaction.commit().await?;
        }
        Ok(())
    }

    async fn remove_snapshot(&self, id: &str, deployment_id: &str) -> Result<(), StoreError> {
        let pk = snapshot_pk(id, deployment_id);
        let items = self.documents(pk.clone()).await?;
        let sks = items.into_iter().map(|item| item.sk).collect();
        self.remove_documents(pk, sks).await
    }
}

impl ApiRegistry for DynamoStore {
    async fn rest_apis(&self, page: &PageRequest) -> Result<Page<RestApi>, StoreError> {
        let list = List {
            partition: API_LIST.to_owned(),
            primary_key: |_, id| (api_pk(id), API_SK.to_owned()),
            filter: None,
        };
        let page = self.list(&list, page).await?;
        page.try_map(|item| from_json(&from_item::<DocumentItem>(item)?.doc))
    }

    async fn rest_api(&self, id: &ApiId) -> Result<Option<StoredApi>, StoreError> {
        let mut found = None;
        let mut definition = String::new();
        let mut deployments = BTreeMap::new();
        let mut stages = BTreeMap::new();
        for item in self.documents(api_pk(id.as_str())).await? {
            if item.sk == API_SK {
                found = Some((from_json::<RestApi>(&item.doc)?, item.rev.unwrap_or(0)));
            } else if item.sk.starts_with(PART_SK_PREFIX) {
                definition.push_str(&item.doc);
            } else if let Some(id) = item.sk.strip_prefix(DEPLOYMENT_SK_PREFIX) {
                deployments.insert(id.to_owned(), from_json::<Deployment>(&item.doc)?);
            } else if let Some(name) = item.sk.strip_prefix(STAGE_SK_PREFIX) {
                stages.insert(name.to_owned(), from_json::<Stage>(&item.doc)?);
            }
        }
        let Some((api, rev)) = found else {
            return Ok(None);
        };
        Ok(Some(StoredApi {
            record: ApiRecord {
                api,
                definition: from_json::<Definition>(&definition)?,
                deployments,
                stages,
            },
            rev,
        }))
    }

    async fn create_rest_api(&self, record: &ApiRecord) -> Result<(), RegistryError> {
        let id = record.api.id.as_str();
        let definition = document(id, &record.definition)?;
        let mut transaction = self.transaction();
        transaction.put(DocumentItem::of_api(&record.api, 1)?, If::Absent)?;
        for (index, part) in parts_of(&definition).into_iter().enumerate() {
            put_part(&mut transaction, &api_pk(id), index, part)?;
        }
        match transaction.commit().await? {
            Outcome::Committed => Ok(()),
            Outcome::ConditionFailed(_) | Outcome::Conflict => {
                Err(RegistryError::IdTaken(id.to_owned()))
            }
        }
    }

    async fn save_rest_api(
        &self,
        before: &StoredApi,
        after: &ApiRecord,
        snapshot: Option<(&str, &Snapshot)>,
    ) -> Result<Saved, RegistryError> {
        let id = after.api.id.as_str();
        let pk = api_pk(id);
        let old = document(id, &before.record.definition)?;
        let new = document(id, &after.definition)?;
        let (old, new) = (parts_of(&old), parts_of(&new));
        let mut transaction = self.transaction();
        let api = DocumentItem::of_api(&after.api, before.rev.saturating_add(1))?;
        transaction.put(api, If::Rev(before.rev))?;
        for (index, part) in new.iter().enumerate() {
            if old.get(index) != Some(part) {
                put_part(&mut transaction, &pk, index, part)?;
            }
        }
        for index in new.len()..old.len() {
            transaction.delete(pk.clone(), part_sk(index), If::Any)?;
        }
        if let Some((deployment_id, snapshot)) = snapshot {
            let text = document(id, snapshot)?;
            let snapshot_pk = snapshot_pk(id, deployment_id);
            for (index, part) in parts_of(&text).into_iter().enumerate() {
                put_part(&mut transaction, &snapshot_pk, index, part)?;
            }
        }
        let deployments = (&before.record.deployments, &after.deployments);
        put_changed(
            &mut transaction,
            &pk,
            DEPLOYMENT_SK_PREFIX,
            deployments.0,
            deployments.1,
        )?;
        let stages = (&before.record.stages, &after.stages);
        put_changed(&mut transaction, &pk, STAGE_SK_PREFIX, stages.0, stages.1)?;
        if !transaction.fits() {
            return Err(too_many_items(id));
        }
        match transaction.commit().await? {
            Outcome::Committed => {}
            Outcome::ConditionFailed(_) | Outcome::Conflict => return Ok(Saved::Overtaken),
        }
        for gone in deployments
            .0
            .keys()
            .filter(|id| !deployments.1.contains_key(*id))
        {
            self.remove_snapshot(id, gone).await?;
        }
        Ok(Saved::Yes)
    }

    async fn delete_rest_api(&self, before: &StoredApi) -> Result<Saved, RegistryError> {
        let record = &before.record;
        let id = record.api.id.as_str();
        let pk = api_pk(id);
        let mut transaction = self.transaction();
        transaction.delete(pk.clone(), API_SK.to_owned(), If::Rev(before.rev))?;
        for stage in record.stages.keys() {
            transaction.delete(pk.clone(), stage_sk(stage), If::Any)?;
        }
        if !transaction.fits() {
            return Err(too_many_items(id));
        }
        match transaction.commit().await? {
            Outcome::Committed => {}
            Outcome::ConditionFailed(_) | Outcome::Conflict => return Ok(Saved::Overtaken),
        }
        let rest = self.documents(pk.clone()).await?;
        self.remove_documents(pk, rest.into_iter().map(|item| item.sk).collect())
            .await?;
        for deployment_id in record.deployments.keys() {
            self.remove_snapshot(id, deployment_id).await?;
        }
        Ok(Saved::Yes)
    }

    async fn snapshot(
        &self,
        id: &ApiId,
        deployment_id: &str,
    ) -> Result<Option<Snapshot>, StoreError> {
        let parts = self
            .documents(snapshot_pk(id.as_str(), deployment_id))
            .await?;
        if parts.is_empty() {
            return Ok(None);
        }
        let text: String = parts.into_iter().map(|part| part.doc).collect();
        from_json(&text).map(Some)
    }

    async fn stage(&self, api_stage: &ApiStage) -> Result<Option<Stage>, StoreError> {
        let pk = api_pk(api_stage.api_id.as_str());
        let sk = stage_sk(api_stage.stage.as_str());
        let item: Option<DocumentItem> = self.read(pk, &sk).await?;
        item.map(|item| from_json(&item.doc)).transpose()
    }

    async fn cloudwatch_role(&self) -> Result<Option<String>, StoreError> {
        self.read_cloudwatch_role().await
    }

    async fn set_cloudwatch_role(&self, arn: Option<&str>) -> Result<(), StoreError> {
        self.write_cloudwatch_role(arn).await
    }
}
