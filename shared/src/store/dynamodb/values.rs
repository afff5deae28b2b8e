//! The values of one key: the last, and those that it has replaced.

use crate::key::KeyHash;
use crate::store::item::{FormerItem, KeyItem};
use crate::store::{KeyChange, MAX_VALUES, RegistryError};
use crate::time::Timestamp;

/// What a change has made of a key's values.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changed {
    /// Whether a value ends that had not ended, or ends earlier.
    pub(super) is_narrower: bool,
    /// The hashes of values that the key does not know any more.
    pub(super) forgotten: Vec<String>,
}

/// Whether a value of this hash is the key's already. No transaction could write its item twice.
pub(super) fn has(item: &KeyItem, hash: &KeyHash) -> bool {
    let hash = hash.to_string();
    item.hash == hash || item.former.iter().any(|former| former.hash == hash)
}

/// Makes the changes of a key's values. `hash` is that of the new value, when there is one.
///
/// # Errors
///
/// When too many values of the key still work.
pub(super) fn change(
    item: &mut KeyItem,
    change: &KeyChange,
    hash: Option<&KeyHash>,
    now: Timestamp,
) -> Result<Changed, RegistryError> {
    let mut changed = Changed::default();
    if let Some(hash) = hash {
        item.former.push(FormerItem {
            number: item.value_number,
            hash: std::mem::replace(&mut item.hash, hash.to_string()),
            expires_at_ns: u64::MAX,
        });
        item.value_number = item.value_number.saturating_add(1);
    }
    let until = change.former_until.or(hash.map(|_new| now));
    if let Some(until) = until.map(Timestamp::as_nanos) {
        for former in &mut item.former {
            changed.is_narrower |= until < former.expires_at_ns;
            former.expires_at_ns = former.expires_at_ns.min(until);
        }
    }
    while item.former.len() >= MAX_VALUES {
        let has_ended = |former: &FormerItem| former.expires_at_ns <= now.as_nanos();
        let place = item.former.iter().position(has_ended);
        let place = place.ok_or_else(|| too_many(&item.id))?;
        changed.forgotten.push(item.former.remove(place).hash);
    }
    Ok(changed)
}

fn too_many(id: &str) -> RegistryError {
    RegistryError::TooLarge(format!(
        "API Key {id} has {MAX_VALUES} values that work; end the earlier ones before it is rotated again"
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::key::{KeyValue, Pepper};
    use crate::store::ApiKey;

    const NOW: Timestamp = Timestamp::from_secs(1_000);

    fn hash(number: u32) -> KeyHash {
        let value = KeyValue::parse(&format!("a-value-of-a-good-length-{number}")).unwrap();
        value.hash(&Pepper::new(b"a pepper for tests").unwrap())
    }

    fn item() -> KeyItem {
        let key = ApiKey {
            id: "k".into(),
            name: String::new(),
            description: None,
            customer_id: None,
            stage_keys: Vec::new(),
            enabled: true,
            expires_at: Some(Timestamp::from_secs(5_000)),
            plan_ids: Vec::new(),
            value_number: 1,
            former_values: Vec::new(),
            tags: BTreeMap::new(),
            created_at: NOW,
            updated_at: NOW,
        };
        KeyItem::new(&key, &hash(1))
    }

    fn until(secs: u64) -> KeyChange {
        KeyChange {
            former_until: Some(Timestamp::from_secs(secs)),
            ..KeyChange::default()
        }
    }

    fn ends(item: &KeyItem) -> Vec<u64> {
        let values = item.value_items();
        values
            .map(|value| value.expires_at_ns.unwrap() / 1_000_000_000)
            .collect()
    }

    #[test]
    fn a_value_that_was_replaced_ends_with_the_overlap_and_with_the_key_at_the_latest() {
        let mut item = item();
        let changed = change(&mut item, &until(9_000), Some(&hash(2)), NOW).unwrap();
        assert!(changed.is_narrower);
        assert_eq!(ends(&item), [5_000, 5_000]);
        change(&mut item, &until(2_000), Some(&hash(3)), NOW).unwrap();
        assert_eq!(item.value_number, 3);
        assert_eq!(ends(&item), [5_000, 2_000, 2_000]);
        // An end that is later than the one before changes nothing.
        let changed = change(&mut item, &until(3_000), None, NOW).unwrap();
        assert_eq!(
            (changed, ends(&item)),
            (Changed::default(), vec![5_000, 2_000, 2_000])
        );
    }

    #[test]
    fn without_an_overlap_the_value_before_ends_at_once() {
        let mut item = item();
        change(&mut item, &KeyChange::default(), Some(&hash(2)), NOW).unwrap();
        assert_eq!(ends(&item), [5_000, 1_000]);
    }

    #[test]
    fn values_that_have_ended_are_forgotten_for_new_ones_and_others_are_not() {
        let mut item = item();
        for number in 2..=10 {
            change(&mut item, &until(2_000), Some(&hash(number)), NOW).unwrap();
        }
        let refused = change(&mut item.clone(), &until(2_000), Some(&hash(11)), NOW);
        assert!(matches!(refused, Err(RegistryError::TooLarge(_))));
        let later = Timestamp::from_secs(2_000);
        let changed = change(&mut item, &until(3_000), Some(&hash(11)), later).unwrap();
        assert_eq!(changed.forgotten, [hash(1).to_string()]);
        assert_eq!(item.value_items().count(), MAX_VALUES);
    }
}
