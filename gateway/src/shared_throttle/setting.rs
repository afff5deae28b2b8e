//! Which method setting of a stage holds for a method, and the throttle in it.

use std::collections::BTreeMap;

use tollgate::bucket::{Rate, Throttle};
use tollgate::plan::MethodName;
use tollgate::rest_api::MethodSetting;

/// The entry for `method`: its own, its resource's with the verb `*`, or the stage's `*/*`.
///
/// Names are read in each form that clients write: `users/{id}/GET`, with a slash before it, or with `~1` for the slashes.
pub(super) fn of_method<'a>(
    settings: &'a BTreeMap<String, MethodSetting>,
    method: MethodName<'_>,
) -> Option<&'a MethodSetting> {
    settings
        .iter()
        .filter_map(|(name, setting)| Some((specificity(name, method)?, setting)))
        .max_by_key(|(specificity, _)| *specificity)
        .map(|(_, setting)| setting)
}

/// How closely the entry `name` describes `method`; `None` when it describes others.
fn specificity(name: &str, method: MethodName<'_>) -> Option<u8> {
    let name = name.replace("~1", "/").replace("~0", "~");
    let (path, verb) = name.rsplit_once('/')?;
    let path = path.trim_start_matches('/');
    let is_resource = path == method.resource.trim_start_matches('/');
    if is_resource && verb.eq_ignore_ascii_case(method.verb) {
        Some(2)
    } else if is_resource && verb == "*" {
        Some(1)
    } else {
        (path == "*" && verb == "*").then_some(0)
    }
}

/// The throttle of a setting. `None` when it is not limited: -1 for the rate or for the burst, as Terraform writes it, since a
/// bucket that refills at once or is never empty refuses nothing.
pub(super) fn throttle(setting: &MethodSetting) -> Option<Throttle> {
    let burst = u64::try_from(setting.throttling_burst_limit).ok()?;
    let rate = Rate::per_second(setting.throttling_rate_limit).ok()?;
    Some(Throttle { rate, burst })
}
