//! Signatures of requests (AWS Signature Version 4): read, so that a broken client is told, and not verified.

use http::{HeaderMap, header};

use super::error::{ControlError, Kind};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The parts that a signature has to have, as AWS names them when one is missing.
const PARTS: [&str; 3] = ["Credential", "Signature", "SignedHeaders"];

/// Refuses a header field `Authorization` that is no signature of AWS. A request without one may pass: nothing is verified anyway.
pub(super) fn check(headers: &HeaderMap) -> Result<(), ControlError> {
    let Some(field) = headers.get(header::AUTHORIZATION) else {
        return Ok(());
    };
    let incomplete = |message: String| ControlError::new(Kind::IncompleteSignature, message);
    let Ok(field) = field.to_str() else {
        return Err(incomplete(
            "Authorization header is not printable text.".to_owned(),
        ));
    };
    let Some(parameters) = field.strip_prefix(ALGORITHM) else {
        return Err(incomplete(format!(
            "Authorization header requires the algorithm '{ALGORITHM}'."
        )));
    };
    let missing: Vec<String> = PARTS
        .iter()
        .filter(|part| !has(parameters, part))
        .map(|part| format!("Authorization header requires '{part}' parameter."))
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(incomplete(missing.join(" ")))
    }
}

fn has(parameters: &str, part: &str) -> bool {
    parameters.split(',').any(|parameter| {
        parameter
            .trim()
            .split_once('=')
            .is_some_and(|(name, value)| name == part && !value.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn checked(field: Option<&'static str>) -> Result<(), ControlError> {
        let mut headers = HeaderMap::new();
        if let Some(field) = field {
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static(field));
        }
        check(&headers)
    }

    #[test]
    fn a_signature_of_a_client_and_none_at_all_may_pass() {
        let signature = "AWS4-HMAC-SHA256 Credential=AKID/20261123/us-east-1/apigateway/aws4_request, SignedHeaders=host;x-amz-date, Signature=0f";
        assert_eq!(checked(Some(signature)), Ok(()));
        assert_eq!(checked(None), Ok(()));
    }

    #[test]
    fn a_field_that_is_no_signature_is_refused_with_what_it_lacks() {
        let error = checked(Some("Basic dXNlcjpwYXNz")).unwrap_err();
        assert_eq!(error.kind(), Kind::IncompleteSignature);
        let error = checked(Some("AWS4-HMAC-SHA256 Credential=AKID")).unwrap_err();
        assert_eq!(
            error.message(),
            "Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter."
        );
    }
}
