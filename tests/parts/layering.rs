//! The rules of the source, as absences: what may not be there, and isn't.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// From the top: a module uses what stands below it, and itself.
const LAYERS: [&str; 15] = [
    "main",
    "demo",
    "server",
    "config",
    "http",
    "live",
    "hub",
    "call",
    "identity",
    "cluster",
    "store",
    "visibility",
    "protocol",
    "workspace",
    "id",
];
/// `config` is constants and options that import nothing of ours: these may read it though they stand below it.
const READERS_OF_CONFIG: [&str; 3] = ["http", "live", "call"];
/// What `hub/` may encode: file, code, why.
const ENCODES: [(&str, &str, &str); 3] = [
    ("hub/room.rs", "serde_json::to_vec(event).map(", "a record of the store's log"),
    ("hub/batch.rs", "serde_json::to_vec(event).context(", "the first record of a workspace's log"),
    ("hub/snapshot.rs", "serde_json::to_vec(&visibility::snapshot(", "one answer for a whole side, made once a change"),
];

/// A source file: its code with comments and the inside of strings blanked out, and its strings.
struct Source {
    /// Within `src/`.
    name: String,
    code: String,
    strings: Vec<(usize, String)>,
}

impl Source {
    fn layer(&self) -> &str {
        self.name.split('/').next().unwrap().trim_end_matches(".rs")
    }

    fn is_in(&self, folder: &str) -> bool {
        self.layer() == folder
    }

    fn line(&self, offset: usize) -> usize {
        self.code[..offset].matches('\n').count() + 1
    }

    /// Where a word or path stands in the code, and not as a part of a longer name.
    fn find<'a>(&'a self, needle: &'a str) -> impl Iterator<Item = usize> + 'a {
        let is_name = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        let bytes = self.code.as_bytes();
        self.code.match_indices(needle).map(|(offset, _)| offset).filter(move |offset| {
            let (first, last) = (needle.as_bytes().first(), needle.as_bytes().last());
            let before = offset.checked_sub(1).and_then(|before| bytes.get(before));
            let after = bytes.get(offset + needle.len());
            !(is_name(first) && is_name(before) || is_name(last) && is_name(after))
        })
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    assert!(files.len() > 20, "the source is there");
    let read = |path: &PathBuf| {
        let (code, strings) = split(&std::fs::read_to_string(path).unwrap());
        Source { name: path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned(), code, strings }
    };
    files.iter().map(read).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Splits a source into code and strings; every byte keeps its line and place.
fn split(text: &str) -> (String, Vec<(usize, String)>) {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut strings = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text.as_bytes()[at..];
        let is_part_of_name = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
        let end = if rest.starts_with(b"//") {
            at + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())
        } else if rest.starts_with(b"/*") {
            at + comment(rest)
        } else if rest[0] == b'"' {
            let end = at + string(rest);
            strings.push((text[..at].matches('\n').count() + 1, text[at + 1..end - 1].to_owned()));
            end
        } else if !is_part_of_name && raw_hashes(rest).is_some() {
            let (start, hashes) = raw_hashes(rest).unwrap();
            let close = format!("\"{}", "#".repeat(hashes));
            let inside = at + start;
            let length = text[inside..].find(&close).expect("a raw string ends");
            strings.push((text[..at].matches('\n').count() + 1, text[inside..inside + length].to_owned()));
            inside + length + close.len()
        } else if rest[0] == b'\'' {
            at + character(rest)
        } else {
            at += 1;
            continue;
        };
        code[at..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        at = end.max(at + 1);
    }
    // What isn't ASCII stands in comments and strings, or is blanked out as well.
    code.iter_mut().filter(|byte| !byte.is_ascii()).for_each(|byte| *byte = b' ');
    (String::from_utf8(code).unwrap(), strings)
}

fn comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest[at..].starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                break;
            }
        } else {
            at += 1;
        }
    }
    at
}

fn string(rest: &[u8]) -> usize {
    let mut at = 1;
    while rest[at] != b'"' {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

/// Where the inside of a raw string begins, and its number of hashes.
fn raw_hashes(rest: &[u8]) -> Option<(usize, usize)> {
    let prefix = if rest.starts_with(b"br") {
        2
    } else if rest.starts_with(b"r") {
        1
    } else {
        return None;
    };
    let hashes = rest[prefix..].iter().take_while(|byte| **byte == b'#').count();
    (rest.get(prefix + hashes) == Some(&b'"')).then_some((prefix + hashes + 1, hashes))
}

/// The length of a character literal, or 1 for the tick of a lifetime.
fn character(rest: &[u8]) -> usize {
    if rest.get(1) == Some(&b'\\') {
        return 3 + rest[3..].iter().position(|byte| *byte == b'\'').unwrap() + 1;
    }
    let wide = rest.iter().skip(1).take(5).position(|byte| *byte == b'\'').map(|at| at + 1);
    match wide {
        Some(end) if end == 2 || !rest[1].is_ascii() => end + 1,
        _ => 1,
    }
}

/// The names right after a path's `::`: one, or those at the top of a group.
fn heads(code: &str) -> Vec<&str> {
    let name = |text: &str| text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let Some(group) = code.strip_prefix('{') else { return vec![&code[..name(code)]] };
    let (mut depth, mut heads, mut fresh) = (0, Vec::new(), true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => fresh = true,
            c if fresh && !c.is_whitespace() => {
                heads.push(&group[at..at + name(&group[at..])]);
                fresh = false;
            }
            _ => {}
        }
    }
    heads
}

/// Fails with all that breaks a rule.
fn none(rule: &str, broken: &[String]) {
    let mut message = format!("{rule}\n");
    broken.iter().for_each(|one| writeln!(message, "  {one}").unwrap());
    assert!(broken.is_empty(), "{message}");
}

fn occurrences(files: &[Source], which: impl Fn(&Source) -> bool, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| which(file)) {
        for word in words {
            found.extend(file.find(word).map(|at| format!("src/{}:{}: {word}", file.name, file.line(at))));
        }
    }
    found
}

#[test]
fn an_import_points_down_the_list_or_into_its_own_folder() {
    let files = sources();
    let rank = |layer: &str| LAYERS.iter().position(|one| *one == layer);
    let mut broken = Vec::new();
    for file in files.iter().filter(|file| file.name != "lib.rs") {
        let own = file.layer();
        let Some(own_rank) = rank(own) else {
            broken.push(format!("src/{}: {own} has no place in the list", file.name));
            continue;
        };
        let mut uses = Vec::new();
        for root in ["crate::", "loggia::"] {
            uses.extend(
                file.find(root)
                    .flat_map(|at| heads(&file.code[at + root.len()..]).into_iter().map(move |head| (at, head))),
            );
        }
        // `super` that climbs out of the folder.
        let depth = file.name.trim_end_matches("/mod.rs").matches('/').count() + 1;
        for at in file.find("super::").filter(|at| !file.code[..*at].ends_with("super::")) {
            let climbed = file.code[at..].split("super::").take_while(|part| part.is_empty()).count();
            let path = file.code[at..].trim_start_matches("super::");
            if climbed >= depth {
                uses.extend(heads(path).into_iter().filter(|head| rank(head).is_some()).map(|head| (at, head)));
            }
        }
        for (at, head) in uses {
            let place = format!("src/{}:{}", file.name, file.line(at));
            match rank(head) {
                None => broken.push(format!("{place}: {head} has no place in the list")),
                Some(_) if head == "config" && READERS_OF_CONFIG.contains(&own) => {}
                Some(rank) if rank < own_rank => {
                    broken.push(format!("{place}: {own} uses {head}, which stands above it"))
                }
                Some(_) => {}
            }
        }
    }
    none(&format!("An import points down this list or into its own folder: {}.", LAYERS.join(", ")), &broken);
}

#[test]
fn the_workspace_never_awaits_and_knows_no_clock_no_chance_and_no_outside() {
    let outside = [
        ".await",
        "async fn",
        "async move",
        "now_utc",
        "now_local",
        "Instant",
        "SystemTime",
        "now_v7",
        "new_v4",
        "rand",
        "random",
        "std::fs",
        "std::net",
        "std::env",
        "std::thread",
        "std::process",
        "tokio",
        "reqwest",
        "axum",
        "rusqlite",
        "futures_util",
        "WorkspaceId::new",
        "TeamId::new",
        "UserId::new",
        "ItemId::new",
        "ItemId::in_a_row",
        "EnvironmentId::new",
        "InvitationId::new",
        "CredentialId::new",
        "OpId::new",
        "SessionId::new",
        "Epoch::new",
    ];
    none("workspace/ is pure.", &occurrences(&sources(), |file| file.is_in("workspace"), &outside));
}

#[test]
fn no_module_but_the_store_holds_sql() {
    let files = sources();
    let mut broken = occurrences(
        &files,
        |file| !file.is_in("store"),
        &["rusqlite", "rusqlite_migration", "deadpool_postgres", "tokio_postgres"],
    );
    for file in files.iter().filter(|file| !file.is_in("store")) {
        for (line, text) in &file.strings {
            let update = text.split_once("UPDATE ").is_some_and(|(_, rest)| rest.contains("SET "));
            let statement = ["SELECT ", "INSERT INTO", "DELETE FROM", "CREATE TABLE", "PRAGMA "]
                .iter()
                .any(|word| text.contains(word));
            if update || statement {
                broken.push(format!("src/{}:{line}: {text:?}", file.name));
            }
        }
    }
    none("No module but store/ holds SQL.", &broken);
}

#[test]
fn nothing_but_the_clusters_redis_speaks_redis() {
    let others = |file: &Source| !file.name.starts_with("cluster/redis");
    none(
        "None but cluster/redis.rs and its folder speak Redis.",
        &occurrences(&sources(), others, &["redis::aio", "redis::cmd", "redis::Client", "fred"]),
    );
}

#[test]
fn hub_and_live_never_serialise_what_a_session_is_sent() {
    let files = sources();
    let rule = "hub/ and live/ never serialise for one session what is meant for many.";
    let here = |file: &Source| file.is_in("hub") || file.is_in("live");
    let mut broken = occurrences(
        &files,
        here,
        &["use serde_json", "json!", "serde_json::Serializer", "serde_json::json", "Serialize"],
    );
    let mut met = [false; ENCODES.len()];
    for file in files.iter().filter(|file| here(file)) {
        for at in file.code.match_indices("serde_json::to_").map(|(at, _)| at) {
            let allowed =
                ENCODES.iter().position(|(name, code, _)| file.name == *name && file.code[at..].starts_with(code));
            match allowed {
                Some(one) => met[one] = true,
                None => broken.push(format!(
                    "src/{}:{}: serde_json::to_…, and not in this test's list",
                    file.name,
                    file.line(at)
                )),
            }
        }
    }
    for ((file, code, why), _) in ENCODES.iter().zip(met).filter(|(_, met)| !met) {
        broken.push(format!("src/{file}: {code} ({why}) is allowed here and not there any more"));
    }
    none(rule, &broken);
}

#[test]
fn only_visibility_makes_what_a_session_or_an_answer_takes() {
    let files = sources();
    let mut broken = Vec::new();
    let visibility = files.iter().find(|file| file.name == "visibility.rs").unwrap();
    for (declared, name) in [("pub struct Frame(", "Frame"), ("pub struct Seen<T>(", "Seen")] {
        let Some(at) = visibility.code.find(declared) else {
            broken.push(format!("src/visibility.rs: {declared} isn't there"));
            continue;
        };
        let place = format!("src/visibility.rs:{}", visibility.line(at));
        let fields = visibility.code[at + declared.len()..].split(')').next().unwrap();
        if fields.contains("pub") {
            broken.push(format!("{place}: a field of {name} is public"));
        }
        let attributes = visibility.code[..at].rsplit("}\n").next().unwrap();
        for derived in ["Deserialize", "Default"].iter().filter(|derived| attributes.contains(**derived)) {
            broken.push(format!("{place}: {derived} makes a {name} of anything"));
        }
        for public in ["for Frame", "for Seen"] {
            for at in visibility.find(public) {
                let line = visibility.code[..at].rsplit('\n').next().unwrap();
                if line.contains("From<")
                    || line.contains("Default")
                    || line.contains("FromStr")
                    || line.contains("DerefMut")
                {
                    broken.push(format!(
                        "src/visibility.rs:{}:{line}… makes or changes one outside",
                        visibility.line(at)
                    ));
                }
            }
        }
    }
    for at in visibility.find("fn of(message") {
        let line = visibility.code[..at].rsplit('\n').next().unwrap();
        if line.contains("pub") {
            broken.push(format!("src/visibility.rs:{}: the encoder is public", visibility.line(at)));
        }
    }
    let outside = |file: &&Source| file.name != "visibility.rs" && !file.name.starts_with("visibility/");
    for file in files.iter().filter(outside) {
        for name in ["Frame(", "Seen("] {
            for at in file.find(name) {
                let before = &file.code[..at];
                // Another type's variant of the same name, in use or where it is declared.
                let variant = before.ends_with("::") && !before.ends_with("visibility::");
                let argument = file.code[at + name.len()..].split(')').next().unwrap();
                let is_type = argument.starts_with(|c: char| c.is_ascii_uppercase())
                    && argument.chars().all(|c| c.is_alphanumeric());
                if !variant && !is_type {
                    broken.push(format!("src/{}:{}: {name}{argument})", file.name, file.line(at)));
                }
            }
        }
    }
    none(
        "Nothing but visibility.rs and its folder can make a value that a session's outbox or an answer takes.",
        &broken,
    );
}

#[test]
fn nothing_prints_past_the_log_and_the_answer_of_a_command() {
    let macros = ["println!", "print!", "eprintln!", "eprint!", "dbg!"];
    none(
        "No println! in src/: what was asked for is written by main's say, all else is logged.",
        &occurrences(&sources(), |_| true, &macros),
    );
}

#[test]
fn every_file_of_a_program_of_tests_is_compiled_in() {
    let mut missing = Vec::new();
    for program in ["parts", "server"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(program);
        let main = std::fs::read_to_string(folder.join("main.rs")).unwrap();
        let mut files = Vec::new();
        collect(&folder, &mut files);
        assert!(files.len() > 10, "the tests are there");
        for file in files.iter().filter(|file| file.parent() == Some(&folder) && !file.ends_with("main.rs")) {
            let module = file.file_stem().unwrap().to_str().unwrap();
            if !main.contains(&format!("\nmod {module};\n")) {
                missing.push(format!("tests/{program}/main.rs has no `mod {module};`"));
            }
        }
    }
    none("A file of tests that no program has as a module never runs.", &missing);
}

#[test]
fn the_reader_of_sources_tells_code_from_comments_and_strings() {
    let text = "a /* b /* c */ d */ e // \"f\nlet g = \"h \\\" i\"; let j = r#\"k\"l\"#; '\"' '\\'' 'm: n";
    let (code, strings) = split(text);
    assert_eq!(
        code.split_whitespace().collect::<Vec<_>>(),
        ["a", "e", "let", "g", "=", ";", "let", "j", "=", ";", "m:", "n"]
    );
    assert_eq!(strings, [(2, "h \\\" i".to_owned()), (2, "k\"l".to_owned())]);
    assert_eq!(heads("{id::{A, B}, store, workspace::X}; use other"), ["id", "store", "workspace"]);
}
