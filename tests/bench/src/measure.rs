//! Runs scenarios: each system in turn, behind a proxy that makes the store distant and writes its bill.

mod in_turn;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ::tests::{CountingProxy, Result};
use tollgate::time::{Clock as _, SystemClock, Timestamp};

use crate::exact_path;
use crate::figures;
use crate::output::progress;
use crate::program::{Peers, Program};
use crate::records::{self, Record};
use crate::row::{self, Row};
use crate::scenario::{Scenario, Setting};
use crate::setup;
use crate::system::{Language, System};
use crate::targets;
use crate::task::{DONE, Task};

/// How much longer each request takes than without the proxy.
const DISTANCE: Duration = Duration::from_millis(4);

/// A refusal that was faster cannot have asked the store: a request takes longer than [`DISTANCE`].
const FREE_REFUSAL: Duration = DISTANCE;

/// How long callers pause after a refusal that cost nothing, so that refusing does not take the processor from what is measured.
const PAUSE_MS: u64 = 1;

/// How many requests warm a limiter up. They are not counted.
const WARM_UP_CHECKS: u32 = 5;

/// How long each system warms the store up, in milliseconds.
const WARM_UP_MS: u64 = 1_000;

/// The longest run of a quota, whose day must not end meanwhile.
const QUOTA_PATIENCE: Duration = Duration::from_mins(2);

/// What is measured, and with what.
#[derive(Clone, Debug)]
pub(crate) struct Bench {
    /// The endpoint of Amazon DynamoDB Local.
    pub(crate) endpoint: String,
    /// The peers.
    pub(crate) peers: Peers,
    /// A folder for what one run needs and the next one does not.
    pub(crate) work_dir: PathBuf,
    /// Whether it is to be short.
    pub(crate) quick: bool,
    /// How often each measurement is repeated, 1 or more.
    pub(crate) repetitions: u32,
}

/// What was measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    /// One row for each scenario and system.
    pub(crate) rows: Vec<Row>,
    /// One row for each repetition.
    pub(crate) raw: Vec<Row>,
}

impl Bench {
    /// Runs scenarios, one after the other.
    ///
    /// # Errors
    ///
    /// When the store, the proxy or a program of callers fails.
    pub(crate) async fn measure(&self, scenarios: &[Scenario]) -> Result<Measured> {
        let began = SystemClock.now();
        progress("warming the store up");
        self.warm_up().await?;
        let mut measured = Measured::default();
        for &scenario in scenarios {
            let setting = scenario.setting(self.quick);
            let mut raw = Vec::new();
            for number in 1..=self.repetitions {
                for system in in_order(scenario.systems(), number) {
                    let tables = format!("{}-{}-{number}", scenario.name(), system.name());
                    progress(&format!(
                        "[{:>4}s] {}: {} ({number} of {})",
                        SystemClock.now().saturating_since(began).as_secs(),
                        scenario.name(),
                        system.name(),
                        self.repetitions
                    ));
                    let run = Run {
                        bench: self,
                        scenario,
                        system,
                        setting: &setting,
                        table: table(scenario, system, &tables),
                    };
                    let done = run.measure().await;
                    raw.extend(done.map_err(|error| format!("{tables}: {error}"))?);
                }
            }
            let mut rows = row::of_repetitions(&raw);
            measured.raw.append(&mut raw);
            targets::set(scenario, &mut rows);
            measured.rows.append(&mut rows);
        }
        Ok(measured)
    }

    /// Lets the store compile what any of the systems asks it for, before one of them is measured.
    async fn warm_up(&self) -> Result<()> {
        let scenario = Scenario::LimitNeverReached;
        let setting = Setting {
            duration_ms: WARM_UP_MS,
            ..scenario.setting(self.quick)
        };
        for &system in scenario.systems() {
            let run = Run {
                bench: self,
                scenario,
                system,
                setting: &setting,
                table: format!("warm-up-{}", system.name()),
            };
            run.measure().await?;
        }
        Ok(())
    }
}

/// The systems of a repetition: every second time the last comes first, so that none has always the warmest store.
fn in_order(systems: &[System], repetition: u32) -> Vec<System> {
    let mut systems = systems.to_vec();
    if repetition.is_multiple_of(2) {
        systems.reverse();
    }
    systems
}

/// The table of a measurement. Making thousands of keys takes a while, so those who use Tollgate's table share one where there are many.
fn table(scenario: Scenario, system: System, own: &str) -> String {
    match (scenario, system.leases()) {
        (Scenario::LightKeys, Some(_)) => scenario.name().to_owned(),
        _ => own.to_owned(),
    }
}

/// One repetition of one system in one scenario.
struct Run<'a> {
    bench: &'a Bench,
    scenario: Scenario,
    system: System,
    setting: &'a Setting,
    table: String,
}

impl Run<'_> {
    async fn measure(&self) -> Result<Vec<Row>> {
        if self.setting.plan.quota_per_day.is_some() && setup::until_midnight() < QUOTA_PATIENCE {
            progress("waiting for midnight (UTC), at which quotas begin anew");
            tokio::time::sleep(setup::until_midnight()).await;
        }
        self.set_up().await?;
        let proxy = CountingProxy::start(&self.bench.endpoint).await?;
        proxy.set_distance(DISTANCE);
        let mut programs = Vec::new();
        for task in self.tasks(&proxy)? {
            let program = Program::start(&task, &self.bench.peers).await?;
            programs.push((program, task));
        }
        proxy.take_bill();
        if self.scenario == Scenario::ExactPath
            && let Some((program, task)) = programs.pop()
        {
            return in_turn::rows(program, &task, &proxy, self.setting).await;
        }
        for (program, _) in &mut programs {
            program.tell("go").await?;
        }
        let counted_from = self.counted_from(&proxy).await;
        let mut seen = Vec::new();
        for (mut program, task) in programs {
            let said = program.hear().await?;
            if said != DONE {
                return Err(format!("expected {DONE}, but it said {said}").into());
            }
            program.end().await?;
            seen.append(&mut take_records(&task.records_file)?);
        }
        let bill = proxy.take_bill();
        let is_counted = |record: &Record| record.start_ns >= counted_from.as_nanos();
        let counted: Vec<Record> = seen.iter().copied().filter(is_counted).collect();
        let billed = match self.setting.checks_per_s {
            Some(_) => &seen,
            None => &counted,
        };
        let measured = (self.scenario, self.system);
        let row = figures::row(measured, self.setting, &counted, (billed, &bill));
        Ok(vec![row])
    }

    /// Waits until what the callers do is to be counted. From then on is counted which checks begin.
    ///
    /// Then a new bill begins, too, but not where checks may wait for long: the bill would be of those that began before.
    async fn counted_from(&self, proxy: &CountingProxy) -> Timestamp {
        if self.setting.uncounted_ms == 0 {
            return Timestamp::EPOCH;
        }
        tokio::time::sleep(Duration::from_millis(self.setting.uncounted_ms)).await;
        if self.setting.checks_per_s.is_none() {
            proxy.take_bill();
        }
        SystemClock.now()
    }

    /// Makes the table where the callers do not make it themselves.
    async fn set_up(&self) -> Result<()> {
        let (endpoint, table) = (&self.bench.endpoint, &self.table);
        let plan = self.setting.plan;
        match self.system {
            System::RateLimiterFlexible
            | System::RateLimiterFlexibleBlocking
            | System::ZaeLimiter => Ok(()),
            System::Optimistic | System::TwoForm => setup::make_plain_table(endpoint, table).await,
            System::LeasesOff | System::LeasesOf10 | System::LeasesOf100 => {
                if setup::table_exists(endpoint, table).await? {
                    return Ok(());
                }
                let keys = self.keys();
                if keys.len() > 1 {
                    progress(&format!("making {} keys", keys.len()));
                }
                setup::make_tollgate_table(endpoint, table, plan, &keys).await
            }
            System::BareUpdate => {
                setup::make_tollgate_table(endpoint, table, plan, &self.keys()).await?;
                let bare = exact_path::bare_table(table);
                setup::make_tollgate_table(endpoint, &bare, plan, &[]).await
            }
        }
    }

    /// The keys that will be asked for: of many keys, those that are drawn.
    fn keys(&self) -> Vec<String> {
        let drawn: BTreeSet<usize> = match self.setting.checks_each {
            Some(checks_each) => self.draw(checks_each).into_iter().flatten().collect(),
            None => [0].into(),
        };
        drawn.into_iter().map(setup::key_value).collect()
    }

    fn draw(&self, checks_each: usize) -> Vec<Vec<usize>> {
        setup::zipf_sequences(self.setting.callers, checks_each, self.setting.keys)
    }

    /// A task for each clock.
    fn tasks(&self, proxy: &CountingProxy) -> Result<Vec<Task>> {
        let setting = self.setting;
        let processes = setting.clocks_ahead_ms.len();
        let keys_file = match setting.checks_each {
            Some(checks_each) => Some(self.write_keys(checks_each)?),
            None => None,
        };
        let makes_table = self.system.language() != Language::Rust;
        let task = |number: usize, clock_ahead_ms: i64| -> Result<Task> {
            Ok(Task {
                system: self.system,
                endpoint: proxy.endpoint().to_owned(),
                table: self.table.clone(),
                makes_table: makes_table && number == 0,
                callers: setting.callers / processes,
                limiters: setting.limiters / processes,
                plan: setting.plan,
                duration_ms: setting.uncounted_ms + setting.duration_ms,
                checks_per_s: setting.checks_per_s,
                max_refusals: setting.max_refusals,
                free_refusal_ns: u64::try_from(FREE_REFUSAL.as_nanos())?,
                pause_ms: PAUSE_MS,
                clock_ahead_ms,
                warm_up_checks: WARM_UP_CHECKS,
                warm_up_key: setup::WARM_UP_KEY.to_owned(),
                key: setup::key_value(0),
                keys_file: keys_file.clone(),
                records_file: self.bench.work_dir.join(format!("records-{number}")),
            })
        };
        let clocks = setting.clocks_ahead_ms.iter();
        clocks
            .enumerate()
            .map(|(number, ahead_ms)| task(number, *ahead_ms))
            .collect()
    }

    fn write_keys(&self, checks_each: usize) -> Result<PathBuf> {
        let sequences = self.draw(checks_each);
        let lines = sequences.iter().map(|sequence| {
            let keys: Vec<_> = sequence.iter().map(|key| setup::key_value(*key)).collect();
            keys.join(" ")
        });
        let file = self.bench.work_dir.join("keys");
        std::fs::write(&file, lines.collect::<Vec<_>>().join("\n"))?;
        Ok(file)
    }
}

/// Reads records and removes the file, which the next program would otherwise leave when it fails.
fn take_records(file: &Path) -> Result<Vec<Record>> {
    let records = records::read(file)?;
    std::fs::remove_file(file)?;
    Ok(records)
}
