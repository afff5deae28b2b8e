//! Usage plans: what a key may use, and how fast.

mod costs;
mod mode;

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::bucket::Throttle;
use crate::id::{ApiStage, PlanId};
use crate::quota::{FurtherQuotas, MAX_LIMIT, Quota, Reset};
use crate::time::Timestamp;

pub use costs::{COSTS, Costs, InvalidCosts, MAX_COST};
pub use mode::{InvalidMode, InvalidShadowStages, MODE, Mode, SHADOW_STAGES, ShadowStages};

/// The tag with which a plan says whether its keys are charged in advance: `off`, or the most requests of a lease.
pub const LEASE: &str = "tollgate:lease";

/// The tag with which a plan says over how many items the requests of one key are spread, 2 to 256: for keys that need more writes a
/// second than a store makes to one item.
pub const SHARDS: &str = "tollgate:shards";

/// The tag with which a plan says what becomes of its keys' requests while the store does not answer: `deny` or `allow`.
pub const ON_UNAVAILABLE: &str = "tollgate:on-unavailable";

/// The tag with which a plan asks for alerts, such as `80,100,throttled`: at these percentages of a key's quota, and when a key begins to be
/// throttled.
pub const ALERTS: &str = "tollgate:alerts";

/// The tag with which a plan says its further quotas, such as `100/minute, 50000/month soft`.
pub const QUOTAS: &str = "tollgate:quotas";

/// The tag with which a plan says when the periods of its further quotas begin, such as `15 06:00 +02:00`.
pub const QUOTA_RESET: &str = "tollgate:quota-reset";

/// The tag with which a plan says how far below zero a quota may come when a request has cost more than it was charged before: so many
/// requests, 0 without the tag.
pub const OVERDRAFT: &str = "tollgate:overdraft";

/// So many requests beyond a quota.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overdraft(u64);

impl FromStr for Overdraft {
    type Err = InvalidOverdraft;

    /// Reads a number from 0 to 2^53.
    fn from_str(text: &str) -> Result<Self, InvalidOverdraft> {
        let requests = text.parse().ok().filter(|requests| *requests <= MAX_LIMIT);
        requests.map(Self).ok_or(InvalidOverdraft)
    }
}

/// A text that is no number of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a number of requests, 0 or more")]
pub struct InvalidOverdraft;

/// What becomes of a request that cannot be charged, because the store does not answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnUnavailable {
    /// It is refused: no client ever gets more than its plan.
    #[default]
    Deny,
    /// Each process admits by itself what the plan allows, beyond what it knows to be used, and charges nobody for it.
    Allow,
}

impl FromStr for OnUnavailable {
    type Err = InvalidOnUnavailable;

    /// Reads `deny` or `allow`.
    fn from_str(text: &str) -> Result<Self, InvalidOnUnavailable> {
        match text {
            "deny" => Ok(Self::Deny),
            "allow" => Ok(Self::Allow),
            _ => Err(InvalidOnUnavailable),
        }
    }
}

/// A text that is neither `deny` nor `allow`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be deny or allow")]
pub struct InvalidOnUnavailable;

/// Over how many items the requests of one key are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shards {
    /// The number of the last one, 1 or more: the first is 0.
    last: u8,
}

impl Shards {
    /// How many there are, 2 to 256.
    pub fn count(self) -> u32 {
        u32::from(self.last) + 1
    }

    /// The number of the shard for whoever has drawn this lot: each is as likely as the others.
    pub fn pick(self, lot: u64) -> u8 {
        u8::try_from(lot % u64::from(self.count())).unwrap_or(0)
    }
}

impl FromStr for Shards {
    type Err = InvalidShards;

    /// Reads a number from 2 to 256.
    fn from_str(text: &str) -> Result<Self, InvalidShards> {
        let last = text
            .parse()
            .ok()
            .and_then(|count: u16| count.checked_sub(1));
        match last.map(u8::try_from) {
            Some(Ok(last)) if last > 0 => Ok(Self { last }),
            Some(Ok(_) | Err(_)) | None => Err(InvalidShards),
        }
    }
}

/// A text that is no number of shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a number of shards, 2 to 256")]
pub struct InvalidShards;

/// Whether a process charges in advance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leases {
    /// Each request is charged when it comes.
    Off,
    /// A lease has so many requests at the most.
    AtMost(NonZeroU64),
}

impl Default for Leases {
    /// At most 100 requests.
    fn default() -> Self {
        NonZeroU64::new(100).map_or(Self::Off, Self::AtMost)
    }
}

impl Leases {
    /// The stricter of two settings.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        match (self, other) {
            (Self::AtMost(one), Self::AtMost(two)) => Self::AtMost(one.min(two)),
            (Self::Off, Self::Off | Self::AtMost(_)) | (Self::AtMost(_), Self::Off) => Self::Off,
        }
    }

    /// The most requests that one charge takes in advance and at once; 1 when it takes none in advance.
    pub const fn most(self) -> u64 {
        match self {
            Self::Off => 1,
            Self::AtMost(most) => most.get(),
        }
    }
}

impl FromStr for Leases {
    type Err = InvalidLeases;

    /// Reads `off`, or the most requests of a lease: 1 or more.
    fn from_str(text: &str) -> Result<Self, InvalidLeases> {
        if text == "off" {
            return Ok(Self::Off);
        }
        text.parse()
            .map(Self::AtMost)
            .map_err(|_no_number| InvalidLeases)
    }
}

/// A text that says neither `off` nor how many requests a lease has at the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be off, or the most requests of a lease, 1 or more")]
pub struct InvalidLeases;

/// A usage plan. Its limits belong to each of its keys; they are not shared between keys.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The plan's id.
    pub id: PlanId,
    /// What the plan is called. Names need not be unique.
    pub name: String,
    /// What the plan is for, in the operator's words.
    pub description: Option<String>,
    /// The code under which AWS Marketplace sells the plan. Tollgate only keeps it.
    pub product_code: Option<String>,
    /// The rate and the burst of each key. `None`: requests are not throttled.
    pub throttle: Option<Throttle>,
    /// The requests of each key in a period. `None`: they are counted, and not limited.
    pub quota: Option<Quota>,
    /// The stages that a key of this plan opens.
    pub stages: Vec<CoveredStage>,
    /// Free labels. Names that start with `tollgate:` are Tollgate's own.
    pub tags: BTreeMap<String, String>,
    /// When the plan was created.
    pub created_at: Timestamp,
}

/// A stage in a plan, with the throttles of single methods.
#[derive(Clone, Debug, PartialEq)]
pub struct CoveredStage {
    /// The stage.
    pub api_stage: ApiStage,
    /// Throttles that replace the plan's for one method, each with a bucket of its own.
    /// The name is `{path}/{METHOD}`, such as `/users/{id}/GET`, or `*/*` for every method.
    pub method_throttles: BTreeMap<String, MethodThrottle>,
}

/// The throttle of one method in one stage of a plan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MethodThrottle {
    /// Which of a meter's buckets it fills.
    pub bucket: BucketId,
    /// Its rate and burst.
    pub throttle: Throttle,
}

/// Which bucket of a meter a request takes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BucketId {
    /// The plan's own.
    Plan,
    /// The bucket of a method's throttle, by the hash of stage and method.
    Method(u32),
}

/// The resource path and the method of a request, as a usage plan names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MethodName<'a> {
    /// The resource's path template, such as `/users/{id}`.
    pub resource: &'a str,
    /// The verb that the request was sent with, such as `GET`.
    pub verb: &'a str,
}

impl CoveredStage {
    /// A stage without throttles of single methods.
    #[must_use]
    pub const fn new(api_stage: ApiStage) -> Self {
        Self {
            api_stage,
            method_throttles: BTreeMap::new(),
        }
    }

    /// Sets the throttle of the method `name`, written as in [`CoveredStage::method_throttles`].
    pub fn set_method_throttle(&mut self, name: &str, throttle: Throttle) {
        let digest = Sha256::digest(format!("{}/{name}", self.api_stage));
        let hash = digest
            .iter()
            .take(4)
            .fold(0, |hash: u32, byte| (hash << 8) | u32::from(*byte));
        let throttle = MethodThrottle {
            bucket: BucketId::Method(hash),
            throttle,
        };
        self.method_throttles.insert(name.to_owned(), throttle);
    }
}

impl Plan {
    /// The stage of this plan that is `api_stage`, if the plan covers it.
    pub fn covered(&self, api_stage: &ApiStage) -> Option<&CoveredStage> {
        self.stages
            .iter()
            .find(|covered| covered.api_stage == *api_stage)
    }

    /// The plan's stage, when it covers one and no more.
    pub fn only_stage(&self) -> Option<&ApiStage> {
        match self.stages.as_slice() {
            [only] => Some(&only.api_stage),
            [] | [_, _, ..] => None,
        }
    }

    /// What the plan's tag [`LEASE`] says of charging its keys in advance: `off`, or how much at the most. What cannot be read is `off`.
    pub fn leases(&self) -> Leases {
        match self.tags.get(LEASE) {
            None => Leases::AtMost(NonZeroU64::MAX),
            Some(text) => text.parse().unwrap_or(Leases::Off),
        }
    }

    /// What the plan's tag [`SHARDS`] says. Without it, and when it cannot be read, there are none; neither with further quotas.
    pub fn shards(&self) -> Option<Shards> {
        let shards = self.tags.get(SHARDS)?.parse().ok();
        shards.filter(|_| self.further_quotas().is_empty())
    }

    /// What the plan's tags [`QUOTAS`] and [`QUOTA_RESET`] say. When they cannot be read, nothing passes.
    pub fn further_quotas(&self) -> FurtherQuotas {
        further_quotas(&self.tags)
    }

    /// What the plan's tag [`OVERDRAFT`] says, in requests. Without it, and when it cannot be read, 0.
    pub fn overdraft(&self) -> u64 {
        let tag = self.tags.get(OVERDRAFT);
        let read = tag.and_then(|text| text.parse::<Overdraft>().ok());
        read.unwrap_or_default().0
    }

    /// What the plan's tag [`COSTS`] says. When it cannot be read, each request counts for more than any limit.
    pub fn costs(&self) -> Costs {
        match self.tags.get(COSTS) {
            None => Costs::default(),
            Some(text) => text.parse().unwrap_or_else(|_| Costs::prohibitive()),
        }
    }

    /// What the plan's tag [`ON_UNAVAILABLE`] says. Without it, and when it cannot be read, requests are refused.
    pub fn on_unavailable(&self) -> OnUnavailable {
        self.tags
            .get(ON_UNAVAILABLE)
            .and_then(|text| text.parse().ok())
            .unwrap_or_default()
    }

    /// The first stage that both plans cover. A key may be in one plan for each stage.
    pub fn shared_stage<'a>(&'a self, other: &Self) -> Option<&'a ApiStage> {
        self.stages
            .iter()
            .map(|covered| &covered.api_stage)
            .find(|api_stage| other.covered(api_stage).is_some())
    }
}

/// What the tags [`QUOTAS`] and [`QUOTA_RESET`] of a plan say. When they cannot be read, nothing passes.
pub fn further_quotas(tags: &BTreeMap<String, String>) -> FurtherQuotas {
    let Some(quotas) = tags.get(QUOTAS) else {
        return FurtherQuotas::default();
    };
    let reset = match tags.get(QUOTA_RESET) {
        None => Ok(Reset::default()),
        Some(text) => text.parse(),
    };
    match (quotas.parse::<FurtherQuotas>(), reset) {
        (Ok(quotas), Ok(reset)) => quotas.with_reset(reset),
        (Err(_), _) | (_, Err(_)) => FurtherQuotas::closed(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bucket::Rate;

    fn throttle(rate: f64) -> Throttle {
        Throttle {
            rate: Rate::per_second(rate).unwrap(),
            burst: 1,
        }
    }

    fn plan(stages: Vec<CoveredStage>) -> Plan {
        Plan {
            id: "p".into(),
            name: "Bronze".to_owned(),
            description: None,
            product_code: None,
            throttle: Some(throttle(1.0)),
            quota: None,
            stages,
            tags: BTreeMap::new(),
            created_at: Timestamp::EPOCH,
        }
    }

    #[test]
    fn a_plan_has_two_to_256_shards_or_none() {
        let shards = |text: &str| {
            let mut plan = plan(Vec::new());
            plan.tags.insert(SHARDS.to_owned(), text.to_owned());
            plan.shards()
        };
        assert_eq!(plan(Vec::new()).shards(), None);
        for text in ["", "off", "0", "1", "257", "65536", "-2"] {
            assert_eq!(shards(text), None, "{text}");
        }
        assert_eq!(shards("2").map(|shards| shards.pick(7)), Some(1));
        assert_eq!(shards("256").map(|shards| shards.pick(255)), Some(255));
    }

    #[test]
    fn only_an_explicit_allow_admits_what_cannot_be_charged() {
        let of = |text: &str| {
            let mut plan = plan(Vec::new());
            plan.tags.insert(ON_UNAVAILABLE.to_owned(), text.to_owned());
            plan.on_unavailable()
        };
        assert_eq!(
            plan(Vec::new()).on_unavailable(),
            OnUnavailable::Deny,
            "without the tag"
        );
        for text in ["", "deny", "Allow", "true", "allow "] {
            assert_eq!(of(text), OnUnavailable::Deny, "{text}");
        }
        assert_eq!(of("allow"), OnUnavailable::Allow);
    }

    #[test]
    fn plans_that_cover_one_stage_share_it() {
        let dev = CoveredStage::new(ApiStage::new("users", "dev"));
        let prod = CoveredStage::new(ApiStage::new("users", "prod"));
        let both = plan(vec![dev.clone(), prod.clone()]);
        assert_eq!(
            both.shared_stage(&plan(vec![prod.clone()])),
            Some(&prod.api_stage)
        );
        assert_eq!(plan(vec![dev]).shared_stage(&plan(vec![prod])), None);
    }
}
