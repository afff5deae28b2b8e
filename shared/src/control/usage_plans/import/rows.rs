//! Lists of API keys in the form that API Gateway imports: comma-separated values under a header.

use csv::{ByteRecord, ReaderBuilder};

use super::Warnings;
use crate::control::error::ControlError;
use crate::control::usage_plans::api_key;
use crate::id::PlanId;
use crate::key::KeyValue;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A key to import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Which record of the list it is: the first below the header is 1.
    pub(super) number: usize,
    pub(super) name: String,
    pub(super) value: KeyValue,
    pub(super) description: String,
    pub(super) enabled: bool,
    pub(super) plan_ids: Vec<PlanId>,
}

/// What a list says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) rows: Vec<Row>,
    /// Why other records were left out.
    pub(super) warnings: Warnings,
}

/// Where each column is. Columns of other names are ignored.
#[derive(Debug)]
struct Columns {
    name: usize,
    key: usize,
    description: Option<usize>,
    enabled: Option<usize>,
    plan_ids: Option<usize>,
}

impl Columns {
    fn of(header: &ByteRecord) -> Result<Self, ControlError> {
        let find = |wanted: &str| {
            header
                .iter()
                .position(|name| name.trim_ascii().eq_ignore_ascii_case(wanted.as_bytes()))
        };
        let required = |wanted: &str| {
            find(wanted).ok_or_else(|| {
                ControlError::bad_request(format!("Missing required column '{wanted}'"))
            })
        };
        Ok(Self {
            name: required("name")?,
            key: required("key")?,
            description: find("description"),
            enabled: find("enabled"),
            plan_ids: find("usageplanids"),
        })
    }
}

/// Reads a list.
///
/// # Errors
///
/// `BadRequestException` when the header lacks a column. A record that is no key is a warning.
pub(super) fn read(list: &[u8]) -> Result<Rows, ControlError> {
    let list = list.strip_prefix(BYTE_ORDER_MARK).unwrap_or(list);
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(list);
    let unreadable =
        |error: csv::Error| ControlError::bad_request(format!("the list cannot be read: {error}"));
    let columns = Columns::of(reader.byte_headers().map_err(unreadable)?)?;
    let mut rows = Vec::new();
    let mut warnings = Vec::new();
    for (index, record) in reader.byte_records().enumerate() {
        let number = index.saturating_add(1);
        match row(number, &record.map_err(unreadable)?, &columns) {
            Ok(row) => rows.push(row),
            Err(reason) => warnings.push((
                number,
                format!("Skipped invalid record: {number}. {reason}"),
            )),
        }
    }
    Ok(Rows { rows, warnings })
}

fn row(number: usize, record: &ByteRecord, columns: &Columns) -> Result<Row, String> {
    let fields: Vec<&str> = record
        .iter()
        .map(|field| std::str::from_utf8(field).map(str::trim))
        .collect::<Result<_, _>>()
        .map_err(|_not_utf8| "The record is not UTF-8".to_owned())?;
    let (fields, plan_ids) = match columns.plan_ids {
        Some(place) => with_plan_ids(&fields, place),
        None => (fields, Vec::new()),
    };
    let field = |place: usize| fields.get(place).copied().unwrap_or_default();
    let optional = |place: Option<usize>| place.map_or("", field);
    let message = |error: ControlError| error.into_message();
    Ok(Row {
        number,
        name: api_key::name(field(columns.name).to_owned()).map_err(message)?,
        value: api_key::parse_value(field(columns.key)).map_err(message)?,
        description: api_key::description(optional(columns.description).to_owned())
            .map_err(message)?,
        enabled: enabled(optional(columns.enabled))?,
        plan_ids,
    })
}

fn enabled(text: &str) -> Result<bool, String> {
    if text.is_empty() || text.eq_ignore_ascii_case("true") {
        Ok(true)
    } else if text.eq_ignore_ascii_case("false") {
        Ok(false)
    } else {
        Err(format!("Enabled is '{text}', and should be true or false"))
    }
}

/// The fields with those of plan ids as one, and the ids. Ids in single quotes have been taken for several fields at their commas.
fn with_plan_ids<'a>(fields: &[&'a str], place: usize) -> (Vec<&'a str>, Vec<PlanId>) {
    let (before, from_here) = fields.split_at(place.min(fields.len()));
    let opens = from_here
        .first()
        .is_some_and(|field| field.starts_with('\''));
    let closing = from_here
        .iter()
        .enumerate()
        .position(|(index, field)| field.ends_with('\'') && (index > 0 || field.len() > 1));
    let count = match closing {
        Some(last) if opens => last.saturating_add(1),
        Some(_) | None => 1,
    };
    let (ids, after) = from_here.split_at(count.min(from_here.len()));
    let plan_ids = ids
        .iter()
        .flat_map(|field| field.split(','))
        .map(|id| id.trim().trim_matches('\'').trim())
        .filter(|id| !id.is_empty())
        .map(PlanId::from)
        .collect();
    let fields = before
        .iter()
        .chain(ids.first())
        .chain(after)
        .copied()
        .collect();
    (fields, plan_ids)
}

#[cfg(test)]
mod tests;
