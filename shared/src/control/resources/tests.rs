use serde_json::json;

use super::*;

fn properties(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn request(resource_type: ResourceType, change: ResourceChange) -> ResourceRequest {
    ResourceRequest {
        resource_type,
        stack_id: "arn:aws:cloudformation:us-east-1:000000000000:stack/users/1".to_owned(),
        logical_id: "Joe".to_owned(),
        request_id: "r1".to_owned(),
        properties: properties(&json!({
            "KeyId": "k1", "KeyType": "API_KEY", "UsagePlanId": "p1", "Value": "hidden-in-properties"
        })),
        change,
    }
}

#[test]
fn each_type_is_known_by_its_name() {
    for known in ResourceType::ALL {
        assert_eq!(ResourceType::parse(known.as_str()), Some(known));
    }
    assert_eq!(ResourceType::parse("AWS::ApiGateway::UsagePlan"), None);
    assert_eq!(ResourceType::parse("Custom::apikey"), None);
}

#[test]
fn no_value_of_a_key_is_shown_to_developers_either() {
    let change = ResourceChange::Update {
        physical_id: "k1".to_owned(),
        old_properties: properties(&json!({ "Value": "hidden-before" })),
    };
    let resource = Resource::new("k1").with("Value", "hidden-in-attributes");
    let shown = format!(
        "{change:?} {:?} {resource:?}",
        request(ResourceType::ApiKey, change.clone())
    );
    assert!(shown.contains("k1"), "{shown}");
    assert!(!shown.contains("hidden"), "{shown}");
}

#[test]
fn a_creation_that_is_refused_names_nothing_that_exists() {
    // What lacks a property has an id that nothing else has; a place of a key is told by its owner.
    let id = |resource_type| request(resource_type, ResourceChange::Create).physical_id();
    assert_eq!(id(ResourceType::ApiStage).len(), 10);
    assert_eq!(id(ResourceType::UsagePlan).len(), 10);
    let mut place = request(ResourceType::UsagePlanKey, ResourceChange::Create);
    assert_eq!(place.physical_id().len(), 10);
    place.properties.remove("Value");
    assert_eq!(place.physical_id(), "k1:p1");
}

#[test]
fn tags_that_the_template_drops_go_and_those_of_others_stay() {
    let tags = |names: &[&str]| -> BTreeMap<String, String> {
        let tags = names.iter();
        tags.map(|name| ((*name).to_owned(), "1".to_owned()))
            .collect()
    };
    let mut new = tags(&["stays", "comes", "changes"]);
    new.insert("changes".to_owned(), "2".to_owned());
    let changes = tag_changes(&tags(&["gone", "stays", "changes"]), &new);
    let text = |text: &str| Some(text.to_owned());
    let expected = [("changes", text("2")), ("comes", text("1")), ("gone", None)];
    let expected = expected.map(|(name, value)| (name.to_owned(), value));
    assert_eq!(changes, expected.into());
}
