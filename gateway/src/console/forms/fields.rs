//! Fields of a form or a query.

use http::HeaderValue;

const URLENCODED: &str = "application/x-www-form-urlencoded";

/// Names and values, in the order in which they were sent. A name may be there more than once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::console) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(in crate::console) const NONE: Self = Self(Vec::new());

    /// Reads a query, or the body of a form.
    pub(in crate::console) fn read(bytes: &[u8]) -> Self {
        Self(form_urlencoded::parse(bytes).into_owned().collect())
    }

    /// Reads the body of a request with the content type of a form.
    pub(in crate::console) fn of_body(
        content_type: Option<&HeaderValue>,
        body: &[u8],
    ) -> Result<Self, &'static str> {
        let content_type = content_type.and_then(|value| value.to_str().ok());
        let media_type = content_type.and_then(|text| text.split(';').next());
        match media_type.map(str::trim) {
            Some(media_type) if media_type.eq_ignore_ascii_case(URLENCODED) => Ok(Self::read(body)),
            Some(_) | None => Err("its content type is not application/x-www-form-urlencoded"),
        }
    }

    /// The first value of this name without the space around it; empty when there is none.
    pub(in crate::console) fn get(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// The first value of this name as it was sent.
    pub(in crate::console) fn raw(&self, name: &str) -> &str {
        self.pairs()
            .find(|(known, _)| *known == name)
            .map_or("", |(_, value)| value)
    }

    /// Every value of this name.
    pub(in crate::console) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs()
            .filter(move |(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// Whether a box is ticked.
    pub(in crate::console) fn is_ticked(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// All names and values.
    pub(in crate::console) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_browsers_send_them() {
        let fields =
            Fields::read(b"name=+Gold+%E2%82%AC+&stage=a%3Adev&stage=b%3Aprod&quota=on&note=");
        assert_eq!(fields.get("name"), "Gold €");
        assert_eq!(fields.raw("name"), " Gold € ");
        assert_eq!(fields.all("stage").collect::<Vec<_>>(), ["a:dev", "b:prod"]);
        assert!(fields.is_ticked("quota") && !fields.is_ticked("throttle"));
        assert_eq!((fields.get("note"), fields.get("nothing")), ("", ""));
    }

    #[test]
    fn only_a_forms_body_is_read() {
        let of = |text| Fields::of_body(Some(&HeaderValue::from_static(text)), b"a=1");
        assert!(of("application/x-www-form-urlencoded; charset=utf-8").is_ok());
        assert!(of("application/json").is_err());
        assert!(Fields::of_body(None, b"a=1").is_err());
    }
}
