//! The systems that are measured.

use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};
use tollgate::lease::Leases;

/// A limiter with its settings, or what one is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum System {
    /// Node.js's rate-limiter-flexible.
    RateLimiterFlexible,
    /// The same, with its option to refuse from memory.
    RateLimiterFlexibleBlocking,
    /// Python's zae-limiter.
    ZaeLimiter,
    /// Reads the item, computes, and writes it back under the condition that nobody has changed it.
    Optimistic,
    /// A GCRA in two forms of one conditional update, without anything more.
    TwoForm,
    /// Tollgate with a write for each decision, or each group of decisions.
    LeasesOff,
    /// Tollgate with leases of at most 10.
    LeasesOf10,
    /// Tollgate with leases of at most 100.
    LeasesOf100,
    /// The SDK's bare `UpdateItem`, which limits nothing.
    BareUpdate,
}

/// What runs the callers of a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// This program.
    Rust,
    /// Node.js.
    JavaScript,
    /// Python.
    Python,
}

impl System {
    /// Each of them.
    pub(crate) const ALL: [Self; 9] = [
        Self::RateLimiterFlexible,
        Self::RateLimiterFlexibleBlocking,
        Self::ZaeLimiter,
        Self::Optimistic,
        Self::TwoForm,
        Self::LeasesOff,
        Self::LeasesOf10,
        Self::LeasesOf100,
        Self::BareUpdate,
    ];

    /// The name in the table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::RateLimiterFlexible => "rate-limiter-flexible",
            Self::RateLimiterFlexibleBlocking => "rate-limiter-flexible-local-block",
            Self::ZaeLimiter => "zae-limiter",
            Self::Optimistic => "optimistic-get-put",
            Self::TwoForm => "two-form-gcra",
            Self::LeasesOff => "tollgate-leases-off",
            Self::LeasesOf10 => "tollgate-leases-10",
            Self::LeasesOf100 => "tollgate-leases-100",
            Self::BareUpdate => "bare-update-item",
        }
    }

    /// How Tollgate leases; `None` when the system is not Tollgate.
    pub(crate) fn leases(self) -> Option<Leases> {
        match self {
            Self::LeasesOff => Some(Leases::Off),
            Self::LeasesOf10 => NonZeroU64::new(10).map(Leases::AtMost),
            Self::LeasesOf100 => NonZeroU64::new(100).map(Leases::AtMost),
            Self::RateLimiterFlexible
            | Self::RateLimiterFlexibleBlocking
            | Self::ZaeLimiter
            | Self::Optimistic
            | Self::TwoForm
            | Self::BareUpdate => None,
        }
    }

    /// Whether it may charge requests before they come.
    pub(crate) fn charges_in_advance(self) -> bool {
        matches!(self.leases(), Some(Leases::AtMost(_)))
    }

    /// What runs its callers.
    pub(crate) const fn language(self) -> Language {
        match self {
            Self::RateLimiterFlexible | Self::RateLimiterFlexibleBlocking => Language::JavaScript,
            Self::ZaeLimiter => Language::Python,
            Self::Optimistic
            | Self::TwoForm
            | Self::LeasesOff
            | Self::LeasesOf10
            | Self::LeasesOf100
            | Self::BareUpdate => Language::Rust,
        }
    }
}

impl From<System> for String {
    fn from(system: System) -> Self {
        system.name().to_owned()
    }
}

impl TryFrom<String> for System {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|system| system.name() == name)
            .ok_or_else(|| format!("no such system: {name}"))
    }
}
