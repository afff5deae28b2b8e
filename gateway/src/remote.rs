//! Requests to an IAM-authorised Lambda function URL: signed for it, sent within a time, and their answers told apart.
//!
//! The management API of a stack is behind such a URL. The gateway's admin port has the same API, and takes any signature.

mod call;
mod endpoint;
mod signer;

pub use call::{CallError, CallErrorKind, Client, Refusal, Timing};
pub use endpoint::{Endpoint, InvalidUrl};
pub use signer::{SignError, Signer};
