//! Tollgate's readers under fire: inputs that nobody would send in earnest. `tests/chaos fuzz` starts this.
//!
//! A [`target`] is something that reads what others wrote, and the promises that it makes about it. Each has a [`corpus`] of meaningful
//! inputs, which a [`campaign`] reads and then changes at random ([`mutate`]): bytes, lines, words of the target's own language, pieces of
//! other inputs. An input that the target answers in a way that has not been seen yet is kept and changed further.
//!
//! Of each [`case`] is asked that it does not panic, that it ends, that it needs no more memory than the target's bound for an input of its
//! length, and that the target's own promises hold. What breaks one is made smaller ([`minimise`]) and kept in a file.
//!
//! A run is the same again for the same seed and the same code, but for the ids and instants that the management API draws itself.
//!
//! An input that broke something goes into the corpus once it is mended: `tests/fuzz/corpus/TARGET/NAME`. A test reads the whole corpus, and
//! some inputs made from it.

pub mod campaign;
pub mod case;
pub mod cli;
pub mod corpus;
pub mod flight;
mod front;
mod memory;
pub mod minimise;
pub mod mutate;
mod service;
pub mod target;
mod targets;
