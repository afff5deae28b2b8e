//! `JSONPath`.

use super::{super::JsonPath, Request, failure};

const STORE: &str = r#"{"store":{"book":[
  {"title":"A","price":8.95,"isbn":"1","tags":["x"]},
  {"title":"B","price":12,"cat-name":"fiction"},
  {"title":"C","price":22.99,"isbn":"2"}],"bike":{"price":20,"color":"red"}},"a.b":1,"n":null,"max":10}"#;

fn found(path: &str) -> String {
    let mut request = Request::with_body(STORE);
    request
        .stage_variables
        .insert("path".to_owned(), path.to_owned());
    match request.render("$input.json($stageVariables.path)") {
        Ok(rendered) => rendered.text,
        Err(error) => panic!("{path}: {error}"),
    }
}

#[test]
fn a_path_to_one_place_gives_the_value_there() {
    for (path, expected) in [
        ("$.store.bike", r#"{"price":20,"color":"red"}"#),
        ("$.store.bike.color", r#""red""#),
        ("store.bike.color", r#""red""#),
        ("$['store']['bike'][\"color\"]", r#""red""#),
        ("$['a.b']", "1"),
        ("$.store.book[0].title", r#""A""#),
        ("$.store.book[-1].title", r#""C""#),
        ("$.store.book[1].cat-name", r#""fiction""#),
        ("$.n", "null"),
        ("$.store.book.length()", "3"),
        ("$.store.bike.color.length()", "3"),
        ("$.missing", r#""""#),
        ("$.store.book[9]", r#""""#),
        ("$.store.book.title", r#""""#),
        ("$.max.deeper", r#""""#),
        (" $.max ", "10"),
    ] {
        assert_eq!(found(path), expected, "{path}");
    }
}

#[test]
fn a_path_to_many_places_gives_a_list() {
    for (path, expected) in [
        ("$.store.book[*].title", r#"["A","B","C"]"#),
        ("$.store.book[*].isbn", r#"["1","2"]"#),
        ("$.store.bike.*", r#"[20,"red"]"#),
        ("$..price", "[8.95,12,22.99,20]"),
        ("$..book[0].title", r#"["A"]"#),
        ("$.store..color", r#"["red"]"#),
        ("$.store.book[0,2].title", r#"["A","C"]"#),
        ("$.store.book[0:2].title", r#"["A","B"]"#),
        ("$.store.book[-2:].title", r#"["B","C"]"#),
        ("$.store.book[:1].title", r#"["A"]"#),
        ("$.store.book[5:9].title", "[]"),
        ("$.missing[*]", "[]"),
        ("$..missing", "[]"),
    ] {
        assert_eq!(found(path), expected, "{path}");
    }
}

#[test]
fn a_filter_picks_items() {
    for (filter, expected) in [
        ("@.isbn", r#"["A","C"]"#),
        ("!@.isbn", r#"["B"]"#),
        ("@.price < 10", r#"["A"]"#),
        ("@.price <= 12 && @.isbn", r#"["A"]"#),
        ("@.price > 20 || @.title == 'B'", r#"["B","C"]"#),
        ("@.price < $.max", r#"["A"]"#),
        ("@.title != \"A\"", r#"["B","C"]"#),
        ("@['cat-name'] == 'fiction'", r#"["B"]"#),
        (
            "(@.isbn || @.price == 12) && !(@.title == 'A')",
            r#"["B","C"]"#,
        ),
        ("@.title =~ /[bc]/i", r#"["B","C"]"#),
        ("@.tags[0] == 'x'", r#"["A"]"#),
        ("@.isbn == 1", "[]"),
        ("@.none == null", "[]"),
        ("@.price >= 22.99", r#"["C"]"#),
    ] {
        let path = format!("$.store.book[?({filter})].title");
        assert_eq!(found(&path), expected, "{path}");
    }
}

#[test]
fn says_what_is_wrong_with_a_path() {
    for (path, expected) in [
        (
            "$.",
            "`$.` is no JSONPath: a name is missing; write `$.name`",
        ),
        (
            "$.a[",
            "`$.a[` is no JSONPath: write a number, a name in quotes, `*` or `?(...)` in the brackets",
        ),
        ("$.a[0", "`$.a[0` is no JSONPath: write `]` at its end"),
        (
            "$.a['b]",
            "`$.a['b]` is no JSONPath: a text in quotes has no end",
        ),
        (
            "$ a",
            "`$ a` is no JSONPath: ` a` cannot stand here; write `.name`, `['name']` or `[0]`",
        ),
        (
            "$.a.sum()",
            "`$.a.sum()` is no JSONPath: the function `sum()` is not supported; only `length()` is",
        ),
        (
            "$[99999999999999999999]",
            "`$[99999999999999999999]` is no JSONPath: `99999999999999999999` is no index: number too large to fit in target type",
        ),
    ] {
        let error = path.parse::<JsonPath>().unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    assert!("$[?(".parse::<JsonPath>().is_err());
    assert!(
        format!("$[?({}@.a{})]", "(".repeat(50), ")".repeat(50))
            .parse::<JsonPath>()
            .is_err()
    );
    assert!(
        format!("$[?({}@.a)]", "!".repeat(2_000))
            .parse::<JsonPath>()
            .is_err()
    );
    assert!(
        format!("$[?({}", "@[?(".repeat(900))
            .parse::<JsonPath>()
            .is_err()
    );
    assert!("a".repeat(5_000).parse::<JsonPath>().is_err());
    assert_eq!(
        failure("\n$input.path('$.')"),
        "line 2, column 7: `$.` is no JSONPath: a name is missing; write `$.name`"
    );
}
