//! Numbers.

pub(in crate::console) use crate::explain::words::number;

/// The length of a list.
pub(in crate::console) fn count(count: usize) -> String {
    number(u64::try_from(count).unwrap_or(u64::MAX))
}

/// A number and its noun, in the plural unless it is one: `1 key`, `2,000 keys`.
pub(in crate::console) fn plural(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", number(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noun_is_in_the_plural_unless_there_is_one() {
        assert_eq!(plural(1, "key"), "1 key");
        assert_eq!(plural(0, "key"), "0 keys");
        assert_eq!(plural(2_000, "key"), "2,000 keys");
    }
}
