//! Numbers, limits and instants in words.

mod instant;
mod limit;
mod number;

pub(super) use instant::{distance, entered, instant, moment, rfc3339};
pub(super) use limit::{
    next_reset, period_noun, quota, quota_short, rate, reset_rule, throttle, throttle_short,
};
pub(super) use number::{count, number, plural};
