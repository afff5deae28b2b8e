//! What has to hold, whatever has happened.

use std::collections::BTreeMap;

use tollgate::plan::BucketId;

use super::{Task, World};
use crate::engine::meter::DAY_NS;
use crate::engine::meter::events::{Fate, PROCESSES, TASKS};

impl World {
    pub(crate) fn check(&self) {
        let admitted: u64 = self.admitted.iter().map(|(_, cost)| cost).sum();
        let counted: i64 = self.days.values().sum();
        assert!(
            admitted <= u64::try_from(counted).unwrap(),
            "admitted {admitted}, and counted {counted}"
        );
        self.check_bucket();
        let days = self.item.days(&self.archived);
        let days: BTreeMap<_, _> = days
            .into_iter()
            .map(|(day, count)| (day, i64::try_from(count).unwrap()))
            .collect();
        assert_eq!(days, self.days, "requests of days were lost or made up");
    }

    /// In every window of true time, the burst and the rate, and once what clocks that differ by `d` give away: `d · rate`.
    fn check_bucket(&self) {
        let spread_ns = self.offsets_ns.1 - self.offsets_ns.0;
        let mut admitted = self.admitted.clone();
        admitted.sort_unstable();
        for (index, (first, _)) in admitted.iter().enumerate() {
            let mut sum = 0;
            for (last, cost) in &admitted[index..] {
                sum += cost;
                let window_ns = u128::from(last - first) + u128::try_from(spread_ns).unwrap();
                let refill = window_ns * u128::from(self.rules.per_second) / 1_000_000_000;
                let most = u128::from(self.rules.burst) + refill;
                assert!(
                    u128::from(sum) <= most,
                    "{sum} in {} ns, at most {most}",
                    last - first
                );
            }
        }
    }

    /// When all is quiet again and time has passed, every process is served.
    pub(crate) fn check_that_nothing_is_stuck(&mut self) {
        self.item.off = false;
        while let Some(message) = self.late.pop() {
            self.deliver(message);
        }
        for task in 0..TASKS {
            self.tasks[task] = Task::Free;
        }
        for process in 0..PROCESSES {
            self.processes[process].offset_ns = 0;
            self.now += 70 * DAY_NS;
            let admitted = self.admitted.len();
            for _ in 0..20 {
                if self.admitted.len() == admitted {
                    self.step(process, Fate::Delivered, 1, 0);
                }
            }
            assert_eq!(
                self.admitted.len(),
                admitted + 1,
                "process {process} is stuck"
            );
        }
        assert!(self.item.tats.contains_key(&BucketId::Plan));
    }
}
