//! How large DynamoDB finds an item: the bytes of its names and values, which decide what a write costs.

use serde_json::Value;

const BYTES_A_WRITE_UNIT: u64 = 1024;

/// A list or a map, empty or not.
const NESTED_BYTES: u64 = 3;

/// The write units of an item of so many bytes: one for each kilobyte begun, and one at least.
pub(super) fn write_units(bytes: u64) -> f64 {
    let units = bytes.div_ceil(BYTES_A_WRITE_UNIT).max(1);
    // An item has 400 KB at the most.
    u32::try_from(units).map_or(f64::MAX, f64::from)
}

/// The bytes of an item in DynamoDB's JSON, as in `{"pk":{"S":"x"}}`.
pub fn of(item: &Value) -> u64 {
    let attributes = item.as_object().into_iter().flatten();
    attributes
        .map(|(name, value)| length(name).saturating_add(of_value(value)))
        .sum()
}

fn of_value(value: &Value) -> u64 {
    let Some((kind, content)) = value.as_object().and_then(|value| value.iter().next()) else {
        return 0;
    };
    match kind.as_str() {
        "S" => text(content),
        "N" => number(content),
        "B" => binary(content),
        "SS" => each(content, text),
        "NS" => each(content, number),
        "BS" => each(content, binary),
        "L" => NESTED_BYTES + each(content, |value| 1 + of_value(value)),
        "M" => {
            let count = content.as_object().map_or(0, serde_json::Map::len);
            NESTED_BYTES
                + u64::try_from(count)
                    .unwrap_or(u64::MAX)
                    .saturating_add(of(content))
        }
        // BOOL, NULL.
        _ => 1,
    }
}

fn each(list: &Value, size: impl Fn(&Value) -> u64) -> u64 {
    list.as_array().into_iter().flatten().map(size).sum()
}

fn length(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

fn text(content: &Value) -> u64 {
    content.as_str().map_or(0, length)
}

/// Two significant digits a byte, and one byte more; one for the sign of a negative number.
fn number(content: &Value) -> u64 {
    let digits = content.as_str().unwrap_or("0");
    let sign = u64::from(digits.starts_with('-'));
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    let significant = digits.trim_matches('0');
    length(significant).div_ceil(2) + 1 + sign
}

/// Base64 has four characters for three bytes, and fills the last four up with `=`.
fn binary(content: &Value) -> u64 {
    let encoded = content.as_str().unwrap_or("").trim_end_matches('=');
    length(encoded) * 3 / 4
}
