//! All tests.

#[cfg(test)]
mod authorizer;
#[cfg(test)]
mod connect;
#[cfg(test)]
mod console;
#[cfg(test)]
mod control;
#[cfg(test)]
mod deployment;
#[cfg(test)]
mod engine;
#[cfg(test)]
mod front_doors;
#[cfg(test)]
mod gateway_http;
#[cfg(test)]
mod gateway_rest;
#[cfg(test)]
mod invoke;
#[cfg(test)]
mod languages;
#[cfg(test)]
mod load;
#[cfg(test)]
mod patient;
#[cfg(test)]
mod store;
#[cfg(test)]
mod story;
