//! Limits of a key's own, as a form has them.

use std::collections::BTreeMap;

use maud::{Markup, html};
use tollgate::overrides::{self, BURST, QUOTA, RATE};
use tollgate::store::ApiKey;

use super::super::call::TagChanges;
use super::super::forms::{Fields, Input, InputKind, Mistakes};

/// A field, with the tag that it stands for.
struct Field {
    name: &'static str,
    tag: &'static str,
    label: &'static str,
    hint: &'static str,
}

const FIELDS: [Field; 3] = [
    Field {
        name: "rate",
        tag: RATE,
        label: "Rate, requests a second",
        hint: "",
    },
    Field {
        name: "burst",
        tag: BURST,
        label: "Burst, requests",
        hint: "",
    },
    Field {
        name: "quota",
        tag: QUOTA,
        label: "Quota",
        hint: "Such as 5000/DAY, 20000/WEEK or 100000/MONTH. A number alone keeps the period of the plan.",
    },
];

/// What stands in the fields, right or wrong, by tag. Empty fields have nothing here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct OwnLimits(BTreeMap<&'static str, String>);

impl OwnLimits {
    pub(super) fn of_key(key: &ApiKey) -> Self {
        Self::with(|field| key.tags.get(field.tag).cloned().unwrap_or_default())
    }

    pub(super) fn of_form(form: &Fields) -> Self {
        Self::with(|field| form.get(field.name).to_owned())
    }

    fn with(text: impl Fn(&Field) -> String) -> Self {
        let filled = FIELDS.iter().map(|field| (field.tag, text(field)));
        Self(filled.filter(|(_, text)| !text.is_empty()).collect())
    }

    /// Notes what is wrong.
    pub(super) fn check(&self, mistakes: &mut Mistakes) {
        for field in &FIELDS {
            let Some(text) = self.0.get(field.tag) else {
                continue;
            };
            let tag = BTreeMap::from([(field.tag.to_owned(), text.clone())]);
            if let Err(invalid) = overrides::check(&tag) {
                mistakes.note(field.name, format!("The {} {}.", field.name, invalid.why()));
            }
        }
    }

    /// The inputs.
    pub(super) fn inputs(&self, mistakes: &Mistakes) -> Markup {
        let input = |field: &Field| {
            let input = Input {
                name: field.name,
                label: field.label,
                value: self.0.get(field.tag).map_or("", String::as_str),
                hint: field.hint,
                kind: InputKind::Text,
                is_required: false,
            };
            input.render(mistakes)
        };
        html! {
            fieldset {
                legend { "Limits of its own" }
                p.hint { "They hold in all plans of the key, in place of the plan’s. What is left empty is as the plan has it." }
                div.grid { @for field in &FIELDS { (input(field)) } }
            }
        }
    }

    /// Puts them among the tags to set.
    pub(super) fn add_to(&self, tags: &mut TagChanges) {
        for (tag, text) in &self.0 {
            tags.insert((*tag).to_owned(), Some(text.clone()));
        }
    }
}

/// Whether a tag of a key stands for one of the fields.
pub(super) fn is_tag(name: &str) -> bool {
    FIELDS.iter().any(|field| field.tag == name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_limit_that_cannot_be_read_is_noted_beside_its_field() {
        let form = Fields::read(b"rate=fast&burst=&quota=5000%2FDAY");
        let limits = OwnLimits::of_form(&form);
        let mut mistakes = Mistakes::default();
        limits.check(&mut mistakes);
        assert_eq!(
            mistakes.of("rate"),
            Some("The rate must be a number of requests a second, 0 or more.")
        );
        assert_eq!((mistakes.of("burst"), mistakes.of("quota")), (None, None));
        let mut tags = TagChanges::new();
        limits.add_to(&mut tags);
        assert_eq!(
            json!(tags),
            json!({"tollgate:rate": "fast", "tollgate:quota": "5000/DAY"})
        );
    }
}
