//! The ids that accompany a request.

use std::cell::Cell;
use std::hash::{BuildHasher as _, RandomState};

use http::HeaderName;
use tollgate::random::BASE62;

/// The field that carries a request's id on AWS.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

const HEX: &[u8; 16] = b"0123456789abcdef";

thread_local! {
    /// What the ids of this thread are made from: a keyed hash, whose keys come from the operating system, of how many were made. Ids
    /// have to be unlike each other, and are no secrets, so that a request need not wait for the system's own randomness.
    static SOURCE: (RandomState, Cell<u64>) = (RandomState::new(), Cell::new(0));
}

/// The ids of one request, in the forms of AWS.
#[derive(Clone, Debug)]
pub struct RequestIds {
    /// `x-amzn-RequestId`: a UUID.
    pub request: String,
    /// `x-amz-apigw-id`.
    pub extended: String,
    /// `X-Amzn-Trace-Id`.
    pub trace: String,
}

impl RequestIds {
    /// New ids for a request that arrived `now_s` seconds after the epoch.
    #[must_use]
    pub fn new(now_s: u64) -> Self {
        let mut extended = String::with_capacity(16);
        push(&mut extended, BASE62, 10, number());
        push(&mut extended, BASE62, 5, number());
        extended.push('=');
        let mut trace = String::with_capacity(40);
        trace.push_str("Root=1-");
        push(&mut trace, HEX, 8, now_s);
        trace.push('-');
        push(&mut trace, HEX, 16, number());
        push(&mut trace, HEX, 8, number());
        Self {
            request: uuid(),
            extended,
            trace,
        }
    }
}

/// A UUID unlike any other.
#[must_use]
pub fn uuid() -> String {
    let (high, low) = (number(), number());
    let mut id = String::with_capacity(36);
    push(&mut id, HEX, 8, high);
    id.push('-');
    push(&mut id, HEX, 4, high >> 32);
    id.push_str("-4");
    push(&mut id, HEX, 3, high >> 48);
    id.push_str("-a");
    push(&mut id, HEX, 3, low);
    id.push('-');
    push(&mut id, HEX, 12, low >> 12);
    id
}

fn number() -> u64 {
    SOURCE.with(|(state, made)| {
        let count = made.get();
        made.set(count.wrapping_add(1));
        state.hash_one(count)
    })
}

/// Appends the last `digits` digits of a number, in the base that the alphabet has.
fn push(text: &mut String, alphabet: &[u8], digits: usize, number: u64) {
    let base = u64::try_from(alphabet.len()).unwrap_or(u64::MAX).max(1);
    let mut rest = number;
    let mut reversed = [0_u8; 16];
    let reversed = reversed.get_mut(..digits).unwrap_or_default();
    for digit in reversed.iter_mut() {
        let place = usize::try_from(rest % base).unwrap_or_default();
        *digit = alphabet.get(place).copied().unwrap_or(b'0');
        rest /= base;
    }
    text.extend(reversed.iter().rev().copied().map(char::from));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_have_the_forms_of_aws() {
        let ids = RequestIds::new(0x0123_abcd);
        let parts: Vec<&str> = ids.request.split('-').collect();
        let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert!(parts[2].starts_with('4') && parts[3].starts_with('a'));
        let is_hex = |text: &str| text.bytes().all(|byte| HEX.contains(&byte));
        assert!(parts.iter().all(|part| is_hex(part)));
        assert_eq!(
            (ids.extended.len(), ids.extended.ends_with('=')),
            (16, true)
        );
        let random = ids.trace.strip_prefix("Root=1-0123abcd-").unwrap();
        assert!(random.len() == 24 && is_hex(random));
    }

    #[test]
    fn ids_are_unlike_each_other_on_all_threads() {
        let made = || (0..5_000).map(|_| uuid()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(made)).collect();
        let all = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap());
        assert_eq!(all.collect::<HashSet<_>>().len(), 20_000);
    }
}
