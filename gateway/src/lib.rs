//! The gateway of Tollgate.
