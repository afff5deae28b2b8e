//! The management API over HTTP: the gateway's admin port, on the embedded store.

use std::cell::RefCell;

use super::{management, text};
use crate::service::{HttpService, generate, script};
use crate::target::{Memory, Seen, Target};

pub(super) const TARGET: Target = Target {
    name: "http",
    words: management::WORDS,
    fresh: Some(generate::script),
    memory: Memory {
        base_bytes: 1 << 23,
        bytes_per_byte: 4_096,
    },
    weight: 200,
    check: run,
};

/// After so many scripts there is a new store: lists get long.
const SCRIPTS_MAX: u32 = 100;

thread_local! {
    static SERVICE: RefCell<Option<(HttpService, u32)>> = const { RefCell::new(None) };
}

fn run(input: &[u8]) -> Result<Seen, String> {
    SERVICE.with_borrow_mut(|kept| {
        let (mut service, scripts) = match kept.take() {
            Some(kept) => kept,
            None => (HttpService::start().map_err(|error| error.to_string())?, 0),
        };
        let seen = script::run(&mut service, &text(input));
        // What broke a promise may have broken the service, too.
        if seen.is_ok() && scripts < SCRIPTS_MAX {
            *kept = Some((service, scripts + 1));
        }
        seen
    })
}
