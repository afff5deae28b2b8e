//! The items of the table, as they are written. Their names and keys stand in the design; stores hold them for years.

mod alert;
mod key;
mod plan;

use serde::{Deserialize, Serialize};

use crate::id::{ApiId, ApiStage, KeyId, PlanId, StageName};
use crate::meter::MeterId;
use crate::time::Timestamp;

pub(super) use alert::{AlertItem, alert_list};
pub(super) use key::{FormerItem, KeyItem, SecretItem, ValueItem};
pub(super) use plan::{MemberItem, PlanItem, StagePlanItem};

/// The table's keys, and those of its index.
pub(super) mod name {
    pub(crate) const PK: &str = "pk";
    pub(crate) const SK: &str = "sk";
    pub(crate) const LIST_INDEX: &str = "list";
    pub(crate) const LIST_PK: &str = "list_pk";
    pub(crate) const LIST_SK: &str = "list_sk";
    pub(crate) const TTL: &str = "ttl";
}

pub(super) const KEY_SK: &str = "KEY";
pub(super) const VALUE_SK: &str = "VALUE";
pub(super) const PLAN_SK: &str = "PLAN";
pub(super) const METER_SK: &str = "METER";
pub(super) const SHARD_SK: &str = "SHARD";
pub(super) const METER_PK_PREFIX: &str = "M#";
pub(super) const DAY_PK_PREFIX: &str = "D#";
pub(super) const ALERT_PK_PREFIX: &str = "AL#";
pub(super) const MEMBER_SK_PREFIX: &str = "KEY#";
pub(super) const STAGE_PLAN_SK_PREFIX: &str = "PLAN#";
pub(super) const API_SK: &str = "API";
pub(super) const KEY_LIST: &str = "KEY";
pub(super) const PLAN_LIST: &str = "PLAN";

pub(super) fn value_pk(hash: &str) -> String {
    format!("K#{hash}")
}

pub(super) fn key_pk(id: &KeyId) -> String {
    format!("I#{id}")
}

pub(super) fn secret_pk(id: &KeyId) -> String {
    format!("S#{id}")
}

pub(super) fn plan_pk(id: &PlanId) -> String {
    format!("P#{id}")
}

pub(super) fn member_sk(id: &KeyId) -> String {
    format!("{MEMBER_SK_PREFIX}{id}")
}

pub(super) fn meter_pk(meter: &MeterId) -> String {
    format!("{METER_PK_PREFIX}{meter}")
}

/// `M#<meter>#<number>`: a partition key for each shard, since a store writes to one no more often than to one item.
pub(super) fn shard_pk(meter: &MeterId, number: u8) -> String {
    format!("{METER_PK_PREFIX}{meter}#{number:03}")
}

/// `U#<api id>/<stage>`: the plans that cover a stage.
pub(super) fn stage_plans_pk(api_stage: &ApiStage) -> String {
    format!("U#{}/{}", api_stage.api_id, api_stage.stage)
}

pub(super) fn stage_plan_sk(id: &PlanId) -> String {
    format!("{STAGE_PLAN_SK_PREFIX}{id}")
}

/// `A#<api id>`: an API that Tollgate manages, with its stages.
pub(super) fn api_pk(id: &ApiId) -> String {
    format!("A#{id}")
}

pub(super) fn stage_sk(stage: &StageName) -> String {
    format!("STG#{stage}")
}

/// `N#<list>`: how long a list is.
pub(super) fn count_pk(list: &str) -> String {
    format!("N#{list}")
}

/// Which of the items that count together counts the entry `id`: changes of several entries at once then seldom meet.
pub(super) fn count_sk(id: &str) -> String {
    format!("{:02}", crc32fast::hash(id.as_bytes()) % COUNT_SHARDS)
}

/// `AL#<meter>`: the alerts about a meter.
pub(super) fn alert_pk(meter: &MeterId) -> String {
    format!("{ALERT_PK_PREFIX}{meter}")
}

pub(super) fn day_pk(meter: &MeterId) -> String {
    format!("{DAY_PK_PREFIX}{meter}")
}

/// How many items count the entries of one list together.
const COUNT_SHARDS: u32 = 16;

/// How many characters of an index's sort key stand before the id.
pub(super) const LIST_KEY_LEN: usize = 21;

/// Sorts by the instant of creation; the id makes it unique.
pub(super) fn list_sk(created_at: Timestamp, id: &str) -> String {
    format!("{:020}#{id}", created_at.as_nanos())
}

/// `D#<key id>#<plan id>` / `<date>`: the requests of a day that has ended.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct DayItem {
    pub(super) pk: String,
    pub(super) sk: String,
    pub(super) count: u64,
    /// When the table may forget it, in seconds since the epoch.
    pub(super) ttl: u64,
}

/// `N#<list>` / `<shard>`: a part of the number of the list's entries.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CountItem {
    pub(super) count: i64,
}
