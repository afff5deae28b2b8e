//! All targets, and what their checks share.

mod answer;
mod event;
mod gateway;
mod http;
mod import;
mod key;
mod management;
mod mapping;
mod openapi;
mod parameters;
mod router;
mod routes;
mod runtime_api;
mod samconfig;
mod template;

use std::borrow::Cow;

use crate::target::Target;

/// All targets.
pub const ALL: &[Target] = &[
    answer::TARGET,
    event::TARGET,
    gateway::TARGET,
    http::TARGET,
    import::TARGET,
    key::TARGET,
    management::TARGET,
    mapping::TARGET,
    openapi::TARGET,
    parameters::TARGET,
    router::TARGET,
    routes::TARGET,
    runtime_api::TARGET,
    samconfig::TARGET,
    template::TARGET,
];

/// Fields that concern one connection only, and which no message may carry on.
const OF_CONNECTION: [&str; 6] = [
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A line of `---`: what stands before it and after it are two inputs of one case.
const RULE: &str = "\n---\n";

/// An input as text; bytes that are none are replaced.
fn text(input: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(input)
}

/// What stands before and after the first line of `---`; nothing after it when there is none.
fn two(text: &str) -> (&str, &str) {
    text.split_once(RULE).unwrap_or((text, ""))
}

/// Holds when `holds`; `promise` is what has been broken otherwise.
fn check(holds: bool, promise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(promise()) }
}
