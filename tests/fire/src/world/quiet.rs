//! When all is quiet, nothing is stuck.

use super::World;
use crate::calendar::{DAY_NS, SECOND_NS, day_of};
use crate::event::{Fate, PROCESSES, TASKS};
use crate::rules::Pace;
use crate::violation::{Invariant, Violation};

/// How many steps a request needs at the most when nothing goes astray: charges, draws, and waiting for others that do the same.
const MAX_STEPS: usize = 400;

/// For how long what was refused may be refused again without asking: 5 s by quota, and a second more by a shard.
const REMEMBERED_NS: u64 = 7 * SECOND_NS;

impl World {
    /// Lets all messages arrive, sets the clocks right, and waits: every request is answered, and every process is served.
    ///
    /// # Errors
    ///
    /// When one is not, or when that breaks another promise.
    pub fn come_to_rest(&mut self) -> Result<(), Violation> {
        self.step += 1;
        let result = self
            .end_all()
            .and_then(|()| self.serve_what_is_left())
            .and_then(|()| self.serve_all());
        self.at_step(result)
    }

    fn end_all(&mut self) -> Result<(), Violation> {
        while let Some(message) = self.late.pop_front() {
            self.deliver(message)?;
        }
        self.item.off = false;
        for index in 0..PROCESSES {
            self.freeze(index, false);
            if let Some(process) = self.processes.get_mut(index) {
                process.offset_ns = 0;
            }
        }
        for _ in 0..MAX_STEPS {
            let mut is_quiet = true;
            for task in 0..TASKS {
                if !self.is_free(task) {
                    is_quiet = false;
                    self.go_on(task, Fate::Delivered, 1, (0, 0))?;
                    self.now += self.pause_ns;
                }
            }
            if is_quiet {
                return Ok(());
            }
        }
        let stuck = (0..TASKS).find(|task| !self.is_free(*task));
        Err(Violation::new(
            Invariant::Stuck,
            format!("request {stuck:?} is never answered"),
        ))
    }

    /// Who has something left by the item, and waits for as long as a refusal may be remembered, gets it.
    fn serve_what_is_left(&mut self) -> Result<(), Violation> {
        let rules = self.rules(self.plans.len() - 1);
        for index in 0..PROCESSES {
            self.load(index);
            for of_method in [false, true] {
                let is_left = rules.admits(of_method) && self.left(&rules, of_method) > 0;
                let bucket = rules.limits(of_method).bucket.map(|(bucket, _)| bucket);
                let refill_ns = rules.pace_of(bucket).map_or(0, Pace::refill_ns);
                let today = day_of(self.now);
                self.now += refill_ns + REMEMBERED_NS;
                // A new day is another matter: then all is left.
                if is_left && day_of(self.now) == today && self.serve(index, of_method).is_err() {
                    // What was refused when a clock was ahead is remembered when that instant comes.
                    self.now += 2 * REMEMBERED_NS;
                    if day_of(self.now) == today {
                        self.serve(index, of_method)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn serve_all(&mut self) -> Result<(), Violation> {
        let last = self.plans.len() - 1;
        for index in 0..PROCESSES {
            for of_method in [false, true] {
                if !self.rules(last).admits(of_method) {
                    continue;
                }
                // Later than any instant that a wrong clock can have left behind, and than any window.
                self.now += 70 * DAY_NS;
                self.serve(index, of_method)?;
            }
        }
        Ok(())
    }

    /// A request of a process passes, sooner or later.
    fn serve(&mut self, index: usize, of_method: bool) -> Result<(), Violation> {
        let task = if of_method {
            index + TASKS - PROCESSES
        } else {
            index
        };
        let admitted = self.admissions.len();
        for _ in 0..MAX_STEPS {
            if self.admissions.len() > admitted && self.is_free(task) {
                return Ok(());
            }
            self.go_on(task, Fate::Delivered, 1, (0, 0))?;
            self.now += self.pause_ns;
        }
        let seen = format!("process {index} is not served, although something is left");
        Err(Violation::new(Invariant::Stuck, seen))
    }
}
