//! Tollgate's hard limits under fire: simulations that could find them broken. `tests/chaos` starts them.
//!
//! A [`world`] has several processes with their clocks, a store in memory, operators, and all that can go wrong between them, and
//! checks after each step what Tollgate promises. [`run`] drives many worlds from one seed, [`shrink`] makes a short story of a broken
//! promise, and [`mutate`] breaks the engine on purpose, guard by guard, to see whether the worlds find it.

pub mod calendar;
pub mod cli;
pub mod event;
pub mod item;
pub mod lots;
pub mod mutate;
pub mod output;
pub mod rules;
pub mod run;
pub mod shrink;
pub mod tally;
pub mod violation;
pub mod world;
