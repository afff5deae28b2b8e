//! The users API.
