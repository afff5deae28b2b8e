//! Throttles and quotas as clients write them.

use crate::bucket::{Rate, Throttle};
use crate::control::error::ControlError;
use crate::control::members::Members;
use crate::quota::{Period, Quota};

/// The largest whole number that clients can read: the service model has 32 bits for them.
pub const MAX_INTEGER: u64 = 2_147_483_647;

const PERIODS: [Period; 3] = [Period::Day, Period::Week, Period::Month];

/// A throttle of which nothing was said yet. What is left out is 0, which refuses every request.
pub(super) const NO_REQUESTS: Throttle = Throttle {
    rate: Rate::ZERO,
    burst: 0,
};

/// Reads shape `ThrottleSettings`.
pub(super) fn throttle(settings: &Members) -> Result<Throttle, ControlError> {
    let mut throttle = NO_REQUESTS;
    if let Some(value) = settings.number("rateLimit")? {
        throttle.rate = rate(value)?;
    }
    if let Some(value) = settings.integer("burstLimit")? {
        throttle.burst = integer("burst limit", value)?;
    }
    Ok(throttle)
}

fn rate(value: f64) -> Result<Rate, ControlError> {
    Rate::per_second(value).map_err(|_negative_or_infinite| {
        ControlError::bad_request("Usage Plan rate limit must be a number, 0 or more")
    })
}

/// Reads a rate from the text of a patch.
pub(super) fn rate_of(text: &str) -> Result<Rate, ControlError> {
    rate(text.trim().parse().unwrap_or(f64::NAN))
}

fn integer(what: &str, value: i64) -> Result<u64, ControlError> {
    u64::try_from(value)
        .ok()
        .filter(|value| *value <= MAX_INTEGER)
        .ok_or_else(|| {
            ControlError::bad_request(format!(
                "Usage Plan {what} must be a whole number from 0 to {MAX_INTEGER}"
            ))
        })
}

/// Reads a whole number from the text of a patch.
pub(super) fn integer_of(what: &str, text: &str) -> Result<u64, ControlError> {
    integer(what, text.trim().parse().unwrap_or(-1))
}

/// Reads a period from the text of a patch.
pub(super) fn period_of(text: &str) -> Result<Period, ControlError> {
    parse_period(text).ok_or_else(|| {
        ControlError::bad_request("Usage Plan quota period must be one of: [DAY, WEEK, MONTH]")
    })
}

fn parse_period(text: &str) -> Option<Period> {
    PERIODS.into_iter().find(|period| period.as_str() == text)
}

/// A quota that may be half said until a request has been read to its end: clients set the offset before the period that allows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct QuotaDraft {
    pub(super) limit: Option<u64>,
    pub(super) period: Option<Period>,
    pub(super) offset: u64,
}

impl From<Quota> for QuotaDraft {
    fn from(quota: Quota) -> Self {
        Self {
            limit: Some(quota.limit()),
            period: Some(quota.period()),
            offset: quota.offset().into(),
        }
    }
}

impl QuotaDraft {
    /// Reads shape `QuotaSettings`.
    pub(super) fn read(settings: &Members) -> Result<Self, ControlError> {
        let limit = settings.integer("limit")?;
        let offset = settings.integer("offset")?.unwrap_or(0);
        Ok(Self {
            limit: limit
                .map(|value| integer("quota limit", value))
                .transpose()?,
            period: settings.choice("period", &PERIODS, parse_period)?,
            offset: integer("quota offset", offset)?,
        })
    }

    /// The quota.
    ///
    /// # Errors
    ///
    /// `BadRequestException` when the limit or the period is missing, or the period does not have the offset. The latter's texts
    /// are Terraform's, which checks offsets before it asks.
    pub(super) fn finish(self) -> Result<Quota, ControlError> {
        let (Some(limit), Some(period)) = (self.limit, self.period) else {
            return Err(ControlError::bad_request(
                "Usage Plan quota must have a limit and a period",
            ));
        };
        u32::try_from(self.offset)
            .ok()
            .and_then(|offset| Quota::new(limit, period, offset).ok())
            .ok_or_else(|| ControlError::bad_request(offset_rule(period)))
    }
}

fn offset_rule(period: Period) -> String {
    match period {
        Period::Day => "Usage Plan quota offset must be zero in the DAY period".to_owned(),
        Period::Week | Period::Month => format!(
            "Usage Plan quota offset must be between 0 and {} inclusive in the {period} period",
            period.max_offset()
        ),
    }
}
