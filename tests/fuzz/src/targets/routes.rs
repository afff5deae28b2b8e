//! The choice of the method that answers a request, held against a matcher that knows only the rules.
//!
//! An input is `REST` or `HTTP`, then a list of methods, then `---` and the requests:
//!
//! ```text
//! HTTP, GET /users/{id}, ANY /{proxy+}
//! ---
//! GET /users/7
//! ```

use http::Method;
use tollgate::api::{MethodPatterns, PathTemplate, RouteMatch, Routes, Routing, Verb};

use super::{check, text, two};
use crate::target::{Memory, Seen, Target};

pub(super) const TARGET: Target = Target {
    name: "routes",
    words: &[
        "REST, ",
        "HTTP, ",
        "GET /",
        "ANY /",
        "PUT /",
        "OPTIONS *",
        "/{id}",
        "/{name}",
        "/{proxy+}",
        "/a",
        "/b",
        "/{a}",
        "/{b+}",
        "{",
        "}",
        "+}",
        "\n---\n",
        "\nGET /",
        "/../",
        "/./",
        "%2F",
        "%2f",
        "%2e%2e",
        "%5C",
        "%252e",
        "//",
        "?",
        "#",
        "\\",
        ", ",
    ],
    fresh: None,
    memory: Memory {
        base_bytes: 1 << 16,
        bytes_per_byte: 512,
    },
    weight: 1,
    check: find,
};

fn find(input: &[u8]) -> Result<Seen, String> {
    let text = text(input);
    let (list, requests) = two(&text);
    let (routing, list) = match list.split_once(',') {
        Some((kind, list)) if kind.trim() == "HTTP" => (Routing::HttpApi, list),
        Some((_, list)) => (Routing::RestApi, list),
        None => (Routing::RestApi, list),
    };
    let mut told = String::new();
    // What is no method is left out, so that the others stay.
    let entries: Vec<&str> = list
        .split(',')
        .filter(|entry| match entry.parse::<MethodPatterns>() {
            Ok(_) => !entry.trim().is_empty(),
            Err(error) => {
                told.push_str(&format!("{error:?}").replace('"', "'"));
                false
            }
        })
        .collect();
    let patterns = match entries.join(",").parse::<MethodPatterns>() {
        Ok(patterns) if !patterns.as_slice().is_empty() => patterns,
        Ok(_) => return Ok(Seen::refused(&told)),
        Err(error) => {
            return Err(format!(
                "methods that are right alone are not together: {error}"
            ));
        }
    };
    check(
        patterns.to_string().parse().as_ref() == Ok(&patterns),
        || "a list is not what it is written as".to_owned(),
    )?;
    let mut routes = Routes::new(routing);
    let mut rules = Vec::new();
    let mut conflicts = 0;
    for pattern in patterns.as_slice() {
        let rule = (pattern.verb, pattern.path.clone());
        match routes.insert(pattern.verb, pattern.path.clone(), rules.len()) {
            Ok(()) => rules.push(rule),
            Err(_) => conflicts += 1,
        }
    }
    told.push_str(if conflicts > 0 { " conflicts" } else { "" });
    for request in requests.lines().take(64) {
        let Some((method, path)) = request.split_once(' ') else {
            continue;
        };
        let Ok(method) = Method::from_bytes(method.as_bytes()) else {
            continue;
        };
        told.push_str(found(&routes, &rules, routing, &method, path)?);
        if patterns.matches(&method, path) {
            told.push_str(" public");
            public(&patterns, &method, path)?;
        }
    }
    Ok(Seen::taken(&told))
}

/// What the choice is, which has to be the one that the rules leave.
fn found(
    routes: &Routes<usize>,
    rules: &[(Verb, PathTemplate)],
    routing: Routing,
    method: &Method,
    path: &str,
) -> Result<&'static str, String> {
    let expected = expected(rules, routing, method, path);
    match routes.find(method, path) {
        RouteMatch::Found(found) => {
            check(Some(*found.value) == expected, || {
                format!("`{method} {path}` is answered by another method than the rules say")
            })?;
            let template = found.template.map_or("", PathTemplate::as_str);
            check(
                filled(template, &found.parameters) == significant(path, routing),
                || format!("the variables of `{path}` do not give the path again"),
            )?;
            Ok(" found")
        }
        RouteMatch::NoMethod { template } => {
            check(expected.is_none(), || {
                format!("`{method} {path}` has a method, and is answered by none")
            })?;
            check(fits(template.as_str(), path, routing), || {
                format!("`{path}` has no method at a path that is not its own")
            })?;
            Ok(" no method")
        }
        RouteMatch::NoPath => {
            let none = !rules
                .iter()
                .any(|(_, template)| fits(template.as_str(), path, routing));
            check(none, || format!("`{path}` is there, and is not found"))?;
            Ok(" no path")
        }
    }
}

/// The rule that answers, by trying each.
fn expected(
    rules: &[(Verb, PathTemplate)],
    routing: Routing,
    method: &Method,
    path: &str,
) -> Option<usize> {
    let fitting = || {
        rules
            .iter()
            .enumerate()
            .map(|(place, (verb, template))| (place, *verb, template.as_str()))
            .filter(|(_, _, template)| fits(template, path, routing))
    };
    let own = |verb: Verb| verb != Verb::Any;
    let best = match routing {
        Routing::RestApi => {
            let best = fitting().map(|(_, _, template)| rank(template)).max()?;
            fitting()
                .filter(|(_, verb, template)| rank(template) == best && verb.covers(method))
                .max_by_key(|(_, verb, _)| own(*verb))
        }
        Routing::HttpApi => fitting()
            .filter(|(_, verb, _)| verb.covers(method))
            .max_by_key(|(_, verb, template)| {
                (!template.ends_with("+}"), rank(template), own(*verb))
            }),
    };
    best.map(|(place, _, _)| place)
}

/// How specific a template is, segment by segment.
fn rank(template: &str) -> Vec<u8> {
    segments_of(template)
        .map(|segment| match segment {
            greedy if greedy.ends_with("+}") => 1,
            variable if variable.starts_with('{') => 2,
            _ => 3,
        })
        .collect()
}

fn segments_of(template: &str) -> impl Iterator<Item = &str> {
    template.split('/').filter(|segment| !segment.is_empty())
}

/// The path without the slashes that do not count; `None` when it is none.
fn significant(path: &str, routing: Routing) -> Option<String> {
    let path = path.strip_prefix('/')?;
    Some(match routing {
        Routing::RestApi => path.trim_matches('/').to_owned(),
        Routing::HttpApi => path.to_owned(),
    })
}

/// Whether a path fits a template.
fn fits(template: &str, path: &str, routing: Routing) -> bool {
    let Some(path) = significant(path, routing) else {
        return false;
    };
    let mut rest: Vec<&str> = if path.is_empty() {
        Vec::new()
    } else {
        path.split('/').collect()
    };
    for segment in segments_of(template) {
        if segment.ends_with("+}") {
            return !rest.join("/").is_empty();
        }
        if rest.is_empty() {
            return false;
        }
        let part = rest.remove(0);
        let is_it = if segment.starts_with('{') {
            !part.is_empty()
        } else {
            part == segment
        };
        if !is_it {
            return false;
        }
    }
    rest.is_empty()
}

/// The template with its variables filled in.
fn filled(template: &str, parameters: &[(&str, &str)]) -> Option<String> {
    let mut values = parameters.iter().map(|(_, value)| *value);
    let parts: Option<Vec<&str>> = segments_of(template)
        .map(|segment| {
            if segment.starts_with('{') {
                values.next()
            } else {
                Some(segment)
            }
        })
        .collect();
    Some(parts?.join("/"))
}

/// However the code behind reads a path that needs no key, it is one that needs none: escapes decoded, backslashes as slashes, dots resolved.
fn public(patterns: &MethodPatterns, method: &Method, path: &str) -> Result<(), String> {
    let decoded = decoded(path);
    let resolved = resolved(&decoded.replace('\\', "/"));
    for reading in [path, &decoded, &resolved] {
        let is_public = patterns.as_slice().iter().any(|pattern| {
            let template = pattern.path.as_str();
            pattern.verb.covers(method)
                && (fits(template, reading, Routing::RestApi)
                    || fits(&self::decoded(template), reading, Routing::RestApi))
        });
        check(is_public, || {
            format!("`{path}` needs no key, and can be read as `{reading}`, which does")
        })?;
    }
    Ok(())
}

fn decoded(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut out = Vec::new();
    let mut place = 0;
    while let Some(byte) = bytes.get(place) {
        let digits = path.get(place.saturating_add(1)..place.saturating_add(3));
        let escaped = digits
            .filter(|digits| *byte == b'%' && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(escaped.unwrap_or(*byte));
        place = place.saturating_add(if escaped.is_some() { 3 } else { 1 });
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn resolved(path: &str) -> String {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "." => {}
            ".." => drop(segments.pop()),
            other => segments.push(other),
        }
    }
    segments.join("/")
}
