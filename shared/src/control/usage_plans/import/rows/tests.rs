use super::*;

const KEY: &str = "a-value-of-twenty-characters";

fn rows(list: &str) -> Vec<Row> {
    let read = read(list.as_bytes()).unwrap();
    assert_eq!(read.warnings, [], "{list}");
    read.rows
}

fn warnings(list: &[u8]) -> Vec<String> {
    let read = read(list).unwrap();
    assert_eq!(read.rows, []);
    read.warnings
        .into_iter()
        .map(|(_, warning)| warning)
        .collect()
}

fn plan_ids(list: &str) -> Vec<String> {
    let rows = rows(list);
    assert_eq!(rows.len(), 1);
    rows[0].plan_ids.iter().map(PlanId::to_string).collect()
}

#[test]
fn the_example_of_the_developer_guide_is_read() {
    let list = format!(
        "Name,key,description,Enabled,usageplanIds\nMyFirstApiKey,{KEY},An imported key,TRUE,c7y23b\n"
    );
    let row = Row {
        number: 1,
        name: "MyFirstApiKey".to_owned(),
        value: KeyValue::parse(KEY).unwrap(),
        description: "An imported key".to_owned(),
        enabled: true,
        plan_ids: vec!["c7y23b".into()],
    };
    assert_eq!(rows(&list), [row]);
}

#[test]
fn columns_come_in_any_order_and_case_and_others_are_ignored() {
    let list = format!("\u{feff}KEY, colour ,ENABLED,name\r\n{KEY},red,false,joe-black\r\n");
    let rows = rows(&list);
    assert_eq!(rows[0].name, "joe-black");
    assert!(!rows[0].enabled);
    assert_eq!(rows[0].description, "");
}

#[test]
fn what_is_left_out_has_its_default() {
    for list in [
        format!("name,key\njoe,{KEY}"),
        format!("name,key,description,enabled,usageplanids\njoe,{KEY}"),
        format!("name,key,description,enabled,usageplanids\njoe,{KEY},,,"),
    ] {
        let rows = rows(&list);
        assert!(rows[0].enabled, "{list}");
        assert_eq!(rows[0].description, "", "{list}");
        assert_eq!(rows[0].plan_ids, [], "{list}");
    }
}

#[test]
fn several_plans_stand_in_double_or_single_quotes() {
    let header = "name,key,usageplanids,description";
    let lists = [
        ("p1", vec!["p1"]),
        ("\"p1,p2\"", vec!["p1", "p2"]),
        ("\" p1 , p2 \"", vec!["p1", "p2"]),
        ("'p1,p2'", vec!["p1", "p2"]),
        ("'p1, p2, p3'", vec!["p1", "p2", "p3"]),
        ("'p1'", vec!["p1"]),
        ("\"'p1,p2'\"", vec!["p1", "p2"]),
        ("", vec![]),
    ];
    for (field, ids) in lists {
        let list = format!("{header}\njoe,{KEY},{field},what it is for");
        assert_eq!(plan_ids(&list), ids, "{field}");
        assert_eq!(rows(&list)[0].description, "what it is for", "{field}");
    }
    // A quote that nothing closes is part of one field only.
    let list = format!("{header}\njoe,{KEY},'p1,what it is for");
    assert_eq!(plan_ids(&list), ["p1"]);
    assert_eq!(rows(&list)[0].description, "what it is for");
}

#[test]
fn a_list_without_names_or_keys_is_refused() {
    for (list, column) in [("key\n", "name"), ("name\n", "key"), ("", "name")] {
        let error = read(list.as_bytes()).unwrap_err();
        let text = format!("Missing required column '{column}'");
        assert_eq!(error.message(), text, "{list}");
    }
}

#[test]
fn a_record_that_is_no_key_is_left_out_with_the_reason() {
    let record = |record: &str| format!("name,key,description,enabled\n{record}\n");
    let long = "x".repeat(129);
    let cases = [
        (
            "joe,short".to_owned(),
            "API Key value should be at least 20 characters",
        ),
        (
            "joe".to_owned(),
            "API Key value should be at least 20 characters",
        ),
        (
            format!("joe,{long}"),
            "API Key value exceeds maximum size of 128 characters",
        ),
        (
            format!("joe,{KEY},,perhaps"),
            "Enabled is 'perhaps', and should be true or false",
        ),
        (
            format!("{},{KEY}", "n".repeat(1_025)),
            "Invalid API Key name, can be at most 1024 characters.",
        ),
    ];
    for (text, reason) in cases {
        assert_eq!(
            warnings(record(&text).as_bytes()),
            [format!("Skipped invalid record: 1. {reason}")],
            "{text}"
        );
    }
    let mut list = record("").into_bytes();
    list.extend_from_slice(b"joe\xff,a-value-of-twenty-characters\n");
    assert_eq!(
        warnings(&list),
        ["Skipped invalid record: 1. The record is not UTF-8"]
    );
}

#[test]
fn records_are_counted_from_the_first_below_the_header() {
    let list = format!("name,key\njoe,{KEY}1\nann,short\nsue,{KEY}2\n");
    let read = read(list.as_bytes()).unwrap();
    let numbers: Vec<_> = read.rows.iter().map(|row| row.number).collect();
    assert_eq!(numbers, [1, 3]);
    assert_eq!(read.warnings[0].0, 2);
}
