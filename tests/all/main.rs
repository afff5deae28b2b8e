//! All tests.

mod store;
