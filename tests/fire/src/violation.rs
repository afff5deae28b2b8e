//! A broken promise.

use std::fmt;

/// What has to hold, whatever happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    /// In every window of true time no more passes than the bucket allows.
    Bucket,
    /// No more passes in a window of a quota than its limit, or than an operator left.
    Quota,
    /// Windows and days begin when the calendar says, and none is used in the next.
    Calendar,
    /// Each request that passes was charged, and what was charged passes once.
    Charged,
    /// No charge is made twice while its slot has its name.
    ChargedOnce,
    /// The counts of days are what was charged on them, and no less than what passed.
    Days,
    /// What is charged in advance is used soon or never, also when the key is disabled.
    LeaseLife,
    /// What was charged under other limits, or when leases were on, is not used by a request that has to do without; and a lease is no
    /// larger than the plan says.
    LeaseTerms,
    /// What an operator set is set once.
    Operator,
    /// What only grows in an item has grown.
    Order,
    /// When all is quiet, every request is answered, and every process is served.
    Stuck,
    /// The engine does not panic.
    Panic,
    /// The engine asks for messages of the kind that it was answered with.
    Protocol,
}

impl Invariant {
    /// A short name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bucket => "bucket",
            Self::Quota => "quota",
            Self::Calendar => "calendar",
            Self::Charged => "charged",
            Self::ChargedOnce => "charged-once",
            Self::Days => "days",
            Self::LeaseLife => "lease-life",
            Self::LeaseTerms => "lease-terms",
            Self::Operator => "operator",
            Self::Order => "order",
            Self::Stuck => "stuck",
            Self::Panic => "panic",
            Self::Protocol => "protocol",
        }
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What was seen that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What was promised.
    pub invariant: Invariant,
    /// The number of the event, from 1, during which it was seen. One above the last: when all was quiet again.
    pub step: usize,
    /// What was seen.
    pub seen: String,
}

impl Violation {
    /// A violation of which the step is filled in later.
    pub fn new(invariant: Invariant, seen: impl Into<String>) -> Self {
        Self {
            invariant,
            step: 0,
            seen: seen.into(),
        }
    }

    /// `Ok` when `holds`.
    ///
    /// # Errors
    ///
    /// The violation, when it does not.
    pub fn unless(
        holds: bool,
        invariant: Invariant,
        seen: impl FnOnce() -> String,
    ) -> Result<(), Self> {
        if holds {
            Ok(())
        } else {
            Err(Self::new(invariant, seen()))
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            invariant,
            step,
            seen,
        } = self;
        write!(f, "{invariant}: {seen} (at event {step})")
    }
}
