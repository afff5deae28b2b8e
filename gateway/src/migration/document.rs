//! Keys and plans as the SDK has them, and as Tollgate has them.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_apigateway::primitives::DateTime;
use aws_sdk_apigateway::types::{
    ApiKey, ApiStage as SdkStage, QuotaPeriodType, QuotaSettings, ThrottleSettings, UsagePlan,
};
use tollgate::bucket::{Rate, Throttle};
use tollgate::control::{CREATED_AT_TAG, ID_TAG, IMPORT_TAG, parse_instant};
use tollgate::id::ApiStage;
use tollgate::key::KeyValue;
use tollgate::plan::CoveredStage;
use tollgate::quota::{Period, Quota};
use tollgate::store::NewPlan;
use tollgate::time::Timestamp;

use super::holdings::{HeldKey, HeldValue, Pending};

/// Why a document makes no sense.
pub(super) type Damage = String;

/// What the tags of the way here say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct OwnTags {
    /// The id on both sides.
    pub(super) id: Option<String>,
    /// When the key was made, which the side itself may have forgotten.
    pub(super) created_at: Option<Timestamp>,
    /// Whether the key is on its way.
    pub(super) pending: Option<Pending>,
}

impl OwnTags {
    /// Takes them out of a key's or a plan's tags.
    pub(super) fn take(tags: &mut BTreeMap<String, String>) -> Self {
        Self {
            id: tags.remove(ID_TAG).filter(|id| !id.is_empty()),
            created_at: tags
                .remove(CREATED_AT_TAG)
                .and_then(|text| parse_instant(&text)),
            pending: tags.remove(IMPORT_TAG).map(|text| Pending::parse(&text)),
        }
    }
}

/// Reads a key. Its tags are all there.
pub(super) fn key(key: ApiKey) -> HeldKey {
    let value = match key.value.filter(|value| !value.is_empty()) {
        None => HeldValue::Hidden,
        Some(value) => match KeyValue::parse(&value) {
            Ok(value) => HeldValue::Known(value),
            Err(error) => HeldValue::Unusable(error.to_string()),
        },
    };
    HeldKey {
        own_id: key.id.unwrap_or_default().into(),
        value,
        name: key.name.unwrap_or_default(),
        description: filled(key.description),
        customer_id: filled(key.customer_id),
        stage_keys: key.stage_keys.unwrap_or_default(),
        enabled: key.enabled,
        created_at: key.created_date.as_ref().and_then(timestamp),
        tags: key.tags.unwrap_or_default().into_iter().collect(),
        pending: None,
    }
}

fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn timestamp(date: &DateTime) -> Option<Timestamp> {
    u64::try_from(date.secs()).ok().map(Timestamp::from_secs)
}

/// Reads a plan. Its tags are all there.
pub(super) fn plan(plan: UsagePlan) -> Result<NewPlan, Damage> {
    let stages = plan.api_stages.unwrap_or_default();
    Ok(NewPlan {
        id: plan.id.map(Into::into),
        name: plan.name.unwrap_or_default(),
        description: filled(plan.description),
        product_code: filled(plan.product_code),
        throttle: plan.throttle.as_ref().map(throttle).transpose()?,
        quota: plan.quota.as_ref().map(quota).transpose()?,
        stages: stages.iter().map(stage).collect::<Result<_, _>>()?,
        tags: plan.tags.unwrap_or_default().into_iter().collect(),
    })
}

fn throttle(settings: &ThrottleSettings) -> Result<Throttle, Damage> {
    let rate = Rate::per_second(settings.rate_limit).map_err(|error| error.to_string())?;
    let burst = u64::try_from(settings.burst_limit)
        .map_err(|_negative| format!("{} is no burst", settings.burst_limit))?;
    Ok(Throttle { rate, burst })
}

fn quota(settings: &QuotaSettings) -> Result<Quota, Damage> {
    let period = settings.period.as_ref().map(QuotaPeriodType::as_str);
    let period = period
        .and_then(Period::parse)
        .ok_or_else(|| format!("`{}` is no period", period.unwrap_or_default()))?;
    let limit = u64::try_from(settings.limit)
        .map_err(|_negative| format!("{} is no quota", settings.limit))?;
    let offset = u32::try_from(settings.offset)
        .map_err(|_negative| format!("{} is no offset", settings.offset))?;
    Quota::new(limit, period, offset).map_err(|error| error.to_string())
}

fn stage(stage: &SdkStage) -> Result<CoveredStage, Damage> {
    let api_stage = ApiStage::new(
        stage.api_id.as_deref().unwrap_or_default(),
        stage.stage.as_deref().unwrap_or_default(),
    );
    let mut covered = CoveredStage::new(api_stage);
    for (method, settings) in stage.throttle.iter().flatten() {
        covered.set_method_throttle(method, throttle(settings)?);
    }
    Ok(covered)
}

/// An instant as tags have it, to the second.
pub(super) fn instant(instant: Timestamp) -> String {
    let secs = i64::try_from(instant.as_secs()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(secs)
        .map_or_else(|_out_of_range| format!("{secs}"), |date| date.to_string())
}

/// A throttle for the SDK. What does not fit into its integers is the most that does.
pub(super) fn throttle_settings(throttle: Throttle) -> ThrottleSettings {
    ThrottleSettings::builder()
        .rate_limit(throttle.rate.as_per_second())
        .burst_limit(i32::try_from(throttle.burst).unwrap_or(i32::MAX))
        .build()
}

/// A quota for the SDK. What does not fit into its integers is the most that does.
pub(super) fn quota_settings(quota: Quota) -> QuotaSettings {
    QuotaSettings::builder()
        .limit(i32::try_from(quota.limit()).unwrap_or(i32::MAX))
        .offset(i32::try_from(quota.offset()).unwrap_or(i32::MAX))
        .period(QuotaPeriodType::from(quota.period().as_str()))
        .build()
}

/// A stage for the SDK, with the throttles of the methods that `is_wanted` wants.
pub(super) fn sdk_stage(covered: &CoveredStage, is_wanted: impl Fn(&str) -> bool) -> SdkStage {
    let throttles: HashMap<String, ThrottleSettings> = covered
        .method_throttles
        .iter()
        .filter(|(method, _)| is_wanted(method))
        .map(|(method, limits)| (method.clone(), throttle_settings(limits.throttle)))
        .collect();
    SdkStage::builder()
        .api_id(covered.api_stage.api_id.as_str())
        .stage(covered.api_stage.stage.as_str())
        .set_throttle((!throttles.is_empty()).then_some(throttles))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_the_way_here_are_no_tags_of_the_key() {
        let mut tags: BTreeMap<String, String> = [
            (ID_TAG, "k1"),
            (CREATED_AT_TAG, "2026-11-23T12:00:00Z"),
            (IMPORT_TAG, "created"),
            ("team", "red"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let own = OwnTags::take(&mut tags);
        assert_eq!(own.id.as_deref(), Some("k1"));
        assert_eq!(own.created_at, Some(Timestamp::from_secs(1_795_435_200)));
        assert_eq!(own.pending, Some(Pending::Created));
        assert_eq!(tags.keys().collect::<Vec<_>>(), ["team"]);
    }

    #[test]
    fn a_value_that_cannot_be_one_here_says_why() {
        let read = |value: &str| key(ApiKey::builder().value(value).build()).value;
        assert!(read("a-value-of-twenty-characters").known().is_some());
        assert_eq!(read(""), HeldValue::Hidden);
        assert!(matches!(read("short"), HeldValue::Unusable(_)));
    }

    #[test]
    fn a_plan_with_numbers_that_make_no_sense_is_damaged() {
        let read = |limit, offset, period: &str| {
            let quota = QuotaSettings::builder()
                .limit(limit)
                .offset(offset)
                .period(period.into());
            plan(UsagePlan::builder().quota(quota.build()).build())
        };
        assert!(read(10, 0, "DAY").is_ok());
        for (limit, offset, period) in [
            (-1, 0, "DAY"),
            (1, -1, "WEEK"),
            (1, 7, "WEEK"),
            (1, 0, "YEAR"),
        ] {
            assert!(
                read(limit, offset, period).is_err(),
                "{limit} {offset} {period}"
            );
        }
    }
}
