//! A question from elsewhere, such as the command line, and its answer as JSON.

use std::collections::BTreeMap;
use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::{Deserialize, Serialize};
use tollgate::id::{ApiStage, KeyId};
use tollgate::limiter::GivenKey;
use tollgate::store::{ApiRegistry, KeyRegistry, PlanRegistry, StoreError};
use tollgate::time::Timestamp;

use super::{DeclaredStage, Explanation, Finding, Request, Verdict, explain, place, target, words};

/// The header field that carries keys.
const API_KEY: &str = "x-api-key";

/// The most header fields of a request.
const MAX_HEADERS: usize = 90;

/// A request that nobody has sent, as people describe it.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Question {
    /// The API, by id or name. It may be left out where only one stage fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// The stage. It may be left out where only one stage fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// The verb.
    pub method: String,
    /// The path after the stage, with a query if there is one.
    pub path: String,
    /// The header fields apart from the key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The value of the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The id of the key, in place of its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
}

/// Shows no value of the key or of a header field.
impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question")
            .field("api", &self.api)
            .field("stage", &self.stage)
            .field("method", &self.method)
            .field("path", &self.path)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// An explanation as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplanationDocument {
    /// The id of the API.
    pub api_id: String,
    /// The stage.
    pub stage: String,
    /// The verb.
    pub method: String,
    /// The path after the stage.
    pub path: String,
    /// How it ends: `passes`, `refused`, `open` or `notKnown`.
    pub verdict: String,
    /// The same in a sentence or two.
    pub summary: String,
    /// What a refused request is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<AnswerDocument>,
    /// The steps, in the order in which they are taken.
    pub steps: Vec<StepDocument>,
    /// What API Gateway's execution log would say.
    pub execution_log: Vec<String>,
}

/// An answer that says no, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnswerDocument {
    /// The status.
    pub status: u16,
    /// The body. `None`: a template of the API's makes it from the request.
    pub body: Option<String>,
    /// When another try can help, in milliseconds, rounded up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// The gateway response of the API that replaces API Gateway's own answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway_response: Option<String>,
}

/// A step, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepDocument {
    /// What is looked at.
    pub subject: String,
    /// What comes of it: `passes`, `refuses`, `open` or `notAsked`.
    pub finding: String,
    /// The same in a sentence or two.
    pub words: String,
    /// The requests that are left, where the step is about a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<u64>,
    /// The requests that there are when none has been used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<u64>,
}

/// Answers a question at `now`. Nothing is charged.
///
/// # Errors
///
/// When the store does not answer. A sentence that says what is wrong with the question is an `Ok(Err(..))`.
pub async fn answer<S: ApiRegistry + KeyRegistry + PlanRegistry>(
    store: &S,
    declared: &[DeclaredStage],
    question: &Question,
    now: Timestamp,
) -> Result<Result<ExplanationDocument, String>, StoreError> {
    let wanted = match Wanted::read(question) {
        Ok(wanted) => wanted,
        Err(mistake) => return Ok(Err(mistake)),
    };
    let (api, stage) = (question.api.as_deref(), question.stage.as_deref());
    let api_stage = match place::choose(store, declared, api, stage).await? {
        Ok(api_stage) => api_stage,
        Err(mistake) => return Ok(Err(mistake)),
    };
    let request = Request {
        api_stage: &api_stage,
        method: &wanted.method,
        path: &wanted.path,
        query: wanted.query.as_deref().unwrap_or_default(),
        headers: &wanted.headers,
        key: match (&question.key, &wanted.key_id) {
            (Some(value), _) => GivenKey::Value(value),
            (None, Some(id)) => GivenKey::Id(id),
            (None, None) => GivenKey::None,
        },
    };
    let explanation = explain(store, declared, &request, now).await?;
    Ok(Ok(ExplanationDocument::new(
        &explanation,
        &api_stage,
        &wanted,
    )))
}

/// What a question says, read.
struct Wanted {
    method: Method,
    path: String,
    query: Option<String>,
    headers: HeaderMap,
    key_id: Option<KeyId>,
}

impl Wanted {
    fn read(question: &Question) -> Result<Self, String> {
        if question.key.is_some() && question.key_id.is_some() {
            return Err("Give the value of a key or its id, not both.".to_owned());
        }
        let method = question.method.to_ascii_uppercase();
        let method = Method::from_bytes(method.as_bytes())
            .map_err(|_invalid| format!("{} is no method, such as GET.", question.method))?;
        let (path, query) = target::target(&question.path)?;
        Ok(Self {
            method,
            path,
            query,
            headers: headers(&question.headers)?,
            key_id: question.key_id.as_deref().map(KeyId::from),
        })
    }
}

fn headers(given: &BTreeMap<String, String>) -> Result<HeaderMap, String> {
    if given.len() > MAX_HEADERS {
        return Err(format!("Give {MAX_HEADERS} header fields at the most."));
    }
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let name: HeaderName = name
            .parse()
            .map_err(|_invalid| format!("{name} is no name of a header field."))?;
        if name == API_KEY {
            return Err("Give the key as the key, not as a header field.".to_owned());
        }
        let value = HeaderValue::from_str(value).map_err(|_invalid| {
            format!("The value of {name} has characters that a header cannot have.")
        })?;
        headers.insert(name, value);
    }
    Ok(headers)
}

impl ExplanationDocument {
    fn new(explanation: &Explanation, api_stage: &ApiStage, wanted: &Wanted) -> Self {
        let answer = match &explanation.verdict {
            Verdict::Passes | Verdict::Open => None,
            Verdict::Refused(answer) | Verdict::NotKnown(answer) => Some(answer),
        };
        let answer = answer.map(|answer| AnswerDocument {
            status: answer.status.as_u16(),
            body: answer.body.clone(),
            retry_after_ms: answer
                .retry_after
                .map(|wait| u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)),
            gateway_response: answer.gateway_response.map(|kind| kind.to_string()),
        });
        let steps = explanation.steps.iter().map(|step| StepDocument {
            subject: step.subject.title().to_owned(),
            finding: finding(step.finding).to_owned(),
            words: step.words.clone(),
            left: step.level.map(|level| level.left),
            of: step.level.map(|level| level.of),
        });
        Self {
            api_id: api_stage.api_id.to_string(),
            stage: api_stage.stage.to_string(),
            method: wanted.method.to_string(),
            path: wanted.path.clone(),
            verdict: verdict(&explanation.verdict).to_owned(),
            summary: words::verdict(&explanation.verdict),
            answer,
            steps: steps.collect(),
            execution_log: explanation.execution_log.clone(),
        }
    }
}

const fn verdict(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Passes => "passes",
        Verdict::Refused(_) => "refused",
        Verdict::Open => "open",
        Verdict::NotKnown(_) => "notKnown",
    }
}

const fn finding(finding: Finding) -> &'static str {
    match finding {
        Finding::Passes => "passes",
        Finding::Refuses => "refuses",
        Finding::Open => "open",
        Finding::NotAsked => "notAsked",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(question: &Question) -> String {
        match Wanted::read(question) {
            Err(mistake) => mistake,
            Ok(_) => panic!("{question:?}"),
        }
    }

    fn question() -> Question {
        Question {
            method: "get".to_owned(),
            path: "/users?limit=5".to_owned(),
            ..Question::default()
        }
    }

    #[test]
    fn a_question_is_read() {
        let wanted = Wanted::read(&question()).unwrap();
        assert_eq!(
            (wanted.method, wanted.path.as_str()),
            (Method::GET, "/users")
        );
        assert_eq!(wanted.query.as_deref(), Some("limit=5"));
    }

    #[test]
    fn what_is_wrong_with_a_question_is_said_without_the_key() {
        let value = "tg_d_a-secret";
        let both = Question {
            key: Some(value.to_owned()),
            key_id: Some("k1".to_owned()),
            ..question()
        };
        assert!(!format!("{both:?}").contains(value));
        assert!(mistake(&both).contains("not both"));
        let in_header = Question {
            headers: [("X-Api-Key".to_owned(), value.to_owned())].into(),
            ..question()
        };
        let text = mistake(&in_header);
        assert!(
            text.contains("as the key") && !text.contains(value),
            "{text}"
        );
        for (method, path) in [("G T", "/users"), ("GET", "users"), ("GET", "/users/{id}")] {
            mistake(&Question {
                method: method.to_owned(),
                path: path.to_owned(),
                ..Question::default()
            });
        }
    }
}
