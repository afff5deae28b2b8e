//! Fields that tell a client its limits: `Retry-After`, and those of draft-ietf-httpapi-ratelimit-headers-10.
//!
//! API Gateway sends none of them. [`Fields::AwsOnly`] leaves them out.

use std::fmt::{self, Write as _};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::decision::{Denial, Levels};

const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// As long as a list in a field is as a rule, at the most.
const USUAL_LEN: usize = 64;

/// Which fields answers carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fields {
    /// `Retry-After` on every 429, `RateLimit` and `RateLimit-Policy` on every metered answer.
    #[default]
    All,
    /// What API Gateway sends, byte for byte.
    AwsOnly,
}

/// Adds what is left to the answer of a metered request.
pub fn insert_levels(headers: &mut HeaderMap, levels: &Levels, fields: Fields) {
    match fields {
        Fields::AwsOnly => {}
        Fields::All => {
            insert(headers, RATE_LIMIT_POLICY, policy(levels));
            insert(headers, RATE_LIMIT, left(levels));
        }
    }
}

/// Adds to the answer of a denied request when to come back, and what is left.
pub fn insert_denial(headers: &mut HeaderMap, denial: &Denial, fields: Fields) {
    match fields {
        Fields::AwsOnly => {}
        Fields::All => {
            if let Some(retry_after) = denial.reason.retry_after() {
                let seconds = retry_after_s(retry_after);
                headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            insert_levels(headers, &denial.levels, fields);
        }
    }
}

/// The seconds that a denied client is told to wait: one that waits so long is not too early, so they are whole, rounded up, and one at
/// least.
pub(crate) fn retry_after_s(retry_after: Duration) -> u64 {
    whole_seconds(retry_after).max(1)
}

/// `"burst";q=10;w=2,"quota";q=1000;w=86400`
fn policy(levels: &Levels) -> String {
    let mut list = String::with_capacity(USUAL_LEN);
    if let Some(burst) = levels.burst {
        let window = whole_seconds(burst.refill).max(1);
        add(
            &mut list,
            format_args!(r#""burst";q={};w={window}"#, burst.limit),
        );
    }
    if let Some(quota) = levels.quota {
        let window = whole_seconds(quota.window);
        add(
            &mut list,
            format_args!(r#""quota";q={};w={window}"#, quota.limit),
        );
    }
    list
}

/// `"quota";r=993;t=40212,"burst";r=9;t=1`
fn left(levels: &Levels) -> String {
    let mut list = String::with_capacity(USUAL_LEN);
    if let Some(quota) = levels.quota {
        let reset = whole_seconds(quota.resets_after);
        add(
            &mut list,
            format_args!(r#""quota";r={};t={reset}"#, quota.remaining),
        );
    }
    if let Some(burst) = levels.burst {
        let reset = whole_seconds(burst.full_after);
        add(
            &mut list,
            format_args!(r#""burst";r={};t={reset}"#, burst.remaining),
        );
    }
    list
}

/// Adds a member to a list in a field.
fn add(list: &mut String, member: fmt::Arguments<'_>) {
    if !list.is_empty() {
        list.push(',');
    }
    // Writing to a text cannot fail.
    let _ = list.write_fmt(member);
}

fn insert(headers: &mut HeaderMap, name: HeaderName, text: String) {
    if !text.is_empty()
        && let Ok(value) = HeaderValue::try_from(text)
    {
        headers.insert(name, value);
    }
}

/// Seconds, rounded up: a client that counts on less would be too early.
fn whole_seconds(duration: Duration) -> u64 {
    let started = u64::from(duration.subsec_nanos() > 0);
    duration.as_secs().saturating_add(started)
}
