//! HTTP requests to Lambda proxy events, and the function's answers back to HTTP.
//!
//! Three front doors of AWS call a function with two formats of event:
//!
//! | [`ApiKind`] | request | answer |
//! |---|---|---|
//! | REST API | [`to_v1`] | [`from_v1`] |
//! | HTTP API | [`to_v2`], or [`to_v1`] when the integration says so | the same version |
//! | function URL | [`to_v2`] | [`from_v2`] |
//!
//! The REST rules follow events and answers recorded from AWS. Those of HTTP APIs and function URLs follow AWS's developer
//! guides, and reports of users where the guides are silent.

mod body;
mod header;
mod query;
mod request;
mod response;
mod time;
mod v1;
mod v2;

pub(crate) use body::is_binary;
pub(crate) use header::{capitalised, end_to_end, handed_on, is_hop_by_hop};
pub(crate) use query::parameters as query_parameters;
pub use request::{ApiKind, IamCaller, ProxyRequest, RequestApiKey};
pub use response::{MalformedResponse, ProxyResponse, from_v1, from_v2};
pub(crate) use time::{log_time, request_time};
pub use v1::to_v1;
pub use v2::to_v2;

#[cfg(test)]
mod tests;
