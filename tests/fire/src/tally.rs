//! How often each thing really happened: a simulation in which something never happens says nothing about it.

use std::fmt;

macro_rules! deeds {
    ($($name:ident: $text:literal,)*) => {
        /// What can happen in a world.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Deed {
            $(#[doc = $text] $name,)*
        }

        impl Deed {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// What it is called.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

deeds! {
    AdmittedByCharge: "admitted by a charge",
    AdmittedTogether: "admitted by a charge of another request",
    AdmittedByLease: "admitted by a lease",
    AdmittedByShard: "admitted by a draw from a shard",
    AdmittedAfterOff: "admitted by a lease while the key was disabled",
    RefusedByBucket: "refused by the bucket",
    RefusedByQuota: "refused by the quota",
    RefusedByFurther: "refused by a further quota",
    AdmittedBeyond: "admitted beyond a soft quota",
    Settled: "costs settled afterwards",
    SettledBeyond: "costs that brought a quota below zero",
    SwitchedOff: "refused as disabled",
    Unanswered: "given up without an answer",
    WriteApplied: "charges applied",
    WriteFailed: "charges that did not fit",
    FoundApplied: "retries that found their own charge applied",
    RefundedWithCharge: "refunds with a charge",
    RefundedAtEnd: "refunds by a process that ends",
    RefundRefused: "refunds that came too late",
    ShardDrawn: "draws from shards",
    ShardClaimed: "claims of shards",
    ShardFilled: "fillings of shards",
    Archived: "days archived",
    WindowTurned: "windows turned over",
    StretchTurned: "stretches of further quotas turned over",
    RefundedToFurther: "refunds to a further quota",
    DayTurned: "days turned over",
    RemainingSet: "changes by operators",
    PlanChanged: "changes of plans",
    PlanLoaded: "plans read again",
    StalePlanUsed: "requests under an outdated plan",
    SwitchSent: "keys disabled or enabled",
    RequestLost: "requests lost",
    AnswerLost: "answers lost",
    SentLate: "messages late",
    SentTwice: "messages repeated",
    ArrivedLate: "late messages that arrived",
    Killed: "processes killed",
    KilledWithLease: "processes killed with a lease in hand",
    Frozen: "processes frozen",
    Thawed: "processes thawed",
    ClockSet: "clocks set",
    Dropped: "requests given up by their callers",
}

impl Deed {
    /// Whether something went wrong.
    pub const fn is_fault(self) -> bool {
        matches!(
            self,
            Self::RequestLost
                | Self::AnswerLost
                | Self::SentLate
                | Self::SentTwice
                | Self::Killed
                | Self::Frozen
                | Self::ClockSet
        )
    }
}

/// How often each thing happened.
#[derive(Clone, Debug)]
pub struct Tally {
    counts: Vec<u64>,
    /// The events that were carried out.
    pub steps: u64,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            counts: vec![0; Deed::ALL.len()],
            steps: 0,
        }
    }
}

impl Tally {
    /// It happened once more.
    pub fn add(&mut self, deed: Deed) {
        if let Some(count) = self.counts.get_mut(deed as usize) {
            *count += 1;
        }
    }

    /// How often it happened.
    pub fn of(&self, deed: Deed) -> u64 {
        self.counts.get(deed as usize).copied().unwrap_or(0)
    }

    /// Adds what happened elsewhere.
    pub fn merge(&mut self, other: &Self) {
        self.steps += other.steps;
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
    }

    /// How often something went wrong.
    pub fn faults(&self) -> u64 {
        let faults = Deed::ALL.iter().filter(|deed| deed.is_fault());
        faults.map(|deed| self.of(*deed)).sum()
    }

    /// What never happened.
    pub fn missing(&self) -> impl Iterator<Item = Deed> {
        let all = Deed::ALL.iter().copied();
        all.filter(|deed| self.of(*deed) == 0)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for deed in Deed::ALL {
            writeln!(f, "{:>12}  {}", self.of(*deed), deed.as_str())?;
        }
        Ok(())
    }
}
