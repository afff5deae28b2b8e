//! What a command works with.

use tollgate::store::ApiKey;
use tollgate::time::Timestamp;

use super::confirm::Operator;
use super::output::{Printer, printable};
use crate::management::ManagedPlan;

/// What a command works with.
pub(super) struct Session<'a, R> {
    /// The keys and plans.
    pub(super) registry: &'a R,
    /// Where to write.
    pub(super) printer: &'a Printer,
    /// Whom to ask.
    pub(super) operator: &'a dyn Operator,
    /// When the command started.
    pub(super) now: Timestamp,
}

impl<R> Session<'_, R> {
    /// Notes what was done with a key.
    pub(super) fn note_about(&self, done: &str, key: &ApiKey) {
        self.printer.note(&format!("{done} {}", named_key(key)));
    }
}

/// A key in a sentence.
pub(super) fn named_key(key: &ApiKey) -> String {
    format!("key {} ({})", printable(&key.name), key.id)
}

/// A plan in a sentence.
pub(super) fn named_plan(plan: &ManagedPlan) -> String {
    format!("plan {} ({})", printable(&plan.name), plan.id)
}
