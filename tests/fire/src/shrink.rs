//! A short story of a broken promise: events are left out, and made simpler, for as long as the same promise is broken.

use crate::event::{Event, Fate};
use crate::run::Story;
use crate::tally::Tally;
use crate::violation::{Invariant, Violation};
use crate::world::World;

/// How many stories are tried at the most.
const MAX_TRIES: u32 = 20_000;

struct Shrinker {
    story: Story,
    violation: Violation,
    tries: u32,
}

/// The shortest story that was found in which what `violation` says is broken, and what is seen in it.
#[must_use]
pub fn shrink(story: Story, violation: Violation) -> (Story, Violation) {
    let mut shrinker = Shrinker {
        story,
        violation,
        tries: 0,
    };
    shrinker.cut_end();
    loop {
        let before = shrinker.story.events.clone();
        shrinker.leave_out();
        shrinker.simplify();
        if shrinker.story.events == before || shrinker.tries >= MAX_TRIES {
            return (shrinker.story, shrinker.violation);
        }
    }
}

impl Shrinker {
    fn invariant(&self) -> Invariant {
        self.violation.invariant
    }

    /// Takes over `events` when they break the same promise.
    fn takes(&mut self, events: Vec<Event>) -> bool {
        if self.tries >= MAX_TRIES {
            return false;
        }
        self.tries += 1;
        let story = Story {
            events,
            ..self.story
        };
        match story.play(&mut Tally::default()) {
            Some(violation) if violation.invariant == self.invariant() => {
                (self.story, self.violation) = (story, violation);
                true
            }
            Some(_) | None => false,
        }
    }

    /// What came after the promise was broken.
    fn cut_end(&mut self) {
        let mut events = self.story.events.clone();
        events.truncate(self.violation.step);
        self.takes(events);
    }

    /// Large parts first, then smaller ones, then single events.
    fn leave_out(&mut self) {
        let mut size = self.story.events.len().div_ceil(2).max(1);
        loop {
            let mut start = 0;
            while start < self.story.events.len() {
                let mut events = self.story.events.clone();
                let end = events.len().min(start + size);
                events.drain(start..end);
                if !self.takes(events) {
                    start += size;
                }
            }
            if size == 1 {
                return;
            }
            size = size.div_ceil(2);
        }
    }

    fn simplify(&mut self) {
        for index in 0..self.story.events.len() {
            // Each simpler event may have a simpler one.
            while let Some(event) = self.story.events.get(index).copied()
                && simpler(event).into_iter().any(|event| {
                    let mut events = self.story.events.clone();
                    if let Some(place) = events.get_mut(index) {
                        *place = event;
                    }
                    self.takes(events)
                })
            {}
        }
    }
}

/// Events that say less.
fn simpler(event: Event) -> Vec<Event> {
    let mut all = Vec::new();
    match event {
        Event::Step {
            task,
            fate,
            cost,
            slot,
            dice,
        } => {
            let step = |fate, cost, slot, dice| Event::Step {
                task,
                fate,
                cost,
                slot,
                dice,
            };
            if fate != Fate::Delivered {
                all.push(step(Fate::Delivered, cost, slot, dice));
            }
            if cost != 1 {
                all.push(step(fate, 1, slot, dice));
            }
            if slot > 0 {
                all.push(step(fate, cost, 0, dice));
            }
            if dice > 0 {
                all.push(step(fate, cost, slot, 0));
            }
        }
        Event::Serve { task, cost, dice } => {
            if cost != 1 {
                let smaller = [1, cost / 2, cost.saturating_sub(1)];
                let smaller = smaller.into_iter().filter(|smaller| *smaller > 0);
                all.extend(smaller.map(|cost| Event::Serve { task, cost, dice }));
            }
            if dice > 0 {
                let dice = 0;
                all.push(Event::Serve { task, cost, dice });
            }
        }
        Event::Pass { nanos } if nanos > 1 => {
            // To a round number, or to half of it.
            let round = [1_000_000_000, 1_000_000, 1_000];
            let round = round.iter().map(|unit| nanos - nanos % unit);
            let shorter = round.chain([nanos / 2]);
            all.extend(
                shorter
                    .filter(|shorter| *shorter < nanos && *shorter > 0)
                    .map(|nanos| Event::Pass { nanos }),
            );
        }
        Event::SetClock { process, offset_ns } if offset_ns != 0 => {
            let round = [1_000_000_000, 1_000_000, 1_000];
            let round = round.iter().map(|unit| offset_ns - offset_ns % unit);
            all.extend(
                round
                    .chain([0, offset_ns / 2])
                    .filter(|nearer| *nearer != offset_ns)
                    .map(|offset_ns| Event::SetClock { process, offset_ns }),
            );
        }
        Event::HandBack { process, fate } if fate != Fate::Delivered => {
            let fate = Fate::Delivered;
            all.push(Event::HandBack { process, fate });
        }
        Event::Settle {
            process,
            fate,
            more,
            slot,
        } if fate != Fate::Delivered => {
            let fate = Fate::Delivered;
            all.push(Event::Settle {
                process,
                fate,
                more,
                slot,
            });
        }
        Event::Switch { is_off, fate } if fate != Fate::Delivered => {
            let fate = Fate::Delivered;
            all.push(Event::Switch { is_off, fate });
        }
        Event::Operate {
            operator,
            fate,
            remaining,
        } if fate != Fate::Delivered => {
            let fate = Fate::Delivered;
            all.push(Event::Operate {
                operator,
                fate,
                remaining,
            });
        }
        Event::Pass { .. }
        | Event::SetClock { .. }
        | Event::HandBack { .. }
        | Event::Settle { .. }
        | Event::Switch { .. }
        | Event::Operate { .. }
        | Event::Arrive { .. }
        | Event::Wake { .. }
        | Event::Fill { .. }
        | Event::Kill { .. }
        | Event::Freeze { .. }
        | Event::Thaw { .. }
        | Event::Drop { .. }
        | Event::Change { .. }
        | Event::Load { .. } => {}
    }
    all
}

/// The story, event by event, with what came of each.
#[must_use]
pub fn tell(story: &Story) -> Vec<String> {
    let mut world = World::new(&story.beginning);
    world.keep_trace();
    let mut lines = vec![format!("the plan: {}", story.beginning.rules)];
    let mut number = 0;
    let violation = story.play_in(&mut world, |event, world| {
        number += 1;
        lines.push(match event {
            Some(event) => format!("{number:>4}. {event}"),
            None => format!("{number:>4}. all comes to rest"),
        });
        let told = world.take_trace();
        lines.extend(told.iter().map(|line| format!("        {line}")));
    });
    if let Some(violation) = violation {
        lines.push(format!("broken: {violation}"));
    }
    lines
}
