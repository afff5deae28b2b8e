//! The command line: `tests/chaos` passes on what it was told.

use std::process::ExitCode;

use ::tests::Result;

use crate::history;
use crate::output::{complain, show};

/// What a run came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum {
    pub(crate) steps: u64,
    pub(crate) faults: u64,
    pub(crate) violations: u64,
}

impl Sum {
    pub(crate) fn add(&mut self, other: Self) {
        self.steps = self.steps.saturating_add(other.steps);
        self.faults = self.faults.saturating_add(other.faults);
        self.violations = self.violations.saturating_add(other.violations);
    }
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    what: What,
    seed: Option<u64>,
    steps: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    History,
}

impl What {
    const fn as_str(self) -> &'static str {
        match self {
            Self::History => "history",
        }
    }
}

impl Asked {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let what = match words.next().as_deref() {
            Some("history") => What::History,
            Some(other) => return Err(format!("there is no `{other}`").into()),
            None => return Err("nothing was asked for".into()),
        };
        let mut asked = Self {
            what,
            seed: None,
            steps: None,
        };
        while let Some(word) = words.next() {
            let number = match word.as_str() {
                "--seed" => &mut asked.seed,
                "--steps" => &mut asked.steps,
                other => return Err(format!("there is no `{other}`").into()),
            };
            let text = words.next().unwrap_or_default();
            let read = text.parse();
            *number = Some(read.map_err(|wrong| format!("`{word} {text}`: {wrong}"))?);
        }
        Ok(asked)
    }
}

/// Does what the words after the program's name ask for.
pub(crate) fn main(words: impl Iterator<Item = String>) -> ExitCode {
    match Asked::read(words).and_then(|asked| run(&asked)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(failure) => {
            complain(&format!("chaos: {failure}"));
            ExitCode::from(2)
        }
    }
}

/// How many promises were broken.
fn run(asked: &Asked) -> Result<u64> {
    let seed = asked.seed.unwrap_or_else(|| fastrand::u64(..));
    show(&format!("seed {seed}"))?;
    let runtime = tokio::runtime::Runtime::new()?;
    let sum = match asked.what {
        What::History => runtime.block_on(history::run(seed, asked.steps))?,
    };
    let Sum {
        steps,
        faults,
        violations,
    } = sum;
    show(&format!(
        "{}: {steps} steps, {faults} faults, {violations} violations",
        asked.what.as_str()
    ))?;
    Ok(violations)
}
