//! The corpus, and some inputs made from it: what CI reads of `tests/chaos fuzz`.

use fuzz::campaign::{Campaign, Found};
use fuzz::corpus;
use fuzz::target::{ALL, Target};
use tests::Result;

/// How many inputs are made from the corpus of each of the cheap targets.
const STEPS: u64 = 2_000;

fn complaints(target: &Target) -> Result<Vec<String>> {
    let mut campaign = Campaign::new(target, 1, None);
    for (_, input) in corpus::inputs(target.name)? {
        campaign.read(&input)?;
    }
    campaign.run(STEPS / target.weight)?;
    let told = |found: &Found| {
        let input = String::from_utf8_lossy(&found.input);
        format!("{}: {}: {input:?}", target.name, found.violation)
    };
    Ok(campaign.end().1.iter().map(told).collect())
}

#[test]
fn no_input_of_the_corpus_and_none_made_from_it_breaks_a_promise() {
    for target in ALL {
        let complaints = complaints(target).unwrap();
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }
}

#[test]
fn every_folder_of_the_corpus_is_that_of_a_target() {
    for entry in std::fs::read_dir(corpus::folder()).unwrap() {
        let name = entry.unwrap().file_name();
        assert!(ALL.iter().any(|target| *target.name == *name), "{name:?}");
    }
}
