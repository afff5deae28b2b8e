//! Further quotas in a meter: what is known of them, and what a charge asks of each and does to it.

use super::propose::{Refusal, most_used_before};
use super::{Knowledge, Limits, Refund};
use crate::quota::{Every, FurtherQuota, Minute, QuotaName, Stretch};
use crate::time::Timestamp;

/// What was used of a further quota in one stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FurtherUse {
    /// Which quota.
    pub every: Every,
    /// The stretch of time, by its first minute.
    pub window: Minute,
    /// The requests that were charged in it and not given back.
    pub used: i64,
}

impl FurtherUse {
    /// The stretch of `quota` that counts in a minute, and what is used of it as far as `counter` says. A clock that lags behind the
    /// counter uses the counter's; one of an earlier stretch says nothing.
    pub(crate) fn in_force(
        counter: Option<Self>,
        quota: FurtherQuota,
        minute: Minute,
    ) -> (Self, Stretch) {
        let stretch = quota.stretch_of(minute);
        match counter {
            Some(known) if known.window == stretch.first => (known, stretch),
            Some(known) if known.window > stretch.first => (known, quota.stretch_of(known.window)),
            Some(_) | None => {
                let unused = Self {
                    every: quota.every,
                    window: stretch.first,
                    used: 0,
                };
                (unused, stretch)
            }
        }
    }
}

/// What a charge asks of a further quota, and does to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FurtherClause {
    /// Which quota.
    pub every: Every,
    /// In which form.
    pub form: FurtherForm,
    /// What goes back to the quota with the charge: of an earlier one in the same stretch of time. Only with [`FurtherForm::Same`].
    pub given_back: u64,
}

/// The two forms of a further quota's clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FurtherForm {
    /// The stretch absent, or `= window AND used <= most`; then it is `window`, and `used = used + cost`.
    Same {
        /// The stretch, by its first minute.
        window: Minute,
        /// The most that may be used before this charge. `None`: the quota is soft.
        most: Option<i64>,
    },
    /// The stretch `< window`; then it is `window`, and `used = cost`.
    New {
        /// The stretch, by its first minute.
        window: Minute,
    },
}

impl FurtherClause {
    /// The stretch of time that the charge counts in.
    pub const fn window(&self) -> Minute {
        match self.form {
            FurtherForm::Same { window, .. } | FurtherForm::New { window } => window,
        }
    }

    /// What the use of the quota grows by with a charge of `cost`.
    pub fn counted(&self, cost: u64) -> i64 {
        let counted = i128::from(cost) - i128::from(self.given_back);
        i64::try_from(counted).unwrap_or(i64::MAX)
    }
}

/// In which stretch of time of each further quota requests were charged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Windows {
    /// By period. 0: in none.
    minutes: [u32; Every::ALL.len()],
}

impl Windows {
    /// The stretches that `clauses` name.
    pub fn of(clauses: &[FurtherClause]) -> Self {
        let mut windows = Self::default();
        for clause in clauses {
            windows.set(clause.every, clause.window());
        }
        windows
    }

    fn set(&mut self, every: Every, window: Minute) {
        let minutes = Every::ALL.into_iter().zip(&mut self.minutes);
        for (_, minute) in minutes.filter(|(known, _)| *known == every) {
            *minute = window.number();
        }
    }

    /// The stretches, by quota.
    pub fn iter(&self) -> impl Iterator<Item = (Every, Minute)> {
        let minutes = Every::ALL.into_iter().zip(self.minutes);
        minutes
            .filter(|(_, minute)| *minute > 0)
            .map(|(every, minute)| (every, Minute::from_number(minute)))
    }

    /// The stretch of one quota.
    pub fn get(&self, every: Every) -> Option<Minute> {
        self.iter()
            .find(|(known, _)| *known == every)
            .map(|(_, window)| window)
    }

    /// Those of which `is_kept` holds.
    #[must_use]
    pub fn filter(&self, is_kept: impl Fn(Every, Minute) -> bool) -> Self {
        let mut windows = Self::default();
        for (every, window) in self
            .iter()
            .filter(|(every, window)| is_kept(*every, *window))
        {
            windows.set(every, window);
        }
        windows
    }

    /// The stretches that both have.
    #[must_use]
    pub fn common(&self, other: &Self) -> Self {
        self.filter(|every, window| other.get(every) == Some(window))
    }
}

impl Knowledge {
    /// The stretch that counts at `now`, and what is known to be used in it. A clock that lags behind the item uses the item's.
    pub(crate) fn stretch_at(&self, quota: FurtherQuota, now: Timestamp) -> (FurtherUse, Stretch) {
        FurtherUse::in_force(self.further(quota.every), quota, Minute::of(now))
    }

    /// Why further quotas forbid `cost` requests at `now`, as far as is known: the one that starts again last.
    pub(super) fn check_further(
        &self,
        cost: u64,
        limits: &Limits,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let refusals = limits.further.iter().filter_map(|quota| {
            let (known, stretch) = self.stretch_at(quota, now);
            let is_exceeded = !quota.is_soft && known.used > most_used_before(quota.limit, cost);
            is_exceeded.then(|| exceeded(quota, stretch))
        });
        refusals.reduce(later).map_or(Ok(()), Err)
    }

    /// The clauses of a charge of `cost` requests, which gives back `refund`.
    pub(super) fn further_clauses(
        &self,
        cost: u64,
        refund: Option<&Refund>,
        limits: &Limits,
        now: Timestamp,
    ) -> Result<Vec<FurtherClause>, Refusal> {
        if limits.further.is_empty() {
            return Ok(Vec::new());
        }
        let mut clauses = Vec::with_capacity(limits.further.count());
        let mut refused: Option<Refusal> = None;
        for quota in limits.further.iter() {
            let stored = self.further(quota.every);
            let (known, stretch) = self.stretch_at(quota, now);
            let is_counted = |refund: &&Refund| {
                stored == Some(known) && refund.further.get(quota.every) == Some(known.window)
            };
            let given_back = refund
                .filter(is_counted)
                .map_or(0, |refund| refund.requests);
            let most = most_used_before(quota.limit, cost.saturating_sub(given_back));
            // What is above the limit never fits.
            let is_exceeded = most < 0 || (known.used > most && self.is_fresh(now));
            if is_exceeded && !quota.is_soft {
                let refusal = exceeded(quota, stretch);
                refused = Some(refused.map_or(refusal, |other| later(other, refusal)));
            }
            let window = known.window;
            let form = match stored {
                Some(stored) if stored.window < window => FurtherForm::New { window },
                Some(_) | None => FurtherForm::Same {
                    window,
                    most: (!quota.is_soft).then_some(most),
                },
            };
            clauses.push(FurtherClause {
                every: quota.every,
                form,
                given_back,
            });
        }
        match refused {
            Some(refusal) => Err(refusal),
            None => Ok(clauses),
        }
    }
}

impl Limits {
    /// The time until the first stretch of a further quota ends that counts at `now`. `None` without further quotas.
    pub fn stretch_ends_after(&self, now: Timestamp) -> Option<std::time::Duration> {
        let quotas = self.further.iter();
        quotas
            .map(|quota| quota.stretch(now).resets_at().saturating_since(now))
            .min()
    }
}

const fn exceeded(quota: FurtherQuota, stretch: Stretch) -> Refusal {
    Refusal::QuotaExceeded {
        resets_at: stretch.resets_at(),
        quota: QuotaName::Further(quota.every),
    }
}

/// The refusal that lasts longer: whoever comes back for the other one is refused again.
pub(super) fn later(one: Refusal, two: Refusal) -> Refusal {
    let resets_at = |refusal| match refusal {
        Refusal::QuotaExceeded { resets_at, .. } => resets_at,
        Refusal::Throttled { until } => until.unwrap_or(Timestamp::EPOCH),
    };
    if resets_at(two) > resets_at(one) {
        two
    } else {
        one
    }
}
