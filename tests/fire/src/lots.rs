//! What happens next is drawn by lot.

use fastrand::Rng;

use crate::calendar::{DAY_NS, SECOND_NS};
use crate::event::{ALL, Event, Fate, OPERATORS, PROCESSES, TASKS};
use crate::rules::{Kind, Rules};

/// How events are drawn in one world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weather {
    /// The kind of its plans.
    pub kind: Kind,
    /// Of 64 messages, so many go astray.
    pub astray: u8,
    /// Clocks are set to be so far from the true time at the most. 0: they are right.
    pub skew_ns: i64,
    /// Whether operators change plans.
    pub has_changes: bool,
    /// Whether operators change what remains, and disable the key.
    pub has_operators: bool,
    /// Whether days may pass between two events.
    pub has_days: bool,
    /// Of 64 requests in a heavy phase, so many count for a large part of the bucket.
    pub heavy: u8,
}

impl Weather {
    /// The weather of a world: fair in some, so that a narrow bound can be told from a broken one.
    pub fn draw(rng: &mut Rng) -> Self {
        let seconds = |count: i64| count * 1_000_000_000;
        Self {
            kind: match rng.u8(0..8) {
                0..3 => Kind::Small,
                3..6 => Kind::Leased,
                _ => Kind::Sharded,
            },
            astray: *rng.choice(&[0, 4, 16]).unwrap_or(&4),
            skew_ns: match rng.u8(0..8) {
                0..4 => 0,
                4 => 1_000_000,
                5 => 100_000_000,
                6 => seconds(5),
                _ => seconds(200_000),
            },
            has_changes: rng.u8(0..3) == 0,
            has_operators: rng.bool(),
            has_days: rng.u8(0..4) > 0,
            heavy: *rng.choice(&[0, 8, 32]).unwrap_or(&8),
        }
    }
}

/// Draws the events of one world, one after another.
#[derive(Debug)]
pub struct Lots {
    rng: Rng,
    weather: Weather,
    /// The plan as it is by now.
    rules: Rules,
    /// The process to which most requests come, for a while.
    busy: usize,
    is_heavy: bool,
}

impl Lots {
    /// The events of a world that begins with `rules`.
    #[must_use]
    pub const fn new(rng: Rng, weather: Weather, rules: Rules) -> Self {
        Self {
            rng,
            weather,
            rules,
            busy: 0,
            is_heavy: false,
        }
    }

    fn fate(&mut self) -> Fate {
        let rng = &mut self.rng;
        if rng.u8(0..64) >= self.weather.astray {
            return Fate::Delivered;
        }
        match rng.u8(0..4) {
            0 => Fate::RequestLost,
            1 => Fate::AnswerLost,
            2 => Fate::Late,
            _ => Fate::Twice,
        }
    }

    /// How far time goes between two events: from nothing to several days.
    fn pause(&mut self) -> u64 {
        let Weather { kind, has_days, .. } = self.weather;
        let rng = &mut self.rng;
        let longest = match (kind, rng.u8(0..32)) {
            (Kind::Small | Kind::Leased, 0) if has_days => rng.u64(1..=9) * DAY_NS,
            (Kind::Sharded, 0) if has_days => 2 * DAY_NS,
            (Kind::Small, 1..6) | (Kind::Leased, 1..3) | (Kind::Sharded, 1) => 10 * SECOND_NS,
            (Kind::Small, _) | (Kind::Leased, 3..9) => SECOND_NS,
            (Kind::Leased, _) => SECOND_NS / 40,
            (Kind::Sharded, _) => SECOND_NS / 200,
        };
        rng.u64(0..=longest)
    }

    fn cost(&mut self) -> u64 {
        let rng = &mut self.rng;
        match rng.u8(0..64) {
            lot if self.is_heavy && lot < self.weather.heavy / 2 => ALL,
            lot if self.is_heavy && lot < self.weather.heavy => {
                let burst = self.rules.pace.unwrap_or(self.rules.method).burst;
                rng.u64(1..=burst.max(1))
            }
            56.. => rng.u64(2..4),
            _ => 1,
        }
    }

    /// A request, often of the process that is busy in this phase.
    fn task(&mut self) -> usize {
        let rng = &mut self.rng;
        let of_process = rng.usize(0..TASKS / PROCESSES);
        let process = if rng.u8(0..4) > 0 {
            self.busy
        } else {
            rng.usize(0..PROCESSES)
        };
        process + PROCESSES * of_process
    }

    /// The next event.
    pub fn event(&mut self) -> Event {
        if self.rng.u8(0..32) == 0 {
            self.busy = self.rng.usize(0..PROCESSES);
            self.is_heavy = self.rng.bool();
        }
        let Weather {
            kind,
            skew_ns,
            has_changes,
            has_operators,
            ..
        } = self.weather;
        let fate = self.fate();
        let process = self.rng.usize(0..PROCESSES);
        match self.rng.u8(..) {
            0..20 => Event::Pass {
                nanos: self.pause(),
            },
            20..25 => Event::Wake {
                is_early: self.rng.u8(0..4) == 0,
            },
            25..28 => Event::Fill {
                part: if self.rng.bool() { 0 } else { self.rng.u8(..) },
            },
            28..34 => Event::Arrive {
                which: self.rng.usize(0..64),
            },
            34 | 35 if skew_ns > 0 => Event::SetClock {
                process,
                offset_ns: if self.rng.u8(0..4) == 0 {
                    0
                } else {
                    self.rng.i64(-skew_ns..=skew_ns)
                },
            },
            36 => Event::Kill {
                process,
                is_hot: self.rng.bool(),
            },
            37 => Event::Freeze { process },
            38..43 => Event::Thaw { process },
            43 | 44 => Event::HandBack { process, fate },
            128..131 => Event::Settle {
                process,
                fate,
                more: self.rng.u64(1..60),
                slot: self.rng.u8(0..3),
            },
            45 => Event::Drop {
                task: self.rng.usize(0..TASKS),
            },
            46 | 47 if has_operators => Event::Switch {
                is_off: self.rng.u8(0..4) == 0,
                fate,
            },
            48..54 if has_operators => Event::Operate {
                operator: self.rng.usize(0..OPERATORS),
                fate,
                remaining: self.rng.u64(0..60),
            },
            54 if has_changes => {
                self.rules = self.rules.change(&mut self.rng, kind);
                Event::Change { rules: self.rules }
            }
            55 | 56 if has_changes => Event::Load { process },
            57..128 => Event::Serve {
                task: self.task(),
                cost: self.cost(),
                dice: self.rng.u32(..),
            },
            _ => Event::Step {
                task: self.task(),
                fate,
                cost: self.cost(),
                slot: self.rng.u8(0..3),
                dice: self.rng.u32(..),
            },
        }
    }
}
