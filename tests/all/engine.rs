//! What the engine promises, against models that are too simple to be wrong.

mod bucket;
mod charge;
mod crowd;
mod key;
mod ledger;
mod limiter;
mod meter;
mod modules;
mod quota;
mod simulation;
mod swarm;
