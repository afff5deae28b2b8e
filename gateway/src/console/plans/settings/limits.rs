//! Limits as people enter them.

use tollgate::bucket::Rate;
use tollgate::control::MAX_INTEGER;
use tollgate::quota::Period;

use crate::console::words;

pub(super) const PERIODS: [Period; 3] = [Period::Day, Period::Week, Period::Month];

/// Reads a rate.
pub(in super::super) fn rate(text: &str) -> Result<Rate, String> {
    let wrong = || {
        if text.contains(',') {
            comma("The rate")
        } else {
            "The rate is a number of requests a second, 0 or more.".to_owned()
        }
    };
    let number: f64 = ungrouped(text)
        .and_then(|text| text.parse().ok())
        .ok_or_else(wrong)?;
    Rate::per_second(number).map_err(|_negative| wrong())
}

/// Reads a whole number that clients of the management API can read, too, or the one that is `known`.
pub(in super::super) fn whole_number(
    what: &str,
    text: &str,
    known: Option<u64>,
) -> Result<u64, String> {
    let number: Option<u64> = ungrouped(text).and_then(|text| text.parse().ok());
    number
        .filter(|number| *number <= MAX_INTEGER || Some(*number) == known)
        .ok_or_else(|| {
            if number.is_none() && text.contains(',') {
                return comma(what);
            }
            let max = words::number(MAX_INTEGER);
            format!("{what} is a whole number of requests, from 0 to {max}.")
        })
}

pub(super) fn period(text: &str) -> Result<Period, String> {
    Period::parse(text).ok_or_else(|| "A quota is for a day, a week or a month.".to_owned())
}

/// Reads the offset in a period. An empty one is none.
pub(super) fn window(period: Period, offset: &str) -> Result<u32, String> {
    let max = period.max_offset();
    let offset = if offset.is_empty() { "0" } else { offset };
    match offset.parse() {
        Ok(offset) if offset <= max => Ok(offset),
        Ok(_) | Err(_) => Err(match period {
            Period::Day => "A quota for a day has no offset: enter 0.".to_owned(),
            Period::Week | Period::Month => {
                let noun = words::period_noun(period);
                format!("The offset in a {noun} is a whole number of days, from 0 to {max}.")
            }
        }),
    }
}

fn comma(what: &str) -> String {
    format!(
        "{what} has a comma that does not separate thousands. Write 1,000 for a thousand, and 0.5 for a half."
    )
}

/// A number without the commas between its thousands. `None` when there are others: they may be meant as decimal points.
fn ungrouped(text: &str) -> Option<String> {
    if !text.contains(',') {
        return Some(text.to_owned());
    }
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let mut groups = whole.split(',');
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_first = |text: &str| is_digits(text) && (1..=3).contains(&text.len());
    let is_grouped = groups.next().is_some_and(is_first)
        && groups.all(|group| group.len() == 3 && is_digits(group));
    let has_plain_fraction = fraction.is_none_or(is_digits);
    (is_grouped && has_plain_fraction).then(|| text.replace(',', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_separates_thousands_and_nothing_else() {
        let read = |text| rate(text).map(Rate::as_per_second);
        assert_eq!(read("1,000"), Ok(1_000.0));
        assert_eq!(read("12,345,678.25"), Ok(12_345_678.25));
        assert_eq!(read("0.5"), Ok(0.5));
        for wrong in [
            "0,5", "1,5", "1,50", "1,0000", ",500", "1,000,00", "1.5,000", "1,,000",
        ] {
            let text = read(wrong).unwrap_err();
            assert!(text.contains("separate thousands"), "{wrong}: {text}");
        }
        assert!(!read("fast").unwrap_err().contains("comma"));
        assert_eq!(whole_number("The burst", "1,000", None), Ok(1_000));
        assert!(whole_number("The burst", "1,5", None).is_err());
    }

    #[test]
    fn a_number_that_a_plan_has_already_may_be_larger_than_clients_can_read() {
        let burst = |known| whole_number("The burst", "3000000000", known);
        assert_eq!(burst(Some(3_000_000_000)), Ok(3_000_000_000));
        assert!(burst(Some(3_000_000_001)).is_err());
        assert!(burst(None).is_err());
    }
}
