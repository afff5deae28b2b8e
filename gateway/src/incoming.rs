//! Requests as they arrive, whatever they are for: their ids, and their bodies.

mod body;
mod request_id;

pub use body::{BodyError, drain, may_fit, read};
pub use request_id::{REQUEST_ID, RequestIds, uuid};
