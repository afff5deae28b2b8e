//! Why a request passes or not: the steps of a decision as data, each with a sentence for people.
//!
//! It reads the store, calls no function and charges nothing. Routes are chosen, keys and plans are judged and answers are made by what
//! does so for real requests. What only a real request shows, such as the answer of an authorizer, is said to be open.

mod answer;
mod declared;
mod desk;
mod integration;
mod metering;
mod of_declared;
mod of_rest_api;
mod place;
mod question;
mod target;
#[cfg(test)]
mod tests;
pub(crate) mod words;

use std::fmt;

use http::{HeaderMap, HeaderName, Method};
use tollgate::decision::{Allowance, Decision, InWords};
use tollgate::id::ApiStage;
use tollgate::limiter::GivenKey;
use tollgate::plan::MethodName;
use tollgate::store::{ApiRegistry, KeyRegistry, PageRequest, PlanRegistry, StoreError};
use tollgate::time::Timestamp;

pub use answer::Answer;
pub use declared::{DeclaredAccess, DeclaredKind, DeclaredMethod, DeclaredRoute, DeclaredStage};
pub use desk::{Desk, PATH, Unanswered};
pub(crate) use integration::in_words as integration_in_words;
pub use question::{AnswerDocument, ExplanationDocument, Question, StepDocument, answer};
pub(crate) use target::target;

use crate::fault::{Door, Fault};
use crate::rest_api::Failure;

/// A request that nobody has sent.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The API and the stage.
    pub api_stage: &'a ApiStage,
    /// The verb.
    pub method: &'a Method,
    /// The path after the stage, with its escapes and without a query. It begins with a slash.
    pub path: &'a str,
    /// What stands behind the question mark, if anything does.
    pub query: &'a str,
    /// The header fields apart from the key.
    pub headers: &'a HeaderMap,
    /// The key.
    pub key: GivenKey<'a>,
}

/// Shows no values of header fields: some are secrets.
impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&HeaderName> = self.headers.keys().collect();
        f.debug_struct("Request")
            .field("api_stage", self.api_stage)
            .field("method", self.method)
            .field("path", &self.path)
            .field("headers", &names)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// The steps of a decision, up to the one that ends it.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The steps, in the order in which they are taken.
    pub steps: Vec<Step>,
    /// How it ends.
    pub verdict: Verdict,
    /// What API Gateway's execution log would say of the key and its plan. Nothing, where no key was looked at.
    pub execution_log: Vec<String>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is looked at.
    pub subject: Subject,
    /// What comes of it.
    pub finding: Finding,
    /// The same in a sentence or two.
    pub words: String,
    /// How full a bucket or a quota is, where the step is about one.
    pub level: Option<Level>,
}

/// What a step looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The API and its stage.
    Stage,
    /// The resource and the method that answer.
    Method,
    /// Who may call the method, apart from keys.
    Authorizer,
    /// Whether a key is needed, and who asks for it.
    KeyRequirement,
    /// The key.
    Key,
    /// Whether the key may be used.
    KeyState,
    /// The methods that the key opens, where it does not open all.
    Scopes,
    /// The plan that covers the stage.
    Plan,
    /// The rate and the burst of the key.
    Throttle,
    /// The quota of the key.
    Quota,
    /// The limit that all callers share.
    SharedThrottle,
    /// What answers.
    Integration,
}

impl Subject {
    /// A title for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Stage => "Stage",
            Self::Method => "Method",
            Self::Authorizer => "Authorizer",
            Self::KeyRequirement => "API key required",
            Self::Key => "API key",
            Self::KeyState => "State of the key",
            Self::Scopes => "Scopes of the key",
            Self::Plan => "Usage plan",
            Self::Throttle => "Throttle",
            Self::Quota => "Quota",
            Self::SharedThrottle => "Throttle of the stage",
            Self::Integration => "Integration",
        }
    }
}

/// What comes of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The request goes on.
    Passes,
    /// The request ends here.
    Refuses,
    /// Only a real request shows it.
    Open,
    /// An earlier step has ended the request: this says how things stand.
    NotAsked,
}

/// How many requests are left of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// What is left.
    pub left: u64,
    /// What there is when nothing has been used.
    pub of: u64,
}

/// How a decision ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The request passes, and what answers it decides the rest.
    Passes,
    /// The gateway, or the layer before the function, answers.
    Refused(Answer),
    /// It depends on what only a real request shows; if that lets the request pass, all else does.
    Open,
    /// It depends on what is not known here. Where that leaves it to the key, this is answered.
    NotKnown(Answer),
}

/// Steps as they are found.
#[derive(Debug, Default)]
struct Steps {
    found: Vec<Step>,
    has_open: bool,
    execution_log: Vec<String>,
}

impl Steps {
    fn add(&mut self, subject: Subject, finding: Finding, words: impl Into<String>) {
        self.add_with_level(subject, finding, words, None);
    }

    fn add_with_level(
        &mut self,
        subject: Subject,
        finding: Finding,
        words: impl Into<String>,
        level: Option<Level>,
    ) {
        self.has_open |= finding == Finding::Open;
        self.found.push(Step {
            subject,
            finding,
            words: words.into(),
            level,
        });
    }

    /// Says what was decided of the key.
    fn log(&mut self, api_stage: &ApiStage, method: MethodName<'_>, decision: &Decision) {
        let words = InWords {
            api_stage,
            method,
            decision,
        };
        self.execution_log.push(words.to_string());
    }

    /// Says that the method requires no key.
    fn log_without_key(&mut self, api_stage: &ApiStage, method: MethodName<'_>) {
        self.log(api_stage, method, &Decision::Allow(Allowance::Unmetered));
    }

    fn passes(&mut self, subject: Subject, words: impl Into<String>) {
        self.add(subject, Finding::Passes, words);
    }

    fn is_open(&mut self, subject: Subject, words: impl Into<String>) {
        self.add(subject, Finding::Open, words);
    }

    /// The last step, which ends the request.
    fn refuse(
        mut self,
        subject: Subject,
        words: impl Into<String>,
        answer: impl Into<Answer>,
    ) -> Explanation {
        self.add(subject, Finding::Refuses, words);
        self.refused(answer)
    }

    /// The end of a request that one of the steps has refused.
    fn refused(self, answer: impl Into<Answer>) -> Explanation {
        Explanation {
            steps: self.found,
            verdict: Verdict::Refused(answer.into()),
            execution_log: self.execution_log,
        }
    }

    /// The end of a request that the steps refuse, if an open one leaves it to them.
    fn refused_unless_open(self, answer: impl Into<Answer>) -> Explanation {
        Explanation {
            steps: self.found,
            verdict: if self.has_open {
                Verdict::NotKnown(answer.into())
            } else {
                Verdict::Refused(answer.into())
            },
            execution_log: self.execution_log,
        }
    }

    /// The end of a request that no step has refused.
    fn pass(self) -> Explanation {
        Explanation {
            verdict: if self.has_open {
                Verdict::Open
            } else {
                Verdict::Passes
            },
            steps: self.found,
            execution_log: self.execution_log,
        }
    }
}

/// Explains what would become of a request at `now`. `declared` are the stages that stand in no store.
///
/// # Errors
///
/// When the store does not answer.
pub async fn explain<S: ApiRegistry + KeyRegistry + PlanRegistry>(
    store: &S,
    declared: &[DeclaredStage],
    request: &Request<'_>,
    now: Timestamp,
) -> Result<Explanation, StoreError> {
    let known = declared
        .iter()
        .find(|stage| stage.api_stage == *request.api_stage);
    if let Some(stage) = known {
        return of_declared::explain(store, stage, request, now).await;
    }
    if let Some(stage) = store.stage(request.api_stage).await? {
        return of_rest_api::explain(store, &stage, request, now).await;
    }
    let steps = Steps::default();
    let api_stage = request.api_stage;
    let of_this_api = |stage: &&DeclaredStage| stage.api_stage.api_id == api_stage.api_id;
    if let Some(other) = declared.iter().find(of_this_api) {
        let words = format!("{} has no stage {}.", other.described(), api_stage.stage);
        return Ok(steps.refuse(
            Subject::Stage,
            words,
            Answer::of_fault(Fault::NoStage, Door::HttpApi),
        ));
    }
    let one = PageRequest {
        limit: 1,
        after: None,
    };
    let is_covered = !store
        .plans_of_stage(api_stage, &one)
        .await?
        .entries
        .is_empty();
    if is_covered {
        return of_declared::explain_unknown(store, request, now).await;
    }
    let words = match store.rest_api(&api_stage.api_id).await? {
        Some(stored) => format!(
            "The REST API {} has no stage {}. Deploy the API to a stage of this name, or choose another one.",
            stored.record.api.name, api_stage.stage
        ),
        None => format!(
            "No API has the id {}, and no usage plan covers a stage of it.",
            api_stage.api_id
        ),
    };
    Ok(steps.refuse(Subject::Stage, words, Failure::no_stage()))
}
