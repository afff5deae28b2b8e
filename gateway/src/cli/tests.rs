//! Commands, run as an operator types them, on an embedded DynamoDB: directly, or through a management API that checks signatures.

mod connect;
mod errors;
mod explain;
mod keys;
mod limits;
mod manners;
mod plans;
mod remote;
mod signed_api;
mod usage;

use std::io;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tollgate::store::dynamodb::{DynamoStore, Patience, create_table};
use tollgate::time::{ManualClock, Timestamp};

use super::confirm::Operator;
use super::environment::Environment;
use super::failure::Exit;
use super::output::Printer;
use super::{Surroundings, run};
use crate::local;
use signed_api::SignedApi;

/// A buffer that a printer writes to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    /// What was written so far.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Nobody, or somebody who always says the same.
#[derive(Clone, Copy, Debug)]
enum Person {
    Nobody,
    Says(&'static str),
    HangsUp,
}

impl Operator for Person {
    fn is_present(&self) -> bool {
        !matches!(self, Self::Nobody)
    }

    fn answer(&self) -> Option<String> {
        match self {
            Self::Says(text) => Some((*text).to_owned()),
            Self::Nobody | Self::HangsUp => None,
        }
    }
}

/// What a command left behind.
#[derive(Debug)]
struct Done {
    exit: Exit,
    out: String,
    err: String,
}

impl Done {
    #[track_caller]
    fn expect(self, exit: Exit) -> Self {
        assert_eq!(self.exit, exit, "{self:?}");
        self
    }

    #[track_caller]
    fn json(self) -> Value {
        let done = self.expect(Exit::Done);
        serde_json::from_str(&done.out).unwrap()
    }

    /// The command failed with these lines on stderr, and said nothing on stdout.
    #[track_caller]
    fn fails(self, exit: Exit, err: &str) {
        let done = self.expect(exit);
        assert_eq!(done.err, err);
        assert_eq!(done.out, "");
    }
}

/// Wednesday, 2026-11-25T12:00:00Z.
pub(crate) const NOON: Timestamp = Timestamp::from_secs(1_795_608_000);

/// How an operator reaches keys and plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Table,
    Url,
}

/// Makes a test of each function for each way, in a module named after it.
macro_rules! on_both_ways {
    ($($name:ident,)+) => {
        on_both_ways! { @way table Table $($name)+ }
        on_both_ways! { @way url Url $($name)+ }
    };
    (@way $module:ident $way:ident $($name:ident)+) => {
        mod $module {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name(super::Way::$way).await;
                }
            )+
        }
    };
}
pub(crate) use on_both_ways;

/// An embedded DynamoDB with Tollgate's table, and an operator in front of it.
struct Shell {
    endpoint_url: String,
    /// The management API, where it stands between.
    api: Option<SignedApi>,
    clock: ManualClock,
    person: Person,
}

impl Shell {
    async fn start(way: Way) -> Self {
        let mut shell = Self::without_table().await;
        let config = local::sdk_config(&shell.endpoint_url, local::REGION);
        let client = aws_sdk_dynamodb::Client::new(&config);
        create_table(&client, local::TABLE).await.unwrap();
        shell.api = match way {
            Way::Table => None,
            Way::Url => Some(SignedApi::start(shell.store(), shell.clock.clone()).await),
        };
        shell
    }

    async fn without_table() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let database = dynoxide::Database::memory().unwrap();
        tokio::spawn(dynoxide::server::serve_on(listener, database));
        Self {
            endpoint_url: format!("http://{address}"),
            api: None,
            clock: ManualClock::new(NOON),
            person: Person::Nobody,
        }
    }

    fn store(&self) -> DynamoStore {
        let config = local::sdk_config(&self.endpoint_url, local::REGION);
        let pepper = local::pepper().unwrap();
        DynamoStore::new(&config, Patience::OPERATOR, local::TABLE, pepper)
    }

    /// Runs a command line without quotes, such as `keys list --all`.
    async fn run(&self, command: &str) -> Done {
        self.run_with(&command.split_whitespace().collect::<Vec<_>>())
            .await
    }

    async fn run_with(&self, arguments: &[&str]) -> Done {
        // A management API chooses ids itself, and keeps values: a test that chooses makes its keys in the table.
        let is_for_table = arguments
            .iter()
            .any(|argument| matches!(*argument, "--id" | "--no-keep-value"));
        let place = match &self.api {
            Some(api) if !is_for_table => ["--url", api.url.as_str()],
            Some(_) | None => ["--endpoint-url", self.endpoint_url.as_str()],
        };
        let all = [&place, arguments].concat();
        type_line(&all, self.person, &self.clock, Environment::default()).await
    }

    async fn json(&self, command: &str) -> Value {
        self.run(&format!("{command} --json")).await.json()
    }
}

async fn type_line(
    arguments: &[&str],
    person: Person,
    clock: &ManualClock,
    environment: Environment,
) -> Done {
    let (out, err) = (Captured::default(), Captured::default());
    let surroundings = Surroundings {
        printer: Printer::new(out.clone(), err.clone()),
        environment,
        operator: Arc::new(person),
        clock: Arc::new(clock.clone()),
    };
    let line: Vec<String> = ["tollgate"]
        .iter()
        .chain(arguments)
        .map(|argument| (*argument).to_owned())
        .collect();
    let exit = run(line, &surroundings).await;
    Done {
        exit,
        out: out.text(),
        err: err.text(),
    }
}
