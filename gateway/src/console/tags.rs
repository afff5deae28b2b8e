//! Tags of a plan or a key as a form: Tollgate's settings by their names, and everything else that stands in tags.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::call::TagChanges;
use super::forms::{Fields, Input, InputKind, Mistakes, submit};
use super::visit::Visit;

/// What the name of a tag's field starts with.
const PREFIX: &str = "tag-";

/// What the name of the field starts with that has what was shown.
const SHOWN_PREFIX: &str = "shown-";

/// The fields of a tag that is new.
const NEW_NAME: &str = "new-name";
const NEW_VALUE: &str = "new-value";

/// A setting that a tag has, for people.
pub(super) struct Setting {
    pub(super) tag: &'static str,
    pub(super) label: &'static str,
    /// What to enter.
    pub(super) hint: &'static str,
}

/// What was entered, right or wrong.
pub(super) struct Entered {
    /// By the tags' names.
    fields: BTreeMap<String, Field>,
    new_name: String,
    new_value: String,
}

/// The field of a tag.
struct Field {
    /// What the tag was when the form was shown; empty where there was none.
    shown: String,
    /// What is in the field. An empty text takes the tag away.
    text: String,
}

impl Entered {
    /// The tags as they are. Those that `is_elsewhere` have forms of their own.
    pub(super) fn of_tags(
        tags: &BTreeMap<String, String>,
        settings: &[Setting],
        is_elsewhere: impl Fn(&str) -> bool,
    ) -> Self {
        let unset = settings.iter().map(|it| (it.tag.to_owned(), String::new()));
        let mut texts: BTreeMap<String, String> = unset.collect();
        let shown = tags.iter().filter(|(name, _)| !is_elsewhere(name));
        texts.extend(shown.map(|(name, text)| (name.clone(), text.clone())));
        let fields = texts.into_iter().map(|(name, shown)| {
            let text = shown.clone();
            (name, Field { shown, text })
        });
        Self {
            fields: fields.collect(),
            new_name: String::new(),
            new_value: String::new(),
        }
    }

    /// The form that was sent. Fields that it does not have are as they are now.
    pub(super) fn with_form(mut self, form: &Fields) -> Self {
        for (sent, text) in form.pairs() {
            if let Some(name) = sent.strip_prefix(PREFIX)
                && let Some(field) = self.fields.get_mut(name)
            {
                text.clone_into(&mut field.text);
                form.raw(&format!("{SHOWN_PREFIX}{name}"))
                    .clone_into(&mut field.shown);
            }
        }
        form.get(NEW_NAME).clone_into(&mut self.new_name);
        form.get(NEW_VALUE).clone_into(&mut self.new_value);
        self
    }

    /// Saves what was changed. What is wrong says why nothing was saved.
    pub(super) async fn save(
        &mut self,
        visit: &Visit<'_>,
        resource: &str,
        tags: &BTreeMap<String, String>,
    ) -> Mistakes {
        let mut mistakes = Mistakes::default();
        let changes = self.changes(tags, &mut mistakes);
        if mistakes.is_empty()
            && let Err(refusal) = visit.change_tags(resource, &changes).await
        {
            mistakes.refuse(&refusal);
        }
        mistakes
    }

    /// What has to change: what was changed in the form, and nothing else. Where somebody else has changed the same tag meanwhile, the form
    /// comes again, and shows what the tag is now.
    fn changes(&mut self, tags: &BTreeMap<String, String>, mistakes: &mut Mistakes) -> TagChanges {
        let mut changes = TagChanges::new();
        for (name, field) in &mut self.fields {
            let text = field.text.trim();
            let now = tags.get(name).map_or("", String::as_str);
            if text == field.shown.trim() || text == now {
                continue;
            }
            if field.shown != now {
                mistakes.note_whole(format!(
                    "Somebody else has changed {name} meanwhile: it is “{now}” now. Save again to replace that."
                ));
                now.clone_into(&mut field.shown);
                continue;
            }
            changes.insert(name.clone(), (!text.is_empty()).then(|| text.to_owned()));
        }
        match (self.new_name.as_str(), self.new_value.as_str()) {
            ("", "") => {}
            ("", _) => mistakes.note(NEW_NAME, "A tag needs a name."),
            (name, _) if tags.contains_key(name) || changes.contains_key(name) => {
                mistakes.note(NEW_NAME, "There is a tag of this name: change it above.");
            }
            (name, value) => {
                changes.insert(name.to_owned(), Some(value.to_owned()));
            }
        }
        changes
    }

    /// The fields and the buttons.
    pub(super) fn content(&self, settings: &[Setting], back: &str, mistakes: &Mistakes) -> Markup {
        let is_setting = |name: &str| settings.iter().any(|it| it.tag == name);
        let others = self.fields.iter().filter(|(name, _)| !is_setting(name));
        let others: Vec<_> = others.collect();
        html! {
            @for Setting { tag, label, hint } in settings {
                @if let Some(field) = self.fields.get(*tag) { (field.render(tag, label, hint, mistakes)) }
            }
            @if !others.is_empty() {
                fieldset {
                    legend { "Other tags" }
                    @for (name, field) in others { (field.render(name, name, "", mistakes)) }
                    p.hint { "An empty field takes its tag away." }
                }
            }
            fieldset {
                legend { "One more tag" }
                (input(NEW_NAME, "Name", &self.new_name, "", mistakes))
                (input(NEW_VALUE, "Value", &self.new_value, "", mistakes))
            }
            p.actions { (submit("Save")) a href=(back) { "Cancel" } }
        }
    }
}

impl Field {
    fn render(&self, tag: &str, label: &str, hint: &str, mistakes: &Mistakes) -> Markup {
        html! {
            input type="hidden" name={ (SHOWN_PREFIX) (tag) } value=(self.shown);
            (input(&format!("{PREFIX}{tag}"), label, &self.text, hint, mistakes))
        }
    }
}

fn input(name: &str, label: &str, value: &str, hint: &str, mistakes: &Mistakes) -> Markup {
    let input = Input {
        name,
        label,
        value,
        hint,
        kind: InputKind::Text,
        is_required: false,
    };
    input.render(mistakes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: [Setting; 1] = [Setting {
        tag: "tollgate:alerts",
        label: "Alerts",
        hint: "",
    }];

    fn tags() -> BTreeMap<String, String> {
        [("tollgate:lease", "off"), ("tollgate:mode", "shadow")]
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .into()
    }

    fn changes(form: &str) -> (TagChanges, Mistakes) {
        let mut mistakes = Mistakes::default();
        let entered = Entered::of_tags(&tags(), &SETTINGS, |name| name == "tollgate:mode");
        let mut entered = entered.with_form(&Fields::read(form.as_bytes()));
        let changes = entered.changes(&tags(), &mut mistakes);
        (changes, mistakes)
    }

    #[test]
    fn what_is_entered_is_set_and_what_is_emptied_is_taken_away() {
        let form = "tag-tollgate:alerts=80,100&tag-tollgate:lease=&shown-tollgate:lease=off&new-name=team&new-value=a";
        let (found, mistakes) = changes(form);
        let expected = [
            ("team", Some("a")),
            ("tollgate:alerts", Some("80,100")),
            ("tollgate:lease", None),
        ];
        let expected = expected.map(|(name, text)| (name.to_owned(), text.map(str::to_owned)));
        assert_eq!(found, TagChanges::from(expected));
        assert!(mistakes.is_empty());
    }

    #[test]
    fn what_somebody_else_has_set_meanwhile_is_neither_lost_nor_overwritten_unseen() {
        // The lease was not set when the form was shown, and was not touched in it.
        let (found, mistakes) =
            changes("tag-tollgate:lease=&shown-tollgate:lease=&new-name=a&new-value=b");
        let expected = [("a".to_owned(), Some("b".to_owned()))];
        assert_eq!(found, TagChanges::from(expected));
        assert!(mistakes.is_empty());
        let (found, mistakes) = changes("tag-tollgate:lease=10&shown-tollgate:lease=");
        assert!(found.is_empty(), "{found:?}");
        assert!(!mistakes.is_empty());
    }

    #[test]
    fn fields_that_are_not_in_the_form_change_nothing() {
        let (found, _) = changes("tag-tollgate:mode=&tag-tollgate:other=x");
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn a_new_tag_needs_a_name_that_no_other_has() {
        for form in ["new-value=x", "new-name=tollgate:lease&new-value=x"] {
            let (_, mistakes) = changes(form);
            assert!(mistakes.of(NEW_NAME).is_some(), "{form}");
        }
    }
}
