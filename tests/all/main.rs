//! All tests.

mod engine;
mod store;
