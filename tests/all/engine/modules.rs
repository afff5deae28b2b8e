//! Modules import downwards only, and one of them knows AWS.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The engine's modules from the ground up: each may use those above it in this list.
const ENGINE: [&str; 28] = [
    // numbers
    "time",
    "id",
    "random",
    // algorithms
    "bucket",
    "quota",
    "key",
    // model
    "api",
    "plan",
    "overrides",
    "scope",
    "metadata",
    "decision",
    "meter",
    "alert",
    "rest_api",
    // storage
    "store",
    // use
    "lease",
    "charge",
    "entitlement",
    "limiter",
    "alerting",
    "metrics",
    "logs",
    // transport
    "http",
    "authorizer",
    "control",
    "outbound",
    "usage_export",
];

/// The gateway's.
const GATEWAY: [&str; 36] = [
    "local",
    "leaks",
    "replay",
    "simulate",
    "capacity",
    "http_client",
    "content",
    "remote",
    "management",
    "migration",
    "mapping",
    "template",
    "event",
    "router",
    "incoming",
    "fault",
    "threads",
    "runtime_api",
    "language",
    "build_functions",
    "layers",
    "tally",
    "alerts",
    "invoke",
    "lambda",
    "embedded",
    "deploy",
    "shared_throttle",
    "authorize",
    "rest_api",
    "explain",
    "console",
    "server",
    "connect",
    "start_api",
    "cli",
];

/// A crate whose name starts so may be named only in files whose path starts so.
struct Reserved {
    crates: &'static str,
    paths: &'static [&'static str],
}

const ENGINE_RESERVED: [Reserved; 4] = [
    Reserved {
        crates: "aws_sdk_",
        paths: &["store/dynamodb"],
    },
    Reserved {
        crates: "serde_dynamo",
        paths: &["store/dynamodb"],
    },
    Reserved {
        crates: "aws_config",
        paths: &[
            "store/dynamodb",
            "http/layer.rs",
            "http/settings.rs",
            "authorizer.rs",
            "outbound.rs",
        ],
    },
    Reserved {
        crates: "lambda_http",
        paths: &["http"],
    },
];

/// A source file: its path below `src`, with slashes, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: without_comments_and_tests(text),
        }
    }

    /// `store` of `store/dynamodb/charge.rs`; `None` for the root of a crate.
    fn module(&self) -> Option<&str> {
        let first = self.path.split('/').next()?;
        let module = first.strip_suffix(".rs").unwrap_or(first);
        (!matches!(module, "lib" | "main")).then_some(module)
    }

    /// How many modules deep the file is: 1 for `store.rs`.
    fn depth(&self) -> usize {
        self.path.split('/').count()
    }

    /// The modules of its own crate that the file names.
    fn imports(&self) -> BTreeSet<String> {
        let to_root = "super::".repeat(self.depth());
        let mut found = BTreeSet::new();
        for prefix in ["crate::", &to_root] {
            for (at, _) in self.text.match_indices(prefix) {
                let before = self.text[..at].chars().next_back();
                let is_path_start =
                    before.is_none_or(|c| !c.is_alphanumeric() && !"_$:".contains(c));
                if is_path_start {
                    first_segments(&self.text[at + prefix.len()..], &mut found);
                }
            }
        }
        found
    }
}

/// The first segment of a path, or of each path in a group in braces.
fn first_segments(rest: &str, found: &mut BTreeSet<String>) {
    let Some(group) = rest.strip_prefix('{') else {
        found.extend(identifier(rest));
        return;
    };
    let mut depth = 1;
    let mut is_first = true;
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => is_first = true,
            _ if is_first && !character.is_whitespace() => {
                found.extend(identifier(&group[at..]));
                is_first = false;
            }
            _ => {}
        }
        if depth == 0 {
            return;
        }
    }
}

fn identifier(text: &str) -> Option<String> {
    let identifier: String = text
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    // A type or a constant at the root of the crate is no module.
    identifier
        .starts_with(|c: char| c.is_lowercase())
        .then_some(identifier)
}

/// Comments may link upwards, and a file's own tests may use what they like.
fn without_comments_and_tests(text: &str) -> String {
    let code = match text.split_once("#[cfg(test)]\nmod tests {") {
        Some((code, _tests)) => code,
        None => text,
    };
    let lines = code
        .lines()
        .map(|line| line.split_once("//").map_or(line, |(code, _)| code));
    lines.collect::<Vec<_>>().join("\n")
}

/// What breaks the order.
fn upward_imports(order: &[&str], sources: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in sources {
        let Some(module) = source.module() else {
            continue;
        };
        let Some(own) = order.iter().position(|name| *name == module) else {
            wrong.push(format!(
                "{}: `{module}` has no place in the order of modules",
                source.path
            ));
            continue;
        };
        for import in source.imports() {
            match order.iter().position(|name| *name == import) {
                Some(at) if at <= own => {}
                Some(_) => wrong.push(format!(
                    "{} imports `{import}`, which stands above it",
                    source.path
                )),
                None => wrong.push(format!(
                    "{} imports `{import}`, which has no place in the order",
                    source.path
                )),
            }
        }
    }
    wrong
}

/// Files that name a crate which is reserved for others.
fn trespassers(reserved: &[Reserved], sources: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in sources {
        for rule in reserved {
            let is_allowed = rule.paths.iter().any(|path| source.path.starts_with(path));
            if !is_allowed && source.text.contains(rule.crates) {
                wrong.push(format!("{} names {}", source.path, rule.crates));
            }
        }
    }
    wrong
}

fn read(package: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(package)
        .join("src");
    let mut sources = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let below = path.strip_prefix(&root).unwrap();
                let below: Vec<&str> = below.iter().map(|part| part.to_str().unwrap()).collect();
                sources.push(Source::new(
                    &below.join("/"),
                    &fs::read_to_string(&path).unwrap(),
                ));
            }
        }
    }
    sources
}

#[test]
fn the_engine_imports_downwards_only() {
    let sources = read("shared");
    assert!(
        sources.len() > 20,
        "only {} files were found",
        sources.len()
    );
    assert_eq!(upward_imports(&ENGINE, &sources), [""; 0]);
}

#[test]
fn the_gateway_imports_downwards_only() {
    assert_eq!(upward_imports(&GATEWAY, &read("gateway")), [""; 0]);
}

#[test]
fn only_the_store_and_the_transport_know_aws() {
    assert_eq!(trespassers(&ENGINE_RESERVED, &read("shared")), [""; 0]);
}

#[test]
fn an_upward_import_is_found_in_every_form() {
    let forms = [
        "use crate::limiter::Limiter;",
        "use crate::{time::Clock, limiter::{Limiter, Request}};",
        "use crate::{\n    time::{Clock, Timestamp},\n    limiter,\n};",
        "pub(crate) use crate::limiter;",
        "fn f() { crate::limiter::decide() }",
        "use super::super::limiter::Limiter;",
    ];
    for form in forms {
        let found = upward_imports(&ENGINE, &[Source::new("meter/propose.rs", form)]);
        assert_eq!(
            found,
            ["meter/propose.rs imports `limiter`, which stands above it"],
            "{form}"
        );
    }
}

#[test]
fn downward_imports_comments_and_tests_pass() {
    let forms = [
        "use crate::time::{Clock, Timestamp};\nuse super::{Answer, Write};",
        "//! See [`crate::limiter`].\nuse crate::bucket::Bucket; // not crate::limiter",
        "use std::fmt;\n#[cfg(test)]\nmod tests {\n    use crate::limiter::Limiter;\n}",
        "macro_rules! m { () => { $crate::limiter } }",
        "use other_crate::limiter;",
    ];
    for form in forms {
        let found = upward_imports(&ENGINE, &[Source::new("meter/propose.rs", form)]);
        assert_eq!(found, [""; 0], "{form}");
    }
}

#[test]
fn a_module_without_a_place_is_found() {
    let sources = [
        Source::new("helpers.rs", ""),
        Source::new("meter.rs", "use crate::helpers::x;"),
    ];
    let found = upward_imports(&ENGINE, &sources);
    assert_eq!(
        found,
        [
            "helpers.rs: `helpers` has no place in the order of modules",
            "meter.rs imports `helpers`, which has no place in the order",
        ]
    );
}

#[test]
fn a_file_that_names_a_reserved_crate_is_found() {
    let sources = [
        Source::new("limiter.rs", "use aws_sdk_dynamodb::Client;"),
        Source::new("store/dynamodb/keys.rs", "use aws_sdk_dynamodb::Client;"),
        Source::new("store/error.rs", "// aws_sdk_dynamodb"),
    ];
    assert_eq!(
        trespassers(&ENGINE_RESERVED, &sources),
        ["limiter.rs names aws_sdk_"]
    );
}
