//! The management API as a target: scripts of requests, and what its answers have to be.

pub(crate) mod generate;
mod http;
mod memory;
pub(crate) mod model;
pub(crate) mod script;
mod values;
mod words;

pub(crate) use http::HttpService;
pub(crate) use memory::MemoryService;

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The field `content-type`.
    pub(crate) content_type: Option<String>,
    /// The field `x-amzn-errortype`.
    pub(crate) error_type: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// A management API.
pub(crate) trait Service {
    /// Sends a request. `None` when it cannot be written as one.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    fn send(&mut self, method: &str, path: &str, body: Vec<u8>) -> Result<Option<Answer>, String>;
}
