//! Ids that a request always gives, however often it comes.

use sha2::{Digest as _, Sha256};

use crate::random::BASE36;

/// The length of an API key's id on AWS.
const SHORT_LEN: usize = 10;

/// 10 lower-case letters and digits.
pub(super) fn short(parts: &[&str]) -> String {
    let mut rest = number(parts);
    let mut id = String::with_capacity(SHORT_LEN);
    for _ in 0..SHORT_LEN {
        let place = usize::try_from(rest % 36).unwrap_or(0);
        id.extend(BASE36.get(place).map(|character| char::from(*character)));
        rest /= 36;
    }
    id
}

/// 32 hexadecimal digits.
pub(super) fn long(parts: &[&str]) -> String {
    format!("{:032x}", number(parts))
}

/// The first half of a SHA-256.
fn number(parts: &[&str]) -> u128 {
    let mut hash = Sha256::new();
    for part in parts {
        // Each part with its length, so that no two lists run together to the same bytes.
        hash.update(format!("{}:", part.len()));
        hash.update(part);
    }
    let digest = hash.finalize();
    let first = digest.iter().take(16);
    first.fold(0, |number, byte| (number << 8) | u128::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_never_changes_and_every_part_counts() {
        // Ids stand in stacks: a release must not change them.
        assert_eq!(short(&["stack", "Bronze", "request"]), "x52hti2gml");
        assert_eq!(
            long(&["stack", "Bronze"]),
            "79a341325900a5dff4dc5a02563837c5"
        );
        assert_ne!(short(&["ab", "c"]), short(&["a", "bc"]));
        assert_ne!(short(&["a"]), short(&["a", ""]));
        let id = short(&["a"]);
        assert_eq!(id.len(), SHORT_LEN);
        assert!(id.bytes().all(|byte| BASE36.contains(&byte)));
    }
}
