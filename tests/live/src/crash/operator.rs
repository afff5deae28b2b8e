//! Somebody who changes keys, plans and stages while the gateway is killed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use ::tests::Result;
use fastrand::Rng;
use tollgate::key::KeyValue;
use tollgate::store::KeyRegistry as _;

use super::look::{Found, look};
use super::operation::{Operation, Sent};
use super::world::{Ids, World};
use crate::management::{Management, make_api};

/// An operator with an API of its own.
#[derive(Debug)]
pub(super) struct Operator {
    number: usize,
    prefix: String,
    random: Rng,
    world: World,
    ids: Ids,
    /// How many names it has given.
    names: u64,
    /// What it has asked for, and was not answered.
    interrupted: Option<(Operation, Sent)>,
    /// How many interrupted operations were found done, and how many not.
    done: u64,
    not_done: u64,
    /// The values of keys that were deleted since it last looked.
    gone: Vec<String>,
    violations: Vec<String>,
}

/// What all of them see.
#[derive(Clone, Debug, Default)]
pub(super) struct Shared {
    /// Whether the gateway is about to be killed: until then each request is answered.
    pub(super) is_killed: Arc<AtomicBool>,
    /// Requests of operators and of clients.
    pub(super) steps: Arc<AtomicU64>,
}

impl Shared {
    pub(super) fn is_killed(&self) -> bool {
        self.is_killed.load(Ordering::SeqCst)
    }

    pub(super) fn step(&self) {
        self.steps.fetch_add(1, Ordering::Relaxed);
    }
}

impl Operator {
    /// An operator whose API is not made yet.
    pub(super) fn new(number: usize, random: Rng) -> Self {
        Self {
            number,
            prefix: format!("op{number}-"),
            random,
            world: World::default(),
            ids: Ids::default(),
            names: 0,
            interrupted: None,
            done: 0,
            not_done: 0,
            gone: Vec::new(),
            violations: Vec::new(),
        }
    }

    /// Makes its API, with one method that answers by itself.
    ///
    /// # Errors
    ///
    /// When the management API does not.
    pub(super) async fn set_up(&mut self, management: &Management) -> Result<()> {
        self.ids.api = make_api(management, &format!("{}api", self.prefix)).await?;
        Ok(())
    }

    pub(super) const fn number(&self) -> usize {
        self.number
    }

    /// How many operations it has asked for; how many of the interrupted ones were found done, and how many not.
    pub(super) const fn counts(&self) -> (u64, u64, u64) {
        (self.names, self.done, self.not_done)
    }

    pub(super) fn take_violations(&mut self) -> Vec<String> {
        std::mem::take(&mut self.violations)
    }

    /// Changes things until the gateway is gone.
    pub(super) async fn work(mut self, management: Management, shared: Shared) -> Self {
        while self.interrupted.is_none() {
            self.names += 1;
            let fresh = format!("{}{}", self.prefix, self.names);
            let operation = Operation::draw(&mut self.random, &self.world, &fresh);
            let Some(sent) = operation.request(&self.ids) else {
                self.violations
                    .push(format!("{operation:?}: something in it has no id"));
                break;
            };
            shared.step();
            let answer = management.send(sent.method, &sent.path, &sent.body).await;
            match answer {
                Ok(answer) if answer.status.is_success() => {
                    if let Ok(body) = answer.json() {
                        operation.learn(&mut self.ids, &body);
                    }
                    self.settle(&operation);
                }
                Ok(answer) => {
                    self.violations.push(format!(
                        "{operation:?}: answered {} {}",
                        answer.status, answer.body
                    ));
                    self.interrupted = Some((operation, sent));
                }
                Err(error) => {
                    if !shared.is_killed() {
                        self.violations
                            .push(format!("{operation:?}: no answer: {error}"));
                    }
                    self.interrupted = Some((operation, sent));
                }
            }
        }
        self
    }

    /// Takes an operation for carried out.
    fn settle(&mut self, operation: &Operation) {
        if let Operation::DeleteKey { name } = operation
            && let Some(key) = self.world.keys.get(name)
        {
            self.gone.push(key.value.clone());
        }
        self.world = operation.applied_to(&self.world);
    }

    /// Looks whether all that was acknowledged is there, and whether what was interrupted is there whole or not at all. Then it is asked
    /// for again.
    ///
    /// # Errors
    ///
    /// When something cannot be read.
    pub(super) async fn check(&mut self, management: &Management) -> Result<()> {
        let found = self.look(management).await?;
        if let Some((operation, sent)) = self.interrupted.take() {
            let after = operation.applied_to(&self.world);
            let is_done = found.world == after;
            if is_done {
                self.done += 1;
            } else {
                self.not_done += 1;
            }
            let is_on_the_way = matches!(
                &operation,
                Operation::DeletePlan { name } if found.world.is_on_the_way_from(&self.world, name)
            );
            if !is_done && !is_on_the_way && found.world != self.world {
                self.violations.push(format!(
                    "{operation:?} is neither done nor not: {}",
                    self.world.difference(&found.world)
                ));
            }
            if !(is_done && operation.makes_another()) {
                self.ask_again(management, &operation, &sent, is_done)
                    .await?;
            }
            self.settle(&operation);
            let found = self.look(management).await?;
            self.compare(&found, "after the second request");
            self.ids = found.ids;
        } else {
            self.compare(&found, "after the crash");
            self.ids = found.ids;
        }
        for value in std::mem::take(&mut self.gone) {
            let value = KeyValue::parse(&value)?;
            if let Some(id) = management.store.key_by_value(&value).await? {
                self.violations.push(format!(
                    "{}: a deleted key's value leads to {id}",
                    self.prefix
                ));
            }
        }
        Ok(())
    }

    async fn ask_again(
        &mut self,
        management: &Management,
        operation: &Operation,
        sent: &Sent,
        is_done: bool,
    ) -> Result<()> {
        let answer = management.send(sent.method, &sent.path, &sent.body).await?;
        // What is done already may be refused: there is a key with this value, there is no such plan.
        let is_fine = answer.status.is_success() || (is_done && answer.status.is_client_error());
        if !is_fine {
            self.violations.push(format!(
                "{operation:?}, asked for again: answered {} {}",
                answer.status, answer.body
            ));
        }
        Ok(())
    }

    async fn look(&mut self, management: &Management) -> Result<Found> {
        let mut found = look(management, &self.prefix, &self.ids.api).await?;
        self.violations.append(&mut found.contradictions);
        Ok(found)
    }

    fn compare(&mut self, found: &Found, when: &str) {
        if found.world != self.world {
            self.violations.push(format!(
                "{} {when}: {}",
                self.prefix,
                self.world.difference(&found.world)
            ));
            // Told once.
            self.world = found.world.clone();
        }
    }
}
