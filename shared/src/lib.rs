//! API keys and usage plans for AWS Lambda: the engine that functions and the gateway share.

pub mod time;
