//! Security schemes: which methods need a key, and which are for an authorizer.

use serde_json::{Map, Value};

use super::{Import, parse_upper};
use crate::control::openapi::document::text_of;
use crate::control::openapi::error::ImportError;
use crate::control::openapi::extension;
use crate::rest_api::{Authorizer, AuthorizerKind, Method, jwt_configuration};

/// The header field of a scheme whose authorizer reads none.
pub(in crate::control::openapi) const UNUSED: &str = "Unused";

/// The value of the extension for requests that are signed.
pub(in crate::control::openapi) const SIGV4: &str = "awsSigv4";

/// The longest time for which an authorizer's answer may be used again, in seconds. From the service model.
const RESULT_TTL_MAX_S: u64 = 3_600;

/// What a security scheme stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    /// A key of a usage plan.
    ApiKey,
    /// The authorizer of the same name.
    Authorizer(AuthorizerKind),
    /// A signature of AWS.
    Iam,
    /// Nothing that API Gateway checks.
    Other,
}

impl Import<'_> {
    /// Reads the schemes. Those with an authorizer become one, whether a method names them or not.
    pub(super) fn read_security_schemes(&mut self) -> Result<(), ImportError> {
        let Some(schemes) = self
            .document
            .parts("securityDefinitions", "securitySchemes")
        else {
            return Ok(());
        };
        for (name, scheme) in schemes {
            let what = format!("Security scheme '{name}'");
            let Some(scheme) = self.resolve_map(scheme, &what)? else {
                continue;
            };
            let scheme = match scheme.get(extension::AUTHORIZER) {
                Some(members) => self.read_authorizer(name, scheme, members),
                None => without_authorizer(scheme),
            };
            self.schemes.insert(name.clone(), scheme);
        }
        Ok(())
    }

    /// Applies the requirements of an operation, or those of the document if it has none.
    pub(super) fn secure(
        &mut self,
        operation: &Map<String, Value>,
        method: &mut Method,
    ) -> Result<(), ImportError> {
        let requirements = operation
            .get("security")
            .or_else(|| self.document.get("security"))
            .and_then(Value::as_array);
        for requirement in requirements.into_iter().flatten() {
            for (name, scopes) in requirement.as_object().into_iter().flatten() {
                self.budget_for_requirement(name, scopes)?;
                match self.schemes.get(name) {
                    None => self.warnings.add(format!(
                        "Security scheme '{name}' is not defined. Ignoring."
                    )),
                    Some(Scheme::ApiKey) => method.api_key_required = true,
                    Some(Scheme::Iam) => "AWS_IAM".clone_into(&mut method.authorization_type),
                    Some(Scheme::Other) => self.warnings.add(format!(
                        "Security scheme '{name}' has no authorizer. Ignoring."
                    )),
                    // A method has one authorizer: the first that is named.
                    Some(Scheme::Authorizer(_)) if method.authorizer_id.is_some() => {}
                    Some(Scheme::Authorizer(kind)) => {
                        authorization_type(*kind).clone_into(&mut method.authorization_type);
                        method.authorizer_id = Some(name.clone());
                        method.authorization_scopes = scopes
                            .as_array()
                            .into_iter()
                            .flatten()
                            .filter_map(text_of)
                            .collect();
                    }
                }
            }
        }
        let auth = operation
            .get(extension::AUTH)
            .and_then(|auth| auth.get("type"));
        if let Some(auth) = auth.and_then(Value::as_str) {
            let auth = auth.to_ascii_uppercase();
            if auth == "NONE" {
                method.authorizer_id = None;
                method.authorization_scopes.clear();
            }
            method.authorization_type = auth;
        }
        Ok(())
    }

    /// The document's requirements are copied into each method.
    fn budget_for_requirement(&mut self, name: &str, scopes: &Value) -> Result<(), ImportError> {
        let scopes = scopes
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        let scopes: usize = scopes.map(str::len).fold(0, usize::saturating_add);
        self.spend(name.len().saturating_add(scopes))
    }

    fn read_authorizer(
        &mut self,
        name: &str,
        scheme: &Map<String, Value>,
        members: &Value,
    ) -> Scheme {
        let kind = members
            .get("type")
            .and_then(|kind| parse_upper(kind, AuthorizerKind::parse));
        let Some(kind) = kind else {
            self.errors.add(format!(
                "Unable to create authorizer '{name}': its type has to be token, request, cognito_user_pools or jwt"
            ));
            return Scheme::Other;
        };
        let text = |member: &str| members.get(member).and_then(text_of);
        let result_ttl = members.get("authorizerResultTtlInSeconds");
        let ttl_in_seconds = result_ttl
            .and_then(text_of)
            .and_then(|text| text.parse().ok())
            .filter(|ttl: &u64| *ttl <= RESULT_TTL_MAX_S)
            .and_then(|ttl| u32::try_from(ttl).ok());
        if result_ttl.is_some() && ttl_in_seconds.is_none() {
            self.warnings.add(format!(
                "Invalid format for 'authorizerResultTtlInSeconds' of authorizer '{name}'. Ignoring."
            ));
        }
        let jwt = members.get("jwtConfiguration").map(jwt_configuration);
        if matches!(jwt, Some(Err(_))) {
            self.warnings.add(format!(
                "Invalid format for 'jwtConfiguration' of authorizer '{name}'. Ignoring."
            ));
        }
        let authorizer = Authorizer {
            id: name.to_owned(),
            name: name.to_owned(),
            kind,
            provider_arns: members
                .get("providerARNs")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(text_of)
                .collect(),
            auth_type: scheme.get(extension::AUTH_TYPE).and_then(text_of),
            authorizer_uri: text("authorizerUri"),
            authorizer_credentials: text("authorizerCredentials"),
            identity_source: text("identitySource").or_else(|| default_source(kind, scheme)),
            identity_validation_expression: text("identityValidationExpression"),
            authorizer_result_ttl_in_seconds: ttl_in_seconds,
            jwt_configuration: jwt.and_then(Result::ok),
        };
        self.authorizers.insert(name.to_owned(), authorizer);
        Scheme::Authorizer(kind)
    }
}

/// Where an authorizer of one token finds it if nothing is said: in the scheme's own header field. Recorded from API Gateway.
fn default_source(kind: AuthorizerKind, scheme: &Map<String, Value>) -> Option<String> {
    match kind {
        AuthorizerKind::Token | AuthorizerKind::CognitoUserPools => scheme
            .get("name")
            .and_then(Value::as_str)
            .filter(|name| *name != UNUSED)
            .map(|name| format!("method.request.header.{name}")),
        AuthorizerKind::Request | AuthorizerKind::Jwt => None,
    }
}

fn without_authorizer(scheme: &Map<String, Value>) -> Scheme {
    let text = |name: &str| scheme.get(name).and_then(Value::as_str).unwrap_or_default();
    if text(extension::AUTH_TYPE).eq_ignore_ascii_case(SIGV4) {
        Scheme::Iam
    } else if text("type") == "apiKey" {
        Scheme::ApiKey
    } else {
        Scheme::Other
    }
}

/// The type of a method that an authorizer of this kind guards.
const fn authorization_type(kind: AuthorizerKind) -> &'static str {
    match kind {
        AuthorizerKind::Token | AuthorizerKind::Request => "CUSTOM",
        AuthorizerKind::CognitoUserPools => "COGNITO_USER_POOLS",
        AuthorizerKind::Jwt => "JWT",
    }
}
