//! Who may call a route or a function URL.

use serde_json::{Map, Value};
use tracing::{info, warn};

use super::HttpApis;
use crate::authorize::{self, Authorized, LambdaAuthorizer, Refused, Signature};
use crate::event::{IamCaller, ProxyRequest};
use crate::fault::Fault;
use crate::incoming::RequestIds;
use crate::lambda::Target;
use crate::template::PayloadVersion;

/// The identity that every signed request is said to come from: there are no others here.
const USER_ID: &str = "AIDATOLLGATELOCALUSER";

/// What a route or a function URL asks of its callers.
#[derive(Clone, Debug)]
pub enum Access {
    /// Nothing.
    Open,
    /// A signature. It is not verified: there are no identities here.
    Signed,
    /// That a function lets them pass.
    Authorizer {
        /// How the function is asked.
        authorizer: Box<LambdaAuthorizer>,
        /// The function, or why it cannot be called.
        target: Result<Target, String>,
    },
    /// Something that is not simulated, by its name: nobody passes.
    NotSimulated(String),
}

/// What is known of a caller who may pass. The authorizer's context may hold secrets.
#[derive(Default)]
pub(super) struct Caller {
    /// What the authorizer says of the caller.
    context: Option<Map<String, Value>>,
    signature: Option<Signature>,
    user_arn: String,
}

impl Access {
    /// Lets a request pass, or not. `payload_version` is the format of the event that the caller is described in.
    ///
    /// # Errors
    ///
    /// The [`Fault`] to answer. The reason has been logged.
    pub(super) async fn check(
        &self,
        apis: &HttpApis,
        request: &ProxyRequest<'_>,
        payload_version: PayloadVersion,
        ids: &RequestIds,
    ) -> Result<Caller, Fault> {
        match self {
            Self::Open => Ok(Caller::default()),
            Self::Signed => {
                let signature = Signature::of(request.headers, request.query);
                if signature.is_none() {
                    info!(
                        api.id = request.api_id,
                        request_id = request.request_id,
                        decision = "unsigned",
                        "denied a request: it has no AWS signature, which AWS_IAM asks for"
                    );
                    return Err(Fault::Forbidden);
                }
                Ok(Caller {
                    signature,
                    user_arn: format!("arn:aws:iam::{}:user/local", apis.account_id),
                    ..Caller::default()
                })
            }
            Self::Authorizer { authorizer, target } => {
                let invoke = |event| authorize::call(&apis.lambdas, target.as_ref(), event, ids);
                let outcome = apis
                    .authorizers
                    .authorize(authorizer, request, &apis.region, invoke)
                    .await;
                match outcome {
                    Ok(authorized) => Ok(Caller {
                        context: Some(context(&authorized, payload_version)),
                        ..Caller::default()
                    }),
                    Err(refused) => Err(fault(&refused)),
                }
            }
            Self::NotSimulated(name) => {
                warn!(
                    api.id = request.api_id,
                    request_id = request.request_id,
                    "a request is answered 500: the authorizer `{name}` is not simulated; Lambda authorizers and AWS_IAM are"
                );
                Err(Fault::Authorizer)
            }
        }
    }
}

impl Caller {
    /// The request with what is known of its caller.
    pub(super) fn described_in<'a>(
        &'a self,
        request: &ProxyRequest<'a>,
        account_id: &'a str,
    ) -> ProxyRequest<'a> {
        let caller = self.signature.as_ref().map(|signature| IamCaller {
            access_key: signature.access_key(),
            account_id,
            user_arn: &self.user_arn,
            user_id: USER_ID,
        });
        ProxyRequest {
            authorizer: self.context.as_ref(),
            caller,
            ..*request
        }
    }
}

/// The function's context; in the format 1.0 the principal stands with it, as for REST APIs.
fn context(authorized: &Authorized, payload_version: PayloadVersion) -> Map<String, Value> {
    let mut context = authorized.context().clone();
    match (payload_version, authorized.principal_id()) {
        (PayloadVersion::V1, Some(principal_id)) => {
            context.insert("principalId".to_owned(), principal_id.into());
        }
        (PayloadVersion::V1, None) | (PayloadVersion::V2, _) => {}
    }
    context
}

const fn fault(refused: &Refused) -> Fault {
    match refused {
        Refused::Unauthorized => Fault::Unauthorized,
        Refused::ExplicitDeny(_) | Refused::ImplicitDeny(_) => Fault::Forbidden,
        Refused::AuthorizerConfiguration => Fault::Authorizer,
    }
}
