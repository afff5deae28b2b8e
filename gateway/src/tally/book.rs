//! Everything that was counted.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use tollgate::id::PlanId;
use tollgate::quota::Day;
use tollgate::time::Timestamp;

use super::seconds::{Recent, Seconds};
use super::{Client, Counts, Subject};

/// How many keys of plans are counted apart on one day. The others are counted together, plan by plan.
pub const MAX_KEYS: usize = 16_384;

/// For how many plans other keys are counted apart on one day. Those of other plans are counted without a plan.
pub const MAX_PLANS: usize = 2_048;

/// How many days are kept.
pub const MAX_DAYS: usize = 31;

/// What was counted, by day and second.
#[derive(Default)]
pub(super) struct Book {
    /// Whoever looks at a day has it as it was; who counts on makes a copy then.
    days: BTreeMap<Day, Arc<DayCounts>>,
    seconds: Seconds,
}

impl Book {
    /// Enters what was counted in one second.
    pub(super) fn enter(&mut self, second: u64, counted: impl Iterator<Item = (Subject, Counts)>) {
        let mut counted: Vec<_> = counted.collect();
        // Those with most requests come first where there is not room for all.
        counted.sort_unstable_by_key(|(_, counts)| std::cmp::Reverse(counts.total()));
        self.seconds.enter(second, &counted);
        let day = Day::of(Timestamp::from_secs(second));
        let place = Arc::make_mut(self.days.entry(day).or_default());
        for (subject, counts) in counted {
            place.enter(subject, counts);
        }
        while self.days.len() > MAX_DAYS {
            self.days.pop_first();
        }
    }

    /// The days from `from` to `to` on which there was something to count.
    pub(super) fn days(&self, from: Day, to: Day) -> Vec<(Day, Arc<DayCounts>)> {
        let known = self.days.iter();
        known
            .filter(|(day, _)| (from..=to).contains(day))
            .map(|(day, counts)| (*day, Arc::clone(counts)))
            .collect()
    }

    pub(super) fn subjects(&self, since: u64, until: u64) -> BTreeSet<Subject> {
        self.seconds.subjects(since, until)
    }

    pub(super) fn recent(&mut self, now: Timestamp) -> Recent {
        self.seconds.recent(now)
    }
}

/// What was counted on one day.
#[derive(Clone, Default)]
pub(super) struct DayCounts {
    subjects: HashMap<Subject, Counts>,
    others: HashMap<Option<PlanId>, Counts>,
}

impl DayCounts {
    fn enter(&mut self, subject: Subject, counts: Counts) {
        if let Some(sum) = self.subjects.get_mut(&subject) {
            sum.add(counts);
        } else if self.subjects.len() < MAX_KEYS {
            self.subjects.insert(subject, counts);
        } else {
            let is_known = self.others.contains_key(&subject.plan_id);
            let has_room = is_known || self.others.len() < MAX_PLANS;
            let plan_id = subject.plan_id.filter(|_| has_room);
            self.others.entry(plan_id).or_default().add(counts);
        }
    }

    pub(super) fn for_each(&self, mut each: impl FnMut(Option<&PlanId>, &Client, Counts)) {
        for (subject, counts) in &self.subjects {
            each(subject.plan_id.as_ref(), &subject.client, *counts);
        }
        for (plan_id, counts) in &self.others {
            each(plan_id.as_ref(), &Client::Others, *counts);
        }
    }
}
