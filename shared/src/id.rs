//! Names of things: keys, plans, APIs and stages.
//!
//! Each id is a type of its own, so that a key's id cannot stand where a plan's belongs. A text of up to 15 bytes stands in the id
//! itself, as Tollgate's and AWS's ids do; clones share a longer one.

use std::fmt;

use ecow::EcoString;

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(EcoString);

        impl $name {
            /// Takes the text as it is.
            pub fn new(text: impl Into<EcoString>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::new(text)
            }
        }
    };
}

id_type! {
    /// The public id of an API key: 10 lower-case letters and digits when Tollgate made it.
    KeyId
}
id_type! {
    /// The id of a usage plan: 6 lower-case letters and digits when Tollgate made it.
    PlanId
}
id_type! {
    /// The id of an API, as in `requestContext.apiId`.
    ApiId
}
id_type! {
    /// The name of a stage, such as `dev` or `prod`.
    StageName
}

/// One stage of one API: what a usage plan covers.
///
/// ```
/// use tollgate::id::ApiStage;
///
/// let stage = ApiStage::parse("users:dev").unwrap();
/// assert_eq!(stage.api_id.as_str(), "users");
/// assert_eq!(stage.to_string(), "users:dev");
/// assert!(ApiStage::parse("users").is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiStage {
    /// The API.
    pub api_id: ApiId,
    /// Its stage.
    pub stage: StageName,
}

impl ApiStage {
    /// The stage `stage` of the API `api_id`.
    pub fn new(api_id: impl Into<ApiId>, stage: impl Into<StageName>) -> Self {
        Self {
            api_id: api_id.into(),
            stage: stage.into(),
        }
    }

    /// Reads `API_ID:STAGE`, as API Gateway's patch operations write it. Neither part may be empty.
    pub fn parse(text: &str) -> Option<Self> {
        let (api_id, stage) = text.split_once(':')?;
        (!api_id.is_empty() && !stage.is_empty()).then(|| Self::new(api_id, stage))
    }
}

impl fmt::Display for ApiStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.api_id, self.stage)
    }
}
