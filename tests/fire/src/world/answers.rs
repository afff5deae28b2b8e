//! What comes of answers, and who is told.

use tollgate::charge::{Outcome, Turn};
use tollgate::meter::{Answer, ChargeId, ShardAnswer, ShardWrite};
use tollgate::store::{StoreError, StoreErrorKind};
use tollgate::time::Timestamp;

use super::World;
use super::process::{LeaseOf, end_of_lease};
use super::request::{Grant, Leading, Request, Task};
use super::store::Sent;
use crate::tally::Deed;
use crate::violation::Violation;

impl World {
    pub(super) fn learn(
        &mut self,
        index: usize,
        mut leading: Leading,
        sent: &Sent,
        asked_clock_ns: u64,
        answer: &Answer,
        now: Timestamp,
    ) -> Result<Task, Violation> {
        leading.flight.learn(&sent.write, answer, now);
        let is_applied = match answer {
            Answer::Applied(_) => true,
            Answer::Failed(item) => {
                let holds = item.holds(sent.write.id);
                if holds {
                    self.tally.add(Deed::FoundApplied);
                }
                holds
            }
        };
        let grant = is_applied.then_some(Grant {
            source: sent.write.id,
            asked_at: sent.asked_at,
            asked_clock_ns,
            is_draw: false,
            plan: sent.plan,
        });
        let mut own = 0;
        if let Some(grant) = grant {
            leading.charge = Some(grant.source);
            if leading.grant.is_none() {
                leading.grant = Some(grant);
                own = leading.request.cost;
            }
        }
        let others = self.hear(index, grant, now)?;
        if let Some(grant) = grant
            && !leading.keeps_drawn
        {
            let Request { plan, bucket, .. } = leading.request;
            let life_ns = self.rules(plan).lease_life_ns(bucket);
            self.lease_from(
                index,
                LeaseOf {
                    bucket,
                    source: grant.source,
                    plan,
                    left: sent.write.cost.saturating_sub(own + others),
                    from_ns: asked_clock_ns,
                    until_ns: end_of_lease(asked_clock_ns, life_ns),
                },
            );
        }
        Ok(Task::Leading(leading))
    }

    pub(super) fn learn_of_shard(
        &mut self,
        index: usize,
        mut leading: Leading,
        write: &ShardWrite,
        (answer, source): (ShardAnswer, Option<ChargeId>),
        (asked_at, asked_clock_ns): (u64, u64),
        now: Timestamp,
    ) -> Result<Task, Violation> {
        leading.flight.learn_of_shard(write, &answer, now);
        let (drawn, share) = match (write, &answer) {
            (ShardWrite::Draw { requests, .. }, ShardAnswer::Applied(item)) => {
                (*requests, item.share)
            }
            (
                ShardWrite::Draw { .. } | ShardWrite::Claim { .. } | ShardWrite::Fill { .. },
                ShardAnswer::Applied(_) | ShardAnswer::Failed(_),
            ) => (0, None),
        };
        let grant = source.filter(|_| drawn > 0).map(|source| Grant {
            source,
            asked_at,
            asked_clock_ns,
            is_draw: true,
            plan: leading.request.plan,
        });
        let mut own = 0;
        if grant.is_some() && leading.grant.is_none() {
            leading.grant = grant;
            own = leading.request.cost;
        }
        let others = self.hear(index, grant, now)?;
        if let (Some(grant), Some(share)) = (grant, share) {
            let Request { plan, bucket, .. } = leading.request;
            let life_ns = self.rules(plan).lease_life_ns(bucket);
            let left_ns = share.ends_at.as_nanos().saturating_sub(asked_clock_ns);
            self.lease_from(
                index,
                LeaseOf {
                    bucket,
                    source: grant.source,
                    plan,
                    left: drawn.saturating_sub(own + others),
                    from_ns: asked_clock_ns,
                    until_ns: end_of_lease(asked_clock_ns, life_ns.min(left_ns)),
                },
            );
        }
        Ok(Task::Leading(leading))
    }

    /// The store does not answer.
    pub(super) fn fail(&mut self, index: usize, leading: Leading) -> Result<Task, Violation> {
        self.tally.add(Deed::Unanswered);
        let cause = std::io::Error::from(std::io::ErrorKind::TimedOut);
        let failure = StoreError::new(StoreErrorKind::Unavailable, "no answer in time", cause);
        let Leading {
            request,
            flight,
            grant,
            ..
        } = leading;
        let outcome = flight.fail(&failure);
        if let Some(outcome) = outcome {
            self.decide(index, &request, grant, &outcome)?;
        }
        let now = self.read_clock(index);
        self.hear(index, None, now)?;
        Ok(Task::Free)
    }

    /// Those who waited for a charge are told what came of it. How many requests pass.
    fn hear(
        &mut self,
        index: usize,
        grant: Option<Grant>,
        now: Timestamp,
    ) -> Result<u64, Violation> {
        let mut admitted = 0;
        for task in Self::tasks_of(index) {
            let Some(waiting) = self.tasks.get_mut(task) else {
                continue;
            };
            let Task::Waiting { request, told } = waiting else {
                continue;
            };
            let request = *request;
            let Ok(turn) = told.try_recv() else {
                continue;
            };
            *waiting = Task::Free;
            match turn {
                Turn::Done(outcome) => {
                    let grant = grant.map(|grant| {
                        // Who came when the charge was under way gets what it has in advance, and gets it now.
                        let came_first = request.came_at <= grant.asked_at;
                        Grant {
                            asked_at: if came_first { grant.asked_at } else { self.now },
                            asked_clock_ns: if came_first {
                                grant.asked_clock_ns
                            } else {
                                now.as_nanos()
                            },
                            ..grant
                        }
                    });
                    if matches!(outcome, Outcome::Admitted(_)) {
                        self.tally.add(Deed::AdmittedTogether);
                        admitted += request.cost;
                        if let Some(grant) = grant {
                            self.check_terms(grant.plan, &request)?;
                        }
                    }
                    self.decide(index, &request, grant, &outcome)?;
                }
                Turn::Failed(_) => {}
                Turn::Lead(flight) => *waiting = Self::lead(request, flight),
            }
        }
        Ok(admitted)
    }
}
