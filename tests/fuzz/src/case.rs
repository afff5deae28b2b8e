//! One input, and all that is asked of every target.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::time::{Duration, Instant};

use crate::target::{Seen, Target};

/// The longest that a case may take. It is measured by a clock that runs on while other programs have the processor, so a case is only too
/// slow when it is so again and again.
pub const TIME_MAX: Duration = Duration::from_secs(2);

/// How often a case has to be too slow.
const SLOW_TIMES: u32 = 3;

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which kind of promise.
    pub kind: Kind,
    /// What happened.
    pub told: String,
}

/// What a violation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It panicked.
    Panic,
    /// A promise of the target's own.
    Promise,
    /// It took more memory than the target's bound.
    Memory,
    /// It took longer than [`TIME_MAX`].
    Time,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told)
    }
}

/// Gives an input to a target.
///
/// # Errors
///
/// The promise that was broken.
pub fn run(target: &Target, input: &[u8]) -> Result<Seen, Violation> {
    let mut took = Duration::MAX;
    for _ in 0..SLOW_TIMES {
        let started = now();
        let seen = run_once(target, input)?;
        took = took.min(now().saturating_duration_since(started));
        if took <= TIME_MAX {
            return Ok(seen);
        }
    }
    Err(Violation {
        kind: Kind::Time,
        told: format!("takes {} ms", took.as_millis()),
    })
}

fn run_once(target: &Target, input: &[u8]) -> Result<Seen, Violation> {
    silence_panics();
    let mut outcome = None;
    let allocated = allocation_counter::measure(|| {
        FUZZING.set(true);
        outcome = Some(panic::catch_unwind(AssertUnwindSafe(|| {
            (target.check)(input)
        })));
        FUZZING.set(false);
    });
    let seen = match outcome {
        Some(Ok(Ok(seen))) => seen,
        Some(Ok(Err(told))) => {
            return Err(Violation {
                kind: Kind::Promise,
                told,
            });
        }
        Some(Err(_)) | None => {
            return Err(Violation {
                kind: Kind::Panic,
                told: PANIC.take(),
            });
        }
    };
    let bytes_max = target.memory.bound(input.len());
    if allocated.bytes_max > bytes_max {
        return Err(Violation {
            kind: Kind::Memory,
            told: format!(
                "takes {} bytes for an input of {}, and may take {bytes_max}",
                allocated.bytes_max,
                input.len()
            ),
        });
    }
    Ok(seen)
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a case takes is measured, and decides nothing in it"
)]
fn now() -> Instant {
    Instant::now()
}

thread_local! {
    static FUZZING: Cell<bool> = const { Cell::new(false) };
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Panics of a case are told as violations, and not by the hook, which would print each.
fn silence_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if FUZZING.get() {
                PANIC.set(info.to_string());
            } else {
                others(info);
            }
        }));
    });
}
