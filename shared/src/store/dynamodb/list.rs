//! Long lists, part by part.

use aws_sdk_dynamodb::types::AttributeValue;

use super::batch::{PrimaryKey, text_of};
use super::{Attributes, DynamoStore, store_error};
use crate::store::item::{LIST_KEY_LEN, name};
use crate::store::{KeyFilter, MAX_EXAMINED, Page, PageRequest, StoreError};

/// The least that is looked at in a further request for the same page.
const LEAST_CHUNK: u32 = 100;

/// The longest id in a position that a client may send.
const MAX_ID_LEN: usize = 512;

/// A list in the index, newest first.
#[derive(Debug)]
pub(super) struct List<'a> {
    /// The list's partition of the index.
    pub(super) partition: String,
    /// The table's key of the item with this id.
    pub(super) primary_key: fn(&str, &str) -> PrimaryKey,
    /// Which items of it.
    pub(super) filter: Option<&'a KeyFilter>,
}

/// What one request found.
#[derive(Debug)]
pub(super) struct Slice<T> {
    /// The entries, each with its position.
    pub(super) entries: Vec<(String, T)>,
    /// How many items were looked at.
    pub(super) examined: u32,
    /// The position of the last one that was looked at, when there may be more.
    pub(super) last: Option<String>,
}

impl<T> Slice<T> {
    /// The slice with other entries in its place.
    pub(super) fn with<U>(self, entries: Vec<(String, U)>) -> Slice<U> {
        Slice {
            entries,
            examined: self.examined,
            last: self.last,
        }
    }
}

/// A page that is being filled.
#[derive(Debug)]
pub(super) struct Filling<T> {
    limit: u32,
    found: Vec<(String, T)>,
    examined: u32,
}

impl<T> Filling<T> {
    pub(super) fn new(page: &PageRequest) -> Self {
        Self {
            limit: page.limit.max(1),
            found: Vec::new(),
            examined: 0,
        }
    }

    /// How many items to look at next: at first one more than the page can have, so that the last page is known to be the last.
    pub(super) fn chunk(&self) -> u32 {
        let first = self.limit.saturating_add(1);
        let chunk = if self.examined == 0 {
            first
        } else {
            self.examined.max(LEAST_CHUNK)
        };
        chunk
            .min(self.most_examined().saturating_sub(self.examined))
            .max(1)
    }

    fn most_examined(&self) -> u32 {
        MAX_EXAMINED.max(self.limit.saturating_add(1))
    }

    /// Takes what was found. The page, when it is whole; else where to look on.
    pub(super) fn take(mut self, slice: Slice<T>) -> Filled<T> {
        self.examined = self.examined.saturating_add(slice.examined);
        self.found.extend(slice.entries);
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        if self.found.len() > limit {
            self.found.truncate(limit);
            let next = self.found.last().map(|(position, _)| position.clone());
            return Filled::Whole(self.page(next));
        }
        match slice.last {
            Some(last) if self.examined < self.most_examined() => Filled::Part(self, last),
            last => Filled::Whole(self.page(last)),
        }
    }

    fn page(self, next: Option<String>) -> Page<T> {
        Page {
            entries: self.found.into_iter().map(|(_, entry)| entry).collect(),
            next,
        }
    }
}

/// How far a page is.
#[derive(Debug)]
pub(super) enum Filled<T> {
    /// It is whole.
    Whole(Page<T>),
    /// More has to be looked at, from this position on.
    Part(Filling<T>, String),
}

impl DynamoStore {
    /// A page of a list, as the index has it.
    pub(super) async fn list(
        &self,
        list: &List<'_>,
        page: &PageRequest,
    ) -> Result<Page<Attributes>, StoreError> {
        let mut filling = Filling::new(page);
        let mut after = page.after.clone();
        loop {
            let slice = self.slice(list, after.as_deref(), filling.chunk()).await?;
            match filling.take(slice) {
                Filled::Whole(page) => return Ok(page),
                Filled::Part(rest, last) => {
                    filling = rest;
                    after = Some(last);
                }
            }
        }
    }

    /// Looks at `examined` items of a list at the most, after a position.
    pub(super) async fn slice(
        &self,
        list: &List<'_>,
        after: Option<&str>,
        examined: u32,
    ) -> Result<Slice<Attributes>, StoreError> {
        let start = after.map(|position| list.start(position)).transpose()?;
        let mut request = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(name::LIST_INDEX)
            .key_condition_expression("#list_pk = :list")
            .expression_attribute_names("#list_pk", name::LIST_PK)
            .expression_attribute_values(":list", AttributeValue::S(list.partition.clone()))
            .scan_index_forward(false)
            .limit(i32::try_from(examined).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start);
        let mut conditions = Vec::new();
        for (attribute, wanted, condition) in list.conditions() {
            let (name, value) = (format!("#{attribute}"), format!(":{attribute}"));
            request = request
                .expression_attribute_names(name, attribute)
                .expression_attribute_values(value, AttributeValue::S(wanted.to_owned()));
            conditions.push(condition);
        }
        if !conditions.is_empty() {
            request = request.filter_expression(conditions.join(" AND "));
        }
        let answer = request
            .send()
            .await
            .map_err(|error| store_error("Query", error))?;
        let position = |item: &Attributes| text_of(item, name::LIST_SK).map(str::to_owned);
        let last = answer.last_evaluated_key.as_ref().and_then(position);
        let entries = answer.items.unwrap_or_default().into_iter();
        Ok(Slice {
            entries: entries
                .filter_map(|item| Some((position(&item)?, item)))
                .collect(),
            examined: u32::try_from(answer.scanned_count).unwrap_or(0).max(1),
            last,
        })
    }
}

impl List<'_> {
    /// The attribute, the text that it is compared with, and the comparison.
    fn conditions(&self) -> impl Iterator<Item = (&'static str, &str, &'static str)> {
        let prefix = self.filter.and_then(|filter| filter.name_prefix.as_deref());
        let customer = self.filter.and_then(|filter| filter.customer_id.as_deref());
        [
            ("name", prefix, "begins_with(#name, :name)"),
            ("customer_id", customer, "#customer_id = :customer_id"),
        ]
        .into_iter()
        .filter_map(|(attribute, wanted, condition)| {
            let wanted = wanted.filter(|text| !text.is_empty())?;
            Some((attribute, wanted, condition))
        })
    }

    /// The key from which DynamoDB goes on after a position.
    fn start(&self, position: &str) -> Result<Attributes, StoreError> {
        let id = id_of(position).ok_or_else(StoreError::invalid_position)?;
        let (pk, sk) = (self.primary_key)(&self.partition, id);
        let text = |text: &str| AttributeValue::S(text.to_owned());
        Ok(Attributes::from([
            (name::PK.to_owned(), AttributeValue::S(pk)),
            (name::SK.to_owned(), AttributeValue::S(sk)),
            (name::LIST_PK.to_owned(), text(&self.partition)),
            (name::LIST_SK.to_owned(), text(position)),
        ]))
    }
}

/// The id in a position of an indexed list: it stands after 20 digits and a `#`.
fn id_of(position: &str) -> Option<&str> {
    let (prefix, id) = position.split_at_checked(LIST_KEY_LEN)?;
    let instant = prefix.strip_suffix('#')?;
    let is_number = instant.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && is_id(id)).then_some(id)
}

/// Whether a client's text can be the id of a key or a plan.
pub(super) fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_ID_LEN && !text.contains(char::is_control)
}

#[cfg(test)]
mod tests;
