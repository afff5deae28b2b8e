//! The scenarios: who asks for what, how long, and under which plan.

use crate::system::System;
use crate::task::Plan;

/// What is measured. Every system of a scenario is given the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// 16 callers in 16 limiters ask for one key, whose limit they never reach.
    LimitNeverReached,
    /// 500 checks a second, each at its time, spread over 16 limiters, for one key, whose limit they never reach.
    Paced,
    /// 16 callers ask one limiter for one key, whose limit they never reach.
    OneLimiterShared,
    /// 16 callers in 16 limiters ask for 10,000 keys, all far below their rates.
    LightKeys,
    /// 16 callers in 16 limiters ask for more than one key may have.
    Saturated16,
    /// 64 callers in 64 limiters ask for more than one key may have.
    Saturated64,
    /// 16 callers in 16 limiters use up a quota.
    Quota500,
    /// As `Saturated16`, with the clocks of one half of the limiters behind, and of the other ahead.
    SkewedClocks,
    /// One caller asks one limiter for one key, in turn with bare updates.
    ExactPath,
}

/// How a scenario is run.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// The callers, all together.
    pub(crate) callers: usize,
    /// The limiters, all together.
    pub(crate) limiters: usize,
    /// The plan of each key.
    pub(crate) plan: Plan,
    /// How many keys there are.
    pub(crate) keys: usize,
    /// How many checks each caller makes at the most. `None`: as many as fit into the time.
    pub(crate) checks_each: Option<usize>,
    /// How many checks are due each second, whether or not earlier ones are answered. `None`: a caller asks again when it is answered.
    pub(crate) checks_per_s: Option<u64>,
    /// How long the callers ask before what they do is counted, in milliseconds: until leases have grown and code is compiled.
    pub(crate) uncounted_ms: u64,
    /// How long the callers ask at the most while it is counted, in milliseconds.
    pub(crate) duration_ms: u64,
    /// With how many refusals a caller ends.
    pub(crate) max_refusals: Option<u64>,
    /// How far the clocks are ahead, in milliseconds. The callers are spread over as many processes.
    pub(crate) clocks_ahead_ms: &'static [i64],
}

/// A plan that no caller can use up.
const ENDLESS: Plan = Plan {
    rate_per_s: 1_000_000,
    burst: 1_000_000,
    quota_per_day: None,
};

/// A plan that sixteen callers use up.
const NARROW: Plan = Plan {
    rate_per_s: 100,
    burst: 100,
    quota_per_day: None,
};

/// Ten times what the most popular of the light keys is asked for.
const LIGHT: Plan = Plan {
    rate_per_s: 2_000,
    burst: 2_000,
    quota_per_day: None,
};

/// What is left of a quota of 500 is known without a clock.
const QUOTA: Plan = Plan {
    rate_per_s: 0,
    burst: 0,
    quota_per_day: Some(500),
};

/// How long callers ask before they are counted, where it is measured what a check costs in the long run. The same for every system.
const RAMP_MS: u64 = 1_000;

impl Scenario {
    /// Each of them, in the order of the table.
    pub(crate) const ALL: [Self; 9] = [
        Self::LimitNeverReached,
        Self::Paced,
        Self::OneLimiterShared,
        Self::LightKeys,
        Self::Saturated16,
        Self::Saturated64,
        Self::Quota500,
        Self::SkewedClocks,
        Self::ExactPath,
    ];

    /// The name in the table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::LimitNeverReached => "limit-never-reached",
            Self::Paced => "paced",
            Self::OneLimiterShared => "one-limiter-shared",
            Self::LightKeys => "light-keys",
            Self::Saturated16 => "saturated-16",
            Self::Saturated64 => "saturated-64",
            Self::Quota500 => "quota-500",
            Self::SkewedClocks => "skewed-clocks",
            Self::ExactPath => "exact-path",
        }
    }

    /// The scenario of a name.
    ///
    /// # Errors
    ///
    /// When there is none, with the names that there are.
    pub(crate) fn of_name(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|scenario| scenario.name() == name)
            .ok_or_else(|| {
                let names = Self::ALL.map(Self::name).join(", ");
                format!("no such scenario; there are {names}")
            })
    }

    /// Who is measured, in the order of the table.
    pub(crate) fn systems(self) -> &'static [System] {
        use System::{
            BareUpdate, LeasesOf10, LeasesOf100, LeasesOff, Optimistic, RateLimiterFlexible,
            RateLimiterFlexibleBlocking, TwoForm, ZaeLimiter,
        };
        match self {
            Self::LimitNeverReached
            | Self::Paced
            | Self::LightKeys
            | Self::Quota500
            | Self::SkewedClocks => &[
                RateLimiterFlexible,
                ZaeLimiter,
                Optimistic,
                TwoForm,
                LeasesOff,
                LeasesOf10,
                LeasesOf100,
            ],
            Self::OneLimiterShared => &[RateLimiterFlexible, ZaeLimiter, TwoForm, LeasesOff],
            Self::Saturated16 | Self::Saturated64 => &[
                RateLimiterFlexible,
                RateLimiterFlexibleBlocking,
                ZaeLimiter,
                Optimistic,
                TwoForm,
                LeasesOff,
                LeasesOf10,
                LeasesOf100,
            ],
            Self::ExactPath => &[BareUpdate],
        }
    }

    /// Whether admissions are compared with the bound in every window.
    pub(crate) const fn checks_windows(self) -> bool {
        match self {
            Self::Saturated16 | Self::Saturated64 | Self::SkewedClocks => true,
            Self::LimitNeverReached
            | Self::Paced
            | Self::OneLimiterShared
            | Self::LightKeys
            | Self::Quota500
            | Self::ExactPath => false,
        }
    }

    /// How it is run: at length, or quickly.
    pub(crate) fn setting(self, quick: bool) -> Setting {
        let ms = |full, short| if quick { short } else { full };
        let one_key = Setting {
            callers: 16,
            limiters: 16,
            plan: ENDLESS,
            keys: 1,
            checks_each: None,
            checks_per_s: None,
            uncounted_ms: 0,
            duration_ms: ms(8_000, 3_000),
            max_refusals: None,
            clocks_ahead_ms: &[0],
        };
        match self {
            Self::LimitNeverReached => Setting {
                uncounted_ms: RAMP_MS,
                ..one_key
            },
            Self::Paced => Setting {
                checks_per_s: Some(500),
                uncounted_ms: RAMP_MS,
                ..one_key
            },
            Self::OneLimiterShared => Setting {
                limiters: 1,
                uncounted_ms: RAMP_MS,
                ..one_key
            },
            Self::LightKeys => Setting {
                plan: LIGHT,
                keys: 10_000,
                checks_each: Some(if quick { 100 } else { 600 }),
                duration_ms: 120_000,
                ..one_key
            },
            Self::Saturated16 => Setting {
                plan: NARROW,
                duration_ms: ms(6_000, 4_000),
                ..one_key
            },
            Self::Saturated64 => Setting {
                callers: 64,
                limiters: 64,
                plan: NARROW,
                duration_ms: ms(6_000, 4_000),
                ..one_key
            },
            Self::Quota500 => Setting {
                plan: QUOTA,
                duration_ms: 20_000,
                max_refusals: Some(5),
                ..one_key
            },
            Self::SkewedClocks => Setting {
                plan: NARROW,
                duration_ms: ms(6_000, 3_000),
                clocks_ahead_ms: &[-100, 100],
                ..one_key
            },
            Self::ExactPath => Setting {
                callers: 1,
                limiters: 1,
                duration_ms: ms(20_000, 5_000),
                ..one_key
            },
        }
    }
}
