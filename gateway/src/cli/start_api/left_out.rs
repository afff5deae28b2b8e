//! What the gateway leaves out of a template.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::output::Printer;
use crate::template::Template;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LeftOut {
    logical_id: String,
    #[serde(rename = "type")]
    resource_type: String,
    line: usize,
    /// Whether the APIs may work here in another way than in the cloud without it.
    needed: bool,
}

impl LeftOut {
    /// All of it, in the order of the template.
    pub(super) fn of(template: &Template) -> Vec<Self> {
        let left_out = template.not_simulated.iter().map(|resource| Self {
            logical_id: resource.logical_id.clone(),
            resource_type: resource.resource_type.clone(),
            line: resource.line,
            needed: !resource.is_of_the_cloud(),
        });
        left_out.collect()
    }
}

/// One line of what is missed here, and one of what only the cloud needs, by type.
pub(super) fn print(template: &Template, printer: &Printer) {
    let (of_the_cloud, missed): (Vec<_>, Vec<_>) = template
        .not_simulated
        .iter()
        .partition(|resource| resource.is_of_the_cloud());
    if !missed.is_empty() {
        let named: Vec<String> = missed
            .iter()
            .map(|resource| format!("{} ({})", resource.logical_id, resource.resource_type))
            .collect();
        printer.note(&format!("not simulated: {}", named.join(", ")));
    }
    if !of_the_cloud.is_empty() {
        let mut types: BTreeMap<&str, usize> = BTreeMap::new();
        for resource in of_the_cloud {
            let count = types.entry(resource.resource_type.as_str()).or_default();
            *count = count.saturating_add(1);
        }
        let counted: Vec<String> = types
            .iter()
            .map(|(name, count)| format!("{count} {name}"))
            .collect();
        printer.note(&format!("not needed here: {}", counted.join(", ")));
    }
}
