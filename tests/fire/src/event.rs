//! What can happen between processes, a store, operators, and the clocks of all.

use std::fmt;

use crate::rules::Rules;

/// Processes of a world.
pub const PROCESSES: usize = 3;

/// The requests that all processes handle at once. The last of each process are for the method with a throttle of its own.
pub const TASKS: usize = 4 * PROCESSES;

/// Operators, each of whom makes one change at a time.
pub const OPERATORS: usize = 2;

/// A request that counts for all that the limits leave.
pub const ALL: u64 = 0;

/// What happens to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives, and so does its answer.
    Delivered,
    /// It never arrives.
    RequestLost,
    /// It arrives, and its answer does not.
    AnswerLost,
    /// It arrives when the sender has given it up.
    Late,
    /// It arrives, and once more later.
    Twice,
}

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A request comes, or goes on by one step.
    Step {
        /// Which of all.
        task: usize,
        /// What becomes of the message that it sends, if it sends one.
        fate: Fate,
        /// How many requests it counts for, or [`ALL`].
        cost: u64,
        /// The slot of the charge that it makes.
        slot: u8,
        /// What the process draws by lot.
        dice: u32,
    },
    /// A request comes, or goes on, to its end, and nothing goes astray.
    Serve {
        /// Which of all.
        task: usize,
        /// How many requests it counts for, or [`ALL`].
        cost: u64,
        /// What the process draws by lot.
        dice: u32,
    },
    /// A message that was late arrives.
    Arrive {
        /// Which, of those that are late.
        which: usize,
    },
    /// Time passes.
    Pass {
        /// How much.
        nanos: u64,
    },
    /// Time passes until the instant that the last refusal named.
    Wake {
        /// Or until a nanosecond before it.
        is_early: bool,
    },
    /// Time passes until the plan's bucket is full again, by a part of its refill too long.
    Fill {
        /// The part, in 256ths of a hundredth.
        part: u8,
    },
    /// A process's clock is set.
    SetClock {
        /// Which process.
        process: usize,
        /// So far from the true time.
        offset_ns: i64,
    },
    /// A process ends, and another one takes its place.
    Kill {
        /// Which process.
        process: usize,
        /// Whether the new one knows that the key is hot.
        is_hot: bool,
    },
    /// Nothing runs in a process until it is thawed.
    Freeze {
        /// Which process.
        process: usize,
    },
    /// A process goes on with what it knew.
    Thaw {
        /// Which process.
        process: usize,
    },
    /// A process gives back what it has leased, as if it ended.
    HandBack {
        /// Which process.
        process: usize,
        /// What becomes of its messages.
        fate: Fate,
    },
    /// A process charges what a request has cost beyond what it was charged before.
    Settle {
        /// Which process.
        process: usize,
        /// What becomes of its messages at first.
        fate: Fate,
        /// How much more it has cost.
        more: u64,
        /// The slot of the charges.
        slot: u8,
    },
    /// A request is given up by whoever made it.
    Drop {
        /// Which of all.
        task: usize,
    },
    /// The key is disabled or enabled.
    Switch {
        /// Whether it is disabled.
        is_off: bool,
        /// What becomes of the write to its meter.
        fate: Fate,
    },
    /// An operator goes on with setting what remains of the quota.
    Operate {
        /// Which operator.
        operator: usize,
        /// What becomes of the write.
        fate: Fate,
        /// What is to remain.
        remaining: u64,
    },
    /// An operator changes the plan.
    Change {
        /// The plan from now on.
        rules: Rules,
    },
    /// A process reads the plan again.
    Load {
        /// Which process.
        process: usize,
    },
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Delivered => "",
            Self::RequestLost => "; a message is lost",
            Self::AnswerLost => "; an answer is lost",
            Self::Late => "; a message is late",
            Self::Twice => "; a message is repeated",
        })
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step {
                task,
                fate,
                cost,
                slot,
                dice: _,
            } => write!(
                f,
                "process {}, request {task}: one step (cost {cost}, slot {slot}{fate})",
                task % PROCESSES
            ),
            Self::Serve {
                task,
                cost,
                dice: _,
            } => write!(
                f,
                "process {}, request {task}: to its end (cost {cost})",
                task % PROCESSES
            ),
            Self::Arrive { which } => write!(f, "late message {which} arrives"),
            Self::Pass { nanos } => write!(f, "{nanos} ns pass"),
            Self::Wake { is_early: false } => {
                f.write_str("time passes until the last refusal's instant")
            }
            Self::Wake { is_early: true } => {
                f.write_str("time passes until 1 ns before the last refusal's instant")
            }
            Self::Fill { part } => write!(
                f,
                "time passes until the bucket is full, and {part}/25600 of its refill more"
            ),
            Self::SetClock { process, offset_ns } => {
                write!(
                    f,
                    "process {process}: its clock is {offset_ns} ns from the true time"
                )
            }
            Self::Kill { process, is_hot } => {
                let next = if *is_hot { "a hot key" } else { "nothing" };
                write!(
                    f,
                    "process {process} is killed; the next one knows of {next}"
                )
            }
            Self::Freeze { process } => write!(f, "process {process} is frozen"),
            Self::Thaw { process } => write!(f, "process {process} is thawed"),
            Self::HandBack { process, fate } => {
                write!(f, "process {process} hands back its leases{fate}")
            }
            Self::Settle {
                process,
                fate,
                more,
                slot: _,
            } => write!(f, "process {process} settles {more} more{fate}"),
            Self::Drop { task } => write!(f, "request {task} is given up by its caller"),
            Self::Switch { is_off: true, fate } => write!(f, "the key is disabled{fate}"),
            Self::Switch {
                is_off: false,
                fate,
            } => write!(f, "the key is enabled{fate}"),
            Self::Operate {
                operator,
                fate,
                remaining,
            } => write!(
                f,
                "operator {operator}: one step to leave {remaining}{fate}"
            ),
            Self::Change { rules } => write!(f, "the plan becomes: {rules}"),
            Self::Load { process } => write!(f, "process {process} reads the plan"),
        }
    }
}
