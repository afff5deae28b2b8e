//! What an operator leaves of a quota.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};

use super::charge::{SET_ID, USED, WINDOW, meter_item};
use super::keys::no_entropy;
use super::ledger::failed_item;
use super::retry::Tries;
use super::{DynamoStore, store_error};
use crate::id::{KeyId, PlanId};
use crate::meter::{ChargeId, MeterId, MeterItem, Refutation, RemainingWrite, WindowUse};
use crate::overrides::Overrides;
use crate::quota::Quota;
use crate::random;
use crate::store::item::{METER_SK, meter_pk, name};
use crate::store::{RegistryError, StoreError, StoreErrorKind};
use crate::time::Timestamp;

impl DynamoStore {
    /// Sets what is left of a meter's quota, with a [`RemainingWrite`].
    pub(super) async fn write_remaining(
        &self,
        meter: &MeterId,
        quota: Quota,
        remaining: u64,
        now: Timestamp,
    ) -> Result<WindowUse, RegistryError> {
        let id = ChargeId::new(random::number().map_err(no_entropy)?);
        let mut item = meter_item(&self.meter_attributes(meter).await?)?;
        let mut tries = Tries::default();
        loop {
            let write = RemainingWrite::new(id, remaining, quota, &item, now).ok_or_else(|| {
                RegistryError::TooLarge(format!("a quota cannot keep {remaining} requests"))
            })?;
            match self.try_remaining(meter, &write).await {
                Ok(None) => return Ok(write.quota()),
                Ok(Some(found)) => match write.refuted_by(&found) {
                    Refutation::WasApplied => return Ok(write.quota()),
                    Refutation::OtherChange => return Err(RegistryError::Contended),
                    Refutation::WindowPassed => item = found,
                },
                // A transaction holds the item.
                Err(error) if error.kind() == StoreErrorKind::Throttled => {
                    if tries.again().await.is_err() {
                        return Err(error.into());
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Tries once. The whole item, when the condition did not hold.
    async fn try_remaining(
        &self,
        meter: &MeterId,
        write: &RemainingWrite,
    ) -> Result<Option<MeterItem>, StoreError> {
        let number = AttributeValue::N;
        let mut request = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(name::PK, AttributeValue::S(meter_pk(meter)))
            .key(name::SK, AttributeValue::S(METER_SK.to_owned()))
            .update_expression("SET #win = :win, #used = :used, #set_id = :id")
            .expression_attribute_names("#win", WINDOW)
            .expression_attribute_names("#used", USED)
            .expression_attribute_names("#set_id", SET_ID)
            .expression_attribute_values(":win", number(write.window.number().to_string()))
            .expression_attribute_values(":used", number(write.used.to_string()))
            .expression_attribute_values(":id", number(write.id.number().to_string()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let follows = match write.follows {
            Some(follows) => {
                let follows = number(follows.number().to_string());
                request = request.expression_attribute_values(":follows", follows);
                "#set_id = :follows"
            }
            None => "attribute_not_exists(#set_id)",
        };
        request = request.condition_expression(format!(
            "{follows} AND (attribute_not_exists(#win) OR #win <= :win)"
        ));
        match request.send().await {
            Ok(_) => Ok(None),
            Err(error) => match failed_item(&error) {
                Some(item) => meter_item(&item).map(Some),
                None => Err(store_error("UpdateItem", error)),
            },
        }
    }

    /// The meter of a key in a plan, and the key's quota in it at `now`.
    pub(super) async fn used_meter(
        &self,
        key_id: &KeyId,
        plan_id: &PlanId,
        now: Timestamp,
    ) -> Result<(MeterId, Quota), RegistryError> {
        let key = self.key_item(key_id).await?;
        let plan = self.plan_item(plan_id).await?;
        if !key.plan_ids().contains(plan_id) {
            return Err(RegistryError::NotInPlan {
                key_id: key_id.clone(),
                plan_id: plan_id.clone(),
            });
        }
        let limits = Overrides::of_tags(&key.tags).in_plan(plan_id);
        let quota = limits.quota(plan.read()?.quota);
        let meter = MeterId {
            key_id: key_id.clone(),
            plan_id: plan_id.clone(),
        };
        quota
            .map(|quota| (meter, quota.at(now)))
            .ok_or_else(|| RegistryError::NoQuota(plan_id.clone()))
    }
}
