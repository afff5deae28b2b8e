//! The URIs of integrations with AWS services.

/// A function, and the version or alias of it that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionName {
    /// The name.
    pub name: String,
    /// The version or alias. The functions of a template have only one version.
    pub qualifier: Option<String>,
}

/// What an integration URI of AWS asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AwsUri {
    /// `lambda:path/2015-03-31/functions/{function}/invocations`.
    Function(FunctionName),
    /// `lambda:action/Invoke`. The function stands behind `&FunctionName=`, or is mapped into the query.
    Invoke(Option<FunctionName>),
    /// Another service, or another action.
    Other(String),
}

impl FunctionName {
    /// Reads `name`, `name:alias`, `arn:aws:lambda:{region}:{account}:function:{name}` with or without an alias, or
    /// `{account}:function:{name}`.
    pub fn parse(text: &str) -> Option<Self> {
        let local = match text.rsplit_once("function:") {
            Some((_, local)) => local,
            None => text,
        };
        let (name, qualifier) = match local.split_once(':') {
            Some((name, qualifier)) => (name, Some(qualifier)),
            None => (local, None),
        };
        let is_name = |text: &str| {
            !text.is_empty()
                && text
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_$".contains(c))
        };
        if !is_name(name) || !qualifier.is_none_or(is_name) {
            return None;
        }
        Some(Self {
            name: name.to_owned(),
            qualifier: qualifier.map(str::to_owned),
        })
    }
}

impl AwsUri {
    /// Reads `arn:aws:apigateway:{region}:{service}:{path|action}/…`, whose stage variables have been filled in.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as a sentence for the log.
    pub fn parse(uri: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{uri}` is no integration URI: write arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/FUNCTION_ARN/invocations"
            )
        };
        let mut parts = uri.splitn(6, ':');
        let is_arn = parts.next() == Some("arn") && parts.next().is_some();
        if !is_arn || parts.next() != Some("apigateway") {
            return Err(wrong());
        }
        let (Some(_region), Some(service), Some(rest)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong());
        };
        if service != "lambda" {
            return Ok(Self::Other(service.to_owned()));
        }
        if let Some(path) = rest.strip_prefix("path/") {
            let function = path
                .trim_start_matches('/')
                .strip_prefix("2015-03-31/functions/")
                .and_then(|path| path.strip_suffix("/invocations"))
                .and_then(FunctionName::parse);
            return function.map(Self::Function).ok_or_else(wrong);
        }
        let Some(action) = rest.strip_prefix("action/") else {
            return Err(wrong());
        };
        let (action, parameters) = match action.split_once(['&', '?']) {
            Some((action, parameters)) => (action, parameters),
            None => (action, ""),
        };
        if action != "Invoke" {
            return Ok(Self::Other(format!("lambda:action/{action}")));
        }
        let function = form_urlencoded::parse(parameters.as_bytes())
            .find(|(name, _)| name == "FunctionName")
            .map(|(_, value)| FunctionName::parse(&value).ok_or_else(wrong));
        Ok(Self::Invoke(function.transpose()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(name: &str, qualifier: Option<&str>) -> FunctionName {
        FunctionName {
            name: name.to_owned(),
            qualifier: qualifier.map(str::to_owned),
        }
    }

    #[test]
    fn a_function_is_named_by_arn_or_by_name() {
        let named = [
            ("users", function("users", None)),
            ("users:live", function("users", Some("live"))),
            (
                "arn:aws:lambda:us-east-1:000000000000:function:users",
                function("users", None),
            ),
            (
                "arn:aws:lambda:us-east-1:000000000000:function:users:$LATEST",
                function("users", Some("$LATEST")),
            ),
            (
                "000000000000:function:users:7",
                function("users", Some("7")),
            ),
        ];
        for (text, expected) in named {
            assert_eq!(FunctionName::parse(text), Some(expected), "{text}");
        }
        for text in ["", ":live", "a b", "users:", "users:a:b", "../users"] {
            assert_eq!(FunctionName::parse(text), None, "{text}");
        }
    }

    #[test]
    fn integration_uris_name_a_function_or_another_service() {
        let path = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:1:function:f:live/invocations";
        assert_eq!(
            AwsUri::parse(path),
            Ok(AwsUri::Function(function("f", Some("live"))))
        );
        let action = "arn:aws:apigateway:us-east-1:lambda:action/Invoke";
        assert_eq!(AwsUri::parse(action), Ok(AwsUri::Invoke(None)));
        assert_eq!(
            AwsUri::parse(&format!("{action}&FunctionName=f")),
            Ok(AwsUri::Invoke(Some(function("f", None))))
        );
        assert_eq!(
            AwsUri::parse("arn:aws:apigateway:us-east-1:sqs:path/1/queue"),
            Ok(AwsUri::Other("sqs".to_owned()))
        );
    }

    #[test]
    fn what_is_no_integration_uri_is_refused() {
        for uri in [
            "",
            "http://localhost/",
            "arn:aws:lambda:us-east-1:1:function:f",
            "arn:aws:apigateway:us-east-1:lambda",
            "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions//invocations",
            "arn:aws:apigateway:us-east-1:lambda:path/f/invocations",
        ] {
            assert!(AwsUri::parse(uri).is_err(), "{uri}");
        }
    }
}
