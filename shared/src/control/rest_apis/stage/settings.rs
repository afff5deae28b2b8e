//! Settings of a stage for single methods or for all: which a patch names, and what becomes of them.

use crate::api::Verb;
use crate::control::error::ControlError;
use crate::control::patch::Patch;
use crate::rest_api::{MethodSetting, Stage, UnauthorizedCacheControl};

/// The settings of all methods that have none of their own.
const ALL_METHODS: &str = "*/*";

/// One setting.
#[derive(Clone, Copy, Debug)]
enum Setting {
    MetricsEnabled,
    DataTrace,
    LogLevel,
    BurstLimit,
    RateLimit,
    CacheTtl,
    CachingEnabled,
    CacheEncrypted,
    CacheAuthorization,
    CacheStrategy,
}

/// The settings by the end of their patch paths.
const SETTINGS: [(&str, Setting); 10] = [
    ("/metrics/enabled", Setting::MetricsEnabled),
    ("/logging/dataTrace", Setting::DataTrace),
    ("/logging/loglevel", Setting::LogLevel),
    ("/throttling/burstLimit", Setting::BurstLimit),
    ("/throttling/rateLimit", Setting::RateLimit),
    ("/caching/ttlInSeconds", Setting::CacheTtl),
    ("/caching/enabled", Setting::CachingEnabled),
    ("/caching/dataEncrypted", Setting::CacheEncrypted),
    (
        "/caching/requireAuthorizationForCacheControl",
        Setting::CacheAuthorization,
    ),
    (
        "/caching/unauthorizedCacheControlHeaderStrategy",
        Setting::CacheStrategy,
    ),
];

/// Sets what a patch names. The first patch for a method takes over the settings of all methods as they are at that time, which it does not
/// follow later; without those it starts from the defaults (recorded). `None`: the path names no setting.
pub(super) fn replace(stage: &mut Stage, patch: &Patch) -> Option<Result<(), ControlError>> {
    let path = patch.path.strip_prefix('/')?;
    let (key, setting) = SETTINGS
        .iter()
        .find_map(|(end, setting)| Some((path.strip_suffix(end)?, *setting)))?;
    if !names_methods(key) {
        return None;
    }
    let settings = &mut stage.method_settings;
    let mut entry = settings
        .get(key)
        .or_else(|| settings.get(ALL_METHODS))
        .cloned()
        .unwrap_or_default();
    Some(apply(&mut entry, setting, patch).map(|()| {
        settings.insert(key.to_owned(), entry);
    }))
}

/// Takes all settings of a method away.
pub(super) fn remove(stage: &mut Stage, patch: &Patch) -> Result<(), ControlError> {
    let key = patch.path.strip_prefix('/').unwrap_or(&patch.path);
    match stage.method_settings.remove(key) {
        Some(_) => Ok(()),
        // The space at the end is recorded.
        None => Err(ControlError::bad_request(format!(
            "Cannot remove method setting {key} because there is no method setting for this method "
        ))),
    }
}

/// Whether a path names one method, `users/GET`, or all, `*/*`.
fn names_methods(key: &str) -> bool {
    if key == ALL_METHODS {
        return true;
    }
    key.rsplit_once('/').is_some_and(|(path, method)| {
        path != "*" && Verb::ALL.iter().any(|verb| verb.as_str() == method)
    })
}

fn apply(entry: &mut MethodSetting, setting: Setting, patch: &Patch) -> Result<(), ControlError> {
    let invalid = || {
        ControlError::bad_request(format!(
            "Invalid value '{}' specified for {}",
            patch.text(),
            patch.path
        ))
    };
    match setting {
        Setting::MetricsEnabled => entry.metrics_enabled = patch.boolean(),
        Setting::DataTrace => entry.data_trace_enabled = patch.boolean(),
        Setting::LogLevel => {
            let level = patch.text().to_ascii_uppercase();
            if !["OFF", "ERROR", "INFO"].contains(&level.as_str()) {
                return Err(invalid());
            }
            entry.logging_level = Some(level);
        }
        Setting::BurstLimit => {
            let limit: i32 = patch.text().parse().map_err(|_not_a_number| invalid())?;
            entry.throttling_burst_limit = Some(limit)
                .filter(|limit| *limit >= -1)
                .map(i64::from)
                .ok_or_else(invalid)?;
        }
        Setting::RateLimit => {
            let limit: f64 = patch.text().parse().map_err(|_not_a_number| invalid())?;
            let valid = limit.is_finite() && (limit >= 0.0 || limit.total_cmp(&-1.0).is_eq());
            entry.throttling_rate_limit = Some(limit).filter(|_| valid).ok_or_else(invalid)?;
        }
        Setting::CacheTtl => {
            let ttl: u32 = patch.text().parse().map_err(|_not_a_number| invalid())?;
            entry.cache_ttl_in_seconds =
                Some(ttl).filter(|ttl| *ttl <= 3_600).ok_or_else(invalid)?;
        }
        Setting::CachingEnabled => entry.caching_enabled = patch.boolean(),
        Setting::CacheEncrypted => entry.cache_data_encrypted = patch.boolean(),
        Setting::CacheAuthorization => {
            entry.require_authorization_for_cache_control = patch.boolean();
        }
        Setting::CacheStrategy => {
            entry.unauthorized_cache_control_header_strategy =
                UnauthorizedCacheControl::parse(patch.text()).ok_or_else(invalid)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::patch::Op;
    use crate::control::rest_apis::stage::tests::{patch, stage};

    fn set(stage: &mut Stage, path: &str, value: &str) {
        let patch = patch(Op::Replace, path, value);
        replace(stage, &patch).unwrap().unwrap();
    }

    #[test]
    fn the_first_setting_of_a_method_takes_over_those_of_all_methods_once() {
        let mut stage = stage();
        set(&mut stage, "/*/*/throttling/burstLimit", "123");
        set(&mut stage, "/*/*/caching/enabled", "true");
        set(&mut stage, "/test/GET/throttling/rateLimit", "7.5");
        set(&mut stage, "/*/*/throttling/burstLimit", "100");

        let all = &stage.method_settings["*/*"];
        let expected = MethodSetting {
            throttling_burst_limit: 100,
            caching_enabled: true,
            ..MethodSetting::default()
        };
        assert_eq!(*all, expected);
        let expected = MethodSetting {
            throttling_burst_limit: 123,
            throttling_rate_limit: 7.5,
            ..expected
        };
        assert_eq!(stage.method_settings["test/GET"], expected);
    }

    #[test]
    fn a_path_is_kept_as_the_client_writes_it() {
        let mut stage = stage();
        for path in [
            "/~1users~1{id}/GET/metrics/enabled",
            "/users/{id}/GET/metrics/enabled",
            "//GET/metrics/enabled",
        ] {
            set(&mut stage, path, "true");
        }
        let keys: Vec<&str> = stage.method_settings.keys().map(String::as_str).collect();
        assert_eq!(keys, ["/GET", "users/{id}/GET", "~1users~1{id}/GET"]);
    }

    #[test]
    fn what_names_no_method_or_no_setting_is_not_a_setting() {
        let mut stage = stage();
        for path in [
            "/documentation_version",
            "/users/GET/metrics",
            "/users/FETCH/metrics/enabled",
            "/*/GET/metrics/enabled",
            "/metrics/enabled",
        ] {
            assert!(
                replace(&mut stage, &patch(Op::Replace, path, "1")).is_none(),
                "{path}"
            );
        }
        assert!(stage.method_settings.is_empty());
    }

    #[test]
    fn a_value_that_is_out_of_bounds_changes_nothing() {
        let mut stage = stage();
        for (path, value) in [
            ("/*/*/throttling/burstLimit", "many"),
            ("/*/*/throttling/burstLimit", "-2"),
            ("/*/*/throttling/rateLimit", "NaN"),
            ("/*/*/throttling/rateLimit", "-0.5"),
            ("/*/*/caching/ttlInSeconds", "3601"),
            ("/*/*/logging/loglevel", "LOUD"),
            (
                "/*/*/caching/unauthorizedCacheControlHeaderStrategy",
                "NONE",
            ),
        ] {
            let outcome = replace(&mut stage, &patch(Op::Replace, path, value)).unwrap();
            assert!(outcome.is_err(), "{path} {value}");
        }
        assert!(stage.method_settings.is_empty());
        set(&mut stage, "/*/*/throttling/burstLimit", "-1");
        set(&mut stage, "/*/*/throttling/rateLimit", "-1.0");
    }
}
