//! What a key has used, day by day.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;

use super::batch::text_of;
use super::charge::meter_item;
use super::{Attributes, DynamoStore, from_item, store_error};
use crate::meter::{DayCount, LastUse, MeterId, MeterItem};
use crate::quota::Day;
use crate::store::item::{DayItem, METER_SK, day_pk, meter_pk, name};
use crate::store::{StoreError, Usage};

/// How many days the table remembers: API Gateway shows 90, and a year's bill has 366.
const DAYS_KEPT: u32 = 400;

pub(super) fn day_item(meter: &MeterId, ended: DayCount) -> DayItem {
    DayItem {
        pk: day_pk(meter),
        sk: ended.day.to_string(),
        count: ended.count,
        ttl: ended.day.plus(DAYS_KEPT).start().as_secs(),
    }
}

impl DynamoStore {
    /// What the meter's own item says. An item that was never written says nothing.
    pub(super) async fn meter_attributes(&self, meter: &MeterId) -> Result<Attributes, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key(name::PK, AttributeValue::S(meter_pk(meter)))
            .key(name::SK, AttributeValue::S(METER_SK.to_owned()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| store_error("GetItem", error))?;
        Ok(answer.item.unwrap_or_default())
    }

    pub(super) async fn days_used(
        &self,
        meter: &MeterId,
        from: Day,
        to: Day,
    ) -> Result<Usage, StoreError> {
        // The meter is read first: a day that moves to its own item in between is then counted by the item, and never lost.
        let item = meter_item(&self.meter_attributes(meter).await?)?;
        let mut days = self.ended_days(meter, from, to).await?;
        for current in [item.prev_day, item.day].into_iter().flatten() {
            if (from..=to).contains(&current.day) {
                days.retain(|known| known.day != current.day);
                days.push(current);
            }
        }
        days.sort_by_key(|known| known.day);
        Ok(Usage {
            days,
            quota: item.quota,
            further: item.further,
        })
    }

    /// When each meter was last charged. Its own item has it: no day that ended is later.
    pub(super) async fn last_uses(
        &self,
        meters: &[MeterId],
    ) -> Result<Vec<Option<LastUse>>, StoreError> {
        self.of_meters(meters, MeterItem::last_used).await
    }

    /// What `told` takes of each meter's item, in their order; `None` where there is no item, or it takes nothing.
    pub(super) async fn of_meters<T: Copy + Send>(
        &self,
        meters: &[MeterId],
        told: impl Fn(&MeterItem) -> Option<T> + Send,
    ) -> Result<Vec<Option<T>>, StoreError> {
        let wanted: BTreeSet<_> = meters
            .iter()
            .map(|meter| (meter_pk(meter), METER_SK.to_owned()))
            .collect();
        let mut all = BTreeMap::new();
        for item in self.read_all(&wanted).await? {
            if let (Some(pk), Some(one)) = (text_of(&item, name::PK), told(&meter_item(&item)?)) {
                all.insert(pk.to_owned(), one);
            }
        }
        Ok(meters
            .iter()
            .map(|meter| all.get(&meter_pk(meter)).copied())
            .collect())
    }

    async fn ended_days(
        &self,
        meter: &MeterId,
        from: Day,
        to: Day,
    ) -> Result<Vec<DayCount>, StoreError> {
        let mut days = Vec::new();
        if from > to {
            // DynamoDB refuses a range that ends before it begins.
            return Ok(days);
        }
        let mut start: Option<Attributes> = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("#pk = :pk AND #sk BETWEEN :from AND :to")
                .expression_attribute_names("#pk", name::PK)
                .expression_attribute_names("#sk", name::SK)
                .expression_attribute_values(":pk", AttributeValue::S(day_pk(meter)))
                .expression_attribute_values(":from", AttributeValue::S(from.to_string()))
                .expression_attribute_values(":to", AttributeValue::S(to.to_string()))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| store_error("Query", error))?;
            for item in answer.items.unwrap_or_default() {
                let item: DayItem = from_item(item)?;
                if let Some(day) = Day::parse(&item.sk) {
                    days.push(DayCount {
                        day,
                        count: item.count,
                    });
                }
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(days);
            }
        }
    }
}
