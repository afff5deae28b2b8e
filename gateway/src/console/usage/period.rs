//! The days that a page shows.

use maud::{Markup, html};
use tollgate::quota::Day;

use super::super::visit::Visit;
use super::super::words;

/// The field of the query with the number of days.
const FIELD: &str = "days";

/// The numbers of days to choose from. API Gateway shows 90, and the table keeps 400.
const CHOICES: [u32; 4] = [7, 31, 90, 400];

const DEFAULT: u32 = 31;

/// Some days up to today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Days {
    pub(super) from: Day,
    pub(super) today: Day,
    count: u32,
}

impl Days {
    /// The days that the visitor has chosen.
    pub(super) fn of(visit: &Visit<'_>) -> Self {
        Self::new(visit.query().get(FIELD), Day::of(visit.now()))
    }

    fn new(chosen: &str, today: Day) -> Self {
        let count = chosen.parse().ok();
        let count = count
            .filter(|count| CHOICES.contains(count))
            .unwrap_or(DEFAULT);
        Self {
            from: today.minus(count.saturating_sub(1)),
            today,
            count,
        }
    }

    /// `the last 31 days`.
    pub(super) fn words(self) -> String {
        format!("the last {}", words::plural(self.count.into(), "day"))
    }

    /// The same days in the query of another page.
    pub(super) fn query(self) -> [(&'static str, String); 1] {
        [(FIELD, self.count.to_string())]
    }

    /// The form that chooses others, on the page at `path`.
    pub(super) fn form(self, path: &str) -> Markup {
        html! {
            form.inline method="get" action=(path) {
                div.field {
                    label for="days" { "Show" }
                    select id="days" name=(FIELD) {
                        @for count in CHOICES {
                            option value=(count) selected[count == self.count] {
                                (words::plural(count.into(), "day"))
                            }
                        }
                    }
                }
                button type="submit" { "Show these days" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_chosen_is_the_usual_number_of_days() {
        let today = Day::parse("2026-11-29").unwrap();
        assert_eq!(Days::new("7", today).from.to_string(), "2026-11-23");
        for chosen in ["", "31", "0", "5000", "x"] {
            let days = Days::new(chosen, today);
            assert_eq!(days.from.to_string(), "2026-10-30", "{chosen}");
        }
    }
}
