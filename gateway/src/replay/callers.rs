//! The callers of a log, each with a number.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use tollgate::key::KeyValue;

/// The callers in the order in which they were first seen. Memory grows with them, and not with the lines of a log.
#[derive(Debug, Default)]
pub(super) struct Callers {
    numbers: HashMap<Box<str>, u32>,
    /// What is shown of each.
    names: Vec<Box<str>>,
    are_values: bool,
}

impl Callers {
    /// From now on names are the values of keys.
    pub(super) const fn hide(&mut self) {
        self.are_values = true;
    }

    /// The number of a caller. `None` when there are more than can be counted.
    pub(super) fn number(&mut self, name: &str) -> Option<u32> {
        if let Some(number) = self.numbers.get(name) {
            return Some(*number);
        }
        let number = u32::try_from(self.names.len()).ok()?;
        self.names.push(shown(name, self.are_values).into());
        self.numbers.insert(name.into(), number);
        Some(number)
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    pub(super) fn name(&self, number: u32) -> &str {
        let name = usize::try_from(number)
            .ok()
            .and_then(|at| self.names.get(at));
        name.map_or("", |name| name)
    }
}

/// What is shown of a caller: its name, or the start of a hash where the name is the value of a key.
fn shown(name: &str, is_value: bool) -> String {
    let is_native = name.starts_with("tg_") && KeyValue::parse(name).is_ok();
    if !is_value && !is_native {
        return name.to_owned();
    }
    let digest = Sha256::digest(name);
    let start = digest
        .iter()
        .take(6)
        .fold(0_u64, |start, byte| (start << 8) | u64::from(*byte));
    format!("sha256:{start:012x}")
}

#[cfg(test)]
mod tests {
    use tollgate::key::EnvironmentLetter;

    use super::*;

    #[test]
    fn the_value_of_a_key_is_not_shown() {
        let native = KeyValue::generate(EnvironmentLetter::of("dev")).unwrap();
        let mut callers = Callers::default();
        let one = callers.number(native.expose()).unwrap();
        let other = callers.number("joe").unwrap();
        assert_eq!(callers.number(native.expose()), Some(one));
        assert_eq!(callers.name(other), "joe");
        let name = callers.name(one);
        assert!(name.starts_with("sha256:") && name.len() == 19, "{name}");
        let mut callers = Callers::default();
        callers.hide();
        let number = callers.number("aValueThatSomebodyChose").unwrap();
        assert!(callers.name(number).starts_with("sha256:"));
    }
}
