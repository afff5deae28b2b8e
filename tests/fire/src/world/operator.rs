//! Operators, who set what remains of the quota.

use tollgate::meter::{Answer, ChargeId, Refutation, RemainingWrite};

use super::store::{Message, Reply};
use super::{ATTEMPTS, World, at};
use crate::event::Fate;
use crate::violation::{Invariant, Violation};

/// What an operator is about to write.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    pub(super) write: RemainingWrite,
    remaining: u64,
    attempts: u32,
}

impl World {
    /// The write `id` of an operator, from the item as it is and the plan as it is.
    fn remaining_write(&self, id: ChargeId, remaining: u64) -> Option<RemainingWrite> {
        let quota = self.rules(self.plans.len() - 1).quota?;
        RemainingWrite::new(id, remaining, quota, &self.item.whole(), at(self.now))
    }

    pub(super) fn operate(
        &mut self,
        operator: usize,
        fate: Fate,
        remaining: u64,
    ) -> Result<(), Violation> {
        let before = self.operators.get_mut(operator).and_then(Option::take);
        let after = match before {
            None => {
                let id = self.next_id(0, 0);
                self.remaining_write(id, remaining).map(|write| Change {
                    write,
                    remaining,
                    attempts: 0,
                })
            }
            Some(change) => self.go_on_with(change, fate)?,
        };
        if let Some(operator) = self.operators.get_mut(operator) {
            *operator = after;
        }
        Ok(())
    }

    fn go_on_with(&mut self, change: Change, fate: Fate) -> Result<Option<Change>, Violation> {
        let id = change.write.id;
        let is_set = |world: &Self| world.set.contains(&id.number());
        match self.send(Message::Remaining(change.write), fate)? {
            Some(Reply::Answer(Answer::Applied(_))) => Ok(None),
            Some(Reply::Answer(Answer::Failed(item))) => match change.write.refuted_by(&item) {
                Refutation::WasApplied => {
                    Violation::unless(is_set(self), Invariant::Operator, || {
                        "a change is taken for applied that was not".to_owned()
                    })?;
                    Ok(None)
                }
                Refutation::OtherChange => Ok(None),
                Refutation::WindowPassed => {
                    Violation::unless(!is_set(self), Invariant::Operator, || {
                        "a change that was applied is made again".to_owned()
                    })?;
                    let write = self.remaining_write(id, change.remaining);
                    Ok(write.map(|write| Change { write, ..change }))
                }
            },
            Some(Reply::Archived | Reply::Switched | Reply::OfShard(..)) => Err(Violation::new(
                Invariant::Protocol,
                "an operator is answered with something else",
            )),
            None => {
                let attempts = change.attempts + 1;
                Ok((attempts < ATTEMPTS).then_some(Change { attempts, ..change }))
            }
        }
    }
}
