//! `template.yaml` against what the functions do: every right that a role has is used, and every call has its right.

mod calls;
mod controlled;
mod functions;
mod policy;
pub(crate) mod tables;
mod template;
