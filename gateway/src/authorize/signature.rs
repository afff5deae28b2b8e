//! Requests that an IAM identity has signed. Signatures are not verified: there are no identities here.

use http::{HeaderMap, header};

/// How every version of the algorithm begins.
const ALGORITHM: &str = "AWS4-";

/// The signature of a request, as far as it is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    access_key: String,
}

impl Signature {
    /// The signature in the header field `Authorization`, or in the query of a URL that was signed in advance. `None` when there is
    /// none that names an access key.
    pub fn of(headers: &HeaderMap, query: &str) -> Option<Self> {
        let credential = match headers.get(header::AUTHORIZATION) {
            Some(value) => credential(value.to_str().ok()?)?.to_owned(),
            None => presigned(query)?,
        };
        let (access_key, _scope) = credential.split_once('/')?;
        (!access_key.is_empty()).then(|| Self {
            access_key: access_key.to_owned(),
        })
    }

    /// The id of the access key, which is no secret.
    pub fn access_key(&self) -> &str {
        &self.access_key
    }
}

/// `Credential` of `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, SignedHeaders=…, Signature=…`.
fn credential(authorization: &str) -> Option<&str> {
    let (algorithm, parts) = authorization.split_once(' ')?;
    if !algorithm.starts_with(ALGORITHM) {
        return None;
    }
    let member = |name: &str| {
        parts
            .split(',')
            .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
    };
    member("Signature").filter(|it| !it.is_empty())?;
    member("Credential")
}

fn presigned(query: &str) -> Option<String> {
    let parameter = |name: &str| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.into_owned())
            .filter(|value| !value.is_empty())
    };
    parameter("X-Amz-Algorithm").filter(|it| it.starts_with(ALGORITHM))?;
    parameter("X-Amz-Signature")?;
    parameter("X-Amz-Credential")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const SCOPE: &str = "20261128/us-east-1/lambda/aws4_request";

    fn key(authorization: &str, query: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        if !authorization.is_empty() {
            let value = HeaderValue::from_str(authorization).unwrap();
            headers.insert(header::AUTHORIZATION, value);
        }
        Signature::of(&headers, query).map(|signature| signature.access_key().to_owned())
    }

    #[test]
    fn the_access_key_is_read_from_the_header_or_the_query() {
        let header = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{SCOPE}, SignedHeaders=host;x-amz-date, Signature=ab"
        );
        assert_eq!(key(&header, "").as_deref(), Some("AKIDEXAMPLE"));
        assert_eq!(
            key(&header.replace(", ", ","), "").as_deref(),
            Some("AKIDEXAMPLE")
        );
        let query = format!(
            "a=b&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID2%2F{}&X-Amz-Signature=ab",
            SCOPE.replace('/', "%2F")
        );
        assert_eq!(key("", &query).as_deref(), Some("AKID2"));
    }

    #[test]
    fn what_is_no_signature_is_none() {
        for authorization in [
            "",
            "Bearer a",
            "AWS4-HMAC-SHA256",
            "AWS4-HMAC-SHA256 Credential=A/b",
            "AWS4-HMAC-SHA256 Credential=/b, Signature=ab",
            "AWS4-HMAC-SHA256 Credential=A, Signature=ab",
            "AWS4-HMAC-SHA256 Signature=ab",
            "AWS4-HMAC-SHA256 Credential=A/b, Signature=",
        ] {
            assert_eq!(key(authorization, ""), None, "{authorization}");
        }
        assert_eq!(key("", "X-Amz-Credential=A%2Fb&X-Amz-Signature=ab"), None);
    }
}
