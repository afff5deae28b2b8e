//! The receiver of GitHub's secret scanning: what it finds in public is disabled.
//!
//! GitHub's partner programme scans public repositories and packages for texts of a form that a provider has named, and sends those it finds
//! to a URL of the provider's. Each message is a JSON array of matches, signed with ECDSA on P-256 over its bytes; GitHub publishes the public
//! keys. The answer says of each match whether it is a key.
//!
//! | message | answer |
//! |---|---|
//! | signed by GitHub | 200; each key among the matches is disabled, has the tag `tollgate:leaked-at`, and an alert is raised |
//! | not signed, or not by GitHub | 401, and nothing is looked up |
//! | over [`MAX_MESSAGE_BYTES`], or no array of matches | 413, 400 |
//! | the public keys or the table cannot be read | 503: GitHub sends the message again |
//!
//! A message that comes twice changes nothing more. A key that somebody has enabled again since is disabled again: its value is public.
//!
//! The URL is open to all, since GitHub signs messages and not requests. Whoever sends others costs one check of a signature, and makes the
//! function ask GitHub for its keys once a minute at the most.

mod alert;
mod app;
pub mod config;
mod fetch;
mod github;
mod message;
mod public_keys;

#[cfg(test)]
mod tests;

pub use alert::{Alerts, Leak, LogAlerts};
pub use app::App;
pub use fetch::{Fetch, FetchError, HttpsFetch, InvalidUrl};
pub use message::MAX_MESSAGE_BYTES;
