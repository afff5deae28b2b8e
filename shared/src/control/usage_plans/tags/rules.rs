//! Which tags may be set.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::carried;
use crate::alert::AlertRules;
use crate::control::error::ControlError;
use crate::key::LEAKED_AT;
use crate::metadata::{self, META};
use crate::overrides;
use crate::plan::{
    ALERTS, COSTS, Costs, LEASE, Leases, MODE, Mode, ON_UNAVAILABLE, OVERDRAFT, OnUnavailable,
    Overdraft, QUOTA_RESET, QUOTAS, SHADOW_STAGES, SHARDS, ShadowStages, Shards,
};
use crate::quota::{FurtherQuotas, Reset};
use crate::scope::{MORE_SCOPES, SCOPES, Scopes, is_scope_tag};
use crate::time::Timestamp;

/// The tag of a key that says from when on it may not be used, such as `2026-12-31T23:59:59Z`.
pub const EXPIRES_AT: &str = "tollgate:expires-at";

/// What all names of Tollgate's own tags begin with.
const OWN: &str = "tollgate:";
/// What an operator may set.
const SETTINGS: [&str; 19] = [
    ALERTS,
    COSTS,
    carried::CREATED_AT,
    EXPIRES_AT,
    carried::ID,
    carried::IMPORT,
    LEASE,
    ON_UNAVAILABLE,
    OVERDRAFT,
    QUOTA_RESET,
    QUOTAS,
    SHARDS,
    overrides::RATE,
    overrides::BURST,
    overrides::QUOTA,
    overrides::TOP_UP,
    MODE,
    SHADOW_STAGES,
    SCOPES,
];
/// What an operator may set under names of the operator's own.
const NAMED_SETTINGS: [&str; 2] = [META, MORE_SCOPES];
/// What templates and the receiver of leaks note, and clients that set all tags of a resource send back.
const NOTES: [&str; 4] = [
    "tollgate:plan:",
    "tollgate:stage:",
    "tollgate:template",
    LEAKED_AT,
];

/// From the service model.
const MAX_TAG_KEY_LEN: usize = 128;
const MAX_TAG_VALUE_LEN: usize = 256;
/// AWS's limit for any resource.
const MAX_TAGS: usize = 50;

/// Why tags may not be set, in the words of the management API.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidTags(String);

impl InvalidTags {
    pub(in crate::control::usage_plans) const fn new(message: String) -> Self {
        Self(message)
    }
}

impl From<InvalidTags> for ControlError {
    fn from(InvalidTags(message): InvalidTags) -> Self {
        Self::bad_request(message)
    }
}

/// Tags as they may be set.
pub(in crate::control::usage_plans) fn checked(
    tags: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, ControlError> {
    check(&tags)?;
    Ok(tags)
}

/// Checks tags as the management API does before it sets them.
///
/// # Errors
///
/// When there are more than 50, for a name or a value that is too long, a name that is AWS's own, or one of Tollgate's own tags that means
/// nothing, by its name or by its value.
pub fn check(tags: &BTreeMap<String, String>) -> Result<(), InvalidTags> {
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > MAX_TAG_KEY_LEN {
            return Err(InvalidTags(format!(
                "Invalid tag key specified, must have 1 to {MAX_TAG_KEY_LEN} characters"
            )));
        }
        if key.starts_with("aws:") {
            return Err(InvalidTags(format!(
                "Invalid tag key {key} specified, must not start with aws:"
            )));
        }
        let starts = |known: &[&str]| known.iter().any(|prefix| key.starts_with(prefix));
        let is_own = SETTINGS.contains(&key.as_str())
            || overrides::is_override(key)
            || starts(&NOTES)
            || starts(&NAMED_SETTINGS);
        if key.starts_with(OWN) && !is_own {
            return Err(InvalidTags(format!(
                "Invalid tag key {key} specified, Tollgate has {}, {META}NAME",
                SETTINGS.join(", ")
            )));
        }
        if let Some(name) = key.strip_prefix(META)
            && !metadata::is_name(name)
        {
            return Err(InvalidTags(format!(
                "Invalid tag key {key} specified, {META} must be followed by 1 to 32 letters, digits or underscores"
            )));
        }
        if value.chars().count() > MAX_TAG_VALUE_LEN {
            return Err(InvalidTags(format!(
                "Invalid value of tag {key} specified, can be at most {MAX_TAG_VALUE_LEN} characters"
            )));
        }
    }
    readable::<AlertRules>(tags, ALERTS)?;
    for name in tags.keys().filter(|name| is_scope_tag(name)) {
        readable::<Scopes>(tags, name)?;
    }
    instant_of(tags)?;
    readable::<Costs>(tags, COSTS)?;
    readable::<Leases>(tags, LEASE)?;
    readable::<Shards>(tags, SHARDS)?;
    readable::<OnUnavailable>(tags, ON_UNAVAILABLE)?;
    readable::<Mode>(tags, MODE)?;
    readable::<ShadowStages>(tags, SHADOW_STAGES)?;
    overrides::check(tags).map_err(|invalid| InvalidTags(invalid.to_string()))?;
    carried::check(tags)?;
    readable::<Overdraft>(tags, OVERDRAFT)?;
    readable::<FurtherQuotas>(tags, QUOTAS)?;
    readable::<Reset>(tags, QUOTA_RESET)?;
    together(tags)?;
    at_most(tags)
}

/// What a shard has was charged to one quota, and could not be given back to several.
pub(super) fn together(tags: &BTreeMap<String, String>) -> Result<(), InvalidTags> {
    if tags.contains_key(SHARDS) && tags.contains_key(QUOTAS) {
        return Err(InvalidTags(format!(
            "Invalid tags specified, a plan has {SHARDS} or {QUOTAS}, and not both"
        )));
    }
    Ok(())
}

/// The tag `name`, when it is there, can be read as a `T`.
fn readable<T: FromStr<Err: fmt::Display>>(
    tags: &BTreeMap<String, String>,
    name: &str,
) -> Result<(), InvalidTags> {
    match tags.get(name).map(|text| text.parse::<T>()) {
        Some(Err(invalid)) => Err(InvalidTags(format!(
            "Invalid value of tag {name} specified, {invalid}"
        ))),
        Some(Ok(_)) | None => Ok(()),
    }
}

pub(super) fn at_most(tags: &BTreeMap<String, String>) -> Result<(), InvalidTags> {
    if tags.len() > MAX_TAGS {
        return Err(InvalidTags(format!(
            "A resource can have at most {MAX_TAGS} tags"
        )));
    }
    Ok(())
}

/// When a key with these tags expires.
pub(in crate::control::usage_plans) fn expiry(
    tags: &BTreeMap<String, String>,
) -> Result<Option<Timestamp>, ControlError> {
    Ok(instant_of(tags)?)
}

fn instant_of(tags: &BTreeMap<String, String>) -> Result<Option<Timestamp>, InvalidTags> {
    let read = |text: &String| {
        instant(text).ok_or_else(|| {
            InvalidTags(format!(
                "Invalid value of tag {EXPIRES_AT} specified, must be an instant such as 2026-12-31T23:59:59Z"
            ))
        })
    };
    tags.get(EXPIRES_AT).map(read).transpose()
}

/// Reads an instant as tags have it, such as `2026-12-31T23:59:59Z`. `None` when it is none, or not between the years 1970 and 2554.
pub fn instant(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_keep_to_the_rules_of_the_service_model() {
        let tags = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
        assert!(checked(tags(&"k".repeat(128), &"v".repeat(256))).is_ok());
        assert!(checked(tags("tollgate:lease", "off")).is_ok());
        assert!(checked(tags("tollgate:lease", "20")).is_ok());
        assert!(checked(tags("tollgate:lease", "0")).is_err());
        assert!(checked(tags("tollgate:lease", "none")).is_err());
        assert!(checked(tags("tollgate:shards", "32")).is_ok());
        assert!(checked(tags("tollgate:shards", "1")).is_err());
        assert!(checked(tags("tollgate:alerts", "80,100,throttled")).is_ok());
        assert!(checked(tags("tollgate:alerts", "80 percent")).is_err());
        assert!(checked(tags("tollgate:on-unavailable", "allow")).is_ok());
        assert!(checked(tags("tollgate:on-unavailable", "yes")).is_err());
        assert!(checked(tags("tollgate:on-unavailible", "allow")).is_err());
        assert!(checked(tags("tollgate:mode", "shadow")).is_ok());
        assert!(checked(tags("tollgate:mode", "off")).is_err());
        assert!(checked(tags("tollgate:shadow-stages", "users:dev")).is_ok());
        assert!(checked(tags("tollgate:shadow-stages", "dev")).is_err());
        assert!(checked(tags("tollgate:quota:p1", "5000/DAY")).is_ok());
        assert!(checked(tags("tollgate:quota:", "5000/DAY")).is_err());
        assert!(checked(tags("tollgate:quotum", "5000/DAY")).is_err());
        assert!(checked(tags("tollgate:scopes", "GET /users, * /reports/{id}")).is_ok());
        assert!(checked(tags("tollgate:scopes:more", "GET /users")).is_ok());
        assert!(checked(tags("tollgate:scopes", "")).is_err());
        assert!(checked(tags("tollgate:scopes:more", "/users")).is_err());
        assert!(checked(tags("tollgate:meta:tenant_1", "acme")).is_ok());
        assert!(checked(tags("tollgate:meta:tenant-1", "acme")).is_err());
        assert!(checked(tags("tollgate:quotas", "100/minute, 5/day soft")).is_ok());
        assert!(checked(tags("tollgate:quotas", "100")).is_err());
        assert!(checked(tags("tollgate:costs", "POST /reports=5")).is_ok());
        assert!(checked(tags("tollgate:costs", "POST /reports")).is_err());
        assert!(checked(tags("tollgate:overdraft", "1000")).is_ok());
        assert!(checked(tags("tollgate:overdraft", "-1")).is_err());
        assert!(checked(tags("tollgate:quota-reset", "15 06:00 +02:00")).is_ok());
        assert!(checked(tags("tollgate:quota-reset", "Europe/Berlin")).is_err());
        assert!(checked(tags("tollgate:plan:p1", "users")).is_ok());
        assert!(checked(tags(&"k".repeat(129), "v")).is_err());
        assert!(checked(tags("k", &"v".repeat(257))).is_err());
        assert!(checked(tags("", "v")).is_err());
        assert!(checked(tags("aws:cloudformation:stack-name", "v")).is_err());
        let many = |count: usize| {
            (0..count)
                .map(|number| (number.to_string(), String::new()))
                .collect()
        };
        assert!(checked(many(50)).is_ok());
        assert!(checked(many(51)).is_err());
    }

    #[test]
    fn a_key_expires_when_its_tag_says() {
        let tags = |value: &str| BTreeMap::from([(EXPIRES_AT.to_owned(), value.to_owned())]);
        assert_eq!(
            expiry(&tags("2026-11-23T12:00:00Z")),
            Ok(Some(Timestamp::from_secs(1_795_435_200)))
        );
        assert_eq!(expiry(&BTreeMap::new()), Ok(None));
        assert!(expiry(&tags("tomorrow")).is_err());
    }
}
