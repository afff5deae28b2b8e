//! Decisions over HTTP: one mapping from a denial to its answer, for the tower layer, the authorizer and the gateway alike.

pub mod fields;
mod key_header;
mod layer;
mod response;
mod service;
mod settings;
mod target;

pub use key_header::sent_key;
pub use layer::UsagePlanLayer;
pub use response::{Answer, answer_to, unavailable};
pub use service::{ResponseFuture, UsagePlan};
pub use settings::{Settings, SettingsError, variable};
