//! What the store makes of messages, and what is counted of it.

use tollgate::meter::{Answer, DayCount};

use super::{Change, Message, Reply, Sent, World};
use crate::engine::item::{Item, write_shard};
use crate::engine::meter::events::Fate;

impl World {
    /// The reply, when it comes back.
    pub(super) fn send(&mut self, message: Message, fate: Fate) -> Option<Reply> {
        match fate {
            Fate::Delivered => Some(self.deliver(message)),
            Fate::RequestLost => None,
            Fate::AnswerLost => {
                self.deliver(message);
                None
            }
            Fate::Late => {
                self.late.push(message);
                None
            }
            Fate::Twice => {
                self.late.push(message.clone());
                Some(self.deliver(message))
            }
        }
    }

    pub(super) fn deliver(&mut self, message: Message) -> Reply {
        match message {
            Message::Archive(DayCount { day, count }) => {
                self.archived.insert(day.number(), count);
                Reply::Archived
            }
            Message::Write(sent) => Reply::Answer(self.charge(&sent)),
            Message::Shard(shard, write) => {
                let item = self.shards.entry(shard).or_default();
                Reply::OfShard(write_shard(item, &write))
            }
            Message::Remaining(change) => Reply::Answer(self.set_remaining(&change)),
            Message::Refund(write) => {
                let before = self.item.clone();
                let answer = self.item.refund(&write);
                if matches!(answer, Answer::Applied(_)) {
                    self.count(&before);
                }
                Reply::Answer(answer)
            }
        }
    }

    fn set_remaining(&mut self, change: &Change) -> Answer {
        let before = self.item.clone();
        let answer = self.item.set_remaining(&change.write);
        if matches!(answer, Answer::Applied(_)) {
            assert!(self.item.win >= before.win, "win decreased");
            assert!(self.set.insert(change.write.id.number()), "set twice");
            let remaining = i64::try_from(change.remaining).unwrap();
            self.left.insert(self.item.win.unwrap(), remaining);
        }
        answer
    }

    fn charge(&mut self, sent: &Sent) -> Answer {
        let Sent { write, .. } = sent;
        let before = self.item.clone();
        let answer = self.item.charge(write);
        if matches!(answer, Answer::Applied(_)) {
            assert!(!before.off, "a meter that is off was charged");
            assert!(self.item.tats >= before.tats, "tat decreased");
            assert!(self.item.win >= before.win, "win decreased");
            assert!(self.item.day >= before.day, "day decreased");
            let last = self.last_in_slot.insert(write.id.slot(), write.id);
            assert_ne!(
                last,
                Some(write.id),
                "charged twice while the slot still had its name"
            );
            self.count(&before);
        }
        answer
    }

    /// Follows what a charge or a refund has changed of the quota and of the day.
    fn count(&mut self, before: &Item) {
        if let Some(quota) = self.rules.quota {
            let window = self.item.win.unwrap();
            let was_used = before.used.filter(|_| before.win == Some(window));
            let left = self
                .left
                .entry(window)
                .or_insert(i64::try_from(quota.limit()).unwrap());
            *left -= self.item.used.unwrap() - was_used.unwrap_or(0);
            assert!(*left >= 0, "more was taken of a window than was left of it");
        }
        let day = self.item.day.unwrap();
        let count = |item: &Item| i64::try_from(item.count.unwrap_or(0)).unwrap();
        let counted = if before.day == Some(day) {
            count(&self.item) - count(before)
        } else {
            count(&self.item)
        };
        *self.days.entry(day).or_default() += counted;
    }
}
