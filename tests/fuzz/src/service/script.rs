//! A script: one request a line, `POST /apikeys {"name":"a"}`.
//!
//! `<key>` stands for the newest key that the script has made, and likewise `<plan>`, `<api>`, `<root>`, `<resource>`, `<deployment>`,
//! `<authorizer>`, `<validator>`. A body that is no JSON may have `\n` for the ends of its lines.

use std::collections::BTreeMap;

use serde_json::Value;

use super::model::{self, Operation};
use super::{Answer, Service};
use crate::target::Seen;

/// The most lines that are sent.
const LINES_MAX: usize = 40;

/// Sends each line, and checks each answer.
///
/// # Errors
///
/// What an answer should not be.
pub(crate) fn run(service: &mut impl Service, script: &str) -> Result<Seen, String> {
    let mut names = BTreeMap::new();
    let mut told = String::new();
    let mut is_refused = true;
    for line in script.lines().take(LINES_MAX) {
        let line = filled(line, &names);
        let Some((method, rest)) = line.split_once(' ') else {
            continue;
        };
        let (path, body) = rest.split_once(' ').unwrap_or((rest, ""));
        let body = if body.starts_with('{') {
            body.to_owned()
        } else {
            body.replace("\\n", "\n")
        };
        let within = |broken: String| format!("{method} {}: {broken}", uri(method, path));
        let Some(answer) = step(service, method, path, &body).map_err(within)? else {
            continue;
        };
        told.push_str(uri(method, path));
        if answer.status < 400 {
            is_refused = false;
            remember(&mut names, method, path, &answer);
        } else {
            told.push_str(&String::from_utf8_lossy(&answer.body).replace('"', ""));
        }
    }
    // The last lines are what the script was made for.
    let start = told.len().saturating_sub(200);
    let end = told.get(start..).unwrap_or(&told);
    Ok(if is_refused {
        Seen::refused(end)
    } else {
        Seen::taken(end)
    })
}

/// How a request is told: without its ids.
fn uri<'p>(method: &str, path: &'p str) -> &'p str {
    model::operation(method, path).map_or("no operation", |operation| operation.uri)
}

fn filled(line: &str, names: &BTreeMap<&str, String>) -> String {
    let mut line = line.to_owned();
    for (name, value) in names {
        if line.contains(name) {
            line = line.replace(name, value);
        }
    }
    line
}

/// One request. What is refused has changed nothing, and what an update answers is what there is then.
fn step(
    service: &mut impl Service,
    method: &str,
    path: &str,
    body: &str,
) -> Result<Option<Answer>, String> {
    let looked_at = looked_at(method, path);
    let look = |service: &mut _| match looked_at {
        Some(path) => look(service, path),
        None => Ok(None),
    };
    let before = look(service)?;
    let sent = service.send(method, path, body.as_bytes().to_vec())?;
    let Some(answer) = sent else {
        return Ok(None);
    };
    check(&answer, model::operation(method, path))?;
    if answer.status >= 400 {
        if before != look(service)? {
            return Err(format!(
                "it is refused, and has changed something: `{}`",
                String::from_utf8_lossy(&answer.body)
            ));
        }
    } else if method == "PATCH"
        && let Some(after) = look(service)?
        && after.status == 200
        && after.body != answer.body
    {
        return Err(format!(
            "it answers `{}`, and there is `{}`",
            String::from_utf8_lossy(&answer.body),
            String::from_utf8_lossy(&after.body)
        ));
    }
    Ok(Some(answer))
}

/// Where to see whether a request has changed something.
fn looked_at<'p>(method: &str, path: &'p str) -> Option<&'p str> {
    let (path, query) = model::parted(path);
    // An import of keys says what it has done before it failed.
    let is_import = query.contains("mode=import") && path.starts_with("/apikeys");
    let can_look = model::operation("GET", path).is_some();
    (method != "GET" && can_look && !is_import).then_some(path)
}

fn look(service: &mut impl Service, path: &str) -> Result<Option<Answer>, String> {
    service.send("GET", path, Vec::new())
}

fn check(answer: &Answer, operation: Option<&Operation>) -> Result<(), String> {
    match answer.status {
        200..=299 => match operation {
            Some(operation) => operation.check(answer),
            None => Err("what is no operation is carried out".to_owned()),
        },
        400..=499 => model::check_error(answer),
        status => Err(format!(
            "the status is {status}: `{}`",
            String::from_utf8_lossy(&answer.body)
        )),
    }
}

/// Keeps the ids of what has been made.
fn remember(names: &mut BTreeMap<&'static str, String>, method: &str, path: &str, answer: &Answer) {
    let Some(operation) = model::operation(method, path) else {
        return;
    };
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let made: &[(&str, &str)] = match operation.name {
        "CreateApiKey" => &[("<key>", "/id"), ("<value>", "/value")],
        "ImportApiKeys" => &[("<key>", "/ids/0")],
        "CreateUsagePlan" => &[("<plan>", "/id")],
        "CreateRestApi" | "ImportRestApi" => &[
            ("<api>", "/id"),
            ("<root>", "/rootResourceId"),
            ("<resource>", "/rootResourceId"),
        ],
        "CreateResource" => &[("<resource>", "/id")],
        "CreateDeployment" => &[("<deployment>", "/id")],
        "CreateAuthorizer" => &[("<authorizer>", "/id")],
        "CreateRequestValidator" => &[("<validator>", "/id")],
        _ => &[],
    };
    for (name, place) in made {
        if let Some(id) = body.pointer(place).and_then(Value::as_str) {
            names.insert(name, id.to_owned());
        }
    }
}
