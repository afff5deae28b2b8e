use super::*;
use crate::console::forms::Fields;
use crate::explain::DeclaredStage;
use crate::template::{self, Settings};

/// The form as a browser sends it.
fn fields(pairs: &[(&str, &str)]) -> Fields {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs([
        ("stage", "users:dev"),
        ("method", "GET"),
        ("path", "/users"),
    ]);
    let mut text = form.finish();
    for (name, value) in pairs {
        // The first of a name counts.
        let pair = form_urlencoded::Serializer::new(String::new())
            .append_pair(name, value)
            .finish();
        text = format!("{pair}&{text}");
    }
    Fields::read(text.as_bytes())
}

fn mistake(pairs: &[(&str, &str)], field: &str) -> String {
    let mut mistakes = Mistakes::default();
    let fields = fields(pairs);
    assert!(Wanted::read(&fields, &mut mistakes).is_none());
    mistakes.of(field).unwrap().to_owned()
}

#[test]
fn a_path_is_encoded_where_people_write_it_as_it_is() {
    let fields = fields(&[("path", "/users/Ada Lovelace/é?limit=5&q=a b")]);
    let wanted = Wanted::read(&fields, &mut Mistakes::default()).unwrap();
    assert_eq!(wanted.path, "/users/Ada%20Lovelace/%C3%A9");
    assert_eq!(wanted.query.as_deref(), Some("limit=5&q=a%20b"));
    assert!(mistake(&[("path", "users")], "path").contains("begins with a slash"));
    assert_eq!(
        mistake(&[("path", "/users/{id}/avatar")], "path"),
        "Put a value in place of {id}."
    );
}

#[test]
fn a_key_is_chosen_or_typed() {
    let key = |pairs: &[(&str, &str)]| {
        let fields = fields(pairs);
        let wanted = Wanted::read(&fields, &mut Mistakes::default()).unwrap();
        format!("{:?}", wanted.key)
    };
    assert_eq!(key(&[]), "None");
    assert_eq!(key(&[("value", "tg_d_secret")]), "Typed(..)");
    assert_eq!(
        key(&[("key", "typed"), ("value", "tg_d_secret")]),
        "Typed(..)"
    );
    assert_eq!(key(&[("key", "id:k1")]), "Listed(\"k1\")");
    assert!(mistake(&[("key", "typed")], "key").starts_with("Type the value"));
    let both = [("key", "id:k1"), ("value", "tg_d_secret")];
    assert!(mistake(&both, "key").contains("not both"));
}

#[test]
fn header_fields_are_read_line_by_line_and_their_lines_not_repeated() {
    let fields = fields(&[("headers", "Content-Type: text/plain\r\n\r\naccept:*/*\r\n")]);
    let wanted = Wanted::read(&fields, &mut Mistakes::default()).unwrap();
    assert_eq!(wanted.headers["content-type"], "text/plain");
    assert_eq!(wanted.headers["accept"], "*/*");
    for line in [
        "x-api-key tg_d_secret",
        "X-Api-Key: tg_d_secret",
        "tg_d_secret x: y",
        "host: example.com",
    ] {
        let text = mistake(&[("headers", line)], "headers");
        assert!(!text.contains("tg_d_secret"), "{text}");
    }
    let text = "accept: */*\n X-API-Key: tg_d_secret\nx-api-key tg_d_secret";
    assert_eq!(wanted::headers_without_key(text), "accept: */*");
}

#[test]
fn the_gateway_is_reached_by_the_path_that_names_api_and_stage() {
    let text = include_str!("../../../../template.yaml");
    let template = template::parse("template.yaml", text, &Settings::default()).unwrap();
    let declared = DeclaredStage::all(&template);
    let address = |stage: &str| {
        let fields = fields(&[("stage", stage), ("path", "/users?limit=5")]);
        let wanted = Wanted::read(&fields, &mut Mistakes::default()).unwrap();
        send::address("http://127.0.0.1:3000", &declared, &wanted)
    };
    assert_eq!(
        address("users:dev"),
        "http://127.0.0.1:3000/_aws/execute-api/users/dev/users?limit=5"
    );
    assert_eq!(
        address("a1b2c3:prod"),
        "http://127.0.0.1:3000/_aws/execute-api/a1b2c3/prod/users?limit=5"
    );
    let url = declared
        .iter()
        .find(|stage| stage.name == "UsersFunction")
        .unwrap();
    assert_eq!(
        address(&url.api_stage.to_string()),
        "http://127.0.0.1:3000/_aws/lambda-url/UsersFunction/users?limit=5"
    );
}
