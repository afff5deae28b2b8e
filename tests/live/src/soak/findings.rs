//! What a run has found so far.

use ::tests::Result;
use chaos::output::show;

use crate::cli::Sum;

/// The sum of a run, whose violations are told at once.
#[derive(Debug, Default)]
pub(super) struct Findings {
    sum: Sum,
}

impl Findings {
    pub(super) fn steps(&mut self, steps: u64) {
        self.sum.steps = self.sum.steps.saturating_add(steps);
    }

    /// Hostile connections and requests.
    pub(super) fn faults(&mut self, faults: u64) {
        self.sum.faults = self.sum.faults.saturating_add(faults);
    }

    /// Tells of a promise that was broken.
    ///
    /// # Errors
    ///
    /// When nobody reads it.
    pub(super) fn violation(&mut self, what: &str) -> Result<()> {
        self.sum.violations = self.sum.violations.saturating_add(1);
        show(&format!("violation: {what}"))?;
        Ok(())
    }

    /// Tells of a promise, unless it was kept.
    ///
    /// # Errors
    ///
    /// When nobody reads it.
    pub(super) fn require(&mut self, is_kept: bool, what: &str) -> Result<()> {
        if is_kept {
            return Ok(());
        }
        self.violation(what)
    }

    pub(super) const fn sum(&self) -> Sum {
        self.sum
    }
}
