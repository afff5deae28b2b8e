//! Keys and plans as documents that other programs read.

pub mod cloudformation;
pub mod csv;
pub mod json;

/// Whether the values of keys stand in a document. They are secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Where they are known.
    Shown,
    /// Nowhere.
    LeftOut,
}
