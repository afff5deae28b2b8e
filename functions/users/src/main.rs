//! The users function.
fn main() {}
