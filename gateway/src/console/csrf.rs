//! Forms that only this console's pages can send.
//!
//! A random token stands in a cookie and in each form, and both have to be the same: a page from elsewhere can send the cookie along, and
//! cannot read it. The admin port's guard refuses such pages before.

use std::fmt;
use std::sync::OnceLock;

use http::{HeaderMap, HeaderValue};
use maud::{Markup, html};
use tollgate::random::{self, BASE62, NoEntropy};

use super::cookie;

/// The hidden field of each form.
pub(super) const FIELD: &str = "csrf";

const COOKIE: &str = "tollgate-csrf";

/// 22 letters and digits are 130 bits.
const TOKEN_LEN: usize = 22;

/// The token of all visitors who have none yet: a browser may open several pages before it keeps the cookie of one of them.
#[derive(Default)]
pub(super) struct NewToken(OnceLock<String>);

impl NewToken {
    fn get(&self) -> Result<String, NoEntropy> {
        if let Some(text) = self.0.get() {
            return Ok(text.clone());
        }
        let text = random::text(BASE62, TOKEN_LEN)?;
        Ok(self.0.get_or_init(|| text).clone())
    }
}

/// The token of a visitor.
pub(super) struct Token {
    text: String,
    is_new: bool,
}

impl Token {
    /// The visitor's token, or the one for new visitors.
    pub(super) fn of(headers: &HeaderMap, new: &NewToken) -> Result<Self, NoEntropy> {
        let known = cookie::get(headers, COOKIE).filter(|text| is_token(text));
        Ok(match known {
            Some(text) => Self {
                text: text.to_owned(),
                is_new: false,
            },
            None => Self {
                text: new.get()?,
                is_new: true,
            },
        })
    }

    /// Whether a form came from a page of this visitor's.
    pub(super) fn is_in(&self, field: &str) -> bool {
        !self.is_new && equal(self.text.as_bytes(), field.as_bytes())
    }

    /// The hidden field.
    pub(super) fn field(&self) -> Markup {
        html! { input type="hidden" name=(FIELD) value=(self.text); }
    }

    /// The cookie, for a visitor who does not have it yet.
    pub(super) fn cookie(&self) -> Option<HeaderValue> {
        self.is_new.then(|| cookie::set(COOKIE, &self.text))?
    }
}

/// Shows nothing of the token.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

fn is_token(text: &str) -> bool {
    text.len() == TOKEN_LEN && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Compares in a time that says nothing of where the texts differ.
fn equal(one: &[u8], other: &[u8]) -> bool {
    let differences = one
        .iter()
        .zip(other)
        .fold(0, |differences, (a, b)| differences | (a ^ b));
    one.len() == other.len() && std::hint::black_box(differences) == 0
}

#[cfg(test)]
mod tests {
    use http::header;

    use super::*;

    fn with_cookie(text: &str) -> Token {
        let mut headers = HeaderMap::new();
        let line = format!("{COOKIE}={text}");
        headers.insert(header::COOKIE, line.parse().unwrap());
        Token::of(&headers, &NewToken::default()).unwrap()
    }

    #[test]
    fn a_form_with_the_cookies_token_is_the_visitors() {
        let token = with_cookie("abcdefghijklmnopqrstuv");
        assert!(token.is_in("abcdefghijklmnopqrstuv"));
        assert!(token.cookie().is_none(), "the visitor has it already");
        for other in ["", "abcdefghijklmnopqrstu", "abcdefghijklmnopqrstuw"] {
            assert!(!token.is_in(other), "{other}");
        }
    }

    #[test]
    fn a_visitor_without_a_token_gets_one_and_can_send_no_form_before() {
        for text in [
            "",
            "short",
            "abcdefghijklmnopqrst;v",
            "<<<<<<<<<<<<<<<<<<<<<<",
        ] {
            let token = with_cookie(text);
            assert!(!token.is_in(text), "{text}");
            assert!(!token.is_in(&token.text), "{text}");
            assert!(token.cookie().is_some(), "{text}");
        }
        let first = |new| Token::of(&HeaderMap::new(), new).unwrap().text;
        let (new, other) = (NewToken::default(), NewToken::default());
        assert_eq!(first(&new), first(&new), "two tabs that open at once");
        assert_ne!(first(&new), first(&other));
    }

    #[test]
    fn a_token_shows_nowhere_but_in_its_field() {
        let token = with_cookie("abcdefghijklmnopqrstuv");
        assert_eq!(format!("{token:?}"), "Token(..)");
        assert!(
            token
                .field()
                .into_string()
                .contains("abcdefghijklmnopqrstuv")
        );
    }
}
