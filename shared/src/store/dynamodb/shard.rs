//! The shards of a meter, as items beside it.

use std::fmt::Write as _;
use std::str::FromStr;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::charge::{DAY, SET_ID, TAT, USED, WINDOW, as_number, number, tat_name};
use super::ledger::failed_item;
use super::{Attributes, DynamoStore, store_error};
use crate::meter::{
    ChargeId, MeterId, Refund, ShardAnswer, ShardId, ShardItem, ShardWrite, Share, Windows,
};
use crate::quota::Day;
use crate::store::StoreError;
use crate::store::item::{SHARD_SK, name, shard_pk};
use crate::time::Timestamp;

const NAME: &str = "name";
const CLAIMED_UNTIL: &str = "claimed_until";
const REFILL_AT: &str = "refill_at";
const TAKEN: &str = "taken";
const FILLED_AT: &str = "filled_at";
const ENDS_AT: &str = "ends_at";
const LEFT: &str = "left";

/// How many days after its last use the table may forget a shard. What it had cannot be drawn for longer than a second.
const DAYS_KEPT: u32 = 2;

/// What is removed when there is none, and else set.
const OPTIONAL: [(&str, &str); 4] = [
    ("#win", WINDOW),
    ("#set_id", SET_ID),
    ("#tat", TAT),
    ("#used", USED),
];

/// `SHARD`, and the attribute of the bucket in the meter: a bucket has shards of its own. So has a key that was narrowed: `SHARD#tat@2`.
fn shard_sk(shard: ShardId) -> String {
    let mut sk = match shard.bucket {
        None => SHARD_SK.to_owned(),
        Some(bucket) => format!("{SHARD_SK}#{}", tat_name(bucket)),
    };
    if shard.generation > 0 {
        // Writing to a String cannot fail.
        let _ = write!(sk, "@{}", shard.generation);
    }
    sk
}

/// The parts of an `UpdateItem` that depend on the write.
#[derive(Debug, Default)]
struct Parts {
    condition: &'static str,
    update: String,
    names: Vec<(&'static str, &'static str)>,
    values: Vec<(&'static str, AttributeValue)>,
}

impl Parts {
    fn new(write: &ShardWrite) -> Self {
        match *write {
            ShardWrite::Draw { requests, now } => Self {
                condition: "#left >= :requests AND #ends_at > :now",
                update: "SET #left = #left - :requests".to_owned(),
                names: vec![("#left", LEFT), ("#ends_at", ENDS_AT)],
                values: vec![
                    (":requests", number(requests)),
                    (":now", number(now.as_nanos())),
                ],
            },
            ShardWrite::Claim { id, follows, until } => {
                let mut parts = Self {
                    condition: "attribute_not_exists(#name)",
                    update: "SET #name = :id, #claimed_until = :until, #ttl = :ttl".to_owned(),
                    names: vec![
                        ("#name", NAME),
                        ("#claimed_until", CLAIMED_UNTIL),
                        ("#ttl", name::TTL),
                    ],
                    values: vec![
                        (":id", number(id.number())),
                        (":until", number(until.as_nanos())),
                        (":ttl", ttl(until)),
                    ],
                };
                if let Some(follows) = follows {
                    parts.condition = "#name = :follows";
                    parts.values.push((":follows", number(follows.number())));
                }
                parts
            }
            ShardWrite::Fill {
                id,
                follows,
                share,
                refill_at,
            } => Self::filling(id, follows, &share, refill_at),
        }
    }

    fn filling(id: ChargeId, follows: ChargeId, share: &Share, refill_at: Timestamp) -> Self {
        let mut parts = Self {
            condition: "#name = :follows",
            update: "SET #name = :id, #refill_at = :refill_at, #taken = :taken, #filled_at = :filled_at, \
                     #ends_at = :ends_at, #left = :left, #day = :day, #ttl = :ttl"
                .to_owned(),
            names: vec![
                ("#name", NAME),
                ("#claimed_until", CLAIMED_UNTIL),
                ("#refill_at", REFILL_AT),
                ("#taken", TAKEN),
                ("#filled_at", FILLED_AT),
                ("#ends_at", ENDS_AT),
                ("#left", LEFT),
                ("#day", DAY),
                ("#ttl", name::TTL),
            ],
            values: vec![
                (":id", number(id.number())),
                (":follows", number(follows.number())),
                (":refill_at", number(refill_at.as_nanos())),
                (":taken", number(share.taken)),
                (":filled_at", number(share.filled_at.as_nanos())),
                (":ends_at", number(share.ends_at.as_nanos())),
                (":left", number(share.left.requests)),
                (":day", number(share.left.day.number())),
                (":ttl", ttl(share.ends_at)),
            ],
        };
        let Refund {
            window, follows, ..
        } = share.left;
        let optional = [
            (":win", window.map(|window| number(window.number()))),
            (":set_id", follows.map(|follows| number(follows.number()))),
            (":tat", share.tat.map(|tat| number(tat.as_nanos()))),
            (
                ":used",
                share.used.map(|used| AttributeValue::N(used.to_string())),
            ),
        ];
        let mut removed = " REMOVE #claimed_until".to_owned();
        for ((placeholder, attribute), (value_name, value)) in OPTIONAL.into_iter().zip(optional) {
            parts.names.push((placeholder, attribute));
            if let Some(value) = value {
                parts.values.push((value_name, value));
                for text in [", ", placeholder, " = ", value_name] {
                    parts.update.push_str(text);
                }
            } else {
                removed.push_str(", ");
                removed.push_str(placeholder);
            }
        }
        parts.update.push_str(&removed);
        parts
    }
}

fn ttl(at: Timestamp) -> AttributeValue {
    number(Day::of(at).plus(DAYS_KEPT).start().as_secs())
}

impl DynamoStore {
    pub(super) async fn write_shard(
        &self,
        meter: &MeterId,
        shard: ShardId,
        write: &ShardWrite,
    ) -> Result<ShardAnswer, StoreError> {
        let parts = Parts::new(write);
        let mut request = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(name::PK, AttributeValue::S(shard_pk(meter, shard.number)))
            .key(name::SK, AttributeValue::S(shard_sk(shard)))
            .condition_expression(parts.condition)
            .update_expression(parts.update)
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (placeholder, attribute) in parts.names {
            request = request.expression_attribute_names(placeholder, attribute);
        }
        for (placeholder, value) in parts.values {
            request = request.expression_attribute_values(placeholder, value);
        }
        match Box::pin(request.send()).await {
            Ok(answer) => {
                let attributes = answer.attributes.unwrap_or_default();
                shard_item(&attributes).map(ShardAnswer::Applied)
            }
            Err(error) => match failed_item(&error) {
                Some(attributes) => shard_item(&attributes).map(ShardAnswer::Failed),
                None => Err(store_error("UpdateItem", error)),
            },
        }
    }
}

/// Reads a shard's item.
///
/// # Errors
///
/// When an attribute is not the number that it should be.
fn shard_item(attributes: &Attributes) -> Result<ShardItem, StoreError> {
    let nanos = |name| optional::<u64>(attributes, name);
    let instant =
        |name| nanos(name).map(|nanos| nanos.map_or(Timestamp::EPOCH, Timestamp::from_nanos));
    let share = match (nanos(LEFT)?, optional(attributes, DAY)?) {
        (Some(left), Some(day)) => Some(Share {
            taken: nanos(TAKEN)?.unwrap_or(left),
            filled_at: instant(FILLED_AT)?,
            ends_at: instant(ENDS_AT)?,
            left: Refund {
                requests: left,
                window: optional(attributes, WINDOW)?.map(Day::from_number),
                // A plan with further quotas has no shards.
                further: Windows::default(),
                day: Day::from_number(day),
                follows: nanos(SET_ID)?.map(ChargeId::new),
            },
            tat: nanos(TAT)?.map(Timestamp::from_nanos),
            used: optional(attributes, USED)?,
        }),
        (Some(_) | None, None) | (None, Some(_)) => None,
    };
    Ok(ShardItem {
        name: nanos(NAME)?.map(ChargeId::new),
        claimed_until: instant(CLAIMED_UNTIL)?,
        refill_at: instant(REFILL_AT)?,
        share,
    })
}

fn optional<N: FromStr>(attributes: &Attributes, name: &str) -> Result<Option<N>, StoreError> {
    attributes
        .get(name)
        .map(|value| as_number(name, value))
        .transpose()
}
