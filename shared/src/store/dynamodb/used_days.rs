//! What everybody has used, in one scan of the table.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::batch::text_of;
use super::charge::{COUNT, DAY, PREV_COUNT, PREV_DAY, as_number, meter_item};
use super::{Attributes, DynamoStore, store_error};
use crate::id::KeyId;
use crate::meter::{DayCount, MeterId};
use crate::quota::Day;
use crate::store::item::{DAY_PK_PREFIX, METER_PK_PREFIX, METER_SK, name};
use crate::store::{ApiKey, StoreError, UsedDays};

/// What is read of each item: a role may be held to these.
const ATTRIBUTES: [(&str, &str); 6] = [
    ("#pk", name::PK),
    ("#sk", name::SK),
    ("#day", DAY),
    ("#count", COUNT),
    ("#prev_day", PREV_DAY),
    ("#prev_count", PREV_COUNT),
];

impl UsedDays for DynamoStore {
    async fn used_days(&self, from: Day, to: Day) -> Result<Vec<(MeterId, DayCount)>, StoreError> {
        let mut days: HashMap<(MeterId, Day), u64> = HashMap::new();
        let mut start: Option<Attributes> = None;
        loop {
            let (items, next) = self.scan_days(from, to, start).await?;
            for item in &items {
                add(item, &mut days)?;
            }
            start = next;
            if start.is_none() {
                break;
            }
        }
        let days = days.into_iter();
        Ok(days
            .filter(|((_, day), _)| (from..=to).contains(day))
            .map(|((meter, day), count)| (meter, DayCount { day, count }))
            .collect())
    }

    async fn keys_by_id(&self, ids: &[KeyId]) -> Result<HashMap<KeyId, ApiKey>, StoreError> {
        self.api_keys(ids.iter().cloned()).await
    }
}

impl DynamoStore {
    async fn scan_days(
        &self,
        from: Day,
        to: Day,
        start: Option<Attributes>,
    ) -> Result<(Vec<Attributes>, Option<Attributes>), StoreError> {
        let text = AttributeValue::S;
        let mut request = self
            .client
            .scan()
            .table_name(&self.table)
            .filter_expression(
                "(begins_with(#pk, :meters) AND #sk = :meter) OR (begins_with(#pk, :days) AND #sk BETWEEN :from AND :to)",
            )
            .projection_expression("#pk, #sk, #day, #count, #prev_day, #prev_count")
            .expression_attribute_values(":meters", text(METER_PK_PREFIX.to_owned()))
            .expression_attribute_values(":meter", text(METER_SK.to_owned()))
            .expression_attribute_values(":days", text(DAY_PK_PREFIX.to_owned()))
            .expression_attribute_values(":from", text(from.to_string()))
            .expression_attribute_values(":to", text(to.to_string()))
            .consistent_read(true)
            .set_exclusive_start_key(start);
        for (placeholder, attribute) in ATTRIBUTES {
            request = request.expression_attribute_names(placeholder, attribute);
        }
        let answer = request
            .send()
            .await
            .map_err(|error| store_error("Scan", error))?;
        Ok((answer.items.unwrap_or_default(), answer.last_evaluated_key))
    }
}

/// Adds what an item says of days. A meter's own item knows better than that of a day that has just been moved.
fn add(item: &Attributes, days: &mut HashMap<(MeterId, Day), u64>) -> Result<(), StoreError> {
    let (Some(pk), Some(sk)) = (text_of(item, name::PK), text_of(item, name::SK)) else {
        return Ok(());
    };
    if let Some(meter) = pk.strip_prefix(DAY_PK_PREFIX).and_then(MeterId::read) {
        if let (Some(day), Some(count)) = (Day::parse(sk), item.get(COUNT)) {
            let count = as_number(COUNT, count)?;
            days.entry((meter, day)).or_insert(count);
        }
    } else if let Some(meter) = pk.strip_prefix(METER_PK_PREFIX).and_then(MeterId::read) {
        let known = meter_item(item)?;
        for DayCount { day, count } in [known.prev_day, known.day].into_iter().flatten() {
            days.insert((meter.clone(), day), count);
        }
    }
    Ok(())
}
