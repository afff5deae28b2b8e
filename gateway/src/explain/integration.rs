//! What answers a method of a REST API, in words.

use std::collections::BTreeMap;

use tollgate::rest_api::{Integration, IntegrationKind};

use crate::lambda::AwsUri;
use crate::mapping::parameters::substitute_stage_variables;

/// `the Lambda function users`, `a mock answer`; `nothing` where there is no integration. `variables` are the stage's.
pub(crate) fn in_words(
    integration: Option<&Integration>,
    variables: &BTreeMap<String, String>,
) -> String {
    let Some(integration) = integration else {
        return "nothing: it has no integration".to_owned();
    };
    let uri = integration.uri.as_deref().unwrap_or_default();
    let uri = substitute_stage_variables(uri, variables);
    match integration.kind {
        IntegrationKind::Mock => "a mock answer".to_owned(),
        IntegrationKind::HttpProxy => format!("the HTTP backend {uri}"),
        IntegrationKind::Http => format!("the HTTP backend {uri}, with mappings"),
        IntegrationKind::AwsProxy => aws(&uri),
        IntegrationKind::Aws => format!("{}, with mappings", aws(&uri)),
    }
}

fn aws(uri: &str) -> String {
    match AwsUri::parse(uri) {
        Ok(AwsUri::Function(function) | AwsUri::Invoke(Some(function))) => {
            match function.qualifier {
                Some(qualifier) => {
                    format!("the Lambda function {}:{qualifier}", function.name)
                }
                None => format!("the Lambda function {}", function.name),
            }
        }
        Ok(AwsUri::Invoke(None)) => "a Lambda function that the request names".to_owned(),
        Ok(AwsUri::Other(service)) => {
            format!("the AWS service {service}, which is not simulated")
        }
        Err(_) => format!("the AWS service {uri}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: IntegrationKind, uri: &str) -> String {
        let mut integration = Integration::new(kind, "r");
        integration.uri = Some(uri.to_owned());
        let variables = BTreeMap::from([("host".to_owned(), "example.com".to_owned())]);
        in_words(Some(&integration), &variables)
    }

    #[test]
    fn says_who_answers() {
        let function = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:0:function:users:live/invocations";
        assert_eq!(
            said(IntegrationKind::AwsProxy, function),
            "the Lambda function users:live"
        );
        assert_eq!(
            said(
                IntegrationKind::HttpProxy,
                "http://${stageVariables.host}/users"
            ),
            "the HTTP backend http://example.com/users"
        );
        assert_eq!(said(IntegrationKind::Mock, ""), "a mock answer");
        assert_eq!(
            said(
                IntegrationKind::Aws,
                "arn:aws:apigateway:us-east-1:sqs:path/q"
            ),
            "the AWS service sqs, which is not simulated, with mappings"
        );
        assert_eq!(
            in_words(None, &BTreeMap::new()),
            "nothing: it has no integration"
        );
    }
}
