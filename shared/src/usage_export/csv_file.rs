//! Usage as CSV.

use super::{COLUMNS, RenderError, UsageRow};

/// Beginnings that spreadsheets take for a formula.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

pub(super) fn render(rows: &[UsageRow]) -> Result<Vec<u8>, RenderError> {
    let failed = |error: csv::Error| RenderError(error.into());
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS).map_err(failed)?;
    for row in rows {
        let record = [
            row.day.to_string(),
            cell_text(row.key_id.as_str()),
            cell_text(row.customer_id.as_deref().unwrap_or_default()),
            cell_text(row.plan_id.as_str()),
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

/// A text that a spreadsheet takes for one: with a quote before what would be a formula, also behind what spreadsheets pass over, and in
/// the full-width forms of the signs. Names and customers' ids may come from somebody else than who opens the file.
///
/// ```
/// use tollgate::usage_export::cell_text;
///
/// assert_eq!(cell_text("Ltd = limited"), "Ltd = limited");
/// assert_eq!(cell_text(" =1+1"), "' =1+1");
/// ```
pub fn cell_text(text: &str) -> String {
    let seen = text.trim_start_matches(|char: char| char.is_whitespace() || char.is_control());
    if seen.starts_with(FORMULA) || seen.len() < text.len() {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}
