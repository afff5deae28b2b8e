//! What is wrong with what was entered.

use maud::{Markup, html};

use crate::console::call::Refusal;

/// Texts beside fields, and one for the form as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::console) struct Mistakes {
    /// Fields by name, in the order of the form.
    fields: Vec<(&'static str, String)>,
    whole: Option<String>,
    /// What stands above them, where it is not the usual.
    heading: Option<&'static str>,
}

impl Mistakes {
    /// Why the management API refuses the whole, below a heading that says what did not happen.
    pub(in crate::console) fn refused(heading: &'static str, refusal: &Refusal) -> Self {
        Self {
            fields: Vec::new(),
            whole: Some(refusal.message.clone()),
            heading: Some(heading),
        }
    }

    /// Says what is wrong with a field.
    pub(in crate::console) fn note(&mut self, field: &'static str, text: impl Into<String>) {
        self.fields.push((field, text.into()));
    }

    /// Says why the management API refuses the whole.
    pub(in crate::console) fn refuse(&mut self, refusal: &Refusal) {
        self.whole = Some(refusal.message.clone());
    }

    /// Says what is wrong with the whole.
    pub(in crate::console) fn note_whole(&mut self, text: impl Into<String>) {
        self.whole = Some(text.into());
    }

    pub(in crate::console) fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.whole.is_none()
    }

    /// What is wrong with a field.
    pub(in crate::console) fn of(&self, field: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(name, _)| *name == field)
            .map(|(_, text)| text.as_str())
    }

    /// The value, or none of it and a note beside its field.
    pub(in crate::console) fn take<T>(
        &mut self,
        field: &'static str,
        read: Result<T, String>,
    ) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(text) => {
                self.note(field, text);
                None
            }
        }
    }

    /// All of it, to stand above the form: with links to the fields.
    pub(in crate::console) fn summary(&self) -> Markup {
        html! {
            @if !self.is_empty() {
                div.notice.failed role="alert" tabindex="-1" id="mistakes" {
                    h2 { (self.heading.unwrap_or("Nothing was saved")) }
                    @if let Some(text) = &self.whole { p { (text) } }
                    @if !self.fields.is_empty() {
                        ul {
                            @for (name, text) in &self.fields {
                                li { a href={ "#field-" (name) } { (text) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    #[test]
    fn the_summary_leads_to_each_field_and_says_why_the_whole_was_refused() {
        let mut mistakes = Mistakes::default();
        assert_eq!(mistakes.summary().into_string(), "");
        assert_eq!(
            mistakes.take("rate", Err::<u8, _>("A rate is a number.".to_owned())),
            None
        );
        mistakes.refuse(&Refusal {
            status: StatusCode::CONFLICT,
            message: "The <id> is taken.".to_owned(),
        });
        let html = mistakes.summary().into_string();
        assert!(html.contains("href=\"#field-rate\""), "{html}");
        assert!(html.contains("The &lt;id&gt; is taken."), "{html}");
        assert_eq!(mistakes.of("rate"), Some("A rate is a number."));
        assert_eq!(mistakes.of("burst"), None);
    }
}
