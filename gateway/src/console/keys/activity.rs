//! When keys were last used, and how much today.
//!
//! The meters know: each remembers the last day on which it was charged, and what was charged on it. A day is as exact as that is.

use maud::{Markup, html};
use tollgate::id::{KeyId, PlanId};
use tollgate::meter::{DayCount, MeterId};
use tollgate::quota::Day;
use tollgate::store::{KeyRegistry, StoreError};

use super::super::words;

/// What the plans that a key is in have counted of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Activity {
    /// The last day with requests. `None`: there was none.
    last: Option<Day>,
    /// The requests of today.
    today: u64,
}

impl Activity {
    fn add(&mut self, count: DayCount, today: Day) {
        self.last = self.last.max(Some(count.day));
        // A process whose clock is ahead has begun the next day already.
        if count.day >= today {
            self.today = self.today.saturating_add(count.count);
        }
    }

    /// The requests of today.
    pub(super) const fn today(self) -> u64 {
        self.today
    }

    /// When the key was last used: `3 days ago`.
    pub(super) fn last_used(self, today: Day) -> Markup {
        html! {
            @match self.last {
                None => "never",
                Some(day) => time datetime=(day) { (days_ago(day, today)) },
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
    let days = Box::pin(store.last_used(&meters)).await?;
    let mut activities = vec![Activity::default(); keys.len()];
    for (place, day) in places.into_iter().zip(days) {
        if let (Some(activity), Some(day)) = (activities.get_mut(place), day) {
            activity.add(day, today);
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

fn days_ago(day: Day, today: Day) -> String {
    match today.number().saturating_sub(day.number()) {
        0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        days => format!("{} ago", words::plural(days.into(), "day")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn activity(counts: &[(&str, u64)]) -> Activity {
        let mut activity = Activity::default();
        for (text, count) in counts {
            let count = DayCount {
                day: day(text),
                count: *count,
            };
            activity.add(count, day("2026-11-29"));
        }
        activity
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
        let both = activity(&[("2026-11-29", 2), ("2026-11-20", 9), ("2026-11-29", 3)]);
        assert_eq!((both.last, both.today()), (Some(day("2026-11-29")), 5));
        let earlier = activity(&[("2026-11-20", 9), ("2026-11-27", 1)]);
        assert_eq!(
            (earlier.last, earlier.today()),
            (Some(day("2026-11-27")), 0)
        );
        let html = earlier.last_used(day("2026-11-29")).into_string();
        assert_eq!(html, "<time datetime=\"2026-11-27\">2 days ago</time>");
        let never = Activity::default().last_used(day("2026-11-29"));
        assert_eq!(never.into_string(), "never");
    }
}
