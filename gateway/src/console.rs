//! Pages in a browser.

pub mod apis;
