//! All tests.

#[cfg(test)]
mod control;
#[cfg(test)]
mod engine;
#[cfg(test)]
mod gateway_rest;
#[cfg(test)]
mod load;
#[cfg(test)]
mod store;
#[cfg(test)]
mod story;
