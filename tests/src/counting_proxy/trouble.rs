//! Faults by chance, and from some request on.

use std::time::Duration;

use super::Fault;

/// Which requests have a fault, and how many have had one. By default none has.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    chance: Option<Chance>,
    cut: Option<Cut>,
    count: u64,
}

/// Where requests begin to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// How many requests pass before.
    pub passed: u64,
    /// What happens to the next one.
    pub first: Fault,
    /// What happens to all after it. `None`: they pass.
    pub then: Option<Fault>,
}

#[derive(Debug)]
struct Chance {
    random: fastrand::Rng,
    one_in: u32,
}

impl Trouble {
    pub(super) fn new(seed: u64, one_in: u32) -> Self {
        let random = fastrand::Rng::with_seed(seed);
        Self {
            chance: Some(Chance { random, one_in }),
            cut: None,
            count: 0,
        }
    }

    pub(super) fn cut(cut: Cut) -> Self {
        Self {
            chance: None,
            cut: Some(cut),
            count: 0,
        }
    }

    pub(super) fn count(self) -> u64 {
        self.count
    }

    /// What happens to the next request.
    pub(super) fn draw(&mut self) -> Option<Fault> {
        if let Some(cut) = &mut self.cut {
            let fault = cut.next();
            self.count += u64::from(fault.is_some());
            return fault;
        }
        let Chance { random, one_in } = self.chance.as_mut()?;
        if random.u32(..(*one_in).max(1)) != 0 {
            return None;
        }
        self.count += 1;
        let late = Duration::from_millis(random.u64(150..400));
        Some(match random.u8(..6) {
            0 => Fault::DelayRequest(late),
            1 => Fault::DelayAnswer(late),
            2 => Fault::DropRequest,
            3 => Fault::DropAnswer,
            4 => Fault::ServerError,
            _ => Fault::Throttle,
        })
    }
}

impl Cut {
    fn next(&mut self) -> Option<Fault> {
        if let Some(left) = self.passed.checked_sub(1) {
            self.passed = left;
            return None;
        }
        let fault = Some(self.first);
        if let Some(then) = self.then {
            self.first = then;
        } else {
            self.passed = u64::MAX;
        }
        fault
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_lets_so_many_requests_pass_and_none_after_them() {
        let draw = |then| {
            let mut trouble = Trouble::cut(Cut {
                passed: 2,
                first: Fault::DropAnswer,
                then,
            });
            let faults: Vec<_> = (0..5).map(|_| trouble.draw()).collect();
            (faults, trouble.count())
        };
        let (first, then) = (Some(Fault::DropAnswer), Some(Fault::DropRequest));
        assert_eq!(draw(then), (vec![None, None, first, then, then], 3));
        assert_eq!(draw(None), (vec![None, None, first, None, None], 1));
    }

    #[test]
    fn about_one_of_so_many_requests_has_a_fault_and_the_same_ones_each_time() {
        let draw = || {
            let mut trouble = Trouble::new(7, 10);
            let faults: Vec<_> = (0..10_000).map(|_| trouble.draw()).collect();
            (faults, trouble.count())
        };
        let (faults, count) = draw();
        assert_eq!((faults, count), draw());
        assert!((800..1_200).contains(&count), "{count}");
    }

    #[test]
    fn without_trouble_nothing_goes_wrong() {
        assert_eq!(Trouble::default().draw(), None);
    }
}
