//! The plan of a world, as an operator writes it, and what it comes to by a reckoning that is not the engine's.

use std::fmt;
use std::num::NonZeroU64;

use fastrand::Rng;
use tollgate::bucket::{Bucket, Rate, Throttle};
use tollgate::lease::Leases;
use tollgate::meter::Limits;
use tollgate::plan::{BucketId, Shards};
use tollgate::quota::{
    Day, Every, FurtherQuota, FurtherQuotas, MAX_FURTHER, Period, Quota, Quotas,
};

use crate::calendar::{Anchor, SECOND_NS};

/// The bucket of the one method that has a throttle of its own.
pub const METHOD: BucketId = BucketId::Method(7);

/// A rate and a burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Requests a second.
    pub per_second: u32,
    /// What a full bucket holds.
    pub burst: u64,
}

impl Pace {
    /// The time that one request takes from the bucket. 0: it never refills.
    pub fn interval_ns(self) -> u64 {
        match u64::from(self.per_second) {
            0 => 0,
            // Rounded up without `div_ceil`, which the engine uses.
            rate => SECOND_NS / rate + u64::from(!SECOND_NS.is_multiple_of(rate)),
        }
    }

    /// The time that an empty bucket needs to be full.
    pub fn refill_ns(self) -> u64 {
        self.interval_ns() * self.burst
    }

    /// Whether anything passes at all.
    pub const fn admits(self) -> bool {
        self.per_second > 0 && self.burst > 0
    }

    fn bucket(self) -> Bucket {
        Bucket::new(Throttle {
            rate: Rate::from(self.per_second),
            burst: self.burst,
        })
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s burst {}", self.per_second, self.burst)
    }
}

/// Saturday, 2026-02-28: a day, a week and a month end together.
pub const LAST_DAY_OF_THE_MONTH: u32 = 20_512;

/// A plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The plan's throttle, if it has one.
    pub pace: Option<Pace>,
    /// The throttle of one method.
    pub method: Pace,
    /// The quota, if it has one.
    pub quota: Option<Quota>,
    /// Its further quotas.
    pub further: FurtherQuotas,
    /// When their periods begin.
    pub anchor: Anchor,
    /// How far below zero a quota may come when a cost is settled.
    pub overdraft: u64,
    /// How much may be charged in advance. 0: nothing.
    pub lease: u64,
    /// Over how many shards it is spread. 0: none.
    pub shards: u8,
}

/// What kind of clients a world has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Small bursts and quotas, which are used up soon.
    Small,
    /// Bursts of which leases are taken.
    Leased,
    /// Rates for which shards are filled and drawn from.
    Sharded,
}

impl Rules {
    /// A plan under which nothing is counted or limited.
    pub fn nothing() -> Self {
        Self {
            pace: None,
            method: Pace {
                per_second: 0,
                burst: 0,
            },
            quota: None,
            further: FurtherQuotas::default(),
            anchor: Anchor::default(),
            overdraft: 0,
            lease: 0,
            shards: 0,
        }
    }

    /// Further quotas as an operator writes them, for clients of a kind; those with shards have none.
    fn draw_further(rng: &mut Rng, kind: Kind) -> (FurtherQuotas, Anchor) {
        let most = match kind {
            Kind::Small => 20,
            Kind::Leased => 600,
            Kind::Sharded => 0,
        };
        let mut texts = Vec::new();
        for every in Every::ALL {
            if texts.len() < MAX_FURTHER && rng.u8(0..5) < 2 {
                let soft = if rng.u8(0..4) == 0 { " soft" } else { "" };
                texts.push(format!(
                    "{}/{every}{soft}",
                    rng.u64(0..=most) * rng.u64(1..=4)
                ));
            }
        }
        let anchor = Anchor {
            ahead_min: *rng.choice(&[0, 0, 120, -210, 345]).unwrap_or(&0),
            at_min: *rng.choice(&[0, 0, 360, 1_439]).unwrap_or(&0),
            weekday: rng.u32(0..7),
            day: rng.u32(0..28),
        };
        let quotas = texts.join(", ").parse::<FurtherQuotas>();
        match (quotas, anchor.to_string().parse()) {
            (Ok(quotas), Ok(reset)) if most > 0 => (quotas.with_reset(reset), anchor),
            (Ok(_) | Err(_), Ok(_) | Err(_)) => (FurtherQuotas::default(), anchor),
        }
    }

    /// The further quota of a period.
    pub fn further(&self, every: Every) -> Option<FurtherQuota> {
        self.further.iter().find(|quota| quota.every == every)
    }

    /// A plan for clients of a kind.
    pub fn draw(rng: &mut Rng, kind: Kind) -> Self {
        let pace = |rng: &mut Rng| match kind {
            Kind::Small => Pace {
                per_second: rng.u32(1..40),
                burst: rng.u64(0..12),
            },
            Kind::Leased => Pace {
                per_second: rng.u32(1..120),
                burst: rng.u64(100..400),
            },
            Kind::Sharded => Pace {
                per_second: rng.u32(200..1_500),
                burst: rng.u64(300..4_000),
            },
        };
        let (throttle, method) = (pace(rng), pace(rng));
        let period = *rng
            .choice(&[Period::Day, Period::Week, Period::Month])
            .unwrap_or(&Period::Day);
        let limit = match (kind, rng.u8(0..3)) {
            (Kind::Small, _) => rng.u64(0..40),
            (Kind::Leased, 0) => rng.u64(0..60),
            (Kind::Leased, 1) => rng.u64(100..900),
            (Kind::Sharded, 0) => rng.u64(200..4_000),
            (Kind::Leased | Kind::Sharded, _) => rng.u64(2_000..100_000),
        };
        let offset = rng.u32(0..=period.max_offset());
        let quota = Quota::new(limit, period, offset).ok().map(topped_up);
        let (further, anchor) = Self::draw_further(rng, kind);
        Self {
            pace: (rng.u8(0..8) > 0).then_some(throttle),
            method,
            quota: quota.filter(|_| rng.u8(0..5) > 0),
            further,
            anchor,
            overdraft: if rng.bool() { 0 } else { rng.u64(1..30) },
            lease: match rng.u8(0..4) {
                0 => 0,
                1 | 2 => rng.u64(2..20),
                _ => 100,
            },
            shards: if kind == Kind::Sharded { 2 } else { 0 },
        }
    }

    /// The plan after an operator has changed something of it.
    #[must_use]
    pub fn change(self, rng: &mut Rng, kind: Kind) -> Self {
        let other = Self::draw(rng, kind);
        let mut changed = self;
        match rng.u8(0..8) {
            0 => changed.pace = other.pace,
            1 => changed.method = other.method,
            2 => changed.quota = other.quota,
            3 => changed.lease = other.lease,
            4 => changed.shards = if self.shards > 0 { 0 } else { other.shards },
            5 => (changed.further, changed.anchor) = (other.further, other.anchor),
            6 => changed.overdraft = other.overdraft,
            _ => changed = other,
        }
        changed
    }

    /// The throttle of a bucket.
    pub const fn pace_of(&self, bucket: Option<BucketId>) -> Option<Pace> {
        match bucket {
            Some(BucketId::Plan) => self.pace,
            Some(BucketId::Method(_)) => Some(self.method),
            None => None,
        }
    }

    /// The limits of a request, for the method with a throttle of its own or for another.
    pub fn limits(&self, of_method: bool) -> Limits {
        let bucket = if of_method {
            Some((METHOD, self.method.bucket()))
        } else {
            self.pace.map(|pace| (BucketId::Plan, pace.bucket()))
        };
        Limits {
            bucket,
            quota: self.quota,
            further: self.further,
        }
    }

    /// What a cost is settled with.
    pub const fn quotas(&self) -> Quotas {
        Quotas {
            own: self.quota,
            further: self.further,
            overdraft: self.overdraft,
            generation: 0,
        }
    }

    /// How much may be charged in advance.
    pub fn leases(&self) -> Leases {
        NonZeroU64::new(self.lease).map_or(Leases::Off, Leases::AtMost)
    }

    /// The shards. As the limiter has it, there are none without leases.
    pub fn shards(&self) -> Option<Shards> {
        let shards = self.shards.to_string().parse().ok();
        shards.filter(|_| self.lease > 0 && self.further.is_empty())
    }

    /// Whether a request of a kind can pass at all when nothing was used.
    pub fn admits(&self, of_method: bool) -> bool {
        let pace = if of_method {
            Some(self.method)
        } else {
            self.pace
        };
        let is_closed = |quota: FurtherQuota| quota.limit == 0 && !quota.is_soft;
        pace.is_none_or(Pace::admits)
            && self.quota.is_none_or(|quota| quota.limit() > 0)
            && !self.further.iter().any(is_closed)
    }

    /// For how long what is charged in advance may be used: a second, or a sixteenth of the bucket's refill.
    pub fn lease_life_ns(&self, bucket: Option<BucketId>) -> u64 {
        match self.pace_of(bucket) {
            Some(pace) if pace.burst < 100 => 0,
            Some(pace) => SECOND_NS.min(pace.refill_ns() / 16),
            None => SECOND_NS,
        }
    }
}

/// Half of the quotas with some more requests in the window that most worlds see end, and in no other.
fn topped_up(quota: Quota) -> Quota {
    if quota.limit().is_multiple_of(2) {
        return quota;
    }
    quota.with_extra(first_window(quota), quota.limit() / 2 + 1)
}

/// The limit of a quota in the window that begins on the day `first`. The judge reckons it by itself: the engine's rule is on trial.
pub fn limit_in(quota: Quota, first: u32) -> u64 {
    let has_more = first == first_window(quota).number();
    if has_more && !quota.limit().is_multiple_of(2) {
        quota.limit() + quota.limit() / 2 + 1
    } else {
        quota.limit()
    }
}

fn first_window(quota: Quota) -> Day {
    let last = Day::from_number(LAST_DAY_OF_THE_MONTH);
    quota.window_of(last).first
}

impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pace {
            Some(pace) => write!(f, "{pace}")?,
            None => f.write_str("no throttle")?,
        }
        write!(f, ", one method {}", self.method)?;
        match self.quota {
            Some(quota) => write!(
                f,
                ", quota {} ({} at first) a {} offset {}",
                quota.limit(),
                quota.limit_in(first_window(quota)),
                quota.period(),
                quota.offset()
            )?,
            None => f.write_str(", no quota")?,
        }
        if !self.further.is_empty() {
            write!(f, ", further {} from {}", self.further, self.anchor)?;
        }
        let Self {
            overdraft,
            lease,
            shards,
            ..
        } = self;
        write!(f, ", overdraft {overdraft}, lease {lease}, shards {shards}")
    }
}
