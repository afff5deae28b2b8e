//! What an operator leaves of a quota.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};

use super::charge::{USED, WINDOW, as_number, meter_item};
use super::ledger::failed_item;
use super::retry::Tries;
use super::{Attributes, DynamoStore, store_error};
use crate::id::{KeyId, PlanId};
use crate::meter::{MeterId, WindowUse};
use crate::quota::Quota;
use crate::random;
use crate::store::item::{METER_SK, meter_pk, name};
use crate::store::{RegistryError, StoreError, StoreErrorKind};
use crate::time::Timestamp;

/// The name of the last change that an operator made of what is used.
const CHANGED_BY: &str = "set_id";

/// A meter's part that such a change needs.
struct Seen {
    quota: Option<WindowUse>,
    changed_by: Option<u64>,
}

impl Seen {
    fn new(item: &Attributes) -> Result<Self, StoreError> {
        let changed_by = item.get(CHANGED_BY);
        Ok(Self {
            quota: meter_item(item)?.quota,
            changed_by: changed_by
                .map(|value| as_number(CHANGED_BY, value))
                .transpose()?,
        })
    }

    /// The window that counts at `now`: as for a charge, that of the item when it is later.
    fn current(&self, quota: Quota, remaining: u64, now: Timestamp) -> Option<WindowUse> {
        let window = quota.window(now).first;
        let used = i128::from(quota.limit()) - i128::from(remaining);
        Some(WindowUse {
            window: self.quota.map_or(window, |known| known.window.max(window)),
            used: i64::try_from(used).ok()?,
        })
    }
}

impl DynamoStore {
    /// Sets what is left of a meter's quota.
    ///
    /// The write sets `used` to the limit less what is to remain. Charges write the same item one after another: those before this
    /// write no longer count, and each one after it adds what it takes and passes only up to the limit, so that together they take
    /// what remained at the most. That needs the write to be applied once. It carries a random name, and asks for the name of the
    /// change before it: sent again after its answer was lost, it fails and finds its own name; a copy that arrives late fails too.
    pub(super) async fn write_remaining(
        &self,
        meter: &MeterId,
        quota: Quota,
        remaining: u64,
        now: Timestamp,
    ) -> Result<WindowUse, RegistryError> {
        let name = random::number().map_err(super::keys::no_entropy)?;
        let mut seen = Seen::new(&self.meter_attributes(meter).await?)?;
        let mut tries = Tries::default();
        loop {
            let current = seen.current(quota, remaining, now).ok_or_else(|| {
                RegistryError::TooLarge(format!("a quota cannot keep {remaining} requests"))
            })?;
            match self.replace_use(meter, &seen, current, name).await {
                Ok(None) => return Ok(current),
                Ok(Some(item)) => {
                    let found = Seen::new(&item)?;
                    if found.changed_by == Some(name) {
                        return Ok(current);
                    }
                    if found.changed_by != seen.changed_by {
                        return Err(RegistryError::Contended);
                    }
                    seen = found;
                    tries.again().await?;
                }
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

    /// Writes once. The whole item, when it was not as `seen`.
    async fn replace_use(
        &self,
        meter: &MeterId,
        seen: &Seen,
        current: WindowUse,
        id: u64,
    ) -> Result<Option<Attributes>, StoreError> {
        let number = |number: String| AttributeValue::N(number);
        let mut request = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(name::PK, AttributeValue::S(meter_pk(meter)))
            .key(name::SK, AttributeValue::S(METER_SK.to_owned()))
            .update_expression("SET #win = :win, #used = :used, #set_id = :id")
            .expression_attribute_names("#win", WINDOW)
            .expression_attribute_names("#used", USED)
            .expression_attribute_names("#set_id", CHANGED_BY)
            .expression_attribute_values(":win", number(current.window.number().to_string()))
            .expression_attribute_values(":used", number(current.used.to_string()))
            .expression_attribute_values(":id", number(id.to_string()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let changed_by = match seen.changed_by {
            Some(changed_by) => {
                request =
                    request.expression_attribute_values(":seen", number(changed_by.to_string()));
                "#set_id = :seen"
            }
            None => "attribute_not_exists(#set_id)",
        };
        request = request.condition_expression(format!(
            "{changed_by} AND (attribute_not_exists(#win) OR #win <= :win)"
        ));
        match request.send().await {
            Ok(_) => Ok(None),
            Err(error) => match failed_item(&error) {
                Some(item) => Ok(Some(item.into_owned())),
                None => Err(store_error("UpdateItem", error)),
            },
        }
    }

    pub(super) async fn used_meter(
        &self,
        key_id: &KeyId,
        plan_id: &PlanId,
    ) -> Result<(MeterId, Quota), RegistryError> {
        let key = self.key_item(key_id).await?;
        let plan = self.plan_item(plan_id).await?;
        if !key.plan_ids().contains(plan_id) {
            return Err(RegistryError::NotInPlan {
                key_id: key_id.clone(),
                plan_id: plan_id.clone(),
            });
        }
        let quota = plan.read()?.quota;
        let meter = MeterId {
            key_id: key_id.clone(),
            plan_id: plan_id.clone(),
        };
        quota
            .map(|quota| (meter, quota))
            .ok_or_else(|| RegistryError::NoQuota(plan_id.clone()))
    }
}
