//! What a page says of what was done on the page before, once: it travels in a cookie over the redirect.

use http::{HeaderMap, HeaderValue};
use maud::{Markup, html};
use percent_encoding::percent_decode_str;

use super::{cookie, path};

const COOKIE: &str = "tollgate-flash";

/// A longer text is cut: browsers do not keep cookies of more than 4 KB.
const MAX_ENCODED_BYTES: usize = 3_500;

/// Something to say once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flash {
    kind: Kind,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Done,
    Failed,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

impl Flash {
    pub(super) fn done(text: impl Into<String>) -> Self {
        Self {
            kind: Kind::Done,
            text: text.into(),
        }
    }

    pub(super) fn failed(text: impl Into<String>) -> Self {
        Self {
            kind: Kind::Failed,
            text: text.into(),
        }
    }

    /// What the page before has left.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let (kind, text) = cookie::get(headers, COOKIE)?.split_once('.')?;
        let kind = [Kind::Done, Kind::Failed]
            .into_iter()
            .find(|known| known.as_str() == kind)?;
        let text = percent_decode_str(text).decode_utf8().ok()?.into_owned();
        Some(Self { kind, text })
    }

    pub(super) fn cookie(&self) -> Option<HeaderValue> {
        let text = path::segment(&cut(&self.text));
        cookie::set(COOKIE, &format!("{}.{text}", self.kind.as_str()))
    }

    pub(super) fn clearing_cookie() -> Option<HeaderValue> {
        cookie::clear(COOKIE)
    }

    pub(super) fn render(&self) -> Markup {
        match self.kind {
            Kind::Done => html! { p.flash.done role="status" { (self.text) } },
            Kind::Failed => html! { p.flash.failed role="alert" { (self.text) } },
        }
    }
}

/// As much of a text as a cookie can have.
fn cut(text: &str) -> String {
    let mut left = MAX_ENCODED_BYTES;
    let fits = |character: &char| {
        let mut bytes = [0; 4];
        let encoded = path::segment(character.encode_utf8(&mut bytes)).len();
        let rest = left.checked_sub(encoded);
        left = rest.unwrap_or(0);
        rest.is_some()
    };
    text.chars().take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use http::header;

    use super::*;

    #[test]
    fn a_long_text_is_cut_to_what_browsers_keep() {
        for text in ["a".repeat(9_000), "鍵".repeat(600), "🔑".repeat(600)] {
            let cookie = Flash::done(text.as_str()).cookie().unwrap();
            assert!(cookie.len() < 4_000, "{}", cookie.len());
            assert!(cookie.len() > 3_400, "{}", cookie.len());
            assert!(text.starts_with(&cut(&text)));
        }
    }

    #[test]
    fn what_is_left_to_say_arrives_whole_and_is_no_markup() {
        for flash in [
            Flash::done("created; “Gold” = 100 %"),
            Flash::failed("<script>alert(1)</script>"),
        ] {
            let set = flash.cookie().unwrap();
            let pair = set.to_str().unwrap().split_once(';').unwrap().0;
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, pair.parse().unwrap());
            let read = Flash::of(&headers).unwrap();
            assert_eq!(read, flash);
            assert!(!read.render().into_string().contains("<script"));
        }
    }
}
