//! What a caller may send: the body of a user, and the parameters of a page.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::user::{UserFields, UserId};

/// The size of a page when the caller names none.
pub(crate) const DEFAULT_LIMIT: u8 = 25;

/// The largest page.
pub(crate) const MAX_LIMIT: u8 = 100;

const MAX_NAME_CHARACTERS: usize = 100;

/// The longest address that a mail system can carry: RFC 5321, section 4.5.3.1.3, less the angle brackets.
const MAX_EMAIL_CHARACTERS: usize = 254;

const EMAIL_FORM: &str = "expected 3 to 254 characters without spaces, one @ and a dot in the domain, as in name@example.com";

/// A part of a request is not as it must be. The message names the part and says what is expected.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{part}: {problem}")]
pub(crate) struct Invalid {
    part: String,
    problem: String,
}

impl Invalid {
    fn new(part: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            part: part.into(),
            problem: problem.into(),
        }
    }
}

/// The user that a body describes, whatever its content type is.
///
/// # Errors
///
/// When the body is empty, not JSON, not an object, or has a member that is missing, unknown or out of its bounds.
pub(crate) fn user_fields(body: &[u8]) -> Result<UserFields, Invalid> {
    if body.is_empty() {
        return Err(Invalid::new(
            "body",
            "expected a JSON object with name and email, got nothing",
        ));
    }
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| Invalid::new("body", format!("expected JSON: {error}")))?;
    let Value::Object(mut members) = value else {
        return Err(Invalid::new(
            "body",
            "expected a JSON object with name and email",
        ));
    };
    let name = take_string(&mut members, "name")?;
    let email = take_string(&mut members, "email")?;
    if let Some(member) = members.keys().next() {
        return Err(Invalid::new(
            member.as_str(),
            "unknown member, expected name and email only",
        ));
    }
    Ok(UserFields {
        name: valid_name(&name)?,
        email: valid_email(email)?,
    })
}

/// The size of a page: 1 to 100, or 25 when none is named.
///
/// # Errors
///
/// When the parameter is not a whole number in these bounds.
pub(crate) fn page_limit(parameter: Option<&str>) -> Result<u8, Invalid> {
    let Some(text) = parameter else {
        return Ok(DEFAULT_LIMIT);
    };
    text.parse()
        .ok()
        .filter(|limit| (1..=MAX_LIMIT).contains(limit))
        .ok_or_else(|| {
            Invalid::new(
                "limit",
                format!("expected a whole number from 1 to {MAX_LIMIT}"),
            )
        })
}

/// The id after which a page begins.
///
/// # Errors
///
/// When the parameter is not one that [`page_token`] has written.
pub(crate) fn page_start(parameter: Option<&str>) -> Result<Option<UserId>, Invalid> {
    let Some(token) = parameter else {
        return Ok(None);
    };
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| UserId::parse(&text))
        .map(Some)
        .ok_or_else(|| Invalid::new("next", "expected the value of `next` in an earlier answer"))
}

/// The token for the page after the user `last`.
pub(crate) fn page_token(last: &UserId) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(last.as_str())
}

fn take_string(members: &mut Map<String, Value>, name: &str) -> Result<String, Invalid> {
    match members.remove(name) {
        Some(Value::String(text)) => Ok(text),
        Some(
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_),
        ) => Err(Invalid::new(name, "expected a string")),
        None => Err(Invalid::new(name, "expected a string, it is missing")),
    }
}

fn valid_name(name: &str) -> Result<String, Invalid> {
    let name = name.trim();
    let characters = name.chars().count();
    let is_valid =
        (1..=MAX_NAME_CHARACTERS).contains(&characters) && !name.chars().any(char::is_control);
    is_valid.then(|| name.to_owned()).ok_or_else(|| {
        Invalid::new(
            "name",
            format!(
                "expected 1 to {MAX_NAME_CHARACTERS} characters, none of them a control character"
            ),
        )
    })
}

fn valid_email(email: String) -> Result<String, Invalid> {
    let characters = email.chars().count();
    let has_form = email.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.contains('@') && is_dotted_domain(domain)
    });
    let is_valid = (3..=MAX_EMAIL_CHARACTERS).contains(&characters)
        && !email
            .chars()
            .any(|character| character.is_whitespace() || character.is_control())
        && has_form;
    if is_valid {
        Ok(email)
    } else {
        Err(Invalid::new("email", EMAIL_FORM))
    }
}

fn is_dotted_domain(domain: &str) -> bool {
    domain.contains('.') && domain.split('.').all(|label| !label.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem_of(body: &str) -> String {
        user_fields(body.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn trims_the_name_and_keeps_the_email() {
        let fields = user_fields(br#"{"name":"  Joe Black ","email":"joe@example.com"}"#).unwrap();
        assert_eq!(fields.name, "Joe Black");
        assert_eq!(fields.email, "joe@example.com");
    }

    #[test]
    fn says_where_the_json_is_broken() {
        assert_eq!(
            problem_of("{\n  \"name\": joe}"),
            "body: expected JSON: expected value at line 2 column 11"
        );
    }

    #[test]
    fn refuses_a_body_that_is_no_object() {
        for body in ["[]", "1", "null", "\"name\""] {
            assert_eq!(
                problem_of(body),
                "body: expected a JSON object with name and email"
            );
        }
        assert!(problem_of("").starts_with("body: "));
        assert!(problem_of("  ").starts_with("body: expected JSON: "));
    }

    #[test]
    fn names_the_member_that_is_missing_unknown_or_of_another_type() {
        assert_eq!(
            problem_of(r#"{"name":"Joe"}"#),
            "email: expected a string, it is missing"
        );
        assert_eq!(
            problem_of(r#"{"name":1,"email":"joe@example.com"}"#),
            "name: expected a string"
        );
        assert_eq!(
            problem_of(r#"{"name":"Joe","email":"joe@example.com","age":7}"#),
            "age: unknown member, expected name and email only"
        );
    }

    #[test]
    fn accepts_names_of_1_to_100_characters() {
        assert!(valid_name("é").is_ok());
        assert!(valid_name(&"é".repeat(100)).is_ok());
        assert!(valid_name(&"é".repeat(101)).is_err());
        assert!(valid_name(" \u{a0}\t ").is_err());
        assert!(valid_name("Joe\u{7}Black").is_err());
    }

    #[test]
    fn accepts_emails_with_one_at_and_a_dot_in_the_domain() {
        for email in ["a@b.c", "joe.black+tag@mail.example.com", "é@exämple.org"] {
            assert!(valid_email(email.to_owned()).is_ok(), "{email}");
        }
        for email in [
            "",
            "ab",
            "joe",
            "joe@example",
            "@example.com",
            "joe@@example.com",
            "joe@ex@ample.com",
            "joe@.com",
            "joe@example.",
            "joe black@example.com",
            "joe@example.com ",
            "joe\n@example.com",
        ] {
            assert!(valid_email(email.to_owned()).is_err(), "{email}");
        }
    }

    #[test]
    fn accepts_emails_up_to_254_characters() {
        let domain = "@example.com";
        let longest = format!("{}{domain}", "a".repeat(254 - domain.len()));
        assert!(valid_email(longest.clone()).is_ok());
        assert!(valid_email(format!("a{longest}")).is_err());
    }

    #[test]
    fn reads_a_limit_from_1_to_100() {
        assert_eq!(page_limit(None), Ok(25));
        assert_eq!(page_limit(Some("1")), Ok(1));
        assert_eq!(page_limit(Some("100")), Ok(100));
        for text in ["", "0", "101", "-1", "300", "1.5", "ten", " 5"] {
            assert!(page_limit(Some(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn reads_back_the_page_tokens_that_it_writes_and_no_others() {
        let id = UserId::parse("0123456789abcdefGHIJ").unwrap();
        assert_eq!(page_start(Some(&page_token(&id))), Ok(Some(id)));
        assert_eq!(page_start(None), Ok(None));
        for token in ["", "!", "AAAA", &BASE64_URL_SAFE_NO_PAD.encode([0xff; 20])] {
            assert!(page_start(Some(token)).is_err(), "{token}");
        }
    }
}
