//! The smallest input that still breaks the same promise.

/// How often a smaller input is tried.
const TRIES_MAX: usize = 2_000;

/// Takes pieces out of `input` while `fails` says yes: halves first, single bytes last.
pub fn minimise(input: &[u8], mut fails: impl FnMut(&[u8]) -> bool) -> Vec<u8> {
    let mut smallest = input.to_vec();
    let mut tries = 0;
    let mut size = input.len() / 2;
    while size > 0 && tries < TRIES_MAX {
        let mut from = 0;
        let mut shrank = false;
        while from < smallest.len() && tries < TRIES_MAX {
            let mut shorter = smallest.clone();
            shorter.drain(from..from.saturating_add(size).min(smallest.len()));
            tries += 1;
            if fails(&shorter) {
                smallest = shorter;
                shrank = true;
            } else {
                from = from.saturating_add(size);
            }
        }
        if !shrank || size > 1 {
            size /= 2;
        }
    }
    smallest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_failure_needs_is_left() {
        let input = b"some words with an X, and then a Y, and more";
        let fails = |input: &[u8]| {
            let x = input.iter().position(|byte| *byte == b'X');
            let y = input.iter().position(|byte| *byte == b'Y');
            x.is_some() && x < y
        };
        assert_eq!(minimise(input, fails), b"XY");
    }

    #[test]
    fn an_input_that_cannot_be_smaller_stays() {
        assert_eq!(minimise(b"abc", |input| input == b"abc"), b"abc");
    }
}
