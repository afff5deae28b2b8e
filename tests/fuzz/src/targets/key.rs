//! Values of API keys: Tollgate's own have a checksum.

use tollgate::key::{KeyValue, MAX_VALUE_LEN, MIN_VALUE_LEN, ParseKeyError};

use super::{check, text};
use crate::target::{Memory, Seen, Target};

pub(super) const TARGET: Target = Target {
    name: "key",
    words: &[
        "tg_",
        "tg_d_",
        "tg_p_",
        "_",
        "0",
        "z",
        "Z",
        " ",
        "00000000000000000000",
    ],
    fresh: None,
    memory: Memory {
        base_bytes: 1 << 14,
        bytes_per_byte: 16,
    },
    weight: 1,
    check: parse,
};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// `tg_d_`, 30 random characters, 6 of checksum.
const BODY_LEN: usize = 35;
const CHECKSUM_LEN: usize = 6;

fn parse(input: &[u8]) -> Result<Seen, String> {
    made(input)?;
    let text = text(input);
    let is_long_enough = text.len() >= MIN_VALUE_LEN;
    let is_short_enough = text.len() <= MAX_VALUE_LEN;
    let is_visible = text.bytes().all(|byte| (b'!'..=b'~').contains(&byte));
    let fits = is_native(&text).is_none_or(|fits| fits);
    match KeyValue::parse(&text) {
        Ok(value) => {
            check(value.expose() == text, || {
                "a value is not what it was read from".to_owned()
            })?;
            check(
                is_long_enough && is_short_enough && is_visible && fits,
                || "a value is taken that should be refused".to_owned(),
            )?;
            check(!format!("{value:?}").contains(&*text), || {
                "a value shows itself".to_owned()
            })?;
            Ok(Seen::taken(if is_native(&text).is_some() {
                "native"
            } else {
                "other"
            }))
        }
        Err(error) => {
            let is_so = match error {
                ParseKeyError::TooShort => !is_long_enough,
                ParseKeyError::TooLong => !is_short_enough,
                ParseKeyError::Character => !is_visible,
                ParseKeyError::Checksum => !fits,
            };
            check(is_so, || {
                format!("a value is refused as {error:?}, and is not")
            })?;
            Ok(Seen::refused(&format!("{error:?}")))
        }
    }
}

/// Makes a native value out of the input: it is taken, and refused as soon as one character is another.
fn made(input: &[u8]) -> Result<(), String> {
    let drawn = |place: usize| input.get(place).copied().unwrap_or_default();
    let digit = |byte: u8| {
        let place = usize::from(byte % 62);
        BASE62.get(place).copied().unwrap_or(b'0')
    };
    let mut value = b"tg_".to_vec();
    value.push(b'a' + drawn(0) % 26);
    value.push(b'_');
    value.extend((1..=30).map(|place| digit(drawn(place))));
    value.extend(checksum(&value));
    let is_taken = |value: &[u8]| KeyValue::parse(&String::from_utf8_lossy(value)).is_ok();
    check(is_taken(&value), || {
        "a native value with its checksum is refused".to_owned()
    })?;
    // The letter of the environment and all that follows its underscore.
    let places = [3]
        .into_iter()
        .chain(5..BODY_LEN.saturating_add(CHECKSUM_LEN));
    for place in places {
        let mut other = value.clone();
        if let Some(byte) = other.get_mut(place) {
            let before = *byte;
            *byte = if place == 3 {
                b'a' + (before - b'a' + 1 + drawn(place) % 25) % 26
            } else {
                digit(drawn(place))
            };
            check(*byte == before || !is_taken(&other), || {
                format!("a native value with another character at {place} is taken")
            })?;
        }
    }
    Ok(())
}

/// Whether a text in the native form has its checksum; `None` for other texts.
fn is_native(text: &str) -> Option<bool> {
    let bytes = text.as_bytes();
    let (body, found) = bytes.split_at_checked(BODY_LEN)?;
    let [b't', b'g', b'_', letter, b'_', random @ ..] = body else {
        return None;
    };
    let has_form = found.len() == CHECKSUM_LEN
        && letter.is_ascii_lowercase()
        && random.iter().chain(found).all(u8::is_ascii_alphanumeric);
    has_form.then(|| checksum(body) == found)
}

/// CRC-32 in six digits to the base 62, bit by bit.
fn checksum(body: &[u8]) -> [u8; CHECKSUM_LEN] {
    let mut crc = u32::MAX;
    for byte in body {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let carry = crc & 1;
            crc >>= 1;
            if carry == 1 {
                crc ^= 0xedb8_8320;
            }
        }
    }
    let mut rest = !crc;
    let mut digits = [b'0'; CHECKSUM_LEN];
    for digit in digits.iter_mut().rev() {
        let place = usize::try_from(rest % 62).unwrap_or_default();
        *digit = BASE62.get(place).copied().unwrap_or(b'0');
        rest /= 62;
    }
    digits
}
