//! A key's items: how a change writes them, and what of them processes remember.

use std::collections::BTreeMap;

use super::transaction::{If, Transaction};
use crate::id::KeyId;
use crate::key::KeyValue;
use crate::metadata::{MAX_NOTES, MAX_NOTES_LEN, META, Metadata};
use crate::scope::{SCOPES, Scopes};
use crate::store::item::{KeyItem, SecretItem, VALUE_SK, secret_pk};
use crate::store::{RegistryError, StoreError};
use crate::time::Timestamp;

/// How much a key opens, as far as processes remember it that have read it.
pub(super) struct Breadth {
    expires_at_ns: u64,
    scopes: Option<String>,
}

impl Breadth {
    pub(super) fn of(item: &KeyItem) -> Self {
        Self {
            expires_at_ns: item.expires_at_ns.unwrap_or(u64::MAX),
            scopes: Scopes::text_of(&item.tags),
        }
    }

    /// Whether the key may open less than it did: of other scopes nobody knows whether they are wider.
    pub(super) fn may_be_narrower_than(&self, before: &Self) -> bool {
        let has_other_scopes = self.scopes.is_some() && self.scopes != before.scopes;
        self.expires_at_ns < before.expires_at_ns || has_other_scopes
    }
}

/// The place of the last value's item in a transaction that [`put_key_with`] has begun.
pub(super) const LAST_VALUE: usize = 1;

/// Writes a key's items, if the key is still as it was read. It comes first in the transaction.
pub(super) fn put_key(
    transaction: &mut Transaction<'_>,
    item: KeyItem,
    now: Timestamp,
) -> Result<KeyItem, StoreError> {
    put_key_with(transaction, item, If::Any, now)
}

/// [`put_key`], with a condition on the item of the last value.
pub(super) fn put_key_with(
    transaction: &mut Transaction<'_>,
    mut item: KeyItem,
    last_value: If,
    now: Timestamp,
) -> Result<KeyItem, StoreError> {
    let seen = item.rev;
    item.rev = seen.saturating_add(1);
    item.updated_at_ns = now.as_nanos();
    transaction.put(&item, If::Rev(seen))?;
    let conditions = std::iter::once(last_value).chain(std::iter::repeat(If::Any));
    for (value, condition) in item.value_items().zip(conditions) {
        transaction.put(value, condition)?;
    }
    Ok(item)
}

/// Keeps a key's value in place of the one before, or none.
pub(super) fn put_secret(
    transaction: &mut Transaction<'_>,
    id: &KeyId,
    value: &KeyValue,
    keep_value: bool,
) -> Result<(), StoreError> {
    if !keep_value {
        return transaction.delete(secret_pk(id), VALUE_SK.to_owned(), If::Any);
    }
    let secret = SecretItem {
        pk: secret_pk(id),
        sk: VALUE_SK.to_owned(),
        value: value.expose().to_owned(),
    };
    transaction.put(secret, If::Any)
}

/// What requests need of the tags stands in the item that each process reads, and keeps.
///
/// # Errors
///
/// `TooLarge` for scopes of more methods, or more notes for handlers, than a key can have.
pub(super) fn check_size(tags: &BTreeMap<String, String>) -> Result<(), RegistryError> {
    if let Some(Err(error)) = Scopes::text_of(tags).map(|text| text.parse::<Scopes>()) {
        return Err(RegistryError::TooLarge(format!(
            "Invalid tags whose names start with {SCOPES} specified, {error}"
        )));
    }
    let metadata = Metadata::of_tags(tags);
    let len: usize = metadata
        .iter()
        .map(|(name, text)| name.len().saturating_add(text.len()))
        .sum();
    if metadata.iter().count() > MAX_NOTES || len > MAX_NOTES_LEN {
        return Err(RegistryError::TooLarge(format!(
            "Invalid tags whose names start with {META} specified, a key can have {MAX_NOTES} of them, with {MAX_NOTES_LEN} bytes in all"
        )));
    }
    Ok(())
}
