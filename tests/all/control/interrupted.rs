//! Operations that lose their store in the middle: after each of their requests to it, before it was done or after. What they leave is
//! whole or untouched, and asking again brings about what was asked for.

mod facts;
mod items;
mod keys_and_plans;
mod parts_of_apis;
mod resources;
mod world;

use std::pin::Pin;

use bytes::Bytes;
use serde_json::Value;
use tests::{CountingProxy, Cut, DynamoDb, Fault};
use tollgate::store::dynamodb::Patience;

use super::App;
use facts::facts;
use items::Items;
use world::Ids;

/// One request at the store, so that a lost one is not sent again.
const ONCE: Patience = Patience {
    attempts: 1,
    ..Patience::OPERATOR
};

/// The request of an operation, of things whose ids are known.
type Ask = for<'a> fn(&'a App, &'a Ids) -> Pin<Box<dyn Future<Output = Said> + Send + 'a>>;

/// What the management API said.
#[derive(Debug)]
enum Said {
    Done,
    /// The request is refused, for a reason that does not pass by itself.
    Refused(String),
    /// The store failed.
    Failed(String),
}

/// An operation that is interrupted.
struct Case {
    name: &'static str,
    ask: Ask,
    /// Operations after which a part of this one is done, and which it may leave behind.
    on_the_way: &'static [&'static [Ask]],
    /// What may be left behind.
    leaves: Leaves,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaves {
    /// Nothing, or all of it; a second request changes nothing.
    NothingOrAll,
    /// Nothing, or all of it; a second request makes another one, as on AWS.
    Another,
    /// Parts, which the second request, the same one, makes whole. This is what CloudFormation does with its resources.
    Parts,
}

impl Case {
    const fn new(name: &'static str, ask: Ask) -> Self {
        Self {
            name,
            ask,
            on_the_way: &[],
            leaves: Leaves::NothingOrAll,
        }
    }

    const fn leaves(self, leaves: Leaves) -> Self {
        Self { leaves, ..self }
    }

    const fn on_the_way(self, on_the_way: &'static [&'static [Ask]]) -> Self {
        Self { on_the_way, ..self }
    }
}

/// A table that is copied for each try, in a store that is reached through a proxy.
struct Bench {
    database: DynamoDb,
    proxy: CountingProxy,
    ids: Ids,
    items: Items,
}

/// A management API of a copy.
struct Subject<'a> {
    bench: &'a Bench,
    app: App,
}

impl Bench {
    async fn set_up() -> Self {
        let database = DynamoDb::embedded().unwrap();
        let proxy = CountingProxy::start(database.endpoint()).await.unwrap();
        let app = App::at(database.clone(), database.endpoint(), |_| {}).await;
        let ids = world::make(&app).await;
        Self {
            items: items::read(&database, app.store.table()).await,
            database,
            proxy,
            ids,
        }
    }

    async fn subject(&self, patience: Patience) -> Subject<'_> {
        let endpoint = self.proxy.endpoint();
        let app = App::patient(self.database.clone(), endpoint, patience, |_| {}).await;
        items::write(&self.database, app.store.table(), &self.items).await;
        Subject { bench: self, app }
    }

    /// What there is after operations that nothing interrupts.
    async fn facts_after(&self, asked: &[Ask]) -> Vec<String> {
        let subject = self.subject(ONCE).await;
        for ask in asked {
            let said = subject.ask(*ask).await;
            assert!(matches!(said, Said::Done), "{said:?}");
        }
        subject.facts().await
    }

    /// Interrupts an operation wherever it can be.
    async fn interrupt(&self, case: &Case, before: &[String]) {
        let after = self.facts_after(&[case.ask]).await;
        let mut allowed = vec![before.to_vec(), after.clone()];
        for part in case.on_the_way {
            allowed.push(self.facts_after(part).await);
        }
        let mut right = vec![after.clone()];
        if case.leaves == Leaves::Another {
            right.push(self.facts_after(&[case.ask, case.ask]).await);
        }
        let states = States {
            before: before.to_vec(),
            after,
            allowed,
            right,
        };
        self.cut_off(case, &states, Fault::DropRequest).await;
        for passed in self.cut_off(case, &states, Fault::DropAnswer).await {
            self.lose_one_answer(case, &states.after, passed).await;
        }
    }

    /// The store is gone for good after some of the requests. After how many it was that something had changed.
    async fn cut_off(&self, case: &Case, states: &States, first: Fault) -> Vec<u64> {
        let mut passed = 0;
        let mut changed = Vec::new();
        loop {
            let subject = self.subject(ONCE).await;
            // As long as nothing has changed, the next request is the repetition.
            loop {
                let cut = Cut {
                    passed,
                    first,
                    then: Some(Fault::DropRequest),
                };
                let at = format!("{}: {first:?} after {passed} requests", case.name);
                self.proxy.cut(cut);
                let said = subject.ask(case.ask).await;
                let is_cut = self.proxy.end_trouble() > 0;
                if matches!(said, Said::Failed(_)) && is_cut && subject.is_untouched().await {
                    passed += 1;
                    continue;
                }
                let left = subject.facts().await;
                match said {
                    Said::Done => assert_same(&left, &states.after, &at),
                    Said::Failed(why) => assert!(is_cut, "{at}: {why}"),
                    Said::Refused(why) => panic!("{at}: {why}"),
                }
                if !is_cut {
                    assert!(passed > 0, "{at}: the store was not asked");
                    return changed;
                }
                passed += 1;
                changed.push(passed - 1);
                if case.leaves != Leaves::Parts && !states.allowed.contains(&left) {
                    assert_same(&left, &states.before, &at);
                }
                let said = subject.ask(case.ask).await;
                let at = format!("{at}, and once more");
                let is_fine = match &said {
                    Said::Done => true,
                    // What is done may be refused, but to CloudFormation.
                    Said::Refused(_) => left == states.after && case.leaves != Leaves::Parts,
                    Said::Failed(_) => false,
                };
                assert!(is_fine, "{at}: {said:?}");
                let ended = subject.facts().await;
                if !states.right.contains(&ended) {
                    assert_same(&ended, &states.after, &at);
                }
                break;
            }
        }
    }

    /// One answer of the store is lost, and the request is sent again: the operation is carried out, and once.
    async fn lose_one_answer(&self, case: &Case, after: &[String], passed: u64) {
        let subject = self.subject(Patience::OPERATOR).await;
        self.proxy.cut(Cut {
            passed,
            first: Fault::DropAnswer,
            then: None,
        });
        let said = subject.ask(case.ask).await;
        let is_cut = self.proxy.end_trouble() > 0;
        let at = format!("{}: one answer is lost after {passed} requests", case.name);
        assert!(is_cut && matches!(said, Said::Done), "{at}: {said:?}");
        assert_same(&subject.facts().await, after, &at);
    }
}

struct States {
    before: Vec<String>,
    after: Vec<String>,
    /// What may be left behind.
    allowed: Vec<Vec<String>>,
    /// What may be there in the end.
    right: Vec<Vec<String>>,
}

impl Subject<'_> {
    async fn ask(&self, ask: Ask) -> Said {
        ask(&self.app, &self.bench.ids).await
    }

    /// Whether no item differs from what it was.
    async fn is_untouched(&self) -> bool {
        items::read(&self.bench.database, self.app.store.table()).await == self.bench.items
    }

    async fn facts(&self) -> Vec<String> {
        facts(&self.app).await
    }
}

#[track_caller]
fn assert_same(found: &[String], expected: &[String], at: &str) {
    let without = |some: &[String], others: &[String]| -> Vec<String> {
        let mut left = others.to_vec();
        let mut rest = Vec::new();
        for fact in some {
            match left.iter().position(|known| known == fact) {
                Some(place) => drop(left.remove(place)),
                None => rest.push(fact.clone()),
            }
        }
        rest
    };
    let (more, less) = (without(found, expected), without(expected, found));
    assert!(
        more.is_empty() && less.is_empty(),
        "{at}: there is {more:#?}, and there is not {less:#?}"
    );
}

/// Sends a request of the management API.
async fn say(app: &App, method: &str, path: String, body: impl Into<Body>) -> Said {
    let Body(body) = body.into();
    let answer = app.send_bytes(method, &path, body).await;
    let text = format!("{} {}", answer.status, answer.body);
    match answer.status {
        200..300 => Said::Done,
        // The store is busy, or does not answer.
        429 | 500.. => Said::Failed(text),
        _ => Said::Refused(text),
    }
}

/// What is sent along: a text as it is, or JSON, of which `null` is nothing.
struct Body(Bytes);

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl From<Value> for Body {
    fn from(value: Value) -> Self {
        Self(if value.is_null() {
            Bytes::new()
        } else {
            Bytes::from(value.to_string())
        })
    }
}

async fn interrupt_each(cases: &[Case]) {
    let bench = Bench::set_up().await;
    let before = bench.facts_after(&[]).await;
    for case in cases {
        bench.interrupt(case, &before).await;
    }
}
