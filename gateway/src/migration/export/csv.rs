//! The list of keys that `ImportApiKeys` takes.

use csv::Writer;
use tollgate::id::KeyId;

use crate::migration::holdings::Holdings;

/// A list, and whose keys are not in it.
#[derive(Debug)]
pub struct List {
    /// The list.
    pub bytes: Vec<u8>,
    /// The keys whose values are not known.
    pub left_out: Vec<KeyId>,
}

/// The list of all keys whose values are known, with their values. Plans have the ids that they have on this side.
///
/// # Errors
///
/// Never: it is written to memory.
pub fn list(holdings: &Holdings) -> Result<List, csv::Error> {
    let plans = holdings.plans_of_keys();
    let mut writer = Writer::from_writer(Vec::new());
    let mut left_out = Vec::new();
    writer.write_record(["name", "key", "description", "enabled", "usageplanIds"])?;
    for (id, key) in &holdings.keys {
        let Some(value) = key.value.known() else {
            left_out.push(id.clone());
            continue;
        };
        let in_plans = plans.get(id).into_iter().flatten();
        let plan_ids: Vec<&str> = in_plans.map(|(_, plan)| plan.own_id.as_str()).collect();
        writer.write_record([
            key.name.as_str(),
            value.expose(),
            key.description.as_deref().unwrap_or_default(),
            if key.enabled { "true" } else { "false" },
            &plan_ids.join(","),
        ])?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(List { bytes, left_out })
}
