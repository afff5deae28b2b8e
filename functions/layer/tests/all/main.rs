//! The layer between a platform and a runtime, over real sockets, and as a program.
//!
//! The platform is a Lambda Runtime API of the tests' own, the store an embedded DynamoDB.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod concurrency;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod doors;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod passing;
#[cfg(test)]
mod platform;
#[cfg(test)]
mod processes;
#[cfg(test)]
mod runtime;
#[cfg(test)]
mod snapshot;
#[cfg(test)]
mod streaming;
