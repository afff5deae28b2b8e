//! All tests.

#[cfg(test)]
mod engine;
#[cfg(test)]
mod store;
