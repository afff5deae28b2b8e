//! Lists of API keys, imported on a store in memory.

use std::collections::BTreeSet;

use serde_json::Value;
use tollgate::key::KeyValue;

use super::{check, text};
use crate::service::{MemoryService, Service, model};
use crate::target::{Memory, Seen, Target};

pub(super) const TARGET: Target = Target {
    name: "import",
    words: &[
        "name,key\n",
        "name,key,description,enabled,usageplanIds\n",
        "importedKeyNumberOne0001",
        "importedKeyNumberTwo0002",
        "tg_d_",
        ",",
        "\n",
        "\r\n",
        "\"",
        "\"\"",
        "'",
        "'p1,p2'",
        "true",
        "false",
        "FALSE",
        "\u{feff}",
        " ",
    ],
    fresh: None,
    memory: Memory {
        base_bytes: 1 << 21,
        bytes_per_byte: 1_024,
    },
    weight: 10,
    check: import,
};

const IMPORT: &str = "/apikeys?mode=import&format=csv";

fn import(input: &[u8]) -> Result<Seen, String> {
    let mut service = MemoryService::new()?;
    let answer = service.send("POST", IMPORT, input.to_vec())?;
    let answer = answer.ok_or("an import cannot be sent")?;
    let told = String::from_utf8_lossy(&answer.body).replace('"', "");
    let strict = failing_on_warnings(input)?;
    if answer.status >= 400 {
        model::check_error(&answer)?;
        check(strict.is_none(), || {
            "a list is refused only when warnings are allowed".to_owned()
        })?;
        return Ok(Seen::refused(&told));
    }
    model::operation("POST", IMPORT)
        .ok_or("imports are no operation")?
        .check(&answer)?;
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let texts = |name: &str| -> Vec<String> {
        let list = body.get(name).and_then(Value::as_array);
        let texts = list.into_iter().flatten().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    };
    let (ids, warnings) = (texts("ids"), texts("warnings"));
    let skipped: BTreeSet<&str> = warnings
        .iter()
        .filter_map(|warning| warning.strip_prefix("Skipped invalid record: "))
        .filter_map(|rest| Some(rest.split_once('.')?.0))
        .collect();
    let records = records(input);
    check(ids.len().saturating_add(skipped.len()) == records, || {
        format!(
            "of {records} records {} are keys and {} are skipped",
            ids.len(),
            skipped.len()
        )
    })?;
    check(strict.is_some() == warnings.is_empty(), || {
        "warnings do not decide whether a list that has to be right is taken".to_owned()
    })?;
    for id in &ids {
        taken(&mut service, id, input)?;
    }
    Ok(Seen::taken(&format!("{} {told}", ids.len() > 1)))
}

/// How many records follow the header.
fn records(list: &[u8]) -> usize {
    let list = list.strip_prefix(b"\xef\xbb\xbf").unwrap_or(list);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(list);
    reader.byte_records().count()
}

/// A key that an id was told of is there, and its value stands in the list.
fn taken(service: &mut MemoryService, id: &str, list: &[u8]) -> Result<(), String> {
    let path = format!("/apikeys/{id}?includeValue=true");
    let key = service.send("GET", &path, Vec::new())?;
    let key = key.ok_or("an id cannot be asked for")?;
    let key: Value = serde_json::from_slice(&key.body).unwrap_or_default();
    let value = key.get("value").and_then(Value::as_str).unwrap_or_default();
    check(KeyValue::parse(value).is_ok(), || {
        "a key has a value that is none".to_owned()
    })?;
    // A quotation mark inside of a field is written twice.
    let list = text(list).replace("\"\"", "\"");
    check(
        list.replace('"', "").contains(&value.replace('"', "")),
        || "a key has a value that the list has not".to_owned(),
    )
}

/// Imports a list that has to be without warnings: all of it or nothing. How many keys there are then.
fn failing_on_warnings(list: &[u8]) -> Result<Option<usize>, String> {
    let mut service = MemoryService::new()?;
    let path = format!("{IMPORT}&failonwarnings=true");
    let answer = service.send("POST", &path, list.to_vec())?;
    let answer = answer.ok_or("an import cannot be sent")?;
    let keys = service.send("GET", "/apikeys?limit=500", Vec::new())?;
    let keys = keys.ok_or("keys cannot be listed")?;
    let keys: Value = serde_json::from_slice(&keys.body).unwrap_or_default();
    let count = keys
        .get("item")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    if answer.status < 400 {
        return Ok(Some(count));
    }
    model::check_error(&answer)?;
    check(count == 0, || {
        format!("a list that is refused has left {count} keys")
    })?;
    Ok(None)
}
