//! The real binary, killed at random moments, again and again on the same data. What clients and operators were told before has to be true
//! afterwards.

mod clients;
mod look;
mod operation;
mod operator;
mod template;
mod world;

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ::tests::{Gateway, GatewayBuilder, Result, workspace_root};
use chaos::output::show;
use fastrand::Rng;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tollgate::store::Registry as _;

use crate::cli::Sum;
use crate::management::{Management, PEPPER, TABLE};
use clients::Clients;
use operator::{Operator, Shared};

/// How often the gateway is killed, when it is not said.
pub(crate) const KILLS: u64 = 100;

/// How many operators change things at a time.
const OPERATORS: usize = 3;

/// How long a gateway serves before it is killed, in ms.
const LIFE_MS: std::ops::Range<u64> = 20..900;

/// How long after its start a gateway is killed that is to be killed while it starts, in ms.
const START_MS: std::ops::Range<u64> = 1..600;

/// Where the functions of the template would be called. Nobody calls them.
const NOWHERE: &str = "http://127.0.0.1:9";

/// When a gateway is killed.
#[derive(Clone, Copy, Debug)]
enum When {
    /// While it serves.
    Serving,
    /// While it starts on the data of those before.
    Starting,
    /// While it starts on no data at all.
    FirstStart,
}

/// Kills so many gateways.
///
/// # Errors
///
/// When the harness fails, not Tollgate.
pub(crate) async fn run(seed: u64, kills: u64) -> Result<Sum> {
    let mut run = Run::begin(Rng::with_seed(seed)).await?;
    for _ in 0..kills {
        let when = match run.random.u8(..10) {
            0 => When::FirstStart,
            1 => When::Starting,
            _ => When::Serving,
        };
        run.kill(when).await?;
    }
    run.end(kills).await
}

/// All that outlives a gateway.
struct Run {
    random: Rng,
    data: TempDir,
    clients: Clients,
    operators: Vec<Operator>,
    shared: Shared,
    /// How many gateways have served.
    lives: u64,
    violations: u64,
}

fn builder(data: &Path) -> GatewayBuilder {
    Gateway::builder()
        .template(workspace_root().join("tests/templates/rest-api.yaml"))
        .data(data)
        .flag("--lambda-endpoint")
        .flag(NOWHERE)
        .flag("--table")
        .flag(TABLE)
        .env("TOLLGATE_PEPPER", PEPPER)
        .env("RUST_LOG", "error")
}

impl Run {
    async fn begin(mut random: Rng) -> Result<Self> {
        let data = TempDir::new()?;
        let mut gateway = builder(data.path()).start().await?;
        let management = Management::of(&gateway)?;
        let clients = Clients::set_up(&management).await?;
        let mut operators = Vec::new();
        for number in 0..OPERATORS {
            let mut operator = Operator::new(number, random.fork());
            operator.set_up(&management).await?;
            operators.push(operator);
        }
        gateway.kill()?;
        Ok(Self {
            random,
            data,
            clients,
            operators,
            shared: Shared::default(),
            lives: 1,
            violations: 0,
        })
    }

    async fn kill(&mut self, when: When) -> Result<()> {
        let start = Duration::from_millis(self.random.u64(START_MS));
        match when {
            When::Serving => self.kill_while_serving().await,
            When::Starting => {
                self.lives += 1;
                builder(self.data.path()).kill_after(start).await
            }
            When::FirstStart => {
                let data = TempDir::new()?;
                builder(data.path()).kill_after(start).await?;
                let gateway = builder(data.path()).start().await?;
                let broken = template::check(&Management::of(&gateway)?).await?;
                self.tell(broken)
            }
        }
    }

    async fn kill_while_serving(&mut self) -> Result<()> {
        let mut gateway = self.start_and_check().await?;
        let management = Management::of(&gateway)?;
        self.shared.is_killed.store(false, Ordering::SeqCst);
        let mut callers = JoinSet::new();
        for caller in self
            .clients
            .callers(&gateway.client(), &self.shared, &mut self.random)
        {
            callers.spawn(caller);
        }
        let mut operators = JoinSet::new();
        for operator in self.operators.drain(..) {
            operators.spawn(operator.work(management.clone(), self.shared.clone()));
        }
        let life = Duration::from_millis(self.random.u64(LIFE_MS));
        tokio::time::sleep(life).await;
        self.shared.is_killed.store(true, Ordering::SeqCst);
        gateway.kill()?;
        while let Some(done) = callers.join_next().await {
            done?;
        }
        while let Some(operator) = operators.join_next().await {
            self.operators.push(operator?);
        }
        self.operators.sort_by_key(Operator::number);
        Ok(())
    }

    /// The next gateway, which has to open what the one before has left.
    async fn start_and_check(&mut self) -> Result<Gateway> {
        let gateway = builder(self.data.path()).start().await?;
        self.lives += 1;
        let management = Management::of(&gateway)?;
        let mut broken = template::check(&management).await?;
        broken.extend(self.clients.check(&management, self.lives).await?);
        for operator in &mut self.operators {
            operator.check(&management).await?;
            broken.extend(operator.take_violations());
        }
        broken.extend(wrong_counts(&management).await?);
        self.tell(broken)?;
        Ok(gateway)
    }

    fn tell(&mut self, broken: Vec<String>) -> Result<()> {
        self.violations += u64::try_from(broken.len())?;
        for violation in broken {
            show(&format!("life {}: {violation}", self.lives))?;
        }
        Ok(())
    }

    async fn end(mut self, kills: u64) -> Result<Sum> {
        let mut gateway = self.start_and_check().await?;
        gateway.stop()?;
        self.tell(self.clients.beyond_the_buckets())?;
        let (admitted, refused, unknown) = self.clients.counts();
        let steps = self.shared.steps.load(Ordering::Relaxed);
        let (mut asked, mut done, mut not_done) = (0, 0, 0);
        for operator in &self.operators {
            let counts = operator.counts();
            asked += counts.0;
            done += counts.1;
            not_done += counts.2;
        }
        show(&format!(
            "{admitted} requests admitted, {refused} refused, {unknown} without an answer; {asked} operations of the management API, of those that were interrupted {done} were done and {not_done} not"
        ))?;
        Ok(Sum {
            steps,
            faults: kills,
            violations: self.violations,
        })
    }
}

/// The table counts its keys and plans beside listing them.
async fn wrong_counts(management: &Management) -> Result<Option<String>> {
    let counts = management.store.counts().await?;
    let keys = management.list("/apikeys?limit=500").await?.len();
    let plans = management.list("/usageplans?limit=500").await?.len();
    let are_right = counts.keys == u64::try_from(keys)? && counts.plans == u64::try_from(plans)?;
    Ok((!are_right)
        .then(|| format!("{keys} keys and {plans} plans are listed, and counted are {counts:?}")))
}
