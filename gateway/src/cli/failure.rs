//! Why a command was not done.

use std::error::Error;
use std::process::ExitCode;

use tollgate::store::{RegistryError, StoreError};

use crate::management::ManagementError;
use crate::migration::{MigrationError, MigrationErrorKind};
use crate::remote::{CallError, CallErrorKind};

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It did what it was asked for. Exit code 0.
    Done,
    /// What it was asked for cannot be done: not found, a conflict, a confirmation declined. Exit code 1.
    Refused,
    /// The command was wrong, or something that it needs failed. Exit code 2.
    Failed,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::Refused => Self::from(1),
            Exit::Failed => Self::from(2),
        }
    }
}

/// Why a command was not done, for people: one line each.
#[derive(Debug)]
pub struct Failure {
    kind: Kind,
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
}

#[derive(Debug)]
enum Kind {
    Refused,
    Failed,
    /// Not told yet: whoever knows which store it was turns it into words.
    Store(StoreError),
}

impl Failure {
    /// It ends with [`Exit::Refused`].
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Kind::Refused, message.into())
    }

    /// It ends with [`Exit::Failed`].
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, message.into())
    }

    const fn new(kind: Kind, message: String) -> Self {
        Self {
            kind,
            message,
            causes: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// Says what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Says why, with the error and everything beneath it, each text once.
    #[must_use]
    pub fn caused_by(mut self, error: &dyn Error) -> Self {
        let mut next = Some(error);
        while let Some(cause) = next {
            let text = one_line(cause);
            if !self.causes.contains(&text) && text != self.message {
                self.causes.push(text);
            }
            next = cause.source();
        }
        self
    }

    /// Says why, with the last of the causes alone: the one that the others only wrap.
    #[must_use]
    pub fn rooted_in(mut self, error: &dyn Error) -> Self {
        let mut root = error;
        while let Some(cause) = root.source() {
            root = cause;
        }
        self.causes.push(one_line(root));
        self
    }

    /// Puts an error of the store into words with `tell`; any other failure stays as it is.
    #[must_use]
    pub fn told_by(self, tell: impl FnOnce(&StoreError) -> Self) -> Self {
        match &self.kind {
            Kind::Store(error) => {
                let mut told = tell(error);
                told.hints.extend(self.hints);
                told
            }
            Kind::Refused | Kind::Failed => self,
        }
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Why, from the nearest cause to the last.
    pub fn causes(&self) -> &[String] {
        &self.causes
    }

    /// What to do.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// How the command ends.
    pub const fn exit(&self) -> Exit {
        match self.kind {
            Kind::Refused => Exit::Refused,
            Kind::Failed | Kind::Store(_) => Exit::Failed,
        }
    }
}

fn one_line(error: &(impl ToString + ?Sized)) -> String {
    let text = error.to_string();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        Self::new(Kind::Store(error), message)
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::NoSuchKey(id) => {
                Self::refused(format!("there is no key with the id `{id}`"))
            }
            RegistryError::NoSuchPlan(id) => {
                Self::refused(format!("there is no plan with the id `{id}`"))
            }
            RegistryError::NotInPlan { key_id, plan_id } => {
                Self::refused(format!("key `{key_id}` is not in plan `{plan_id}`"))
            }
            RegistryError::NoQuota(plan_id) => {
                Self::refused(format!("plan `{plan_id}` has no quota"))
            }
            RegistryError::NoSuchStage(api_stage) => {
                Self::refused(format!("there is no stage `{api_stage}`"))
            }
            RegistryError::ValueTaken => Self::refused("another key has this value")
                .hint("leave --value out for a new random one"),
            RegistryError::IdTaken(id) => Self::refused(format!("the id `{id}` is taken"))
                .hint("leave --id out for a new random one"),
            RegistryError::StageTaken {
                key_id,
                plan_id,
                api_stage,
            } => Self::refused(format!(
                "key `{key_id}` is in plan `{plan_id}` already, which covers `{api_stage}` too; a key may be in one plan for each stage"
            ))
            .hint(format!(
                "take it out first: tollgate plans remove-key {plan_id} {key_id}"
            )),
            RegistryError::HasStages { plan_id, api_stage } => Self::refused(format!(
                "plan `{plan_id}` still covers stages, including `{api_stage}`"
            ))
            .hint(format!(
                "take them away with `tollgate plans remove-stage {plan_id} {api_stage}`, or all at once with --force"
            )),
            RegistryError::Contended => {
                Self::failed("others changed the same key or plan at the same time, again and again")
                    .hint("nothing was changed; try again")
            }
            RegistryError::TooLarge(message) => Self::refused(message),
            RegistryError::Store(error) => error.into(),
        }
    }
}

impl From<ManagementError> for Failure {
    fn from(error: ManagementError) -> Self {
        match error {
            ManagementError::Registry(error) => error.into(),
            ManagementError::Refused(message) => Self::refused(message),
            ManagementError::Call(error) => error.into(),
        }
    }
}

impl From<MigrationError> for Failure {
    fn from(error: MigrationError) -> Self {
        const GOES_ON: &str =
            "what has been done stays: the same command goes on where this one has ended";
        let MigrationError {
            place,
            operation,
            kind,
        } = error;
        let failed = |message: String, cause: String| {
            let mut failure = Self::failed(message);
            failure.causes.push(one_line(&cause));
            failure
        };
        match kind {
            MigrationErrorKind::Refused { message, .. } => {
                Self::refused(format!("{operation} at {place}: {message}"))
            }
            MigrationErrorKind::Throttled(cause) => {
                failed(format!("{place} asks to be called less often"), cause)
                    .hint("give a lower --requests-per-second")
                    .hint(GOES_ON)
            }
            MigrationErrorKind::Denied(cause) => failed(
                format!("{place} does not allow {operation}"),
                cause,
            )
            .hint("check the profile and the region; `aws sts get-caller-identity` says who calls"),
            MigrationErrorKind::Unanswered(cause) => {
                failed(format!("no usable answer from {place}"), cause)
                    .hint("check the addresses, the credentials and the network")
                    .hint(GOES_ON)
            }
            MigrationErrorKind::Unreadable(cause) => failed(
                format!("{place} does not answer {operation} like API Gateway"),
                cause,
            )
            .hint("check the addresses"),
        }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        const MAYBE_MADE: &str =
            "a change may have been made all the same: look before you make it again";
        let CallError { url, kind } = error;
        let failed = |message: String, cause: String| {
            let mut failure = Self::failed(message);
            failure.causes.push(one_line(&cause));
            failure
        };
        match kind {
            CallErrorKind::NoCredentials(cause) => {
                failed(format!("no usable AWS credentials for {url}"), cause).hint(
                    "name a profile with --profile, or set AWS_PROFILE; a session may have ended: `aws sso login`",
                )
            }
            CallErrorKind::Request(cause) => {
                failed(format!("no request could be made for {url}"), cause)
            }
            CallErrorKind::Unreachable(cause) => failed(format!("no connection to {url}"), cause)
                .hint("check --url and the network; the local gateway is started with `cargo tollgate start-api`"),
            CallErrorKind::TimedOut(after) => {
                Self::failed(format!("no answer from {url} within {} s", after.as_secs_f64()))
                    .hint(MAYBE_MADE)
            }
            CallErrorKind::Denied(cause) => {
                failed(format!("the caller may not call {url}, or there is no such URL"), cause)
                    .hint("the caller needs lambda:InvokeFunctionUrl and lambda:InvokeFunction on the function; `aws sts get-caller-identity` says who it is")
            }
            CallErrorKind::CredentialsRefused(cause) => {
                failed(format!("{url} does not accept the credentials"), cause).hint(
                    "check --profile and --region and this machine's clock; a session may have ended: `aws sso login`",
                )
            }
            CallErrorKind::Throttled(cause) => {
                failed(format!("{url} asks to be called less often"), cause)
                    .hint("try again in a moment")
            }
            CallErrorKind::Failed { status, message } => failed(
                format!("{url} failed with status {}", status.as_u16()),
                message,
            )
            .hint(MAYBE_MADE)
            .hint("the function's log says more"),
            CallErrorKind::NotManagement(cause) => failed(
                format!("{url} does not answer like a management API of this version"),
                cause,
            )
            .hint("check --url: the outputs of the stack have the URL of its management API"),
        }
    }
}
