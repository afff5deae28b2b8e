//! When keys were last used, and how much today.
//!
//! The meters know: each remembers the last day on which it was charged, what was charged on it, and in which minute it was last.

use std::time::Duration;

use maud::{Markup, html};
use tollgate::id::{KeyId, PlanId};
use tollgate::meter::{LastUse, MeterId};
use tollgate::quota::Day;
use tollgate::store::{KeyRegistry, StoreError};
use tollgate::time::Timestamp;

use super::super::words;

const MINUTE: Duration = Duration::from_mins(1);

/// What the plans that a key is in have counted of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Activity {
    /// The last day with requests. `None`: there was none.
    last: Option<Day>,
    /// The minute of the last request, where it is known.
    at: Option<Timestamp>,
    /// The requests of today.
    today: u64,
}

impl Activity {
    fn add(&mut self, last: LastUse, today: Day) {
        let LastUse { day, at } = last;
        self.last = self.last.max(Some(day.day));
        self.at = self.at.max(at);
        // A process whose clock is ahead has begun the next day already.
        if day.day >= today {
            self.today = self.today.saturating_add(day.count);
        }
    }

    /// The requests of today.
    pub(super) const fn today(self) -> u64 {
        self.today
    }

    /// When the key was last used: `3 minutes ago`, or `3 days ago` where only the day is known.
    pub(super) fn last_used(self, now: Timestamp) -> Markup {
        // The minute of one plan says nothing when another plan was charged on a later day.
        let at = self.at.filter(|at| Some(Day::of(*at)) >= self.last);
        html! {
            @match (self.last, at) {
                (None, _) => "never",
                (Some(_), Some(at)) => time datetime=(words::rfc3339(at)) { (minutes_ago(at, now)) },
                (Some(day), None) => time datetime=(day) { (days_ago(day, Day::of(now))) },
            }
        }
    }
}

/// The activity of each key, of which the plans are named.
///
/// # Errors
///
/// When the store does not answer.
pub(super) async fn of_keys(
    store: &impl KeyRegistry,
    keys: &[(&KeyId, &[PlanId])],
    today: Day,
) -> Result<Vec<Activity>, StoreError> {
    let meters: Vec<(usize, MeterId)> = keys
        .iter()
        .enumerate()
        .flat_map(|(place, (key_id, plan_ids))| {
            plan_ids.iter().map(move |plan_id| {
                let meter = MeterId {
                    key_id: (*key_id).clone(),
                    plan_id: plan_id.clone(),
                };
                (place, meter)
            })
        })
        .collect();
    let (places, meters): (Vec<usize>, Vec<MeterId>) = meters.into_iter().unzip();
    // Boxed: calls of the store are large, and each page would carry them.
    let uses = Box::pin(store.last_used(&meters)).await?;
    let mut activities = vec![Activity::default(); keys.len()];
    for (place, last) in places.into_iter().zip(uses) {
        if let (Some(activity), Some(last)) = (activities.get_mut(place), last) {
            activity.add(last, today);
        }
    }
    Ok(activities)
}

/// The activity of one key.
///
/// # Errors
///
/// When the store does not answer.
pub(super) async fn of_key(
    store: &impl KeyRegistry,
    key_id: &KeyId,
    plan_ids: &[PlanId],
    today: Day,
) -> Result<Activity, StoreError> {
    let activities = of_keys(store, &[(key_id, plan_ids)], today).await?;
    Ok(activities.into_iter().next().unwrap_or_default())
}

/// A minute, of which the second is not known.
fn minutes_ago(at: Timestamp, now: Timestamp) -> String {
    if now.saturating_since(at) < MINUTE {
        "within the last minute".to_owned()
    } else {
        words::distance(at, now)
    }
}

fn days_ago(day: Day, today: Day) -> String {
    match today.number().saturating_sub(day.number()) {
        0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        days => format!("{} ago", words::plural(days.into(), "day")),
    }
}

#[cfg(test)]
mod tests {
    use tollgate::meter::DayCount;

    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    /// A use that was counted on a day, of which the minute is not known.
    fn use_on(text: &str, count: u64) -> LastUse {
        let day = day(text);
        LastUse {
            day: DayCount { day, count },
            at: None,
        }
    }

    fn activity(uses: &[LastUse]) -> Activity {
        let mut activity = Activity::default();
        for last in uses {
            activity.add(*last, day("2026-11-29"));
        }
        activity
    }

    fn told(activity: Activity) -> String {
        let now = day("2026-11-29").start().saturating_add(MINUTE * 60);
        activity.last_used(now).into_string()
    }

    #[test]
    fn days_are_told_in_words() {
        let told = |text| days_ago(day(text), day("2026-11-29"));
        assert_eq!(told("2026-11-29"), "today");
        assert_eq!(told("2026-11-28"), "yesterday");
        assert_eq!(told("2026-11-26"), "3 days ago");
        assert_eq!(told("2025-11-29"), "365 days ago");
        assert_eq!(told("2026-11-30"), "today", "another clock is ahead");
    }

    #[test]
    fn plans_add_up_and_the_latest_day_holds() {
        let both = activity(&[
            use_on("2026-11-29", 2),
            use_on("2026-11-20", 9),
            use_on("2026-11-29", 3),
        ]);
        assert_eq!((both.last, both.today()), (Some(day("2026-11-29")), 5));
        let earlier = activity(&[use_on("2026-11-20", 9), use_on("2026-11-27", 1)]);
        assert_eq!(
            (earlier.last, earlier.today()),
            (Some(day("2026-11-27")), 0)
        );
        assert_eq!(
            told(earlier),
            "<time datetime=\"2026-11-27\">2 days ago</time>"
        );
        assert_eq!(told(Activity::default()), "never");
    }

    #[test]
    fn the_minute_is_told_where_it_is_known_of_the_last_day() {
        let at = |minutes: u32| LastUse {
            at: Some(day("2026-11-29").start().saturating_add(MINUTE * minutes)),
            ..use_on("2026-11-29", 1)
        };
        assert_eq!(
            told(activity(&[at(50), use_on("2026-11-20", 9), at(57)])),
            "<time datetime=\"2026-11-29T00:57:00Z\">3 minutes ago</time>"
        );
        assert_eq!(
            told(activity(&[at(60)])),
            "<time datetime=\"2026-11-29T01:00:00Z\">within the last minute</time>"
        );
        let by_day = activity(&[at(50), use_on("2026-11-30", 1)]);
        assert_eq!(told(by_day), "<time datetime=\"2026-11-30\">today</time>");
    }
}
