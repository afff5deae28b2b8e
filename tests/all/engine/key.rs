//! Key values: their format, what the checksum finds, and what never shows.

use proptest::prelude::*;
use tollgate::key::{
    EnvironmentLetter, KeyValue, MAX_VALUE_LEN, MIN_VALUE_LEN, ParseKeyError, Pepper,
};

/// A value of the format that clients hold since the first release. It must stay valid for ever.
const FROZEN: &str = "tg_p_0Aa1Bb2Cc3Dd4Ee5Ff6Gg7Hh8Ii9Jj3QXQEO";

/// Where the random part of a native value starts, and where its checksum does.
const RANDOM_AT: usize = 5;
const CHECKSUM_AT: usize = 35;

fn pepper(secret: &[u8]) -> Pepper {
    Pepper::new(secret).unwrap()
}

/// CRC-32 by its definition, a bit at a time.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            let polynomial = if crc & 1 == 1 { 0xedb8_8320 } else { 0 };
            (crc >> 1) ^ polynomial
        })
    })
}

fn base62() -> Vec<char> {
    ('0'..='9').chain('A'..='Z').chain('a'..='z').collect()
}

/// A native value with this random part.
fn native(letter: char, random: &str) -> String {
    let body = format!("tg_{letter}_{random}");
    let digits = base62();
    let mut rest = usize::try_from(crc32(body.as_bytes())).unwrap();
    let mut checksum = Vec::new();
    for _ in 0..6 {
        checksum.insert(0, digits[rest % 62]);
        rest /= 62;
    }
    body + &String::from_iter(checksum)
}

fn replaced(text: &str, at: usize, by: char) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    characters[at] = by;
    characters.into_iter().collect()
}

fn swapped(text: &str, at: usize) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    characters.swap(at, at + 1);
    characters.into_iter().collect()
}

#[test]
fn the_format_is_frozen() {
    assert!(KeyValue::parse(FROZEN).is_ok());
    assert_eq!(native('p', &FROZEN[RANDOM_AT..CHECKSUM_AT]), FROZEN);
    let hash = KeyValue::parse(FROZEN)
        .unwrap()
        .hash(&pepper(b"0123456789abcdef"));
    assert_eq!(
        hash.to_string(),
        "3e6855bfa3ab288caae642b5c4a492657677a88ea327876bf8dc025feb0f76fb"
    );
}

#[test]
fn generated_values_have_the_frozen_format() {
    for name in ["dev", "Prod", "$default", "", "9"] {
        let letter = EnvironmentLetter::of(name);
        let value = KeyValue::generate(letter).unwrap();
        let text = value.expose();
        assert_eq!(text.len(), FROZEN.len());
        assert_eq!(
            native(letter.as_char(), &text[RANDOM_AT..CHECKSUM_AT]),
            text
        );
        assert!(KeyValue::parse(text).is_ok());
    }
}

#[test]
fn generated_values_differ() {
    let letter = EnvironmentLetter::of("dev");
    let mut values: Vec<String> = (0..1_000)
        .map(|_| KeyValue::generate(letter).unwrap().expose().to_owned())
        .collect();
    values.sort();
    values.dedup();
    assert_eq!(values.len(), 1_000);
}

/// CRC-32 finds every change within 32 adjacent bits, and six base-62 digits write each CRC-32 in one way only. So a changed
/// character in the random part, or in the checksum, is always found.
#[test]
fn every_wrong_character_of_a_native_value_is_found() {
    for at in RANDOM_AT..FROZEN.len() {
        for by in base62() {
            let changed = replaced(FROZEN, at, by);
            let expected = changed == FROZEN;
            assert_eq!(KeyValue::parse(&changed).is_ok(), expected, "{changed}");
        }
    }
}

proptest! {
    #[test]
    fn a_wrong_character_is_found_in_any_native_value(
        letter in prop::char::range('a', 'z'),
        random in "[0-9A-Za-z]{30}",
        at in RANDOM_AT..41_usize,
        by in prop::sample::select(base62()),
    ) {
        let value = native(letter, &random);
        prop_assert!(KeyValue::parse(&value).is_ok());
        let changed = replaced(&value, at, by);
        let expected = if changed == value { None } else { Some(ParseKeyError::Checksum) };
        prop_assert_eq!(KeyValue::parse(&changed).err(), expected);
    }

    #[test]
    fn a_wrong_environment_letter_is_found(
        random in "[0-9A-Za-z]{30}",
        letter in prop::char::range('a', 'y'),
    ) {
        let changed = replaced(&native('z', &random), 3, letter);
        prop_assert_eq!(KeyValue::parse(&changed).err(), Some(ParseKeyError::Checksum));
    }

    /// Within the random part, and within the checksum, always. Between the last random character and the first of the checksum
    /// both change, and one swap in some four thousand million fits by chance.
    #[test]
    fn two_characters_in_the_wrong_order_are_found(
        random in "[0-9A-Za-z]{30}",
        at in (RANDOM_AT..40_usize).prop_filter("the boundary", |at| *at != CHECKSUM_AT - 1),
    ) {
        let value = native('d', &random);
        let changed = swapped(&value, at);
        let expected = if changed == value { None } else { Some(ParseKeyError::Checksum) };
        prop_assert_eq!(KeyValue::parse(&changed).err(), expected);
    }

    #[test]
    fn a_value_is_taken_when_it_has_20_to_128_visible_characters(text in "[!-~]{0,140}") {
        let has_length = (MIN_VALUE_LEN..=MAX_VALUE_LEN).contains(&text.len());
        match KeyValue::parse(&text) {
            Ok(value) => {
                prop_assert!(has_length);
                prop_assert_eq!(value.expose(), text);
            }
            Err(ParseKeyError::TooShort) => prop_assert!(text.len() < MIN_VALUE_LEN),
            Err(ParseKeyError::TooLong) => prop_assert!(text.len() > MAX_VALUE_LEN),
            Err(error) => prop_assert!(false, "{}: {}", text, error),
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        prop_assert!(is_visible || KeyValue::parse(&text).is_err());
    }

    #[test]
    fn text_that_begins_like_a_native_value_is_read_or_refused(tail in "\\PC{0,40}") {
        let text = format!("tg_d_{tail}");
        if let Ok(value) = KeyValue::parse(&text) {
            prop_assert_eq!(value.expose(), text);
        }
    }

    #[test]
    fn the_hash_depends_on_the_value_and_on_the_pepper(
        one in "[!-~]{20,40}",
        other in "[!-~]{20,40}",
        secret in prop::collection::vec(any::<u8>(), 16..64),
    ) {
        // A native value by chance would need a fitting checksum.
        prop_assume!(!one.starts_with("tg_") && !other.starts_with("tg_"));
        let (one, other) = (KeyValue::parse(&one).unwrap(), KeyValue::parse(&other).unwrap());
        let mut changed = secret.clone();
        changed[0] ^= 1;
        let (pepper, changed) = (pepper(&secret), pepper(&changed));
        prop_assert_eq!(one.hash(&pepper) == other.hash(&pepper), one == other);
        prop_assert_ne!(one.hash(&pepper), one.hash(&changed));
    }
}

#[test]
fn the_bounds_of_the_length_are_in() {
    for (len, fits) in [(19, false), (20, true), (128, true), (129, false)] {
        assert_eq!(KeyValue::parse(&"k".repeat(len)).is_ok(), fits, "{len}");
    }
}

#[test]
fn characters_that_a_header_cannot_carry_are_refused() {
    for wrong in [' ', '\t', '\n', '\0', '\u{7f}', 'é', '\u{200b}'] {
        let text = format!("{}{wrong}", "k".repeat(30));
        assert_eq!(
            KeyValue::parse(&text).err(),
            Some(ParseKeyError::Character),
            "{wrong:?}"
        );
    }
}

#[test]
fn a_pepper_needs_16_bytes() {
    assert!(Pepper::new(&[7; 15]).is_err());
    assert!(Pepper::new(&[7; 16]).is_ok());
}

#[test]
fn debug_shows_no_secret() {
    let value = KeyValue::parse(FROZEN).unwrap();
    let pepper = pepper(b"a pepper that nobody sees");
    let refused = KeyValue::parse(&replaced(FROZEN, 20, 'z')).unwrap_err();
    for text in [
        format!("{value:?} {value:#?}"),
        format!("{pepper:?} {pepper:#?}"),
        format!("{refused:?} {refused}"),
    ] {
        assert!(!text.contains("0Aa1") && !text.contains("Ii9"), "{text}");
        assert!(!text.contains("nobody") && !text.contains("[97"), "{text}");
    }
}
