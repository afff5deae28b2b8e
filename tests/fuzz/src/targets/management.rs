//! The management API, on a store in memory.

use super::text;
use crate::service::{MemoryService, generate, script};
use crate::target::{Memory, Seen, Target};

pub(super) const TARGET: Target = Target {
    name: "management",
    words: WORDS,
    fresh: Some(generate::script),
    memory: Memory {
        base_bytes: 1 << 22,
        bytes_per_byte: 4_096,
    },
    weight: 10,
    check: run,
};

/// Words of requests.
pub(super) const WORDS: &[&str] = &[
    "GET ",
    "POST ",
    "PUT ",
    "PATCH ",
    "DELETE ",
    "/apikeys",
    "/usageplans",
    "/restapis",
    "/account",
    "/tags/",
    "<key>",
    "<plan>",
    "<api>",
    "<root>",
    "<resource>",
    "<deployment>",
    "<validator>",
    "<authorizer>",
    "/keys",
    "/usage",
    "/resources/",
    "/methods/",
    "/integration",
    "/responses/",
    "/deployments",
    "/stages/",
    "/models/",
    "?mode=import&format=csv",
    "?limit=1",
    "&position=1",
    "{\"patchOperations\":[",
    "{\"op\":\"replace\",\"path\":\"",
    "\",\"value\":\"",
    "\"}",
    "]}",
    "{",
    "}",
    "\"",
    ":",
    ",",
    "null",
    "true",
    "/throttle/rateLimit",
    "/quota/limit",
    "/apiStages/",
    "/enabled",
    "~1",
    "~0",
];

fn run(input: &[u8]) -> Result<Seen, String> {
    script::run(&mut MemoryService::new()?, &text(input))
}
