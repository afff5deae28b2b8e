//! The item of an alert.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{alert_pk, list_sk};
use crate::alert::{Alert, Channel, Hour, Occasion, Percent, QuotaUse};
use crate::meter::MeterId;
use crate::quota::{Day, Period};
use crate::store::{AlertState, KeptAlert, StoreError};
use crate::time::Timestamp;

/// For how long an alert is kept after what it is about has passed. It must not be shorter than what tells of a window may be late.
const KEPT_FOR: Duration = Duration::from_hours(90 * 24);

/// The partition of the index that has the alerts in this state.
pub(in crate::store) const fn alert_list(state: AlertState) -> &'static str {
    match state {
        AlertState::Owed => "ALERT#OWED",
        AlertState::Told => "ALERT#TOLD",
        AlertState::GivenUp => "ALERT#GIVEN_UP",
    }
}

/// `AL#<key id>#<plan id>` / the alert's name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::store) struct AlertItem {
    pub(in crate::store) pk: String,
    pub(in crate::store) sk: String,
    pub(in crate::store) list_pk: String,
    list_sk: String,
    key_id: String,
    plan_id: String,
    raised_at_ns: u64,
    #[serde(default)]
    told: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quota: Option<QuotaUseItem>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hour: Option<u64>,
    /// When the table may forget it, in seconds since the epoch.
    ttl: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct QuotaUseItem {
    percent: u16,
    period: String,
    first: u32,
    next: u32,
    used: u64,
    limit: u64,
}

impl AlertItem {
    pub(in crate::store) fn new(alert: &Alert) -> Self {
        let (quota, hour) = match &alert.occasion {
            Occasion::Quota(quota) => (Some(QuotaUseItem::new(quota)), None),
            Occasion::Throttled { hour } => (None, Some(hour.number())),
        };
        Self {
            pk: alert_pk(&alert.meter),
            sk: alert.name(),
            list_pk: alert_list(AlertState::Owed).to_owned(),
            list_sk: list_sk(alert.raised_at, &alert.id()),
            key_id: alert.meter.key_id.to_string(),
            plan_id: alert.meter.plan_id.to_string(),
            raised_at_ns: alert.raised_at.as_nanos(),
            told: Vec::new(),
            quota,
            hour,
            ttl: alert.passes_at().saturating_add(KEPT_FOR).as_secs(),
        }
    }

    pub(in crate::store) fn read(&self) -> Result<KeptAlert, StoreError> {
        let damaged = |what: &str| {
            StoreError::broken(format!(
                "the item of an alert is damaged: {what} {}",
                self.sk
            ))
        };
        let state = AlertState::ALL
            .into_iter()
            .find(|state| alert_list(*state) == self.list_pk)
            .ok_or_else(|| damaged("its list"))?;
        let occasion = match (&self.quota, self.hour) {
            (Some(quota), None) => Occasion::Quota(quota.read().ok_or_else(|| damaged("quota"))?),
            (None, Some(hour)) => Occasion::Throttled {
                hour: Hour::from_number(hour),
            },
            (Some(_), Some(_)) | (None, None) => return Err(damaged("what it is about")),
        };
        Ok(KeptAlert {
            alert: Alert {
                meter: MeterId {
                    key_id: self.key_id.as_str().into(),
                    plan_id: self.plan_id.as_str().into(),
                },
                occasion,
                raised_at: Timestamp::from_nanos(self.raised_at_ns),
            },
            state,
            // A later version may tell others, too.
            told: self
                .told
                .iter()
                .filter_map(|it| Channel::parse(it))
                .collect(),
        })
    }
}

impl QuotaUseItem {
    fn new(quota: &QuotaUse) -> Self {
        Self {
            percent: quota.percent.get(),
            period: quota.period.as_str().to_owned(),
            first: quota.first.number(),
            next: quota.next.number(),
            used: quota.used,
            limit: quota.limit,
        }
    }

    fn read(&self) -> Option<QuotaUse> {
        Some(QuotaUse {
            percent: Percent::new(self.percent)?,
            period: Period::parse(&self.period)?,
            first: Day::from_number(self.first),
            next: Day::from_number(self.next),
            used: self.used,
            limit: self.limit,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter() -> MeterId {
        MeterId {
            key_id: "client".into(),
            plan_id: "bronze".into(),
        }
    }

    #[test]
    fn an_alert_is_read_as_it_was_written_and_outlives_its_window() {
        let now = Timestamp::from_secs(1_795_435_200);
        let quota = QuotaUse {
            percent: Percent::new(80).unwrap(),
            period: Period::Month,
            first: Day::parse("2026-11-01").unwrap(),
            next: Day::parse("2026-12-01").unwrap(),
            used: 81,
            limit: 100,
        };
        let alerts = [
            Alert {
                meter: meter(),
                occasion: Occasion::Quota(quota),
                raised_at: now,
            },
            Alert::throttled(meter(), now),
        ];
        for alert in alerts {
            let item = AlertItem::new(&alert);
            assert!(item.ttl > alert.passes_at().as_secs());
            let kept = item.read().unwrap();
            assert_eq!((kept.alert, kept.state), (alert, AlertState::Owed));
        }
    }

    #[test]
    fn an_item_that_says_nothing_is_damaged() {
        let mut item = AlertItem::new(&Alert::throttled(meter(), Timestamp::from_secs(7)));
        item.hour = None;
        assert!(item.read().is_err());
        item.list_pk = "ALERT".to_owned();
        assert!(item.read().is_err());
    }
}
