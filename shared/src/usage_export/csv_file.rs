//! Usage as CSV.

use super::{COLUMNS, RenderError, UsageRow};

/// Beginnings that spreadsheets take for a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

pub(super) fn render(rows: &[UsageRow]) -> Result<Vec<u8>, RenderError> {
    let failed = |error: csv::Error| RenderError(error.into());
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS).map_err(failed)?;
    for row in rows {
        let record = [
            row.day.to_string(),
            text(row.key_id.as_str()),
            text(row.customer_id.as_deref().unwrap_or_default()),
            text(row.plan_id.as_str()),
            row.requests.to_string(),
            row.quota
                .map_or_else(String::new, |quota| quota.to_string()),
            row.overage.to_string(),
        ];
        writer.write_record(record).map_err(failed)?;
    }
    writer
        .into_inner()
        .map_err(|error| RenderError(error.to_string().into()))
}

/// A text that a spreadsheet takes for one: with a quote before what would be a formula. A customer's id may come from the customer.
fn text(text: &str) -> String {
    if text.starts_with(FORMULA) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}
