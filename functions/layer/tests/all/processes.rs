//! The program, as Lambda runs it in a runtime's place.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tests::DynamoDb;

use crate::desk::{PEPPER, Shop, event};
use crate::platform::Platform;
use crate::runtime::Runtime;

/// A runtime that says where its Runtime API is, and lets the test do the rest.
const SLEEPER: &str = "echo $AWS_LAMBDA_RUNTIME_API; exec sleep 1000";

/// The layer's program with this environment and no other, in front of a shell.
fn program(variables: &[(&str, &str)], script: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_layer"));
    command
        .args(["sh", "-c", script, "a runtime"])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .process_group(0);
    command
}

/// The output of a program that ends by itself, and whose proxy ends with it.
fn output(command: &mut Command) -> Output {
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A variable that lets the proxy start.
fn api(authority: &str) -> [(&str, &str); 1] {
    [("AWS_LAMBDA_RUNTIME_API", authority)]
}

/// No platform is behind it.
const NOBODY: &str = "127.0.0.1:9";

/// A running program. What it has started is killed with this value.
struct Running {
    child: Child,
    output: BufReader<ChildStdout>,
    /// The lines of the log that came before the last line which is none.
    log: String,
    group: Pid,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let group = Pid::from_child(&child);
        Self {
            child,
            output,
            log: String::new(),
            group,
        }
    }

    /// The next line that is no log.
    fn line(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0);
            if !line.contains("layer::") && !line.starts_with('{') {
                return line.trim_end().to_owned();
            }
            self.log.push_str(&line);
        }
    }

    /// The one who asks for events in the sleeper's place.
    fn runtime(&mut self) -> Runtime {
        Runtime::new(self.line().parse().unwrap())
    }

    /// The runtime's only child.
    fn proxy(&self) -> Pid {
        let id = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let children = children.unwrap();
        let [child] = children.split_whitespace().collect::<Vec<_>>()[..] else {
            panic!("the runtime's children: {children:?}");
        };
        Pid::from_raw(child.parse().unwrap()).unwrap()
    }

    /// Waits until nobody is left who could write, and returns the log.
    fn rest(mut self) -> String {
        let mut log = std::mem::take(&mut self.log);
        self.output.read_to_string(&mut log).unwrap();
        log
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = kill_process_group(self.group, Signal::KILL);
        self.child.wait().unwrap();
    }
}

#[test]
fn the_runtime_takes_the_place_of_the_program() {
    let mut command = program(&api(NOBODY), "echo $$ $0 \"$1\" \"$2\"; cat; exit 7");
    command.args(["a b", ""]).stdin(Stdio::piped());
    let mut running = Running::start(command);
    std::io::Write::write_all(&mut running.child.stdin.take().unwrap(), b"input\n").unwrap();
    let id = running.child.id();
    assert_eq!(running.line(), format!("{id} a runtime a b"));
    assert_eq!(running.line(), "input");
    assert_eq!(running.child.wait().unwrap().code(), Some(7));
}

#[test]
fn a_signal_that_ends_the_runtime_ends_the_program() {
    let ended = output(&mut program(&api(NOBODY), "kill -SEGV $$"));
    assert_eq!(ended.status.signal(), Some(11));
}

#[test]
fn the_runtime_has_no_descriptor_of_the_layers_and_does_not_know_the_pepper() {
    let script = "echo $TOLLGATE_PEPPER- $TOLLGATE_TABLE $OTHER; exec sleep 1000";
    let seen = |switch| {
        let mut variables = api(NOBODY).to_vec();
        variables.extend([("TOLLGATE_PEPPER", "p"), ("TOLLGATE_TABLE", "t")]);
        variables.extend([("OTHER", "o"), ("TOLLGATE_LAYER", switch)]);
        let mut running = Running::start(program(&variables, script));
        let line = running.line();
        let descriptors = std::fs::read_dir(format!("/proc/{}/fd", running.child.id()));
        let targets = descriptors
            .unwrap()
            .filter_map(|one| std::fs::read_link(one.ok()?.path()).ok());
        let sockets = targets.filter(|target| target.to_string_lossy().starts_with("socket:"));
        (line, sockets.count())
    };
    let (variables, sockets) = seen("on");
    assert_eq!(variables, "- t o");
    assert_eq!(seen("off"), ("p- t o".to_owned(), sockets));
}

#[test]
fn switched_off_there_is_nothing_in_between() {
    let variables = [
        ("AWS_LAMBDA_RUNTIME_API", NOBODY),
        ("TOLLGATE_LAYER", "off"),
        ("TOLLGATE_PEPPER", PEPPER),
    ];
    let script =
        "echo $AWS_LAMBDA_RUNTIME_API; cat /proc/$$/task/$$/children; echo $TOLLGATE_PEPPER";
    let ended = output(&mut program(&variables, script));
    let said = text(&ended.stdout);
    assert!(said.starts_with(&format!("{NOBODY}\n")), "{said}");
    assert!(said.ends_with(&format!("{PEPPER}\n")), "{said}");
    assert_eq!(
        said.split_whitespace().count(),
        2 + PEPPER.split(' ').count(),
        "{said}"
    );
}

#[test]
fn who_runs_it_by_hand_is_told_what_it_is_for() {
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_layer"));
        output(command.args(arguments).env_remove("AWS_LAMBDA_RUNTIME_API"))
    };
    for arguments in [&[][..], &["--help"], &["-h"]] {
        let help = run(arguments);
        assert!(help.status.success());
        assert!(text(&help.stdout).contains("AWS_LAMBDA_EXEC_WRAPPER  /opt/tollgate"));
    }
    assert!(text(&run(&["--version"]).stdout).starts_with("tollgate layer "));
    let refused = run(&["true"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("AWS_LAMBDA_RUNTIME_API is not set"));
}

#[test]
fn a_runtime_that_is_not_there_is_named() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_layer"));
    command
        .arg("/no/such/runtime")
        .env_clear()
        .envs(api(NOBODY))
        .process_group(0);
    let ended = output(&mut command);
    assert_eq!(ended.status.code(), Some(127));
    let said = text(&ended.stderr);
    assert!(
        said.contains("cannot run /no/such/runtime: No such file"),
        "{said}"
    );
}

#[tokio::test]
async fn the_proxy_ends_with_the_runtime_and_takes_no_event_after_it() {
    let platform = Platform::start().await;
    let mut running = Running::start(program(&api(&platform.authority), SLEEPER));
    let runtime = running.runtime();
    let asking = tokio::spawn(async move { runtime.try_next().await });
    platform.until_waiting(1).await;
    running.child.kill().unwrap();
    platform.until_left(1).await;
    assert!(asking.await.unwrap().is_err());
    let rest = tokio::task::spawn_blocking(|| running.rest())
        .await
        .unwrap();
    assert!(!rest.contains("panic"), "{rest}");
}

#[tokio::test]
async fn a_runtime_whose_proxy_is_killed_loses_its_connection() {
    let platform = Platform::start().await;
    let mut running = Running::start(program(&api(&platform.authority), SLEEPER));
    let runtime = running.runtime();
    let asking = tokio::spawn(async move { runtime.try_next().await });
    platform.until_waiting(1).await;
    kill_process(running.proxy(), Signal::KILL).unwrap();
    assert!(asking.await.unwrap().is_err());
    platform.until_left(1).await;
    assert!(running.child.try_wait().unwrap().is_none());
}

#[tokio::test]
async fn a_function_whose_settings_are_missing_runs_and_answers_503() {
    let platform = Platform::start().await;
    let mut running = Running::start(program(&api(&platform.authority), SLEEPER));
    let runtime = running.runtime();
    platform.send("a", event("users-create"));
    platform.send("b", "[1]");
    assert_eq!(runtime.next().await.0.body, "[1]");
    assert_eq!(platform.answer("a").await.json()["statusCode"], 503);
    running.child.kill().unwrap();
    let said = tokio::task::spawn_blocking(|| running.rest())
        .await
        .unwrap();
    assert!(said.contains("TOLLGATE_PEPPER is not set"), "{said}");
    assert!(said.contains("answers every HTTP request 503"), "{said}");
}

#[tokio::test]
async fn a_function_whose_settings_are_missing_lets_requests_pass_where_that_is_said() {
    let platform = Platform::start().await;
    let mut variables = api(&platform.authority).to_vec();
    variables.push(("TOLLGATE_ON_UNAVAILABLE", "allow"));
    let mut running = Running::start(program(&variables, SLEEPER));
    let runtime = running.runtime();
    platform.send("a", event("users-create"));
    assert_eq!(runtime.next().await.0.body, event("users-create"));
    running.child.kill().unwrap();
    let said = tokio::task::spawn_blocking(|| running.rest())
        .await
        .unwrap();
    assert!(said.contains("a request passes unmetered"), "{said}");
}

/// The variables of a function that sells what is in the shop.
fn selling<'a>(platform: &'a Platform, shop: &'a Shop) -> Vec<(&'static str, &'a str)> {
    vec![
        ("AWS_LAMBDA_RUNTIME_API", &platform.authority),
        ("AWS_ENDPOINT_URL_DYNAMODB", shop.store.endpoint()),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("TOLLGATE_TABLE", &shop.table),
        ("TOLLGATE_PEPPER", PEPPER),
        // A busy machine's store may be slow.
        ("TOLLGATE_STORE_TIMEOUT_MS", "60000"),
    ]
}

/// The requests that the key's meter holds as used.
async fn used(database: &DynamoDb, table: &str) -> usize {
    let items = database.client().scan().table_name(table).send().await;
    let items = items.unwrap().items.unwrap();
    let mut meters = items
        .iter()
        .filter(|item| item["pk"].as_s().unwrap().starts_with("M#"));
    let meter = meters.next().unwrap();
    meter["used"].as_n().unwrap().parse().unwrap()
}

/// How many requests are enough for a lease that is worth giving back, at the most.
const MANY: usize = 3_000;

/// Requests until the process has charged some in advance; how many there were.
async fn sell(platform: &Platform, shop: &Shop, runtime: &Runtime) -> usize {
    for number in 1..MANY {
        let id = number.to_string();
        platform.send(&id, event("users-create"));
        let got = runtime.next().await;
        assert_eq!(got.id(), id);
        runtime.answer(&id, "{}").await;
        if number % 20 == 0 && used(&shop.database, &shop.table).await > number {
            return number;
        }
    }
    panic!("nothing was charged in advance");
}

#[tokio::test]
async fn leases_are_given_back_when_the_environment_ends_or_the_runtime_crashes() {
    for is_crash in [false, true] {
        let platform = Platform::start().await;
        let shop = Shop::open(100_000, 100_000).await;
        let mut running = Running::start(program(&selling(&platform, &shop), SLEEPER));
        let runtime = running.runtime();
        let sold = sell(&platform, &shop, &runtime).await;
        let registration = platform.told_at("/2020-01-01/extension/register").await;
        assert_eq!(registration.text(), r#"{"events":[]}"#);
        assert_eq!(registration.headers["lambda-extension-name"], "tollgate");
        let waiting = platform.told_at("/2020-01-01/extension/event/next").await;
        assert_eq!(
            waiting.headers["lambda-extension-identifier"],
            "an-extension"
        );
        if is_crash {
            running.child.kill().unwrap();
        } else {
            kill_process_group(running.group, Signal::TERM).unwrap();
        }
        tokio::task::spawn_blocking(|| running.rest())
            .await
            .unwrap();
        assert_eq!(used(&shop.database, &shop.table).await, sold);
    }
}

#[tokio::test]
async fn without_leases_no_extension_is_registered() {
    let platform = Platform::start().await;
    let shop = Shop::open(1_000, 1_000).await;
    let mut variables = selling(&platform, &shop);
    variables.push(("TOLLGATE_LEASES", "off"));
    let mut running = Running::start(program(&variables, SLEEPER));
    let runtime = running.runtime();
    platform.send("a", event("users-create"));
    assert_eq!(runtime.next().await.id(), "a");
    let told = platform.all_told();
    assert!(!told.iter().any(|told| told.path.contains("extension")));
}
