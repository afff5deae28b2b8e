//! What the harness answers when it cannot do something: no test tells failures apart, each shows them.

/// A failure of the harness, with a message for the person who reads the test's output.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// A result of the harness.
pub type Result<T> = std::result::Result<T, Error>;
