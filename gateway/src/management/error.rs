//! Why keys and plans could not be managed.

use tollgate::id::{ApiStage, KeyId, PlanId};
use tollgate::store::{RegistryError, StoreError};

use crate::remote::{CallError, CallErrorKind, Refusal};

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum ManagementError {
    /// The change cannot be made, or the table does not answer.
    #[error(transparent)]
    Registry(RegistryError),
    /// The management API refuses it, for a reason that a table does not have.
    #[error("{0}")]
    Refused(String),
    /// The management API does not answer.
    #[error(transparent)]
    Call(CallError),
}

impl From<RegistryError> for ManagementError {
    fn from(error: RegistryError) -> Self {
        Self::Registry(error)
    }
}

impl From<StoreError> for ManagementError {
    fn from(error: StoreError) -> Self {
        Self::Registry(error.into())
    }
}

impl From<CallError> for ManagementError {
    fn from(error: CallError) -> Self {
        match &error.kind {
            CallErrorKind::Throttled(message)
                if *message == RegistryError::Contended.to_string() =>
            {
                RegistryError::Contended.into()
            }
            CallErrorKind::Throttled(_)
            | CallErrorKind::NoCredentials(_)
            | CallErrorKind::Request(_)
            | CallErrorKind::Unreachable(_)
            | CallErrorKind::TimedOut(_)
            | CallErrorKind::Denied(_)
            | CallErrorKind::CredentialsRefused(_)
            | CallErrorKind::Failed { .. }
            | CallErrorKind::NotManagement(_) => Self::Call(error),
        }
    }
}

/// What a call was about, to name it in an error: the API's own texts do not name everything.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Subject<'a> {
    pub(super) key: Option<&'a KeyId>,
    pub(super) plan: Option<&'a PlanId>,
}

impl Subject<'_> {
    /// The error of the registry that the API has put into words, told by its text; or else the API's words.
    pub(super) fn error(self, refusal: Refusal) -> ManagementError {
        let message = refusal.message;
        let known = self.errors().into_iter().chain(written(&message));
        match known.into_iter().find(|error| error.to_string() == message) {
            Some(error) => error.into(),
            None => ManagementError::Refused(message),
        }
    }

    /// The errors that say no more than what the call was about.
    fn errors(self) -> Vec<RegistryError> {
        let mut errors = vec![RegistryError::ValueTaken];
        errors.extend(self.key.cloned().map(RegistryError::NoSuchKey));
        errors.extend(self.plan.cloned().map(RegistryError::NoSuchPlan));
        errors.extend(
            self.key
                .zip(self.plan)
                .map(|(key_id, plan_id)| RegistryError::NotInPlan {
                    key_id: key_id.clone(),
                    plan_id: plan_id.clone(),
                }),
        );
        errors
    }
}

/// The errors that a text may be of, with what stands in it.
fn written(message: &str) -> Vec<RegistryError> {
    let stage_taken = || {
        Some(RegistryError::StageTaken {
            key_id: between(message, "API Key ", " is")?.into(),
            plan_id: between(message, "usage plan ", ",")?.into(),
            api_stage: ApiStage::parse(between(message, "the stage ", " too;")?)?,
        })
    };
    let has_stages = || {
        Some(RegistryError::HasStages {
            plan_id: between(message, "Usage Plan ", " because")?.into(),
            api_stage: ApiStage::parse(message.split_once("including ")?.1)?,
        })
    };
    let no_such_stage = || {
        let api_stage = message.split_once(": ")?.1;
        Some(RegistryError::NoSuchStage(ApiStage::parse(api_stage)?))
    };
    [stage_taken(), has_stages(), no_such_stage()]
        .into_iter()
        .flatten()
        .collect()
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    let (between, _) = rest.split_once(end)?;
    Some(between)
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn read(error: &RegistryError) -> ManagementError {
        let (key, plan) = ("k1".into(), "p1".into());
        let subject = Subject {
            key: Some(&key),
            plan: Some(&plan),
        };
        subject.error(Refusal {
            status: StatusCode::BAD_REQUEST,
            message: error.to_string(),
        })
    }

    #[test]
    fn an_error_of_the_registry_is_the_same_after_it_went_over_the_wire() {
        let stage = || ApiStage::new("users", "dev");
        for error in [
            RegistryError::NoSuchKey("k1".into()),
            RegistryError::NoSuchPlan("p1".into()),
            RegistryError::NotInPlan {
                key_id: "k1".into(),
                plan_id: "p1".into(),
            },
            RegistryError::ValueTaken,
            RegistryError::NoSuchStage(stage()),
            RegistryError::StageTaken {
                key_id: "k1".into(),
                plan_id: "p2".into(),
                api_stage: stage(),
            },
            RegistryError::HasStages {
                plan_id: "p1".into(),
                api_stage: stage(),
            },
        ] {
            match read(&error) {
                ManagementError::Registry(read) => {
                    assert_eq!(format!("{read:?}"), format!("{error:?}"));
                }
                other => panic!("{error:?} became {other:?}"),
            }
        }
    }

    #[test]
    fn an_error_of_the_api_alone_keeps_its_text() {
        let refusal = Refusal {
            status: StatusCode::BAD_REQUEST,
            message: "API Stage not found: none".to_owned(),
        };
        let error = Subject::default().error(refusal);
        assert!(
            matches!(&error, ManagementError::Refused(text) if text == "API Stage not found: none"),
            "{error:?}"
        );
    }
}
