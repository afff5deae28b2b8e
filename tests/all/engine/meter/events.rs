//! What can happen between processes, a store, and the clocks of both.

use proptest::prelude::*;

use super::any_pause;

/// Processes, and the requests that each handles at once.
pub(super) const PROCESSES: usize = 3;
pub(super) const TASKS: usize = 3 * PROCESSES;

/// Operators, each of whom makes one change at a time.
pub(super) const OPERATORS: usize = 2;

/// What happens to a message.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    Delivered,
    RequestLost,
    AnswerLost,
    /// It arrives when the sender has given it up.
    Late,
    /// It arrives, and once more later.
    Twice,
}

/// What happens next.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    Step {
        task: usize,
        fate: Fate,
        cost: u64,
        slot: u64,
    },
    /// A message that was late arrives.
    Arrive {
        which: usize,
    },
    Pass {
        nanos: u64,
    },
    /// A process's clock is set, so many nanoseconds from the true time.
    SetClock {
        process: usize,
        offset_ns: i64,
    },
    /// A process ends, and another one takes its place.
    Restart {
        process: usize,
    },
    /// A process ends in order: it gives back what it has leased.
    HandBack {
        process: usize,
        fate: Fate,
    },
    /// A request is given up by whoever made it.
    Drop {
        task: usize,
    },
    Switch {
        off: bool,
    },
    /// An operator goes on with setting what remains of the quota.
    Operate {
        operator: usize,
        fate: Fate,
        remaining: u64,
    },
}

fn any_fate() -> impl Strategy<Value = Fate> + Clone {
    prop_oneof![
        12 => Just(Fate::Delivered),
        1 => Just(Fate::RequestLost),
        1 => Just(Fate::AnswerLost),
        1 => Just(Fate::Late),
        1 => Just(Fate::Twice),
    ]
}

pub(super) fn any_event() -> impl Strategy<Value = Event> {
    let offset_ns = prop_oneof![
        Just(0),
        -5_000_000_000..5_000_000_000_i64,
        -200_000_000_000_000..200_000_000_000_000_i64,
    ];
    prop_oneof![
        60 => (0..TASKS, any_fate(), 1..4_u64, 0..3_u64)
            .prop_map(|(task, fate, cost, slot)| Event::Step { task, fate, cost, slot }),
        4 => any::<usize>().prop_map(|which| Event::Arrive { which }),
        8 => any_pause().prop_map(|nanos| Event::Pass { nanos }),
        1 => (0..PROCESSES, offset_ns)
            .prop_map(|(process, offset_ns)| Event::SetClock { process, offset_ns }),
        1 => (0..PROCESSES).prop_map(|process| Event::Restart { process }),
        1 => (0..PROCESSES, any_fate())
            .prop_map(|(process, fate)| Event::HandBack { process, fate }),
        2 => (0..TASKS).prop_map(|task| Event::Drop { task }),
        1 => prop::bool::weighted(0.3).prop_map(|off| Event::Switch { off }),
        6 => (0..OPERATORS, any_fate(), 0..60_u64).prop_map(|(operator, fate, remaining)| {
            Event::Operate { operator, fate, remaining }
        }),
    ]
}
