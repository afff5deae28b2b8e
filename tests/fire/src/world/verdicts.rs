//! Requests that pass, and those that do not: what has to hold of each.

use tollgate::charge::Outcome;
use tollgate::meter::{ChargeId, Refusal};
use tollgate::quota::QuotaName;
use tollgate::time::Timestamp;

use super::bound::Admission;
use super::request::{Grant, Leading, Request, Task, protocol};
use super::{MAX_WAKE_NS, World};
use crate::calendar::{day_of, minute_of, stretch_of, window_of};
use crate::tally::Deed;
use crate::violation::{Invariant, Violation};

impl World {
    pub(super) fn decide(
        &mut self,
        index: usize,
        request: &Request,
        grant: Option<Grant>,
        outcome: &Outcome,
    ) -> Result<(), Violation> {
        match (outcome, grant) {
            (Outcome::Admitted(levels), Some(grant)) => {
                if levels.overage().is_some() {
                    self.tally.add(Deed::AdmittedBeyond);
                }
                self.tally.add(if grant.is_draw {
                    Deed::AdmittedByShard
                } else {
                    Deed::AdmittedByCharge
                });
                let clock_ns = grant.asked_clock_ns;
                self.admit(Some(grant.source), request, grant.asked_at, clock_ns)
            }
            (Outcome::Admitted(_), None) => Err(Violation::new(
                Invariant::Charged,
                "a request passes, and no charge of it was applied",
            )),
            (Outcome::Refused(..) | Outcome::SwitchedOff | Outcome::GateClosed(..), _) => {
                self.refuse(index, outcome)
            }
        }
    }

    pub(super) fn admit_by_lease(
        &mut self,
        index: usize,
        request: &Request,
        now: Timestamp,
    ) -> Result<(), Violation> {
        self.tally.add(Deed::AdmittedByLease);
        if self.item.off {
            self.tally.add(Deed::AdmittedAfterOff);
        }
        let rules = self.rules(request.plan);
        Violation::unless(rules.lease > 0, Invariant::LeaseTerms, || {
            "a lease is used by a request whose plan has none".to_owned()
        })?;
        let lease = self.lease_of(index, request.bucket).map(|lease| {
            lease.left = lease.left.saturating_sub(request.cost);
            (lease.source, lease.plan)
        });
        let source = lease.map(|(source, _)| source);
        if let Some((_, plan)) = lease {
            self.check_terms(plan, request)?;
        }
        self.admit(source, request, self.now, now.as_nanos())
    }

    /// Whether a request has the limits of the plan under which it was charged together with others.
    pub(super) fn check_terms(&self, plan: usize, request: &Request) -> Result<(), Violation> {
        let limits = |plan| {
            let rules = self.rules(plan);
            (rules.pace_of(request.bucket), rules.quota, rules.further)
        };
        let is_same = limits(plan) == limits(request.plan);
        Violation::unless(is_same, Invariant::LeaseTerms, || {
            "what was charged under other limits is used".to_owned()
        })
    }

    /// Whether a charge takes no more than is needed at once, or than the plan allows in advance. Into shards goes more.
    pub(super) fn check_size(
        &self,
        index: usize,
        leading: &Leading,
        requests: u64,
    ) -> Result<(), Violation> {
        let rules = self.rules(leading.request.plan);
        let process = self.processes.get(index);
        if rules.shards().is_some() || process.is_some_and(|process| process.has_forsaken) {
            return Ok(());
        }
        let waiting = Self::tasks_of(index).filter_map(|task| match self.tasks.get(task)? {
            Task::Waiting { request, .. } => Some(*request),
            Task::Free
            | Task::Leading(_)
            | Task::SendingToShard { .. }
            | Task::Sending { .. }
            | Task::Answered { .. } => None,
        });
        let together = waiting.filter(|waiting| waiting.bucket == leading.request.bucket);
        let demand: u64 = together.map(|request| request.cost).sum();
        let most = rules.lease.max(demand + leading.request.cost);
        Violation::unless(requests <= most, Invariant::LeaseTerms, || {
            format!("{requests} are charged at once, and {most} are allowed")
        })
    }

    /// A request passes at the true time `at`, when its process's clock shows `clock_ns`.
    fn admit(
        &mut self,
        source: Option<ChargeId>,
        request: &Request,
        at: u64,
        clock_ns: u64,
    ) -> Result<(), Violation> {
        let taken = self.accounts.admit(source, request.cost)?;
        // A draw that took long may find what was charged after it was asked for.
        let at = at.max(taken.asked_at);
        self.tell(|| format!("admitted, cost {}, for the time {at}", request.cost));
        self.admissions.push(Admission {
            at,
            cost: request.cost,
            plan: taken.plan,
            bucket: taken.bucket,
            step: self.step,
        });
        Violation::unless(taken.bucket == request.bucket, Invariant::Charged, || {
            format!("{:?} is charged for {:?}", taken.bucket, request.bucket)
        })?;
        let rules = self.rules(taken.plan);
        let life_ns = rules.lease_life_ns(taken.bucket) + self.spread_ns();
        let age_ns = at.saturating_sub(taken.asked_at);
        Violation::unless(age_ns <= life_ns, Invariant::LeaseLife, || {
            format!("what was charged {age_ns} ns ago is used, and {life_ns} ns are allowed")
        })?;
        // At the edge of a day, those whose clocks differ are not of one opinion.
        let today = day_of(clock_ns.saturating_sub(self.spread_ns()));
        Violation::unless(taken.day >= today, Invariant::Calendar, || {
            format!(
                "what was charged on day {} is used on day {today}",
                taken.day
            )
        })?;
        let minute = minute_of(clock_ns.saturating_sub(self.spread_ns()));
        for quota in rules.further.iter() {
            let own = stretch_of(quota.every, rules.anchor, minute);
            let charged = self
                .accounts
                .window(&taken, QuotaName::Further(quota.every));
            let is_right = charged.is_some_and(|charged| charged >= own);
            Violation::unless(is_right, Invariant::Calendar, || {
                format!(
                    "what was charged in {charged:?} is used in the {} {own}",
                    quota.every
                )
            })?;
        }
        let window = self.accounts.window(&taken, QuotaName::Own);
        if let (Some(window), Some(quota)) = (window, rules.quota) {
            let own = window_of(quota, today);
            Violation::unless(window >= own, Invariant::Calendar, || {
                format!("what was charged in the window {window} is used in the window {own}")
            })?;
        }
        Ok(())
    }

    pub(super) fn refuse(&mut self, index: usize, outcome: &Outcome) -> Result<(), Violation> {
        match outcome {
            Outcome::Admitted(_) => return Err(protocol("it is no refusal")),
            Outcome::Refused(Refusal::Throttled { until }, _) => {
                self.tally.add(Deed::RefusedByBucket);
                // By the clock of the process that said so.
                let offset_ns = self
                    .processes
                    .get(index)
                    .map_or(0, |process| process.offset_ns);
                self.wakes_at = until.map(|until| {
                    let until_ns = until.as_nanos().saturating_add_signed(-offset_ns);
                    until_ns.min(self.now + MAX_WAKE_NS)
                });
                self.tell(|| format!("refused by the bucket until {until:?}"));
            }
            Outcome::Refused(Refusal::QuotaExceeded { resets_at, quota }, _) => {
                self.tally.add(match quota {
                    QuotaName::Own => Deed::RefusedByQuota,
                    QuotaName::Further(_) => Deed::RefusedByFurther,
                });
                self.tell(|| format!("refused by the {quota} until {resets_at:?}"));
            }
            Outcome::SwitchedOff => {
                self.tally.add(Deed::SwitchedOff);
                self.tell(|| "refused as disabled".to_owned());
            }
            Outcome::GateClosed(..) => return Err(protocol("there is no gate")),
        }
        Ok(())
    }
}
