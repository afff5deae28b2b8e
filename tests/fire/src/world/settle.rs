//! Costs that are known when a request is answered.

use tollgate::charge::{SettleNext, Settlement};
use tollgate::quota::{QuotaName, Quotas};

use super::World;
use super::request::protocol;
use super::store::{Message, Reply, Sent};
use crate::event::Fate;
use crate::tally::Deed;
use crate::violation::{Invariant, Violation};

/// How many steps it takes at the most: writes, and days that are archived.
const MAX_STEPS: u32 = 16;

impl World {
    /// A process charges `more`, as the limiter does it. `fate` is that of its first message; a write whose answer is lost is sent again.
    pub(super) fn settle(
        &mut self,
        index: usize,
        fate: Fate,
        more: u64,
        slot: u8,
    ) -> Result<(), Violation> {
        self.load_if_old(index);
        let Some(process) = self
            .processes
            .get(index)
            .filter(|process| !process.is_frozen)
        else {
            return Ok(());
        };
        let plan = process.plan;
        let rules = self.rules(plan);
        let mut settlement = Settlement::new(&rules.quotas(), more);
        let mut fate = fate;
        let mut ids = Vec::new();
        for _ in 0..MAX_STEPS {
            let id = self.next_id(slot, 0);
            let now = self.read_clock(index);
            match settlement.next(id, now) {
                SettleNext::Done(settled) => {
                    let taken: u64 = ids.iter().map(|id| self.accounts.taken_by(*id)).sum();
                    let is_right =
                        settled.charged + settled.waived == more && settled.charged == taken;
                    return Violation::unless(is_right, Invariant::Charged, || {
                        format!("of {more} to be settled, {settled:?}, and {taken} were charged")
                    });
                }
                SettleNext::Archive(ended) => {
                    if self.send(Message::Archive(ended), fate)?.is_none() {
                        return Ok(());
                    }
                    settlement.archived(ended);
                }
                SettleNext::Write(write) => {
                    Violation::unless(write.cost <= more, Invariant::Charged, || {
                        format!("{} are charged of {more}", write.cost)
                    })?;
                    ids.push(id);
                    self.check_calendar(&write, plan, now.as_nanos())?;
                    let message = Message::Write(Sent {
                        write: write.clone(),
                        plan,
                        asked_at: self.now,
                        overdraft: rules.overdraft,
                    });
                    let mut reply = self.send(message.clone(), fate)?;
                    if reply.is_none() {
                        reply = self.send(message, Fate::Delivered)?;
                    }
                    match reply {
                        Some(Reply::Answer(answer)) => settlement.learn(&write, &answer, now),
                        Some(Reply::Archived | Reply::OfShard(..) | Reply::Switched) => {
                            return Err(protocol("the meter is asked, and something else answers"));
                        }
                        None => return Ok(()),
                    }
                    self.tally_settled(&rules.quotas());
                }
            }
            fate = Fate::Delivered;
        }
        Err(Violation::new(
            Invariant::Stuck,
            "a settlement does not come to an end",
        ))
    }

    fn tally_settled(&mut self, quotas: &Quotas) {
        self.tally.add(Deed::Settled);
        let own = quotas.own.map(|quota| (QuotaName::Own, quota.limit()));
        let hard = quotas.further.iter().filter(|quota| !quota.is_soft);
        let hard = hard.map(|quota| (QuotaName::Further(quota.every), quota.limit));
        let is_beyond = own.into_iter().chain(hard).any(|(quota, limit)| {
            let used = match quota {
                QuotaName::Own => self.item.used,
                QuotaName::Further(every) => self.item.further.get(&every).map(|(_, used)| *used),
            };
            used.and_then(|used| u64::try_from(used).ok())
                .is_some_and(|used| used > limit)
        });
        if is_beyond {
            self.tally.add(Deed::SettledBeyond);
        }
    }
}
