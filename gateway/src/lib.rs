//! The gateway of Tollgate.

pub mod event;
pub mod router;
