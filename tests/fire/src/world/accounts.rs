//! The books of a world: which charge each request that passed was charged with.

use std::collections::BTreeMap;

use tollgate::meter::{ChargeId, Refund, Write};
use tollgate::plan::BucketId;

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
    /// Which of the epochs, when there was a quota.
    pub(super) epoch: Option<usize>,
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
    /// The most that may pass, by the limits under which it was charged.
    most: i128,
    book: Book,
}

/// The books.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    charges: BTreeMap<u64, Taken>,
    days: BTreeMap<u32, Book>,
    epochs: Vec<Epoch>,
}

impl Accounts {
    /// A charge was applied. `limit` is that of its quota; the window is `window` afterwards.
    pub(super) fn charge(
        &mut self,
        write: &Write,
        mut taken: Taken,
        quota: Option<(u32, u64)>,
    ) -> Result<(), Violation> {
        let cost = i128::from(write.cost);
        let day = self.days.entry(taken.day).or_default();
        day.taken += cost;
        if let Some((window, limit)) = quota {
            if self
                .epochs
                .last()
                .is_none_or(|epoch| epoch.window != window)
            {
                self.begin_epoch(window, 0);
            }
            taken.epoch = self.epochs.len().checked_sub(1);
            if let Some(epoch) = self.epochs.last_mut() {
                let most = i128::from(limit) - epoch.used_before;
                epoch.most = epoch.most.max(most);
                epoch.book.taken += cost;
            }
        }
        if let Some(refund) = write.refund {
            self.refund(&refund, taken.day, quota.is_some())?;
        }
        if let Some(epoch) = self.epochs.last()
            && let Some((_, limit)) = quota
        {
            let used = epoch.used_before + epoch.book.taken - epoch.book.refunded;
            Violation::unless(used <= i128::from(limit), Invariant::Quota, || {
                format!("{used} are used of {limit} after a charge of {cost}")
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
    pub(super) fn refund(
        &mut self,
        refund: &Refund,
        day: u32,
        has_quota: bool,
    ) -> Result<(), Violation> {
        let requests = i128::from(refund.requests);
        let book = self.days.entry(day).or_default();
        book.refunded += requests;
        book.check("a day", Invariant::Days)?;
        match self.epochs.last_mut() {
            Some(epoch) if has_quota => {
                epoch.book.refunded += requests;
                epoch.book.check("a window", Invariant::Quota)
            }
            Some(_) | None => Ok(()),
        }
    }

    /// A window begins with `used`, because it is new or because an operator has said so.
    pub(super) fn begin_epoch(&mut self, window: u32, used: i64) {
        self.epochs.push(Epoch {
            window,
            used_before: i128::from(used),
            most: i128::MIN,
            book: Book::default(),
        });
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
        if let Some(epoch) = taken.epoch.and_then(|epoch| self.epochs.get_mut(epoch)) {
            epoch.book.admitted += i128::from(cost);
            epoch.book.check("a window", Invariant::Quota)?;
            let Epoch { most, book, .. } = *epoch;
            Violation::unless(book.admitted <= most, Invariant::Quota, || {
                format!("{} pass in a window of {most}", book.admitted)
            })?;
        }
        Ok(taken)
    }

    /// The window of an epoch.
    pub(super) fn window(&self, epoch: usize) -> Option<u32> {
        self.epochs.get(epoch).map(|epoch| epoch.window)
    }

    /// What was charged on each day and not given back.
    pub(super) fn days(&self) -> BTreeMap<u32, i128> {
        let books = self.days.iter();
        books
            .map(|(day, book)| (*day, book.taken - book.refunded))
            .collect()
    }
}
