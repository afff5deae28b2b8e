//! The daily housekeeping on DynamoDB.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;

use super::batch::text_of;
use super::retry::Tries;
use super::transaction::{If, Outcome, Transaction};
use super::{Attributes, DynamoStore, store_error};
use crate::id::KeyId;
use crate::meter::MeterId;
use crate::store::item::{KEY_SK, METER_PK_PREFIX, METER_SK, PLAN_SK, key_pk, name, plan_pk};
use crate::store::{
    Housekeeping, KeyChange, Lack, Orphan, Orphans, RegistryError, SCAN_PARTS, ScanPosition,
    StoreError,
};
use crate::time::Timestamp;

/// How many items one request looks at: about as many as DynamoDB reads at once.
const PIECE: i32 = 2_000;

impl DynamoStore {
    /// Commits what `changes` puts into a transaction, together with the condition that what the orphan lacks is still lacking.
    async fn change_orphan(
        &self,
        orphan: &Orphan,
        changes: impl Fn(&mut Transaction<'_>) -> Result<(), StoreError>,
    ) -> Result<bool, RegistryError> {
        let (pk, sk) = lacking(orphan);
        let mut tries = Tries::default();
        loop {
            let mut transaction = self.transaction();
            transaction.check(pk.clone(), sk.to_owned(), If::Absent)?;
            changes(&mut transaction)?;
            match transaction.commit().await? {
                Outcome::Committed => return Ok(true),
                Outcome::ConditionFailed(_) => return Ok(false),
                Outcome::Conflict => tries.again().await?,
            }
        }
    }

    /// The orphans among some meters.
    async fn orphans_of(&self, meters: &[Attributes]) -> Result<Vec<Orphan>, StoreError> {
        let meters: Vec<(MeterId, Option<Timestamp>)> = meters.iter().filter_map(meter).collect();
        let wanted: BTreeSet<_> = meters
            .iter()
            .flat_map(|(meter, _)| {
                [
                    (key_pk(&meter.key_id), KEY_SK.to_owned()),
                    (plan_pk(&meter.plan_id), PLAN_SK.to_owned()),
                ]
            })
            .collect();
        let known = self.read_all(&wanted).await?;
        let known: BTreeSet<&str> = known
            .iter()
            .filter_map(|item| text_of(item, name::PK))
            .collect();
        let orphans = meters.into_iter().filter_map(|(meter, forgotten_at)| {
            let lacks = if !known.contains(key_pk(&meter.key_id).as_str()) {
                Lack::Key
            } else if !known.contains(plan_pk(&meter.plan_id).as_str()) {
                Lack::Plan
            } else {
                return None;
            };
            Some(Orphan {
                meter,
                lacks,
                forgotten_at,
            })
        });
        Ok(orphans.collect())
    }
}

/// The key of the item that there must not be.
fn lacking(orphan: &Orphan) -> (String, &'static str) {
    match orphan.lacks {
        Lack::Key => (key_pk(&orphan.meter.key_id), KEY_SK),
        Lack::Plan => (plan_pk(&orphan.meter.plan_id), PLAN_SK),
    }
}

/// A meter's id, and from when on it may be forgotten.
fn meter(item: &Attributes) -> Option<(MeterId, Option<Timestamp>)> {
    let id = text_of(item, name::PK)?.strip_prefix(METER_PK_PREFIX)?;
    let meter = MeterId::read(id)?;
    let forgotten_at = item
        .get(name::TTL)
        .and_then(|value| value.as_n().ok()?.parse().ok())
        .map(Timestamp::from_secs);
    Some((meter, forgotten_at))
}

impl Housekeeping for DynamoStore {
    async fn disable_expired(&self, id: &KeyId, now: Timestamp) -> Result<bool, RegistryError> {
        let disabled = KeyChange {
            enabled: Some(false),
            ..KeyChange::default()
        };
        let changed = self
            .change_key(id, &disabled, now, |key| {
                let has_expired = key.expires_at_ns.is_some_and(|at| at <= now.as_nanos());
                key.enabled && has_expired
            })
            .await;
        match changed {
            Ok(key) => Ok(key.is_some()),
            Err(RegistryError::NoSuchKey(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn orphans(
        &self,
        part: u32,
        after: Option<&ScanPosition>,
    ) -> Result<Orphans, StoreError> {
        let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        let text = AttributeValue::S;
        let start = after.map(|position| {
            Attributes::from([
                (name::PK.to_owned(), text(position.pk.clone())),
                (name::SK.to_owned(), text(position.sk.clone())),
            ])
        });
        let answer = self
            .client
            .scan()
            .table_name(&self.table)
            .segment(number(part))
            .total_segments(number(SCAN_PARTS))
            .limit(PIECE)
            .filter_expression("begins_with(#pk, :meter) AND #sk = :sk")
            .projection_expression("#pk, #ttl")
            .expression_attribute_names("#pk", name::PK)
            .expression_attribute_names("#sk", name::SK)
            .expression_attribute_names("#ttl", name::TTL)
            .expression_attribute_values(":meter", text(METER_PK_PREFIX.to_owned()))
            .expression_attribute_values(":sk", text(METER_SK.to_owned()))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| store_error("Scan", error))?;
        let position = |item: &Attributes| -> Option<ScanPosition> {
            Some(ScanPosition {
                pk: text_of(item, name::PK)?.to_owned(),
                sk: text_of(item, name::SK)?.to_owned(),
            })
        };
        Ok(Orphans {
            orphans: self.orphans_of(answer.items()).await?,
            examined: u64::try_from(answer.items().len()).unwrap_or(u64::MAX),
            next: answer.last_evaluated_key().and_then(position),
        })
    }

    async fn mark_orphan(
        &self,
        orphan: &Orphan,
        forgotten_at: Timestamp,
    ) -> Result<bool, RegistryError> {
        self.change_orphan(orphan, |transaction| {
            transaction.mark_meter(&orphan.meter, forgotten_at)
        })
        .await
    }

    async fn remove_orphan(&self, orphan: &Orphan, now: Timestamp) -> Result<bool, RegistryError> {
        self.change_orphan(orphan, |transaction| {
            transaction.remove_meter(&orphan.meter, now)
        })
        .await
    }
}
