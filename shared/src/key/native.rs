//! Native values in the midst of other bytes, such as a file that somebody has published.

use std::ops::Range;

use super::{KeyValue, NATIVE_LEN, PREFIX, native_parts};

/// The length of every native value, in bytes.
pub const NATIVE_VALUE_LEN: usize = NATIVE_LEN;

/// The native values in `bytes` whose checksums fit, each with its place: whatever stands before and after them. One in 57 billion texts of
/// this form is taken for a value that nobody has made.
///
/// ```
/// use tollgate::key::{EnvironmentLetter, KeyValue, native_values};
///
/// let value = KeyValue::generate(EnvironmentLetter::of("dev")).unwrap();
/// let leaked = format!("API_KEY={}\n", value.expose());
/// let found: Vec<_> = native_values(leaked.as_bytes()).collect();
/// assert_eq!(found, [(8..49, value)]);
/// ```
pub fn native_values(bytes: &[u8]) -> impl Iterator<Item = (Range<usize>, KeyValue)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let start = next_prefix(bytes, from)?;
            let range = start..start.saturating_add(NATIVE_LEN);
            // No value can begin within the prefix of another one.
            from = start.saturating_add(PREFIX.len());
            let text = bytes
                .get(range.clone())
                .and_then(|bytes| std::str::from_utf8(bytes).ok());
            if let Some(text) = text.filter(|text| native_parts(text).is_some())
                && let Ok(value) = KeyValue::parse(text)
            {
                from = range.end;
                return Some((range, value));
            }
        }
    })
}

/// Where the next `tg_` begins. Only every third byte is looked at where there is nothing of it.
fn next_prefix(bytes: &[u8], from: usize) -> Option<usize> {
    let mut start = from;
    loop {
        let step = match *bytes.get(start.checked_add(2)?)? {
            b'_' if bytes.get(start..)?.starts_with(PREFIX.as_bytes()) => return Some(start),
            b't' => 2,
            b'g' => 1,
            _ => 3,
        };
        start = start.checked_add(step)?;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::EnvironmentLetter;
    use super::*;

    fn value() -> KeyValue {
        KeyValue::generate(EnvironmentLetter::of("dev")).unwrap()
    }

    fn found(bytes: &[u8]) -> Vec<(usize, KeyValue)> {
        let found = native_values(bytes);
        found.map(|(range, value)| (range.start, value)).collect()
    }

    #[test]
    fn a_value_is_found_wherever_it_stands() {
        let (one, two) = (value(), value());
        let text = format!("{}{}x{}tg_", one.expose(), two.expose(), one.expose());
        assert_eq!(
            found(text.as_bytes()),
            [
                (0, one.clone()),
                (NATIVE_LEN, two),
                (2 * NATIVE_LEN + 1, one)
            ]
        );
    }

    #[test]
    fn what_only_looks_like_a_value_is_none() {
        let good = value().expose().to_owned();
        let last = if good.ends_with('0') { "1" } else { "0" };
        let wrong = format!("{}{last}", &good[..NATIVE_LEN - 1]);
        let cut = &good[..NATIVE_LEN - 1];
        for text in [wrong.as_str(), cut, "tg_d_", "", "tg", "_", "tg_\u{e9}_"] {
            assert_eq!(found(text.as_bytes()), [], "{text}");
        }
        assert_eq!(found(&[0xff; 100]), []);
    }

    proptest! {
        #[test]
        fn whatever_stands_around_a_value_does_not_hide_it(
            before in "[tg_d\\x00a]{0,12}",
            after in "[tg_d\\x00a]{0,12}",
        ) {
            let value = value();
            let text = format!("{before}{}{after}", value.expose());
            let found = found(text.as_bytes());
            prop_assert!(found.contains(&(before.len(), value)), "{found:?}");
        }
    }
}
