//! A charge as an expression, and a meter's item read back.

use std::fmt::Write as _;
use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;

use super::Attributes;
use super::further::further;
use crate::meter::{
    BucketClause, BucketForm, ChargeId, DayClause, DayCount, MeterItem, QuotaClause, Refund,
    RefundWrite, SLOT_COUNT, WindowUse, Write,
};
use crate::plan::BucketId;
use crate::quota::Day;
use crate::store::StoreError;
use crate::time::Timestamp;

/// `true` when nothing may be charged; a number when only charges may be that say it.
pub(super) const OFF: &str = "off";
pub(super) const TAT: &str = "tat";
const METHOD_TAT_PREFIX: &str = "t.";
pub(super) const WINDOW: &str = "win";
pub(super) const USED: &str = "used";
pub(super) const DAY: &str = "day";
pub(super) const COUNT: &str = "count";
pub(super) const PREV_DAY: &str = "prev_day";
pub(super) const PREV_COUNT: &str = "prev_count";
/// The name of the last change that an operator made of what is used.
pub(super) const SET_ID: &str = "set_id";
/// The name of the last time that a process gave back what it had not used.
const REFUND_ID: &str = "refund_id";
/// The minute of the last charge, counted from the epoch.
const SEEN: &str = "seen";
const SECS_A_MINUTE: u64 = 60;
const SLOT_PREFIX: &str = "i";

/// The parts of an `UpdateItem` that depend on the charge.
#[derive(Debug, Default)]
pub(super) struct Expression {
    pub(super) condition: String,
    pub(super) update: String,
    pub(super) names: Vec<(&'static str, String)>,
    pub(super) values: Vec<(&'static str, AttributeValue)>,
}

impl Expression {
    pub(super) fn new(write: &Write) -> Self {
        let mut expression = Self {
            condition: String::with_capacity(320),
            update: String::with_capacity(160),
            names: Vec::with_capacity(9),
            values: Vec::with_capacity(12),
        };
        expression.switch(write.generation);
        expression.slot(write.id);
        if let Some(clause) = &write.bucket {
            expression.bucket(clause);
        }
        let counted = write.counted();
        if let Some(clause) = &write.quota {
            expression.quota(clause, counted);
        }
        for clause in &write.further {
            expression.further(clause, write.cost);
        }
        expression.day(&write.day, counted);
        expression.seen(write.at);
        if let Some(refund) = &write.refund {
            expression.refunded(refund);
        }
        expression
    }

    /// The parts of an `UpdateItem` that gives back and takes nothing.
    pub(super) fn of_refund(write: &RefundWrite) -> Self {
        let RefundWrite { id, after, refund } = write;
        let mut expression = Self::default();
        expression.name("#refund_id", REFUND_ID);
        expression.value(":id", id.number());
        expression.update.push_str("SET #refund_id = :id");
        match after {
            Some(after) => {
                expression.value(":after", after.number());
                expression.condition.push_str("#refund_id = :after");
            }
            None => expression
                .condition
                .push_str("attribute_not_exists(#refund_id)"),
        }
        let requests = i64::try_from(refund.requests).unwrap_or(i64::MAX);
        if let Some(window) = refund.window {
            expression.name("#win", WINDOW);
            expression.name("#used", USED);
            expression.value(":win", window.number());
            expression.require("#win = :win");
            expression.set("#used = #used + :requests");
        }
        expression.name("#day", DAY);
        expression.name("#count", COUNT);
        expression.value(":day", refund.day.number());
        expression.signed(":requests", requests.saturating_neg());
        expression.require("#day = :day");
        expression.set("#count = #count + :requests");
        expression.further_refund(&refund.further);
        expression.refunded(refund);
        expression
    }

    /// What has to be as it was when the requests were charged that are given back.
    fn refunded(&mut self, refund: &Refund) {
        self.require("attribute_exists(#day)");
        if refund.window.is_none() {
            return;
        }
        self.name("#set_id", SET_ID);
        match refund.follows {
            Some(follows) => {
                self.value(":follows", follows.number());
                self.require("attribute_exists(#win) AND #set_id = :follows");
            }
            None => self.require("attribute_exists(#win) AND attribute_not_exists(#set_id)"),
        }
    }

    fn switch(&mut self, generation: u64) {
        self.name("#off", OFF);
        if generation == 0 {
            self.condition.push_str("attribute_not_exists(#off)");
        } else {
            self.value(":generation", generation);
            self.condition
                .push_str("(attribute_not_exists(#off) OR #off = :generation)");
        }
    }

    fn slot(&mut self, id: ChargeId) {
        self.names.push(("#slot", slot_name(id.slot())));
        self.value(":id", id.number());
        self.require("(attribute_not_exists(#slot) OR #slot <> :id)");
        self.update.push_str("SET #slot = :id");
    }

    fn bucket(&mut self, clause: &BucketClause) {
        self.names.push(("#tat", tat_name(clause.bucket)));
        match clause.form {
            BucketForm::Busy {
                now,
                latest,
                cost_ns,
            } => {
                self.value(":now", now.as_nanos());
                self.value(":latest", latest.as_nanos());
                self.value(":cost_ns", cost_ns);
                self.require("#tat > :now AND #tat <= :latest");
                self.set("#tat = #tat + :cost_ns");
            }
            BucketForm::Idle { now, next } => {
                self.value(":now", now.as_nanos());
                self.value(":next", next.as_nanos());
                self.require("(attribute_not_exists(#tat) OR #tat <= :now)");
                self.set("#tat = :next");
            }
        }
    }

    fn quota(&mut self, clause: &QuotaClause, counted: i64) {
        self.name("#win", WINDOW);
        self.name("#used", USED);
        self.signed(":cost", counted);
        match *clause {
            QuotaClause::Same { window, most } => {
                self.value(":win", window.number());
                self.signed(":most", most);
                self.value(":zero", 0_u64);
                self.require(if most < 0 {
                    "#win = :win AND #used <= :most"
                } else {
                    "(attribute_not_exists(#win) OR (#win = :win AND #used <= :most))"
                });
                self.set("#win = :win, #used = if_not_exists(#used, :zero) + :cost");
            }
            QuotaClause::New { window } => {
                self.value(":win", window.number());
                self.require("#win < :win");
                self.set("#win = :win, #used = :cost");
            }
        }
    }

    fn day(&mut self, clause: &DayClause, counted: i64) {
        self.name("#day", DAY);
        self.name("#count", COUNT);
        self.signed(":requests", counted);
        match *clause {
            DayClause::Same { day } => {
                self.value(":day", day.number());
                self.value(":none", 0_u64);
                self.require("(attribute_not_exists(#day) OR #day = :day)");
                self.set("#day = :day, #count = if_not_exists(#count, :none) + :requests");
            }
            DayClause::New { day, archived } => {
                self.name("#prev_day", PREV_DAY);
                self.name("#prev_count", PREV_COUNT);
                self.value(":day", day.number());
                self.require("#day < :day");
                match archived {
                    Some(archived) => {
                        self.value(":archived", archived.number());
                        self.require("#prev_day = :archived");
                    }
                    None => self.require("attribute_not_exists(#prev_day)"),
                }
                self.set("#prev_day = #day, #prev_count = #count, #day = :day, #count = :requests");
            }
        }
    }

    fn seen(&mut self, at: Timestamp) {
        self.name("#seen", SEEN);
        self.value(":seen", at.as_secs() / SECS_A_MINUTE);
        self.set("#seen = :seen");
    }

    pub(super) fn require(&mut self, condition: &str) {
        self.condition.push_str(" AND ");
        self.condition.push_str(condition);
    }

    pub(super) fn set(&mut self, update: &str) {
        self.update.push_str(", ");
        self.update.push_str(update);
    }

    pub(super) fn name(&mut self, placeholder: &'static str, attribute: &str) {
        self.names.push((placeholder, attribute.to_owned()));
    }

    pub(super) fn signed(&mut self, placeholder: &'static str, number: i64) {
        self.values
            .push((placeholder, AttributeValue::N(number.to_string())));
    }

    pub(super) fn value(&mut self, placeholder: &'static str, number: impl Into<u64>) {
        self.values.push((placeholder, self::number(number)));
    }
}

pub(super) fn number(number: impl Into<u64>) -> AttributeValue {
    AttributeValue::N(number.into().to_string())
}

fn slot_name(slot: u8) -> String {
    format!("{SLOT_PREFIX}{slot}")
}

pub(super) fn tat_name(bucket: BucketId) -> String {
    match bucket {
        BucketId::Plan => TAT.to_owned(),
        BucketId::Method(hash) => {
            let mut attribute = METHOD_TAT_PREFIX.to_owned();
            // Writing to a String cannot fail.
            let _ = write!(attribute, "{hash:08x}");
            attribute
        }
    }
}

/// Reads a meter's item, or the part of it that an update returned.
///
/// # Errors
///
/// When an attribute is not the number that it should be.
pub(super) fn meter_item(attributes: &Attributes) -> Result<MeterItem, StoreError> {
    let mut item = MeterItem {
        off: attributes.get(OFF).is_some_and(AttributeValue::is_bool),
        ..MeterItem::default()
    };
    for (attribute, value) in attributes {
        if attribute == SET_ID {
            item.set_id = Some(ChargeId::new(as_number(attribute, value)?));
        } else if attribute == REFUND_ID {
            item.refund_id = Some(ChargeId::new(as_number(attribute, value)?));
        } else if attribute == SEEN {
            let minutes: u64 = as_number(attribute, value)?;
            let secs = minutes.saturating_mul(SECS_A_MINUTE);
            item.used_at = Some(Timestamp::from_secs(secs));
        } else if attribute == TAT {
            let tat = Timestamp::from_nanos(as_number(attribute, value)?);
            item.tats.push((BucketId::Plan, tat));
        } else if let Some(hash) = attribute.strip_prefix(METHOD_TAT_PREFIX) {
            let hash = u32::from_str_radix(hash, 16).map_err(|error| {
                StoreError::broken(format!("a meter's bucket {attribute}: {error}"))
            })?;
            let tat = Timestamp::from_nanos(as_number(attribute, value)?);
            item.tats.push((BucketId::Method(hash), tat));
        } else if let Some(slot) = attribute.strip_prefix(SLOT_PREFIX)
            && slot.parse::<u8>().is_ok_and(|slot| slot < SLOT_COUNT)
        {
            item.slots.push(ChargeId::new(as_number(attribute, value)?));
        }
    }
    item.quota = dated(attributes, WINDOW, USED)?.map(|(window, used)| WindowUse { window, used });
    item.further = further(attributes)?;
    item.day = dated(attributes, DAY, COUNT)?.map(|(day, count)| DayCount { day, count });
    item.prev_day =
        dated(attributes, PREV_DAY, PREV_COUNT)?.map(|(day, count)| DayCount { day, count });
    Ok(item)
}

/// Whether an item takes no charge that says `generation`.
///
/// # Errors
///
/// When the attribute is neither of what it can be.
pub(super) fn is_off_for(attributes: &Attributes, generation: u64) -> Result<bool, StoreError> {
    match attributes.get(OFF) {
        None => Ok(false),
        Some(AttributeValue::Bool(_)) => Ok(true),
        Some(number) => Ok(as_number::<u64>(OFF, number)? != generation),
    }
}

/// A day and the number that belongs to it, when the item has the day.
fn dated<N: FromStr + Default>(
    attributes: &Attributes,
    day: &str,
    count: &str,
) -> Result<Option<(Day, N)>, StoreError> {
    let Some(value) = attributes.get(day) else {
        return Ok(None);
    };
    let number: u32 = as_number(day, value)?;
    let count = match attributes.get(count) {
        Some(value) => as_number(count, value)?,
        None => N::default(),
    };
    Ok(Some((Day::from_number(number), count)))
}

pub(super) fn as_number<N: FromStr>(
    attribute: &str,
    value: &AttributeValue,
) -> Result<N, StoreError> {
    value
        .as_n()
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| {
            StoreError::broken(format!(
                "a meter's {attribute} is not a whole number of its range: {value:?}"
            ))
        })
}
