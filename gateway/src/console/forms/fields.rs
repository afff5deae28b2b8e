//! Fields of a form or a query.

use std::fmt;

use bytes::Bytes;
use http::HeaderValue;
use http_body_util::{BodyExt as _, Full};
use multer::Multipart;

const URLENCODED: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data";

/// Names and values, in the order in which they were sent. A name may be there more than once.
#[derive(Clone, Default, PartialEq, Eq)]
pub(in crate::console) struct Fields {
    texts: Vec<(String, String)>,
    /// What was in files, which need not be text.
    files: Vec<(String, Bytes)>,
}

/// Shows names alone: among the values are those of keys, and the token.
impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = self.texts.iter().map(|(name, _)| name);
        let files = self.files.iter().map(|(name, _)| name);
        f.debug_list().entries(texts.chain(files)).finish()
    }
}

impl Fields {
    pub(in crate::console) const NONE: Self = Self {
        texts: Vec::new(),
        files: Vec::new(),
    };

    /// Reads a query, or the body of a form.
    pub(in crate::console) fn read(bytes: &[u8]) -> Self {
        Self {
            texts: form_urlencoded::parse(bytes).into_owned().collect(),
            files: Vec::new(),
        }
    }

    /// Reads the body of a request with the content type of a form.
    pub(in crate::console) async fn of_body(
        content_type: Option<&HeaderValue>,
        body: &Bytes,
    ) -> Result<Self, &'static str> {
        let content_type = content_type.and_then(|value| value.to_str().ok());
        let media_type = content_type.and_then(|text| text.split(';').next());
        let is = |wanted| media_type.is_some_and(|it| it.trim().eq_ignore_ascii_case(wanted));
        if is(URLENCODED) {
            Ok(Self::read(body))
        } else if is(MULTIPART) {
            let boundary = content_type.and_then(|text| multer::parse_boundary(text).ok());
            Self::of_parts(
                boundary.ok_or("it does not name the boundary of its parts")?,
                body,
            )
            .await
        } else {
            Err("its content type is not application/x-www-form-urlencoded")
        }
    }

    /// Reads a form with files.
    async fn of_parts(boundary: String, body: &Bytes) -> Result<Self, &'static str> {
        const BROKEN: &str = "its parts cannot be told apart";
        let mut parts = Multipart::new(Full::new(body.clone()).into_data_stream(), boundary);
        let mut fields = Self::default();
        while let Some(part) = parts.next_field().await.map_err(|_broken| BROKEN)? {
            let name = part.name().unwrap_or_default().to_owned();
            let is_file = part.file_name().is_some();
            let bytes = part.bytes().await.map_err(|_broken| BROKEN)?;
            if is_file {
                fields.push_file(name, bytes);
            } else {
                let text = String::from_utf8(bytes.into());
                fields.push(name, text.map_err(|_no_text| "a field of it is not UTF-8")?);
            }
        }
        Ok(fields)
    }

    pub(in crate::console) fn push(&mut self, name: String, text: String) {
        self.texts.push((name, text));
    }

    pub(in crate::console) fn push_file(&mut self, name: String, bytes: Bytes) {
        self.files.push((name, bytes));
    }

    /// What is in the first file of this name.
    pub(in crate::console) fn file(&self, name: &str) -> Option<&Bytes> {
        let mut files = self.files.iter();
        let (_, bytes) = files.find(|(known, _)| known == name)?;
        Some(bytes)
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
        self.texts
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

    async fn of(content_type: &'static str, body: &'static [u8]) -> Result<Fields, &'static str> {
        let content_type = HeaderValue::from_static(content_type);
        Fields::of_body(Some(&content_type), &Bytes::from_static(body)).await
    }

    #[tokio::test]
    async fn only_a_forms_body_is_read() {
        let urlencoded = "application/x-www-form-urlencoded; charset=utf-8";
        assert!(of(urlencoded, b"a=1").await.is_ok());
        assert!(of("application/json", b"a=1").await.is_err());
        assert!(of("multipart/form-data", b"a=1").await.is_err());
        assert!(Fields::of_body(None, &Bytes::new()).await.is_err());
    }

    #[tokio::test]
    async fn a_form_with_files_has_texts_and_bytes() {
        const BODY: &[u8] = b"--x\r\ncontent-disposition: form-data; name=\"csrf\"\r\n\r\ntoken\r\n\
            --x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"keys.csv\"\r\ncontent-type: text/csv\r\n\r\nName,\xff\n\r\n--x--\r\n";
        let fields = of("multipart/form-data; boundary=x", BODY).await.unwrap();
        assert_eq!(fields.get("csrf"), "token");
        let file = Bytes::from_static(b"Name,\xff\n");
        assert_eq!(fields.file("file"), Some(&file));
        assert_eq!((fields.get("file"), fields.file("csrf")), ("", None));
        let cut = &BODY[..BODY.len() - 12];
        assert!(of("multipart/form-data; boundary=x", cut).await.is_err());
    }
}
