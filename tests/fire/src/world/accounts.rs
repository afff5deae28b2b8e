//! The books of a world: which charge each request that passed was charged with.

use std::collections::BTreeMap;

use tollgate::meter::{ChargeId, Refund, Write};
use tollgate::plan::BucketId;
use tollgate::quota::{Every, QuotaName};

use crate::violation::{Invariant, Violation};

/// A charge that was applied.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    /// What it took, each time that it was applied.
    pub(super) requests: u64,
    /// How many passed for it.
    pub(super) admitted: u64,
    pub(super) plan: usize,
    pub(super) bucket: Option<BucketId>,
    /// The true time at which its sender read the clock.
    pub(super) asked_at: u64,
    pub(super) day: u32,
    /// Which of the epochs of each quota that there was, by [`place`].
    pub(super) epochs: [Option<usize>; QUOTAS],
}

/// How many quotas a plan can have.
pub(super) const QUOTAS: usize = 1 + Every::ALL.len();

/// The place of a quota among all.
pub(super) fn place(quota: QuotaName) -> usize {
    match quota {
        QuotaName::Own => 0,
        QuotaName::Further(every) => {
            let place = Every::ALL.iter().position(|known| *known == every);
            1 + place.unwrap_or(0)
        }
    }
}

/// What a charge takes of one quota.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    pub(super) quota: QuotaName,
    /// The window after the charge.
    pub(super) window: u32,
    /// `None`: a soft one.
    pub(super) limit: Option<u64>,
    pub(super) given_back: u64,
}

/// A window of the quota, or the rest of one that an operator has set: what was taken, given back, and passed.
#[derive(Clone, Copy, Debug, Default)]
struct Book {
    taken: i128,
    refunded: i128,
    admitted: i128,
}

impl Book {
    fn check(&self, what: &str, invariant: Invariant) -> Result<(), Violation> {
        let Self {
            taken,
            refunded,
            admitted,
        } = *self;
        Violation::unless(admitted + refunded <= taken, invariant, || {
            format!(
                "{what}: {admitted} passed and {refunded} were given back of {taken} that were taken"
            )
        })
    }
}

#[derive(Clone, Copy, Debug)]
struct Epoch {
    window: u32,
    /// What was used when it began.
    used_before: i128,
    /// The most that may pass, by the limits under which it was charged. `None`: a soft limit was among them.
    most: Option<i128>,
    book: Book,
}

impl Epoch {
    const fn used(&self) -> i128 {
        self.used_before + self.book.taken - self.book.refunded
    }
}

/// The books.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    charges: BTreeMap<u64, Taken>,
    days: BTreeMap<u32, Book>,
    epochs: [Vec<Epoch>; QUOTAS],
}

impl Accounts {
    /// A charge was applied.
    pub(super) fn charge(
        &mut self,
        write: &Write,
        mut taken: Taken,
        quotas: &[Counted],
    ) -> Result<(), Violation> {
        let cost = i128::from(write.cost);
        let day = self.days.entry(taken.day).or_default();
        day.taken += cost;
        if let Some(refund) = write.refund {
            self.refund_day(refund.requests, taken.day)?;
        }
        for counted in quotas {
            let Counted {
                quota,
                window,
                limit,
                given_back,
            } = *counted;
            let epochs = self.epochs.get(place(quota)).map_or(&[][..], Vec::as_slice);
            if epochs.last().is_none_or(|epoch| epoch.window != window) {
                self.begin_epoch(quota, window, 0);
            }
            let Some(epochs) = self.epochs.get_mut(place(quota)) else {
                continue;
            };
            if let Some(epoch) = taken.epochs.get_mut(place(quota)) {
                *epoch = epochs.len().checked_sub(1);
            }
            let Some(epoch) = epochs.last_mut() else {
                continue;
            };
            let most = limit.map(|limit| i128::from(limit) - epoch.used_before);
            epoch.most = match (epoch.most, most) {
                (Some(known), Some(most)) => Some(known.max(most)),
                (None, _) | (_, None) => None,
            };
            epoch.book.taken += cost;
            epoch.book.refunded += i128::from(given_back);
            epoch.book.check("a window", Invariant::Quota)?;
            let used = epoch.used();
            let fits = limit.is_none_or(|limit| used <= i128::from(limit));
            Violation::unless(fits, Invariant::Quota, || {
                format!("{used} are used of {limit:?} of the {quota} after a charge of {cost}")
            })?;
        }
        let known = self.charges.entry(write.id.number()).or_insert(Taken {
            requests: 0,
            ..taken
        });
        known.requests += write.cost;
        Ok(())
    }

    /// What was charged was given back, on `day`.
    pub(super) fn refund(&mut self, refund: &Refund, day: u32) -> Result<(), Violation> {
        self.refund_day(refund.requests, day)?;
        let own = refund.window.map(|_| QuotaName::Own);
        let further = refund.further.iter();
        for quota in own
            .into_iter()
            .chain(further.map(|(every, _)| QuotaName::Further(every)))
        {
            let epochs = self.epochs.get_mut(place(quota));
            if let Some(epoch) = epochs.and_then(|epochs| epochs.last_mut()) {
                epoch.book.refunded += i128::from(refund.requests);
                epoch.book.check("a window", Invariant::Quota)?;
            }
        }
        Ok(())
    }

    fn refund_day(&mut self, requests: u64, day: u32) -> Result<(), Violation> {
        let book = self.days.entry(day).or_default();
        book.refunded += i128::from(requests);
        book.check("a day", Invariant::Days)
    }

    /// A window begins with `used`, because it is new or because an operator has said so.
    pub(super) fn begin_epoch(&mut self, quota: QuotaName, window: u32, used: i64) {
        if let Some(epochs) = self.epochs.get_mut(place(quota)) {
            epochs.push(Epoch {
                window,
                used_before: i128::from(used),
                most: Some(i128::MIN),
                book: Book::default(),
            });
        }
    }

    /// Whether the item counts of each further quota what was charged to it and not given back: neither more nor less.
    pub(super) fn check_further(
        &self,
        item: &BTreeMap<Every, (u32, i64)>,
    ) -> Result<(), Violation> {
        for (every, (window, used)) in item {
            let epochs = self.epochs.get(place(QuotaName::Further(*every)));
            let epoch = epochs.and_then(|epochs| epochs.last());
            let charged = epoch.map(|epoch| (epoch.window, epoch.used()));
            let seen = (*window, i128::from(*used));
            Violation::unless(charged == Some(seen), Invariant::Quota, || {
                format!("the store has {seen:?} of a {every}, and {charged:?} were charged")
            })?;
        }
        Ok(())
    }

    /// A request of `cost` passes that was charged by `source`.
    pub(super) fn admit(
        &mut self,
        source: Option<ChargeId>,
        cost: u64,
    ) -> Result<Taken, Violation> {
        let taken = source.and_then(|id| self.charges.get_mut(&id.number()));
        let taken = match taken {
            Some(taken) if taken.admitted + cost <= taken.requests => taken,
            known @ (Some(_) | None) => {
                return Err(Violation::new(
                    Invariant::Charged,
                    format!(
                        "a request of {cost} passes, and nothing is left of its charge: {known:?}"
                    ),
                ));
            }
        };
        taken.admitted += cost;
        let taken = *taken;
        let day = self.days.entry(taken.day).or_default();
        day.admitted += i128::from(cost);
        day.check("a day", Invariant::Days)?;
        for (epochs, epoch) in self.epochs.iter_mut().zip(taken.epochs) {
            if let Some(epoch) = epoch.and_then(|epoch| epochs.get_mut(epoch)) {
                epoch.book.admitted += i128::from(cost);
                epoch.book.check("a window", Invariant::Quota)?;
                let Epoch { most, book, .. } = *epoch;
                let fits = most.is_none_or(|most| book.admitted <= most);
                Violation::unless(fits, Invariant::Quota, || {
                    format!("{} pass in a window of {most:?}", book.admitted)
                })?;
            }
        }
        Ok(taken)
    }

    /// What a charge has taken.
    pub(super) fn taken_by(&self, id: ChargeId) -> u64 {
        self.charges
            .get(&id.number())
            .map_or(0, |taken| taken.requests)
    }

    /// The window of a quota to which `taken` was charged.
    pub(super) fn window(&self, taken: &Taken, quota: QuotaName) -> Option<u32> {
        let epoch = taken.epochs.get(place(quota)).copied().flatten()?;
        let epochs = self.epochs.get(place(quota))?;
        epochs.get(epoch).map(|epoch| epoch.window)
    }

    /// What was charged on each day and not given back.
    pub(super) fn days(&self) -> BTreeMap<u32, i128> {
        let books = self.days.iter();
        books
            .map(|(day, book)| (*day, book.taken - book.refunded))
            .collect()
    }
}
