//! Inputs with their labels, hints and mistakes.

use maud::{Markup, html};

use super::Mistakes;

/// What may be entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::console) enum InputKind {
    /// A line of text.
    Text,
    /// A number of this step, 0 or more.
    Number {
        /// `1`, or `any`.
        step: &'static str,
    },
    /// Several lines of text.
    Lines,
    /// A date and a time.
    DateTime,
}

/// An input for one value.
#[derive(Clone, Copy, Debug)]
pub(in crate::console) struct Input<'a> {
    /// The field's name. Its id is `field-` and the name.
    pub(in crate::console) name: &'a str,
    pub(in crate::console) label: &'a str,
    pub(in crate::console) value: &'a str,
    /// What to enter, below the input; empty for nothing.
    pub(in crate::console) hint: &'a str,
    pub(in crate::console) kind: InputKind,
    pub(in crate::console) is_required: bool,
}

/// An option of a [`select`].
#[derive(Clone, Copy, Debug)]
pub(in crate::console) struct Choice<'a> {
    pub(in crate::console) value: &'a str,
    pub(in crate::console) text: &'a str,
}

impl Input<'_> {
    pub(in crate::console) fn render(&self, mistakes: &Mistakes) -> Markup {
        let Self {
            name,
            label,
            value,
            hint,
            kind,
            is_required,
        } = *self;
        let mistake = mistakes.of(name);
        let described = described_by(name, hint, mistake);
        let invalid = mistake.map(|_| "true");
        let control = match kind {
            InputKind::Lines => html! {
                textarea id={ "field-" (name) } name=(name) rows="4" required[is_required]
                    aria-describedby=[described] aria-invalid=[invalid] { (value) }
            },
            InputKind::Text => html! {
                input type="text" id={ "field-" (name) } name=(name) value=(value) required[is_required]
                    autocomplete="off" aria-describedby=[described] aria-invalid=[invalid];
            },
            InputKind::DateTime => html! {
                input type="datetime-local" id={ "field-" (name) } name=(name) value=(value) required[is_required]
                    aria-describedby=[described] aria-invalid=[invalid];
            },
            InputKind::Number { step } => html! {
                input type="number" id={ "field-" (name) } name=(name) value=(value) min="0" step=(step)
                    required[is_required] aria-describedby=[described] aria-invalid=[invalid];
            },
        };
        around(name, label, hint, mistake, is_required, &control)
    }
}

/// A list of which one is chosen.
pub(in crate::console) fn select(
    name: &str,
    label: &str,
    chosen: &str,
    choices: &[Choice<'_>],
    hint: &str,
    mistakes: &Mistakes,
) -> Markup {
    let mistake = mistakes.of(name);
    let described = described_by(name, hint, mistake);
    let control = html! {
        select id={ "field-" (name) } name=(name) aria-describedby=[described]
            aria-invalid=[mistake.map(|_| "true")] {
            @for choice in choices {
                option value=(choice.value) selected[choice.value == chosen] { (choice.text) }
            }
        }
    };
    around(name, label, hint, mistake, false, &control)
}

/// A box to tick.
pub(in crate::console) fn checkbox(name: &str, label: &str, is_ticked: bool) -> Markup {
    html! {
        div.field.tick {
            input type="checkbox" id={ "field-" (name) } name=(name) value="on" checked[is_ticked];
            label for={ "field-" (name) } { (label) }
        }
    }
}

/// A search over a list, which is in an element with the id `list`. Without a script the button sends it; with one, the list follows what
/// is typed. `more` has further fields of the same form.
pub(in crate::console) fn search(action: &str, label: &str, text: &str, more: &Markup) -> Markup {
    html! {
        form.inline role="search" method="get" action=(action) hx-get=(action) hx-target="#list" hx-select="#list"
            hx-swap="outerHTML" hx-select-oob="#found:innerHTML" hx-push-url="true" hx-trigger="input changed delay:250ms, change, submit" {
            div.field {
                label for="field-q" { (label) }
                input type="search" id="field-q" name="q" value=(text) autocomplete="off";
            }
            (more)
            button type="submit" { "Search" }
        }
    }
}

/// How much a search has found: a screen reader says it when the list follows what is typed.
pub(in crate::console) fn found(text: &str) -> Markup {
    html! { p.visually-hidden id="found" role="status" { (text) } }
}

/// The button that sends a form.
pub(in crate::console) fn submit(text: &str) -> Markup {
    html! { button.primary type="submit" { (text) } }
}

/// The button that sends a form which takes something away.
pub(in crate::console) fn danger_button(text: &str) -> Markup {
    html! { button.danger type="submit" { (text) } }
}

fn around(
    name: &str,
    label: &str,
    hint: &str,
    mistake: Option<&str>,
    is_required: bool,
    control: &Markup,
) -> Markup {
    html! {
        div.field.wrong[mistake.is_some()] {
            label for={ "field-" (name) } {
                (label)
                @if is_required { " " span.quiet { "(required)" } }
            }
            (control)
            @if let Some(text) = mistake { p.mistake id={ "mistake-" (name) } { (text) } }
            @if !hint.is_empty() { p.hint id={ "hint-" (name) } { (hint) } }
        }
    }
}

/// The ids of what explains an input.
fn described_by(name: &str, hint: &str, mistake: Option<&str>) -> Option<String> {
    let mistake = mistake.map(|_| format!("mistake-{name}"));
    let hint = (!hint.is_empty()).then(|| format!("hint-{name}"));
    match (mistake, hint) {
        (Some(mistake), Some(hint)) => Some(format!("{mistake} {hint}")),
        (mistake, hint) => mistake.or(hint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_has_a_label_and_its_mistake_and_escapes_its_value() {
        let mut mistakes = Mistakes::default();
        mistakes.note("name", "A plan needs a name.");
        let input = Input {
            name: "name",
            label: "Name",
            value: "\"><script>",
            hint: "As clients see it.",
            kind: InputKind::Text,
            is_required: true,
        };
        let html = input.render(&mistakes).into_string();
        assert!(html.contains("<label for=\"field-name\">"), "{html}");
        assert!(
            html.contains("aria-describedby=\"mistake-name hint-name\""),
            "{html}"
        );
        assert!(html.contains("aria-invalid=\"true\""), "{html}");
        assert!(
            html.contains("value=\"&quot;&gt;&lt;script&gt;\""),
            "{html}"
        );
        let html = input.render(&Mistakes::default()).into_string();
        assert!(
            html.contains("aria-describedby=\"hint-name\"") && !html.contains("aria-invalid"),
            "{html}"
        );
    }
}
