//! What the engine promises, against models that are too simple to be wrong.

mod bucket;
mod key;
mod modules;
mod quota;
