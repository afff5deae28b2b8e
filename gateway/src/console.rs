//! The console: pages on which people see and manage keys, plans and usage in a browser.
//!
//! It is a client like others. What it changes it changes through the management API, in this process, and it shows what that answers;
//! what it shows it reads from the store. Every page works without JavaScript, and asks nothing of other hosts.

mod answer;
mod apis;
mod assets;
mod attempt;
mod call;
mod cookie;
mod csrf;
mod directory;
mod flash;
mod forms;
mod keys;
mod layout;
mod loads;
mod paging;
mod path;
mod plans;
mod problem;
mod stages;
mod surroundings;
mod tags;
mod usage;
mod visit;
mod words;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Request, Response, header};
use tokio::sync::watch;
use tollgate::store::StoreError;
use tollgate::time::Clock as _;

use crate::content::Content;
use crate::explain::Desk;
use crate::http_client::HttpClient;

use answer::Answer;
use csrf::NewToken;
use directory::Directory;
use problem::Problem;
use stages::Stages;
use usage::Feed;
use visit::Visit;

pub use surroundings::{KeyRule, Surroundings};

/// Where the console is.
pub const ROOT: &str = "/console";

/// The page that a visitor sees first.
const FIRST_PAGE: &str = "/console/plans";

/// The console. Clones share everything.
#[derive(Clone)]
pub struct Console(Arc<Inner>);

struct Inner {
    surroundings: Surroundings,
    directory: Directory,
    /// What those see who watch a running gateway.
    feed: Option<Feed>,
    client: HttpClient,
    stages: Stages,
    new_token: NewToken,
    /// Changes when answers without an end have to end.
    stop: watch::Sender<bool>,
}

impl Console {
    /// The console of what `surroundings` name. Nothing is read yet.
    #[must_use]
    pub fn new(surroundings: Surroundings) -> Self {
        let store = || surroundings.store.clone();
        let clock = || Arc::clone(&surroundings.clock);
        let directory = Directory::new(store(), clock());
        let stages = Stages::new(store(), clock(), &surroundings.declared);
        let tally = surroundings.tally.clone();
        Self(Arc::new(Inner {
            feed: tally.map(|tally| Feed::new(tally, clock(), directory.clone())),
            directory,
            client: HttpClient::default(),
            stages,
            new_token: NewToken::default(),
            stop: watch::Sender::new(false),
            surroundings,
        }))
    }

    /// Reads the list of keys and plans, and the stages, so that the first page need not wait for them.
    ///
    /// # Errors
    ///
    /// When the store does not answer.
    pub async fn load(&self) -> Result<(), StoreError> {
        tokio::try_join!(self.0.directory.snapshot(), self.0.stages.book())
            .map(|(_snapshot, _book)| ())
    }

    /// Answers the same questions as the page on which requests are tried, for programs.
    #[must_use]
    pub fn desk(&self) -> Desk {
        let surroundings = &self.0.surroundings;
        Desk {
            store: surroundings.store.clone(),
            declared: surroundings.declared.clone().into(),
            clock: Arc::clone(&surroundings.clock),
        }
    }

    /// Ends the answers that have no end of their own: the server stops.
    pub fn stop(&self) {
        self.0.stop.send_replace(true);
    }

    /// Whether a request is for the console: one for its paths, and one of a browser for `/`.
    #[must_use]
    pub fn takes(parts: &Parts) -> bool {
        match parts.uri.path() {
            "/" => accepts_html(&parts.headers),
            path => path
                .strip_prefix(ROOT)
                .is_some_and(|below| below.is_empty() || below.starts_with('/')),
        }
    }

    /// Answers one request, of somebody who may use the console.
    pub async fn answer(&self, request: Request<Bytes>) -> Response<Content> {
        let now = self.0.surroundings.clock.now();
        let visit = match Visit::read(&self.0, &request, now).await {
            Ok(visit) => visit,
            Err(error) => return answer::without_entropy(&error),
        };
        let answer = match Box::pin(route(&visit, &request)).await {
            Ok(answer) => answer,
            Err(problem) => problem.answer(&visit),
        };
        visit.finish(answer)
    }
}

async fn route(visit: &Visit<'_>, request: &Request<Bytes>) -> Result<Answer, Problem> {
    visit.check(request.method())?;
    match visit.segments().as_slice() {
        [] => Ok(Answer::redirect(FIRST_PAGE)),
        ["assets", file] => assets::answer(file),
        ["plans", below @ ..] => plans::answer(visit, below).await,
        ["keys", below @ ..] => keys::answer(visit, below).await,
        ["apis", below @ ..] => apis::answer(visit, below).await,
        ["usage", below @ ..] => usage::answer(visit, below).await,
        ["try", below @ ..] => attempt::answer(visit, below).await,
        _ => Err(Problem::NoSuchPage),
    }
}

fn accepts_html(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("text/html"))
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console")
            .field("surroundings", &self.0.surroundings)
            .finish_non_exhaustive()
    }
}
