//! Faults by chance.

use std::time::Duration;

use super::Fault;

/// Which requests have a fault, and how many have had one. By default none has.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    chance: Option<Chance>,
    count: u64,
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
            count: 0,
        }
    }

    pub(super) fn count(self) -> u64 {
        self.count
    }

    /// What happens to the next request.
    pub(super) fn draw(&mut self) -> Option<Fault> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
