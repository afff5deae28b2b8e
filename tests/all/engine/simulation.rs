//! Many short worlds in which all goes wrong that can: the smaller part of what `tests/chaos sim` does.

use chaos::run::{Story, run};
use chaos::shrink::{shrink, tell};
use chaos::tally::Deed;

const SEED: u64 = 20_261_129;

/// Few enough for each run of the tests, and enough for each thing to happen.
const STEPS: u64 = 300_000;

#[test]
fn no_interleaving_breaks_a_promise() {
    let report = run(SEED, STEPS, 2);
    if let Some(finding) = report.findings.first() {
        let (story, _) = shrink(Story::of(finding.seed), finding.violation.clone());
        let lines = tell(&story).join("\n");
        panic!("world {}: {}\n{lines}", finding.seed, finding.violation);
    }
    assert_eq!(report.tally.steps, STEPS);
    let missing: Vec<_> = report.tally.missing().map(Deed::as_str).collect();
    assert_eq!(
        missing,
        Vec::<&str>::new(),
        "of what can happen, this never did"
    );
}

#[test]
fn a_world_is_the_same_each_time() {
    let seed = chaos::run::seed_of_world(SEED, 3);
    assert_eq!(tell(&Story::of(seed)), tell(&Story::of(seed)));
}
