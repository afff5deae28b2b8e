//! Decisions over HTTP: one mapping from a denial to its answer, for the tower layer, the authorizer and the gateway alike.

mod checkpoint;
pub mod fields;
pub(crate) mod key_header;
mod layer;
pub mod problem;
mod response;
mod service;
mod settings;
mod target;
mod variables;

pub use checkpoint::{Checked, Checkpoint};
pub use key_header::sent_key;
pub use layer::UsagePlanLayer;
pub use problem::{Form, InvalidProblems, Problems};
pub(crate) use response::UNAVAILABLE_RETRY_AFTER_S;
pub use response::{Answer, answer_to, unavailable};
pub use service::{ResponseFuture, UsagePlan};
pub use settings::{Settings, SettingsError, variable};
pub(crate) use target::without_stage;
pub use variables::{VariableError, Variables, process_variable};
