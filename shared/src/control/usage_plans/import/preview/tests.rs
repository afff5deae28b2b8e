use super::*;
use crate::id::ApiStage;
use crate::plan::{CoveredStage, Plan};
use crate::time::Timestamp;

const HEADER: &str = "Name,key,Enabled,UsageplanIds\n";
const ONE: &str = "value-of-twenty-chars-1";
const TWO: &str = "value-of-twenty-chars-2";

fn plan(id: &str, stage: &str) -> (PlanId, Plan) {
    let plan = Plan {
        id: id.into(),
        name: id.to_owned(),
        description: None,
        product_code: None,
        throttle: None,
        quota: None,
        stages: vec![CoveredStage::new(ApiStage::new("users", stage))],
        tags: BTreeMap::new(),
        created_at: Timestamp::EPOCH,
    };
    (plan.id.clone(), plan)
}

fn key(id: &str, plan_ids: &[&str]) -> ApiKey {
    ApiKey {
        id: id.into(),
        name: "Joe Black".to_owned(),
        description: None,
        customer_id: None,
        stage_keys: Vec::new(),
        enabled: true,
        expires_at: None,
        plan_ids: plan_ids.iter().map(|id| PlanId::from(*id)).collect(),
        value_number: 1,
        former_values: Vec::new(),
        tags: BTreeMap::new(),
        created_at: Timestamp::EPOCH,
        updated_at: Timestamp::EPOCH,
    }
}

fn preview_of(list: &str, known: &[Option<ApiKey>]) -> Vec<PreviewedRecord> {
    let list = format!("{HEADER}{list}");
    let Rows {
        mut rows,
        mut warnings,
    } = rows::read(list.as_bytes()).unwrap();
    let plans = BTreeMap::from([plan("b", "dev"), plan("g", "dev"), plan("r", "prod")]);
    leave_unknown_plans(&plans, &mut rows, &mut warnings);
    let joins = joins(&rows, &held_by(known), &plans, &mut warnings);
    records(previewed(rows, known, joins), warnings)
}

fn effects(records: &[PreviewedRecord]) -> Vec<Option<ImportEffect>> {
    let effect = |record: &PreviewedRecord| Some(record.key.as_ref()?.effect.clone());
    records.iter().map(effect).collect()
}

#[test]
fn each_record_says_what_becomes_of_its_key() {
    let list = format!("new,{ONE},,\nshort,value,,\nold,{TWO},false,\nagain,{ONE},,\n");
    let known = [None, Some(key("k7", &[])), None];
    let records = preview_of(&list, &known);
    assert_eq!(
        effects(&records),
        [
            Some(ImportEffect::Creates),
            None,
            Some(ImportEffect::Overwrites("k7".into())),
            Some(ImportEffect::Repeats(1)),
        ]
    );
    assert_eq!(
        records[1].warnings,
        ["Skipped invalid record: 2. API Key value should be at least 20 characters"]
    );
    assert!(!records[2].key.as_ref().unwrap().enabled);
    assert!(!format!("{records:?}").contains(ONE));
}

#[test]
fn plans_that_a_key_cannot_join_are_told() {
    let list = format!("new,{ONE},,'b,nothing,g,r'\nold,{TWO},,g\n");
    let records = preview_of(&list, &[None, Some(key("k7", &["b"]))]);
    let joined = |record: &PreviewedRecord| record.key.clone().unwrap().plan_ids;
    assert_eq!(joined(&records[0]), ["b".into(), "r".into()]);
    assert_eq!(
        records[0].warnings,
        [
            "Skipped usage plan nothing of record: 1. Invalid Usage Plan ID specified",
            "Skipped usage plan g of record: 1. The key is in usage plan b, which covers the stage users:dev too; a key may be in one plan for each stage",
        ]
    );
    assert!(joined(&records[1]).is_empty());
    assert_eq!(records[1].warnings.len(), 1);
}

#[test]
fn of_two_plans_of_one_stage_a_key_joins_the_one_that_comes_first_in_the_list() {
    let list = format!("new,{ONE},,'g,b'\nnext,{TWO},,g\nagain,{TWO},,b\n");
    let records = preview_of(&list, &[None, None, None]);
    let joined = |record: &PreviewedRecord| record.key.clone().unwrap().plan_ids;
    assert_eq!(joined(&records[0]), ["g".into()]);
    assert!(records[0].warnings[0].starts_with("Skipped usage plan b of record: 1. "));
    assert_eq!(joined(&records[1]), ["g".into()]);
    assert!(joined(&records[2]).is_empty());
    assert_eq!(records[2].warnings.len(), 1);
}

#[test]
fn a_record_with_a_value_of_the_list_finds_the_plans_of_the_one_before() {
    let list = format!("one,{ONE},,b\ntwo,{ONE},,'b,g'\n");
    let records = preview_of(&list, &[None, None]);
    let again = records[1].key.as_ref().unwrap();
    assert!(again.plan_ids.is_empty());
    assert_eq!(records[1].warnings.len(), 1, "{records:?}");
}
