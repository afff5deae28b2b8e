//! Inputs made from others.

use fastrand::Rng;

use crate::target::Target;

/// The longest input, in bytes.
pub const INPUT_BYTES_MAX: usize = 16 * 1024;

/// One input of so many is not made from another, but of arbitrary bytes.
const ARBITRARY_ONE_IN: u32 = 32;

/// Bytes that end, open or separate something somewhere.
const EDGES: &[u8] = b"\0\t\n\r \"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~\x7f\x80\xbf\xc0\xe2\xff";

/// Texts that are on the edge of something in any language.
const TEXTS: &[&str] = &[
    "-1",
    "0",
    "1",
    "2",
    "3",
    "255",
    "65536",
    "2147483647",
    "-2147483648",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "1e308",
    "1e-400",
    "-0.0",
    "0.1",
    "NaN",
    "null",
    "true",
    "false",
    "\r\n",
    "\u{0}",
    "\u{feff}",
    "\u{2028}",
    "\u{e9}",
    "\u{130}",
    "\u{1f600}",
    "\\u0000",
    "\\ud800",
    "%00",
    "%2F",
    "%2e%2e",
    "%",
    "%zz",
    "../",
    "//",
    "{}",
    "[]",
    "\"\"",
];

/// Inputs that others are made from.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    /// Those that were read.
    pub taken: Vec<Vec<u8>>,
    /// Those that were refused: nearly right, some of them.
    pub refused: Vec<Vec<u8>>,
}

/// The next input, from those that there are.
pub fn next(random: &mut Rng, target: &Target, pool: &Pool) -> Vec<u8> {
    if random.u32(..ARBITRARY_ONE_IN) == 0 {
        return arbitrary(random);
    }
    if let Some(fresh) = target.fresh
        && random.bool()
    {
        return fresh(random);
    }
    let mut input = pick(random, pool).to_vec();
    // Most often one change, sometimes many.
    let (some, more) = (random.u32(..4), random.u32(..4));
    let changes = 1 + some * more;
    for _ in 0..changes {
        change(random, target, pool, &mut input);
    }
    input.truncate(INPUT_BYTES_MAX);
    input
}

fn arbitrary(random: &mut Rng) -> Vec<u8> {
    let digits = random.u32(..10);
    let len = random.usize(..1 << digits);
    if random.bool() {
        (0..len).map(|_| random.u8(..)).collect()
    } else {
        (0..len).map(|_| edge(random)).collect()
    }
}

/// Most often one that was read: what is wrong already seldom gets far.
fn pick<'p>(random: &mut Rng, pool: &'p Pool) -> &'p [u8] {
    let list = if random.u32(..5) == 0 && !pool.refused.is_empty() {
        &pool.refused
    } else {
        &pool.taken
    };
    list.get(random.usize(..list.len().max(1)))
        .map_or(&[], Vec::as_slice)
}

fn edge(random: &mut Rng) -> u8 {
    EDGES
        .get(random.usize(..EDGES.len()))
        .copied()
        .unwrap_or_default()
}

fn change(random: &mut Rng, target: &Target, pool: &Pool, input: &mut Vec<u8>) {
    match random.u32(..16) {
        0 => set_byte(random, input),
        1 => {
            let byte = edge(random);
            insert(random, input, &[byte]);
        }
        2 | 3 => {
            let (from, to) = range(random, input.len());
            input.drain(from..to);
        }
        4 => repeat(random, input),
        5..=7 => {
            let word = word(random, target);
            insert(random, input, word.as_bytes());
        }
        8 | 9 => {
            let word = word(random, target);
            replace_word(random, input, word.as_bytes());
        }
        10 | 11 => {
            let text = TEXTS.get(random.usize(..TEXTS.len())).unwrap_or(&"");
            if random.bool() {
                insert(random, input, text.as_bytes());
            } else {
                replace_word(random, input, text.as_bytes());
            }
        }
        12 => {
            let other = pick(random, pool);
            splice(random, input, other);
        }
        13..=15 => change_lines(random, input),
        _ => {}
    }
}

fn word(random: &mut Rng, target: &Target) -> &'static str {
    if target.words.is_empty() {
        return "";
    }
    target
        .words
        .get(random.usize(..target.words.len()))
        .unwrap_or(&"")
}

fn set_byte(random: &mut Rng, input: &mut [u8]) {
    let place = random.usize(..input.len().max(1));
    if let Some(byte) = input.get_mut(place) {
        match random.u32(..3) {
            0 => *byte ^= 1 << random.u32(..8),
            1 => *byte = edge(random),
            _ => *byte = random.u8(..),
        }
    }
}

/// A piece of an input, most often a short one.
fn range(random: &mut Rng, len: usize) -> (usize, usize) {
    let from = random.usize(..=len);
    let digits = random.u32(..10);
    let most = len.saturating_sub(from).min(1 << digits);
    (from, from.saturating_add(random.usize(..=most)))
}

fn insert(random: &mut Rng, input: &mut Vec<u8>, piece: &[u8]) {
    let place = random.usize(..=input.len());
    input.splice(place..place, piece.iter().copied());
}

/// Repeats a piece, now and then very often: what nests has to end, and what grows has a bound.
fn repeat(random: &mut Rng, input: &mut Vec<u8>) {
    let (from, to) = range(random, input.len());
    let piece = input.get(from..to).unwrap_or_default();
    let room = INPUT_BYTES_MAX.saturating_sub(input.len()) / piece.len().max(1);
    let times = if random.u32(..8) == 0 {
        random.usize(..=room)
    } else {
        random.usize(..=room.min(4))
    };
    let piece = piece.repeat(times);
    input.splice(from..from, piece);
}

/// Puts a text in the place of a word or a number.
fn replace_word(random: &mut Rng, input: &mut Vec<u8>, text: &[u8]) {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let place = random.usize(..=input.len());
    let (before, after) = input.split_at(place);
    let from = before.iter().rev().take_while(|byte| is_part(byte)).count();
    let to = after.iter().take_while(|byte| is_part(byte)).count();
    input.splice(
        place.saturating_sub(from)..place.saturating_add(to),
        text.iter().copied(),
    );
}

/// Puts a piece of another input in the place of one of this.
fn splice(random: &mut Rng, input: &mut Vec<u8>, other: &[u8]) {
    let (from, to) = range(random, other.len());
    let piece = other.get(from..to).unwrap_or_default().to_vec();
    let (from, to) = range(random, input.len());
    input.splice(from..to, piece);
}

/// Takes a line away, doubles it, moves it or indents it.
fn change_lines(random: &mut Rng, input: &mut Vec<u8>) {
    let mut lines: Vec<Vec<u8>> = input
        .split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    let from = random.usize(..lines.len().max(1));
    let to = random.usize(..lines.len().max(1));
    let Some(line) = lines.get(from).cloned() else {
        return;
    };
    match random.u32(..4) {
        0 => drop(lines.remove(from)),
        1 => lines.insert(to, line),
        2 => lines.swap(from, to),
        _ => {
            let spaces = line.iter().take_while(|byte| **byte == b' ').count();
            if let Some(line) = lines.get_mut(from) {
                let width = random.usize(..=spaces.saturating_add(2));
                line.splice(..spaces, b" ".repeat(width));
            }
        }
    }
    *input = lines.concat();
}
