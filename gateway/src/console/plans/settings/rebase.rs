//! A form that was shown before somebody else changed the plan.
//!
//! A form carries along what it has shown. So it is seen what the person has changed, and only that is saved; what somebody else has changed
//! meanwhile stays, unless both have changed the same.

use maud::{Markup, html};
use tollgate::plan::Plan;

use super::Entered;
use crate::console::forms::{Fields, Mistakes};

/// What the names of the fields with the shown values begin with.
const PREFIX: &str = "shown-";

impl Entered {
    /// What the form has shown. `None` for one that does not say.
    fn shown(form: &Fields) -> Option<Self> {
        let name = format!("{PREFIX}name");
        let says = form.pairs().any(|(known, _)| known == name);
        says.then(|| Self::with_prefix(form, PREFIX))
    }

    /// Hidden fields that carry these values along.
    pub(in super::super) fn carried(&self) -> Markup {
        let ticked = |is_ticked| if is_ticked { "on" } else { "" };
        let fields: [(&str, &str); 10] = [
            ("name", self.name.as_str()),
            ("description", &self.description),
            ("throttle", ticked(self.has_throttle)),
            ("rate", &self.rate),
            ("burst", &self.burst),
            ("quota", ticked(self.has_quota)),
            ("limit", &self.limit),
            ("period", &self.period),
            ("offset", &self.offset),
            ("shadow", ticked(self.is_shadow)),
        ];
        html! {
            @for (name, value) in fields {
                input type="hidden" name={ (PREFIX) (name) } value=(value);
            }
        }
    }

    /// What was entered, with the plan's own values where nothing was changed. Notes what somebody else has changed as well.
    pub(in super::super) fn of_edit(form: &Fields, plan: &Plan, mistakes: &mut Mistakes) -> Self {
        let mut entered = Self::of_form(form);
        let now = Self::of_plan(plan);
        let shown = Self::shown(form).unwrap_or_else(|| now.clone());
        let mut settle = |field: &'static str, parts: Parts, told: &dyn Fn(&Self) -> String| {
            let (mine, before, theirs) = (parts(&entered), parts(&shown), parts(&now));
            if same(&mine, &before) {
                return true;
            }
            if !same(&before, &theirs) && !same(&mine, &theirs) {
                mistakes.note(
                    field,
                    format!(
                        "Somebody else has changed this meanwhile, to {}. You have entered {}. Save again to replace it.",
                        told(&now),
                        told(&entered)
                    ),
                );
            }
            false
        };
        let keeps_name = settle("name", |it| vec![it.name.as_str()], &|it: &Self| {
            quoted(&it.name)
        });
        let keeps_description = settle(
            "description",
            |it| vec![it.description.as_str()],
            &|it: &Self| quoted(&it.description),
        );
        let keeps_throttle = settle("rate", Self::throttle_parts, &Self::throttle_words);
        let keeps_quota = settle("limit", Self::quota_parts, &Self::limit_words);
        let keeps_mode = settle("shadow", Self::mode_parts, &Self::mode_words);
        if keeps_name {
            entered.name = now.name;
        }
        if keeps_description {
            entered.description = now.description;
        }
        if keeps_throttle {
            (entered.has_throttle, entered.rate, entered.burst) =
                (now.has_throttle, now.rate, now.burst);
        }
        if keeps_quota {
            entered.has_quota = now.has_quota;
            (entered.limit, entered.period, entered.offset) = (now.limit, now.period, now.offset);
        }
        if keeps_mode {
            entered.is_shadow = now.is_shadow;
        }
        entered
    }

    fn throttle_parts(&self) -> Vec<&str> {
        let ticked = if self.has_throttle { "on" } else { "" };
        vec![ticked, &self.rate, &self.burst]
    }

    fn quota_parts(&self) -> Vec<&str> {
        let ticked = if self.has_quota { "on" } else { "" };
        vec![ticked, &self.limit, &self.period, &self.offset]
    }

    fn mode_parts(&self) -> Vec<&str> {
        vec![if self.is_shadow { "on" } else { "" }]
    }

    fn mode_words(&self) -> String {
        let words = if self.is_shadow {
            "shadow mode"
        } else {
            "no shadow mode"
        };
        words.to_owned()
    }

    fn throttle_words(&self) -> String {
        if self.has_throttle {
            format!("a rate of {} and a burst of {}", self.rate, self.burst)
        } else {
            "no throttle".to_owned()
        }
    }

    fn limit_words(&self) -> String {
        if self.has_quota {
            let Self {
                limit,
                period,
                offset,
                ..
            } = self;
            let period = period.to_lowercase();
            format!("{limit} requests a {period} with the offset {offset}")
        } else {
            "no quota".to_owned()
        }
    }
}

/// The texts of a setting that is changed as a whole.
type Parts = for<'a> fn(&'a Entered) -> Vec<&'a str>;

/// Whether texts are the same but for what browsers do to them: they take away or change the ends of lines.
fn same(one: &[&str], other: &[&str]) -> bool {
    let plain = |text: &&str| super::lines(text.trim());
    one.iter().map(plain).eq(other.iter().map(plain))
}

fn quoted(text: &str) -> String {
    if text.is_empty() {
        "nothing".to_owned()
    } else {
        format!("“{text}”")
    }
}
