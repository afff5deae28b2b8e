//! A Lambda layer that enforces usage plans in front of functions in any language, without a change of their code.
//!
//! The layer has one program, `/opt/tollgate`. With `AWS_LAMBDA_EXEC_WRAPPER=/opt/tollgate` Lambda runs it in the place of the function's
//! runtime. It starts itself once more, as a proxy between the runtime and Lambda's Runtime API, and becomes the runtime. The proxy sees
//! each event before the runtime does: a request that may not pass is answered there, and the function never runs for it; one that may
//! gets the decision added, and its answer the `RateLimit` fields. It decides as [`tollgate::http::UsagePlanLayer`] does, but
//! for a key that was sent twice: behind a REST API the tower layer sees the last of both alone, and here it is refused.
//!
//! Lambda honours `AWS_LAMBDA_EXEC_WRAPPER` in its managed runtimes alone: Node.js, Python, Java, .NET and Ruby. Behind the OS-only runtimes
//! (`provided.al2023`) and in container images nothing runs the wrapper unless the function does: there the program `bootstrap`, or the
//! image's entry point, has to be `exec /opt/tollgate PROGRAM [ARGUMENT]...`. Without that such a function runs unprotected.
//!
//! # Events
//!
//! Requests through REST APIs, HTTP APIs (payload formats 1.0 and 2.0), function URLs and load balancers are decided. One that looks like a
//! request and cannot be read is answered 403. Everything else passes byte for byte: queues, schedules, WebSocket APIs, authorizers, VPC
//! Lattice, and events of one's own.
//!
//! The function finds the decision where a Lambda authorizer's context would stand:
//!
//! | door | place |
//! |---|---|
//! | REST API, HTTP API 1.0 | `requestContext.authorizer`: members that are texts all; behind a REST API also `requestContext.identity.apiKeyId` |
//! | HTTP API 2.0, function URL | `requestContext.authorizer.lambda` |
//! | load balancer | the headers `x-tollgate-key-id`, `x-tollgate-plan-id` and so on, whose values are percent-encoded where they are no visible ASCII |
//!
//! The members are `keyId`, `planId`, `customerId`, `remaining`, `meta_NAME` for each of the key's notes (in headers `x-tollgate-meta-name`)
//! and, in shadow mode, `wouldRefuse`. What a real authorizer said stays, but for members with these names. Headers of clients whose names
//! begin with `x-tollgate-`, with whatever marks in the place of hyphens, are taken off behind every door. Of a public method nothing is said.
//!
//! # Answers
//!
//! Results of a proxy integration get the fields of [`tollgate::http::fields`], and lose `X-Tollgate-Cost`, which is charged. Streamed
//! answers with a head get them in it, and pass piece by piece. What is neither passes byte for byte. An admitted request stays charged
//! whatever the function answers, also when it fails.
//!
//! # Variables
//!
//! Those of [`tollgate::http::variable`], as for the tower layer, and [`config::variable`]. `TOLLGATE_LAYER=off` runs the function with
//! nothing in between. Without `TOLLGATE_TABLE` or another setting that is needed the function runs: its requests are answered 503, or pass
//! unmetered with `TOLLGATE_ON_UNAVAILABLE=allow`, and the log says what to set. The runtime does not see `TOLLGATE_PEPPER`.
//!
//! # Processes
//!
//! The runtime keeps the process id that Lambda knows, so crashes, time-outs and failures to start look as they do without the layer. The
//! proxy is its child: it ends with the runtime, and if the proxy is killed, the runtime loses its Runtime API and fails. Before an
//! environment ends, leases are handed back; an internal extension is registered for that, unless `TOLLGATE_LEASES=off`. With `SnapStart`,
//! nothing that has to be unique is made before the snapshot is restored.

pub mod config;
pub mod plans;
pub mod process;
pub mod proxy;
pub mod upstream;
pub mod wrapper;

mod answer;
mod asks;
mod body;
mod collected;
mod event;
mod extension;
mod in_flight;
mod json;
mod kept;
mod next;
mod response;
mod route;
mod told;
