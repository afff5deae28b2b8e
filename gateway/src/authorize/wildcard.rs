//! `*` and `?` in the texts of a policy.

/// Whether `text` is one that `pattern` describes: `*` stands for any number of characters, slashes too, and `?` for exactly one.
///
/// Takes time in proportion to the product of both lengths at the worst.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let mut pattern = pattern.chars();
    let mut text = text.chars();
    // What follows the last star, and the text from which on it was tried.
    let mut retry = None;
    loop {
        let mut pattern_ahead = pattern.clone();
        let mut text_ahead = text.clone();
        match (pattern_ahead.next(), text_ahead.next()) {
            (Some('*'), _) => {
                pattern = pattern_ahead;
                retry = Some((pattern.clone(), text.clone()));
                continue;
            }
            (None, None) => return true,
            (Some(expected), Some(found)) if expected == '?' || expected == found => {
                pattern = pattern_ahead;
                text = text_ahead;
                continue;
            }
            (Some(_), Some(_) | None) | (None, Some(_)) => {}
        }
        // The last star takes one character more.
        let Some((after_star, mut rest)) = retry else {
            return false;
        };
        if rest.next().is_none() {
            return false;
        }
        pattern = after_star.clone();
        text = rest.clone();
        retry = Some((after_star, rest));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition, word by word.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            (['*', rest @ ..], _) => (0..=text.len()).any(|taken| naive(rest, &text[taken..])),
            (['?', rest @ ..], [_, text @ ..]) => naive(rest, text),
            ([expected, rest @ ..], [found, text @ ..]) => expected == found && naive(rest, text),
            ([], [_, ..]) | ([_, ..], []) => false,
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(pattern in "[ab*?/]{0,9}", text in "[ab?*/é]{0,12}") {
            let characters = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(
                matches(&pattern, &text),
                naive(&characters(&pattern), &characters(&text))
            );
        }

        #[test]
        fn takes_any_text(pattern in ".{0,40}", text in ".{0,40}") {
            let _ = matches(&pattern, &text);
            let everything = format!("*{text}*");
            prop_assert!(matches(&everything, &text));
            prop_assert!(matches("*", &text));
        }
    }

    #[test]
    fn a_star_takes_slashes_and_a_question_mark_one_character() {
        assert!(matches("a/*/GET/*", "a/dev/GET/users/1"));
        assert!(matches("a/d?v/*", "a/dév/"));
        assert!(!matches("a/d?v/*", "a/dv/x"));
        assert!(!matches("a/dev/GET/users", "a/dev/GET/users/1"));
        assert!(!matches("", "a"));
    }

    #[test]
    fn many_stars_do_not_take_for_ever() {
        let pattern = "*a".repeat(50);
        let text = "a".repeat(5_000) + "b";
        assert!(!matches(&pattern, &text));
    }
}
