//! The control function: everything about plans and keys that is not on the path of a request.
//!
//! | event | what is done |
//! |---|---|
//! | a request of CloudFormation for `Custom::UsagePlan`, `Custom::ApiKey`, `Custom::UsagePlanKey` or `Custom::ApiStage` | the resource is made, changed or deleted, and the answer is put to the request's `ResponseURL` |
//! | a request to the function URL | the management API answers, as API Gateway's would |
//! | the daily schedule | expired keys are disabled, and meters without a key or a plan removed |
//!
//! [`App::handle`] tells them apart by their shape. Whatever is done ends before the function's own time does.
//!
//! # Who may call
//!
//! Lambda decides it: the function URL has the authorisation type `AWS_IAM`, and its events say who signed the request. A request without
//! such an identity is refused, so that a URL which was opened by mistake is no open management API. On a laptop, with `sam local`, nobody
//! signs: `TOLLGATE_ALLOW_UNSIGNED=true` lets such requests pass. Never set it on AWS.

mod app;
mod cloudformation;
mod daily;
mod invocation;
mod management;
mod response_url;

pub mod config;

#[cfg(test)]
mod tests;

pub use crate::app::{App, HandleError};
pub use crate::invocation::Invocation;
