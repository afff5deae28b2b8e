//! A meter that nobody else charges: for replays and simulations, which have no store.

use super::Knowledge;
use crate::meter::{
    BucketForm, Charge, ChargeId, DayClause, FurtherForm, FurtherUse, Limits, Proposal,
    QuotaClause, Refusal, Write,
};
use crate::time::Timestamp;

impl Knowledge {
    /// Charges `cost` requests at `now`, as the only one who charges this meter: what is known of it is all that there is, and the write
    /// that would have been proposed to a store is taken as applied.
    ///
    /// ```
    /// use tollgate::bucket::{Bucket, Rate, Throttle};
    /// use tollgate::meter::{Knowledge, Limits};
    /// use tollgate::plan::BucketId;
    /// use tollgate::time::Timestamp;
    ///
    /// let bucket = Bucket::new(Throttle { rate: Rate::from(1), burst: 2 });
    /// let limits = Limits { bucket: Some((BucketId::Plan, bucket)), ..Limits::default() };
    /// let now = Timestamp::from_secs(1_000);
    /// let mut meter = Knowledge::default();
    /// assert_eq!(meter.charge_alone(1, &limits, now), Ok(()));
    /// assert_eq!(meter.charge_alone(1, &limits, now), Ok(()));
    /// assert!(meter.charge_alone(1, &limits, now).is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// The first limit that does not fit.
    pub fn charge_alone(
        &mut self,
        cost: u64,
        limits: &Limits,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        // Nobody can have topped it up meanwhile, so a refusal by quota is as good as new.
        self.quota_seen_at = now;
        let mut charge = Charge::new(ChargeId::new(0), cost);
        loop {
            match self.propose(&charge, limits, now) {
                Proposal::Refuse(refusal) => return Err(refusal),
                Proposal::Archive(ended) => charge.archived = Some(ended.day),
                Proposal::Write(write) => {
                    self.take_as_applied(&write);
                    return Ok(());
                }
            }
        }
    }

    /// What a store that applied `write` would have told.
    fn take_as_applied(&mut self, write: &Write) {
        // All of its parts: one that was overlooked here would limit nobody.
        let Write {
            id: _,
            generation: _,
            at: _,
            cost,
            bucket,
            quota,
            further,
            day,
            refund: _,
        } = write;
        if let Some(clause) = bucket {
            let tat = match clause.form {
                BucketForm::Idle { next, .. } => next,
                BucketForm::Busy { cost_ns, .. } => {
                    let tat = self.tat(clause.bucket).as_nanos();
                    Timestamp::from_nanos(tat.saturating_add(cost_ns))
                }
            };
            self.absorb_tat(clause.bucket, tat);
        }
        if let Some(clause) = quota {
            let (window, used) = match clause {
                QuotaClause::New { window } => (*window, 0),
                QuotaClause::Same { window, .. } => (*window, self.used),
            };
            self.window = Some(window).into();
            self.used = used.saturating_add(write.counted());
        }
        for clause in further {
            let before = match clause.form {
                FurtherForm::New { .. } => 0,
                FurtherForm::Same { .. } => {
                    self.further(clause.every).map_or(0, |known| known.used)
                }
            };
            self.absorb_further(FurtherUse {
                every: clause.every,
                window: clause.window(),
                used: before.saturating_add(clause.counted(*cost)),
            });
        }
        let (DayClause::Same { day } | DayClause::New { day, .. }) = day;
        self.day = self.day().max(Some(*day)).into();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::bucket::{Bucket, Rate, Throttle, Verdict};
    use crate::plan::BucketId;
    use crate::quota::{Period, Quota};

    const NOON: Timestamp = Timestamp::from_secs(1_795_608_000);

    fn limits(rate: u32, burst: u64, quota: Option<u64>) -> Limits {
        let throttle = Throttle {
            rate: Rate::from(rate),
            burst,
        };
        Limits {
            bucket: Some((BucketId::Plan, Bucket::new(throttle))),
            quota: quota.map(|limit| Quota::new(limit, Period::Day, 0).unwrap()),
            ..Limits::default()
        }
    }

    #[test]
    fn a_quota_ends_and_starts_again_at_midnight() {
        let limits = limits(1_000, 1_000, Some(3));
        let mut meter = Knowledge::default();
        let resets_at = Timestamp::from_secs(1_795_608_000 + 43_200);
        for day in 0..3_u64 {
            let now = NOON.saturating_add(Duration::from_hours(24 * day));
            for _ in 0..3 {
                assert_eq!(meter.charge_alone(1, &limits, now), Ok(()));
            }
            // Also long after the last charge, when a store would be asked again.
            for later_s in [0, 3_600] {
                let later = now.saturating_add(Duration::from_secs(later_s));
                let resets_at = resets_at.saturating_add(Duration::from_hours(24 * day));
                match meter.charge_alone(1, &limits, later) {
                    Err(Refusal::QuotaExceeded {
                        resets_at: found, ..
                    }) => assert_eq!(found, resets_at),
                    other => panic!("{later:?}: {other:?}"),
                }
            }
        }
    }

    #[test]
    fn further_quotas_count_as_well() {
        let limits = Limits {
            further: "2/minute, 3/hour".parse().unwrap(),
            ..Limits::default()
        };
        let mut meter = Knowledge::default();
        let mut admitted = |after_s| {
            let now = NOON.saturating_add(Duration::from_secs(after_s));
            (0..5)
                .filter(|_| meter.charge_alone(1, &limits, now).is_ok())
                .count()
        };
        assert_eq!([admitted(0), admitted(60), admitted(3_600)], [2, 1, 2]);
    }

    proptest! {
        /// The bucket's rule and a count say the same as the forms of the meter's write.
        #[test]
        fn it_admits_what_bucket_and_quota_allow(
            rate in 1_u32..20,
            burst in 0_u64..8,
            quota in prop::option::of(0_u64..40),
            gaps_ms in prop::collection::vec(0_u64..400, 0..120),
        ) {
            let limits = limits(rate, burst, quota);
            let (mut meter, mut tat, mut used) = (Knowledge::default(), None, 0);
            let mut now = NOON;
            for gap_ms in gaps_ms {
                now = now.saturating_add(Duration::from_millis(gap_ms));
                let verdict = limits.bucket.unwrap().1.check(tat, now, 1);
                let expected = match verdict {
                    Verdict::Exceeds { .. } => false,
                    Verdict::Conforms { .. } => quota.is_none_or(|limit| used < limit),
                };
                prop_assert_eq!(meter.charge_alone(1, &limits, now).is_ok(), expected);
                if let (true, Verdict::Conforms { tat: next }) = (expected, verdict) {
                    tat = Some(next);
                    used += 1;
                }
            }
        }
    }
}
