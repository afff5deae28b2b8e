//! Who may call the routes of an HTTP API: `Auth` of the API, and of its events.

use super::PayloadVersion;
use crate::template::{error::TemplateError, field::Field};

/// The longest time that an authorizer's answer may be used for, in seconds.
const REAUTHORIZE_EVERY_MAX_S: u32 = 3_600;

/// A Lambda authorizer of an HTTP API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LambdaAuthorizerSpec {
    /// Its name in `Auth.Authorizers`.
    pub name: String,
    /// `FunctionArn`.
    pub function_arn: String,
    /// The format of the event.
    pub payload_version: PayloadVersion,
    /// Whether the function answers with `isAuthorized` instead of a policy.
    pub simple_responses: bool,
    /// What has to be in a request, as `$request.header.NAME`, `$request.querystring.NAME`, `$stageVariables.NAME`, `$context.NAME`.
    pub identity_sources: Vec<String>,
    /// `Identity.ReauthorizeEvery`: for how long an answer is used, 0 to 3600 s. 0 unless said otherwise.
    pub ttl_s: u32,
}

/// What a route asks of its callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteAuthorization {
    /// Nothing.
    Open,
    /// That they have signed the request.
    Signed,
    /// That the API's Lambda authorizer of this name lets them pass.
    Lambda(String),
    /// Something that is not simulated, by its name: nobody may pass.
    NotSimulated(String),
}

/// `Auth` of an HTTP API.
#[derive(Debug, Clone)]
pub(super) struct ApiAuth {
    /// Those that can be executed.
    pub(super) authorizers: Vec<LambdaAuthorizerSpec>,
    /// The names of the others.
    not_simulated: Vec<String>,
    /// Whether the API has an OpenAPI definition.
    has_definition: bool,
    default: RouteAuthorization,
}

impl ApiAuth {
    /// Reads `Auth` of an API. One with an OpenAPI definition may have authorizers that are not seen here.
    ///
    /// # Errors
    /// A property of the wrong shape, and a default that no authorizer has the name of.
    pub(super) fn read(
        properties: &Field<'_>,
        has_definition: bool,
    ) -> Result<Self, TemplateError> {
        let mut read = Self {
            authorizers: Vec::new(),
            not_simulated: Vec::new(),
            has_definition,
            default: RouteAuthorization::Open,
        };
        let Some(auth) = properties.get("Auth")? else {
            return Ok(read);
        };
        if let Some(authorizers) = auth.get("Authorizers")? {
            for (name, authorizer) in authorizers.entries()? {
                match lambda_authorizer(&name, &authorizer)? {
                    Some(authorizer) => read.authorizers.push(authorizer),
                    None => read.not_simulated.push(name.to_string()),
                }
            }
        }
        if let Some(default) = auth.get("DefaultAuthorizer")? {
            read.default = read.named(&default)?;
        }
        Ok(read)
    }

    /// What a route asks of its callers whose event has these properties.
    ///
    /// # Errors
    /// A name that no authorizer of the API has.
    pub(super) fn of_event(
        &self,
        properties: Option<&Field<'_>>,
    ) -> Result<RouteAuthorization, TemplateError> {
        let auth = match properties {
            Some(properties) => properties.get("Auth")?,
            None => None,
        };
        match auth {
            Some(auth) => match auth.get("Authorizer")? {
                Some(name) => self.named(&name),
                None => Ok(self.default.clone()),
            },
            None => Ok(self.default.clone()),
        }
    }

    fn named(&self, field: &Field<'_>) -> Result<RouteAuthorization, TemplateError> {
        let name = field.text()?;
        if self.authorizers.iter().any(|known| known.name == name) {
            return Ok(RouteAuthorization::Lambda(name.to_owned()));
        }
        match name {
            "NONE" => Ok(RouteAuthorization::Open),
            "AWS_IAM" => Ok(RouteAuthorization::Signed),
            _ if self.has_definition || self.not_simulated.iter().any(|known| known == name) => {
                Ok(RouteAuthorization::NotSimulated(name.to_owned()))
            }
            _ => {
                let message = format!(
                    "refers to {}, which is no authorizer of the API",
                    field.shown()
                );
                let hint = format!("add `{name}` to `Auth.Authorizers` of the API, or write NONE");
                Err(field.error(message, hint))
            }
        }
    }
}

/// The names and places of the authorizers of an HTTP API that are not simulated.
pub(in crate::template) fn not_simulated<'a>(
    auth: &Field<'a>,
) -> Result<Vec<(String, Field<'a>)>, TemplateError> {
    let Some(authorizers) = auth.get("Authorizers")? else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for (name, authorizer) in authorizers.entries()? {
        if authorizer.get("FunctionArn")?.is_none() {
            found.push((name.to_string(), authorizer));
        }
    }
    Ok(found)
}

/// Reads one authorizer; `None` for one that calls no function.
fn lambda_authorizer(
    name: &str,
    authorizer: &Field<'_>,
) -> Result<Option<LambdaAuthorizerSpec>, TemplateError> {
    let Some(function_arn) = authorizer.get("FunctionArn")? else {
        return Ok(None);
    };
    let payload_version = authorizer
        .required("AuthorizerPayloadFormatVersion")?
        .choice(&[("1.0", PayloadVersion::V1), ("2.0", PayloadVersion::V2)])?;
    let simple = authorizer.get("EnableSimpleResponses")?;
    let simple_responses = simple.as_ref().map(Field::flag).transpose()?;
    if let (Some(simple), Some(true), PayloadVersion::V1) =
        (&simple, simple_responses, payload_version)
    {
        return Err(simple.error(
            "needs the format 2.0 of events",
            "write `AuthorizerPayloadFormatVersion: \"2.0\"`, or leave it out",
        ));
    }
    let mut spec = LambdaAuthorizerSpec {
        name: name.to_owned(),
        function_arn: function_arn.text()?.to_owned(),
        payload_version,
        simple_responses: simple_responses.unwrap_or(false),
        identity_sources: Vec::new(),
        ttl_s: 0,
    };
    if let Some(identity) = authorizer.get("Identity")? {
        for (member, place) in [
            ("Headers", "$request.header"),
            ("QueryStrings", "$request.querystring"),
            ("StageVariables", "$stageVariables"),
            ("Context", "$context"),
        ] {
            for source in identity.items_of(member)? {
                let source = format!("{place}.{}", source.text()?);
                spec.identity_sources.push(source);
            }
        }
        let bounds = (0, REAUTHORIZE_EVERY_MAX_S);
        spec.ttl_s = identity.whole_number_of("ReauthorizeEvery", 0, bounds)?;
    }
    Ok(Some(spec))
}
