//! Requests as they arrive, whatever they are for: their ids, their bodies, and the connections that they came by.

mod body;
mod hangup;
mod request_id;

pub use body::{BodyError, drain, may_fit, read};
pub use hangup::Hangup;
pub use request_id::{REQUEST_ID, RequestIds, uuid};
