//! A meter's item in memory, charged as DynamoDB evaluates a charge's expression: every condition on the item as it was, a
//! comparison with an attribute that is not there is false, then all updates or none.

use std::collections::BTreeMap;

use tollgate::meter::{
    Answer, BucketForm, ChargeId, DayClause, DayCount, FurtherClause, FurtherForm, FurtherUse,
    MeterItem, QuotaClause, RefundWrite, RemainingWrite, ShardAnswer, ShardItem, ShardWrite,
    WindowUse, Write,
};
use tollgate::plan::BucketId;
use tollgate::quota::{Day, Every, Minute};
use tollgate::time::Timestamp;

/// The attributes of the item.
#[derive(Clone, Debug, Default)]
pub struct Item {
    /// Whether the key is disabled.
    pub off: bool,
    /// What charges have to say since the key was narrowed. It stands in place of `off`.
    pub generation: Option<u64>,
    /// The state of each bucket, in nanoseconds since the epoch.
    pub tats: BTreeMap<BucketId, u64>,
    /// The first day of the quota's window.
    pub win: Option<u32>,
    /// What was used in the window.
    pub used: Option<i64>,
    /// The first minute of the stretch of each further quota, and what was used in it.
    pub further: BTreeMap<Every, (u32, i64)>,
    /// The last day on which anything was counted.
    pub day: Option<u32>,
    /// The requests of that day.
    pub count: Option<u64>,
    /// The active day before it.
    pub prev_day: Option<u32>,
    /// The requests of the day before.
    pub prev_count: Option<u64>,
    /// When the last charge was tried that was applied.
    pub used_at: Option<Timestamp>,
    /// The name of the last charge in each slot.
    pub slots: BTreeMap<u8, u64>,
    /// The name of the last change by an operator.
    pub set_id: Option<u64>,
    /// The name of the last refund by a process that ended.
    pub refund_id: Option<u64>,
}

fn pair<N: Default>(day: Option<u32>, number: Option<N>) -> Option<(Day, N)> {
    Some((Day::from_number(day?), number.unwrap_or_default()))
}

impl Item {
    /// Tries a charge.
    pub fn charge(&mut self, write: &Write) -> Answer {
        if self.allows(write) {
            Answer::Applied(self.apply(write))
        } else {
            Answer::Failed(MeterItem {
                off: self.is_off_for(write),
                ..self.whole()
            })
        }
    }

    fn is_off_for(&self, write: &Write) -> bool {
        let is_narrowed = self
            .generation
            .is_some_and(|generation| generation != write.generation);
        self.off || is_narrowed
    }

    /// Tries to set what remains of the quota.
    pub fn set_remaining(&mut self, write: &RemainingWrite) -> Answer {
        let follows = self.set_id == write.follows.map(ChargeId::number);
        if follows && self.win.is_none_or(|win| win <= write.window.number()) {
            self.win = Some(write.window.number());
            self.used = Some(write.used);
            self.set_id = Some(write.id.number());
            Answer::Applied(self.whole())
        } else {
            Answer::Failed(self.whole())
        }
    }

    /// Tries to give back what a process has not used.
    pub fn refund(&mut self, write: &RefundWrite) -> Answer {
        let RefundWrite { id, after, refund } = write;
        let requests = i64::try_from(refund.requests).unwrap_or(i64::MAX);
        let follows = self.refund_id == after.map(ChargeId::number);
        let is_same_stretch = |(every, window): (Every, Minute)| {
            let stored = self.further.get(&every);
            stored.is_some_and(|(stored, _)| *stored == window.number())
        };
        if !follows
            || !self.is_as_at(refund.window, refund.day, refund.follows)
            || !refund.further.iter().all(is_same_stretch)
        {
            return Answer::Failed(self.whole());
        }
        for (every, _) in refund.further.iter() {
            if let Some((_, used)) = self.further.get_mut(&every) {
                *used -= requests;
            }
        }
        self.refund_id = Some(id.number());
        if refund.window.is_some() {
            self.used = self.used.map(|used| used - requests);
        }
        self.count = self
            .count
            .map(|count| count.saturating_sub(refund.requests));
        Answer::Applied(self.whole())
    }

    /// Whether the window, the day and the operator's last change are still those of a charge.
    fn is_as_at(&self, window: Option<Day>, day: Day, follows: Option<ChargeId>) -> bool {
        let is_same_window = window.is_none_or(|window| {
            self.win == Some(window.number()) && self.set_id == follows.map(ChargeId::number)
        });
        is_same_window && self.day == Some(day.number())
    }

    fn allows(&self, write: &Write) -> bool {
        let bucket = write.bucket.is_none_or(|clause| {
            let tat = self.tats.get(&clause.bucket).copied();
            match clause.form {
                BucketForm::Busy { now, latest, .. } => {
                    tat.is_some_and(|tat| tat > now.as_nanos() && tat <= latest.as_nanos())
                }
                BucketForm::Idle { now, .. } => tat.is_none_or(|tat| tat <= now.as_nanos()),
            }
        });
        let quota = write.quota.is_none_or(|clause| match clause {
            QuotaClause::Same { window, most } => {
                let is_same = self.win == Some(window.number());
                let fits = is_same && self.used.is_some_and(|used| used <= most);
                fits || (most >= 0 && self.win.is_none())
            }
            QuotaClause::New { window } => self.win.is_some_and(|win| win < window.number()),
        });
        let day = match write.day {
            DayClause::Same { day } => self.day.is_none_or(|known| known == day.number()),
            DayClause::New { day, archived } => {
                self.day.is_some_and(|known| known < day.number())
                    && self.prev_day == archived.map(Day::number)
            }
        };
        let is_free = self.slots.get(&write.id.slot()) != Some(&write.id.number());
        let refund = write.refund.is_none_or(|refund| {
            self.day.is_some()
                && (refund.window.is_none()
                    || (self.win.is_some() && self.set_id == refund.follows.map(ChargeId::number)))
        });
        let further = write
            .further
            .iter()
            .all(|clause| self.allows_further(clause));
        !self.is_off_for(write) && is_free && bucket && quota && further && day && refund
    }

    fn allows_further(&self, clause: &FurtherClause) -> bool {
        let stored = self.further.get(&clause.every).copied();
        match clause.form {
            FurtherForm::Same { window, most } => match stored {
                Some((stored, used)) => {
                    stored == window.number() && most.is_none_or(|most| used <= most)
                }
                None => clause.given_back == 0,
            },
            FurtherForm::New { window } => {
                stored.is_some_and(|(stored, _)| stored < window.number())
            }
        }
    }

    /// Makes the updates; what they set is the answer.
    fn apply(&mut self, write: &Write) -> MeterItem {
        let mut set = Self::default();
        let counted = write.counted();
        set.slots.insert(write.id.slot(), write.id.number());
        if let Some(clause) = write.bucket {
            let tat = match clause.form {
                BucketForm::Busy { cost_ns, .. } => {
                    let tat = self.tats.get(&clause.bucket).copied();
                    tat.unwrap_or(0).saturating_add(cost_ns)
                }
                BucketForm::Idle { next, .. } => next.as_nanos(),
            };
            set.tats.insert(clause.bucket, tat);
        }
        match write.quota {
            Some(QuotaClause::Same { window, .. }) => {
                set.win = Some(window.number());
                set.used = Some(self.used.unwrap_or(0) + counted);
            }
            Some(QuotaClause::New { window }) => {
                set.win = Some(window.number());
                set.used = Some(counted);
            }
            None => {}
        }
        for clause in &write.further {
            let counted = clause.counted(write.cost);
            let before = self.further.get(&clause.every).map_or(0, |(_, used)| *used);
            let used = match clause.form {
                FurtherForm::Same { .. } => before + counted,
                FurtherForm::New { .. } => counted,
            };
            set.further
                .insert(clause.every, (clause.window().number(), used));
        }
        self.further.extend(&set.further);
        match write.day {
            DayClause::Same { day } => {
                set.day = Some(day.number());
                set.count = Some(self.count.unwrap_or(0).saturating_add_signed(counted));
            }
            DayClause::New { day, .. } => {
                (set.prev_day, set.prev_count) = (self.day, self.count);
                (set.day, set.count) = (Some(day.number()), Some(counted.try_into().unwrap_or(0)));
            }
        }
        set.used_at = Some(write.at);
        self.used_at = set.used_at;
        self.slots.extend(&set.slots);
        self.tats.extend(&set.tats);
        self.win = set.win.or(self.win);
        self.used = set.used.or(self.used);
        self.day = set.day.or(self.day);
        self.count = set.count.or(self.count);
        self.prev_day = set.prev_day.or(self.prev_day);
        self.prev_count = set.prev_count.or(self.prev_count);
        set.whole()
    }

    /// All attributes, as a store hands them over.
    pub fn whole(&self) -> MeterItem {
        let tats = self.tats.iter();
        MeterItem {
            off: self.off,
            tats: tats
                .map(|(bucket, tat)| (*bucket, Timestamp::from_nanos(*tat)))
                .collect(),
            quota: pair(self.win, self.used).map(|(window, used)| WindowUse { window, used }),
            further: self
                .further
                .iter()
                .map(|(every, (window, used))| FurtherUse {
                    every: *every,
                    window: Minute::from_number(*window),
                    used: *used,
                })
                .collect(),
            day: pair(self.day, self.count).map(|(day, count)| DayCount { day, count }),
            prev_day: pair(self.prev_day, self.prev_count)
                .map(|(day, count)| DayCount { day, count }),
            used_at: self.used_at,
            slots: self.slots.values().copied().map(ChargeId::new).collect(),
            set_id: self.set_id.map(ChargeId::new),
            refund_id: self.refund_id.map(ChargeId::new),
        }
    }

    /// The requests of every day that the item and `archived` together know.
    pub fn days(&self, archived: &BTreeMap<u32, u64>) -> BTreeMap<u32, u64> {
        let mut days = archived.clone();
        let own = [(self.prev_day, self.prev_count), (self.day, self.count)];
        days.extend(
            own.iter()
                .filter_map(|(day, count)| Some(((*day)?, (*count)?))),
        );
        days
    }
}

/// Tries a write to a shard.
pub fn write_shard(item: &mut ShardItem, write: &ShardWrite) -> ShardAnswer {
    let before = *item;
    let is_applied = match *write {
        ShardWrite::Draw { requests, now } => match &mut item.share {
            Some(share) if share.ends_at > now && share.left.requests >= requests => {
                share.left.requests -= requests;
                true
            }
            Some(_) | None => false,
        },
        ShardWrite::Claim { id, follows, until } => {
            let follows = item.name == follows;
            if follows {
                (item.name, item.claimed_until) = (Some(id), until);
            }
            follows
        }
        ShardWrite::Fill {
            id,
            follows,
            share,
            refill_at,
        } => {
            let follows = item.name == Some(follows);
            if follows {
                *item = ShardItem {
                    name: Some(id),
                    claimed_until: Timestamp::EPOCH,
                    refill_at,
                    share: Some(share),
                };
            }
            follows
        }
    };
    if is_applied {
        ShardAnswer::Applied(before)
    } else {
        ShardAnswer::Failed(before)
    }
}
