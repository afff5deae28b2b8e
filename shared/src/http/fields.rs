//! Fields that tell a client its limits: `Retry-After`, and those of draft-ietf-httpapi-ratelimit-headers-10.
//!
//! API Gateway sends none of them. [`Fields::AwsOnly`] leaves them out.

use std::fmt::{self, Write as _};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::decision::{Denial, Levels};
use crate::quota::QuotaName;

const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const OVERAGE: HeaderName = HeaderName::from_static("x-tollgate-overage");

/// In what a handler answers: how many requests the one that it answered has cost. It is taken off.
pub const COST: HeaderName = HeaderName::from_static("x-tollgate-cost");

/// How many requests the answered one has cost, when its handler says so in `X-Tollgate-Cost`: a whole number. The field is taken off; one
/// that cannot be read says nothing.
pub fn take_cost(headers: &mut HeaderMap) -> Option<u64> {
    let value = headers.remove(COST)?;
    let cost = value.to_str().ok().and_then(|text| text.parse().ok());
    if cost.is_none() {
        tracing::warn!("a handler's {COST} is not a whole number: nothing more is charged");
    }
    cost
}

/// As long as a list in a field is as a rule, at the most.
const USUAL_LEN: usize = 64;

/// Which fields answers carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fields {
    /// `Retry-After` on every 429, `RateLimit` and `RateLimit-Policy` on every metered answer, `X-Tollgate-Overage` on what passed beyond a
    /// soft quota.
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
            insert(headers, OVERAGE, overage(levels));
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
    for level in &levels.further {
        let name = QuotaName::Further(level.every);
        let window = whole_seconds(level.window);
        add(
            &mut list,
            format_args!(r#""{name}";q={};w={window}"#, level.limit),
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
    for level in &levels.further {
        let name = QuotaName::Further(level.every);
        let reset = whole_seconds(level.resets_after);
        add(
            &mut list,
            format_args!(r#""{name}";r={};t={reset}"#, level.remaining),
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

/// `"quota-month";n=12`: the requests beyond soft quotas.
fn overage(levels: &Levels) -> String {
    let mut list = String::new();
    for level in &levels.further {
        if let Some(requests) = level.overage.filter(|requests| *requests > 0) {
            let name = QuotaName::Further(level.every);
            add(&mut list, format_args!(r#""{name}";n={requests}"#));
        }
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
