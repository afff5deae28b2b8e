use std::collections::BTreeSet;

use tollgate::key::{KeyValue, LEAKED_AT};
use tollgate::plan::CoveredStage;
use tollgate::quota::{Day, Period, Quota};

use super::*;
use crate::migration::{HeldKey, HeldValue, Pending};

fn plan(id: &str, keys: &[&str], remaining: &[(&str, u64)]) -> (PlanId, HeldPlan) {
    let held = HeldPlan {
        own_id: id.into(),
        settings: NewPlan {
            id: Some(id.into()),
            name: format!("plan {id}"),
            description: None,
            product_code: None,
            throttle: None,
            quota: Some(Quota::new(100, Period::Month, 0).unwrap()),
            stages: Vec::new(),
            tags: BTreeMap::new(),
        },
        keys: keys.iter().map(|key| KeyId::from(*key)).collect(),
        remaining: remaining
            .iter()
            .map(|(key, left)| (KeyId::from(*key), *left))
            .collect(),
        window: Day::parse("2026-11-01"),
    };
    (id.into(), held)
}

fn key(id: &str) -> (KeyId, HeldKey) {
    let value = KeyValue::parse(&format!("the-value-of-the-key-{id}")).unwrap();
    let held = HeldKey {
        own_id: id.into(),
        value: HeldValue::Known(value),
        name: format!("key {id}"),
        description: None,
        customer_id: None,
        stage_keys: Vec::new(),
        enabled: true,
        created_at: None,
        tags: BTreeMap::new(),
        pending: None,
    };
    (id.into(), held)
}

fn side(plans: Vec<(PlanId, HeldPlan)>, keys: Vec<(KeyId, HeldKey)>) -> Holdings {
    Holdings {
        plans: plans.into_iter().collect(),
        keys: keys.into_iter().collect(),
    }
}

fn left(step: &KeyStep<'_>) -> Vec<u64> {
    step.remaining.iter().map(|left| left.requests).collect()
}

#[test]
fn a_key_that_has_used_some_of_its_quota_is_held_back_and_one_that_has_not_is_not() {
    let source = side(
        vec![plan(
            "p",
            &["used", "new", "other"],
            &[("used", 40), ("new", 100)],
        )],
        vec![key("used"), key("new"), key("other")],
    );
    let target = Holdings::default();
    let comparison = Comparison::new(&source, &target, &StageMap::default());
    let found: Vec<_> = comparison
        .keys
        .iter()
        .map(|step| (step.id.as_str(), step.deed(), step.is_held_back, left(step)))
        .collect();
    assert_eq!(
        found,
        [
            ("new", Deed::Create, false, vec![]),
            ("other", Deed::Create, false, vec![]),
            ("used", Deed::Create, true, vec![40]),
        ]
    );
}

#[test]
fn a_key_with_a_quota_of_its_own_has_used_what_is_missing_of_that() {
    let mut rich = key("k");
    let own = ("tollgate:quota".to_owned(), "5000/DAY".to_owned());
    rich.1.tags.extend([own]);
    let target = Holdings::default();
    for (remaining, expected) in [(5_000, vec![]), (4_990, vec![4_990])] {
        let source = side(
            vec![plan("p", &["k"], &[("k", remaining)])],
            vec![rich.clone()],
        );
        let comparison = Comparison::new(&source, &target, &StageMap::default());
        let step = &comparison.keys[0];
        assert_eq!(left(step), expected);
        assert!(
            step.remaining
                .iter()
                .all(|left| left.quota.limit() == 5_000)
        );
    }
}

#[test]
fn what_is_there_already_is_kept() {
    let both = || side(vec![plan("p", &["k"], &[("k", 40)])], vec![key("k")]);
    let (source, target) = (both(), both());
    let comparison = Comparison::new(&source, &target, &StageMap::default());
    assert_eq!(comparison.plans[0].deed(), Deed::Keep);
    assert_eq!(comparison.keys[0].deed(), Deed::Keep);
}

#[test]
fn what_is_left_is_lowered_and_never_raised() {
    for (there, expected) in [(100, vec![40]), (41, vec![40]), (40, vec![]), (7, vec![])] {
        let source = side(vec![plan("p", &["k"], &[("k", 40)])], vec![key("k")]);
        let target = side(vec![plan("p", &["k"], &[("k", there)])], vec![key("k")]);
        let comparison = Comparison::new(&source, &target, &StageMap::default());
        let step = &comparison.keys[0];
        assert_eq!(left(step), expected, "{there} left there");
        assert!(!step.is_held_back);
    }
}

#[test]
fn a_plan_that_gets_a_larger_quota_leaves_no_more_than_the_source() {
    let source = side(vec![plan("p", &["k"], &[("k", 60)])], vec![key("k")]);
    let mut smaller = plan("p", &["k"], &[("k", 5)]);
    smaller.1.settings.quota = Some(Quota::new(10, Period::Day, 0).unwrap());
    let mut monthly = plan("p", &["k"], &[("k", 5)]);
    monthly.1.settings.quota = Some(Quota::new(10, Period::Month, 0).unwrap());
    let mut unlimited = plan("p", &["k"], &[]);
    unlimited.1.settings.quota = None;
    for there in [smaller, monthly, unlimited] {
        let target = side(vec![there], vec![key("k")]);
        let comparison = Comparison::new(&source, &target, &StageMap::default());
        assert_eq!(left(&comparison.keys[0]), [60]);
    }
}

#[test]
fn an_interrupted_import_goes_on_where_it_was() {
    let source = side(vec![plan("p", &["k"], &[("k", 140)])], vec![key("k")]);
    // Topped up in the source: nobody can have used what the import has made and not enabled yet.
    let mut made = key("k");
    made.1.pending = Some(Pending::Created);
    made.1.enabled = false;
    let target = side(vec![plan("p", &["k"], &[("k", 100)])], vec![made.clone()]);
    let comparison = Comparison::new(&source, &target, &StageMap::default());
    assert_eq!(left(&comparison.keys[0]), [140]);
    assert!(comparison.keys[0].is_held_back);
    // It was enabled, and only the mark is left to take away: it may have been used.
    made.1.enabled = true;
    let target = side(vec![plan("p", &["k"], &[("k", 90)])], vec![made]);
    let comparison = Comparison::new(&source, &target, &StageMap::default());
    let step = &comparison.keys[0];
    assert_eq!(left(step), [0_u64; 0]);
    assert_eq!((step.deed(), step.is_held_back), (Deed::Change, true));
}

#[test]
fn an_import_that_goes_on_enables_no_key_that_was_found_in_public_meanwhile() {
    let source = side(vec![plan("p", &["k"], &[])], vec![key("k")]);
    let mut leaked = key("k");
    leaked.1.pending = Some(Pending::Created);
    leaked.1.enabled = false;
    leaked
        .1
        .tags
        .insert(LEAKED_AT.to_owned(), "2026-11-29T12:00:00Z".to_owned());
    let target = side(vec![plan("p", &["k"], &[])], vec![leaked]);
    let comparison = Comparison::new(&source, &target, &StageMap::default());
    assert!(!comparison.keys[0].wanted.enabled);
}

#[test]
fn a_key_that_somebody_has_disabled_stays_disabled_and_one_that_the_source_disabled_becomes_so() {
    let source = side(vec![plan("p", &["k"], &[("k", 40)])], vec![key("k")]);
    let mut disabled = key("k");
    disabled.1.enabled = false;
    let target = side(vec![plan("p", &[], &[])], vec![disabled.clone()]);
    let comparison = Comparison::new(&source, &target, &StageMap::default());
    let step = &comparison.keys[0];
    assert_eq!((step.is_held_back, step.stays_disabled), (false, true));
    let (source, target) = (target, source);
    let comparison = Comparison::new(&source, &target, &StageMap::default());
    assert!(comparison.keys[0].is_disabled);
}

#[test]
fn only_what_the_source_has_is_set() {
    let mut from = plan("p", &[], &[]);
    from.1.settings.description = Some("new".to_owned());
    from.1.settings.quota = None;
    let mut to = plan("p", &[], &[]);
    to.1.settings
        .tags
        .insert("team".to_owned(), "red".to_owned());
    let stage = CoveredStage::new(tollgate::id::ApiStage::new("users", "dev"));
    to.1.settings.stages.push(stage);
    let (source, target) = (side(vec![from], Vec::new()), side(vec![to], Vec::new()));
    let comparison = Comparison::new(&source, &target, &StageMap::default());
    let step = &comparison.plans[0];
    let members: BTreeSet<_> = step
        .differences
        .iter()
        .map(|one| one.member.as_str())
        .collect();
    assert_eq!(members, BTreeSet::from(["description"]));
    assert!(step.wanted.quota.is_some());
    assert_eq!(step.wanted.stages.len(), 1);
    assert_eq!(step.wanted.tags["team"], "red");
}

#[test]
fn a_key_with_the_same_value_is_the_same_key_and_one_with_another_value_is_not() {
    let source = side(vec![plan("p", &["k"], &[])], vec![key("k")]);
    let (_, same) = key("k");
    let other_id = HeldKey {
        own_id: "x".into(),
        ..same.clone()
    };
    let target = side(Vec::new(), vec![("x".into(), other_id)]);
    let comparison = Comparison::new(&source, &target, &StageMap::default());
    let found = comparison.keys[0].found.map(|found| found.own_id.as_str());
    assert_eq!(found, Some("x"));

    let (_, other) = key("other");
    let target = side(Vec::new(), vec![("k".into(), other)]);
    let comparison = Comparison::new(&source, &target, &StageMap::default());
    assert!(comparison.keys.is_empty());
    assert_eq!(comparison.impossible[0].2, "key k has another value");
}

#[test]
fn a_value_that_is_not_told_is_no_key_and_harmless_where_the_key_is_there() {
    let mut hidden = key("k");
    hidden.1.value = HeldValue::Hidden;
    let source = side(Vec::new(), vec![hidden]);
    let target = Holdings::default();
    let comparison = Comparison::new(&source, &target, &StageMap::default());
    assert_eq!(comparison.impossible[0].2, "its value cannot be read");
    let target = side(Vec::new(), vec![key("k")]);
    let comparison = Comparison::new(&source, &target, &StageMap::default());
    assert_eq!(comparison.keys[0].deed(), Deed::Keep);
}
