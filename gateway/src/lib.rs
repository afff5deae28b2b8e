//! The gateway of Tollgate.

pub mod build_functions;
pub mod event;
pub mod invoke;
pub mod router;
pub mod runtime_api;
pub mod template;
