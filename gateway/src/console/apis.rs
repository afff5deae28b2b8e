//! APIs with their resources and methods, as pages show them.

mod difference;
#[cfg(test)]
mod tests;
pub mod tree;

pub use difference::{Change, Difference};
