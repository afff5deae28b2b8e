//! The gateway of Tollgate: the command line, and what it runs.

pub mod authorize;
pub mod build_functions;
pub mod cli;
pub mod connect;
pub mod console;
pub mod content;
pub mod deploy;
pub mod embedded;
pub mod event;
pub mod explain;
mod fault;
pub mod http_client;
pub mod incoming;
pub mod invoke;
pub mod lambda;
pub mod local;
pub mod management;
pub mod mapping;
pub mod remote;
pub mod rest_api;
pub mod router;
pub mod runtime_api;
pub mod server;
pub mod shared_throttle;
pub mod start_api;
pub mod tally;
pub mod template;
