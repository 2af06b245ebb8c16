//! The files that put several nodes behind a balancer: they say what is there, and the balancer does what it is for.

use crate::common::process::{Process, Signal, free_port};
use crate::common::{PATIENCE, TestServer, new_id};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::task::JoinHandle;

const SECRETS: [&str; 2] = ["POSTGRES_PASSWORD", "REDIS_PASSWORD"];
const NODES: [&str; 3] = ["node1", "node2", "node3"];

fn file(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn compose() -> Value {
    serde_saphyr::from_str(&file("docker-compose.yml")).unwrap()
}

fn strings(list: &Value) -> Vec<&str> {
    list.as_array().map(|list| list.iter().map(|one| one.as_str().unwrap()).collect()).unwrap_or_default()
}

// ---- docker-compose.yml ----

#[test]
fn the_compose_file_is_one() {
    let schema: Value = serde_json::from_str(&file("tests/data/compose.schema.json")).unwrap();
    let schema = jsonschema::draft7::new(&schema).unwrap();
    let mut compose = compose();
    let wrong: Vec<String> = schema.iter_errors(&compose).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    compose["services"]["redis"]["restarts"] = "always".into();
    assert!(!schema.is_valid(&compose), "the schema knows what there is");
}

#[test]
fn three_nodes_are_alike_and_everybody_is_watched_and_restarted() {
    let compose = compose();
    let services = compose["services"].as_object().unwrap();
    assert_eq!(
        services.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        BTreeSet::from(["balancer", "node1", "node2", "node3", "postgres", "redis"])
    );
    for name in NODES {
        assert_eq!(services[name], services["node1"]);
    }
    for (name, service) in services {
        assert_eq!(service["restart"], "unless-stopped", "{name}");
        let check = &service["healthcheck"];
        assert!(strings(&check["test"])[0].starts_with("CMD"), "{name}: {check}");
        assert!(check["interval"].is_string() && check["timeout"].is_string(), "{name}: {check}");
        assert!(service["image"].as_str().is_some_and(|image| !image.ends_with(":latest")), "{name}");
        let outside = service.get("ports").is_some();
        assert_eq!(outside, name == "balancer", "{name}: nobody but the balancer is reached from outside");
    }
    let waits = &services["node1"]["depends_on"];
    for needed in ["postgres", "redis"] {
        assert_eq!(waits[needed]["condition"], "service_healthy");
        assert_eq!(strings(&services[needed]["networks"]), ["back"]);
    }
    assert_eq!(compose["networks"]["back"]["internal"], true);
    assert_eq!(strings(&services["balancer"]["networks"]), ["front"]);
}

#[test]
fn what_is_mounted_is_there() {
    let compose = compose();
    for (name, service) in compose["services"].as_object().unwrap() {
        for volume in strings(service.get("volumes").unwrap_or(&Value::Null)) {
            let source = volume.split(':').next().unwrap();
            match source.strip_prefix("./") {
                Some(path) => assert!(root().join(path).is_file(), "{name}: {volume}"),
                None => assert!(compose["volumes"].get(source).is_some(), "{name}: {volume}"),
            }
        }
    }
    assert_eq!(strings(&compose["services"]["postgres"]["volumes"]), ["postgres:/var/lib/postgresql/data"]);
}

#[test]
fn no_password_is_in_the_open() {
    let compose = file("docker-compose.yml");
    let example = file("deploy/example.env");
    let settings: BTreeMap<&str, &str> =
        example.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('=')).collect();
    let mut used = BTreeSet::new();
    for part in compose.split("${").skip(1) {
        let inside = part.split('}').next().unwrap();
        let end = inside.find(|c: char| !c.is_ascii_uppercase() && c != '_').unwrap_or(inside.len());
        let (name, rest) = inside.split_at(end);
        used.insert(name);
        let required = rest.starts_with(":?");
        assert!(required || rest.starts_with(":-"), "{name} is required or has a default");
        assert!(required || !name.contains("PASSWORD"), "{name} has no default");
        assert!(!required || settings.contains_key(name), "{name} is in deploy/example.env");
    }
    for secret in SECRETS {
        assert!(used.contains(secret));
        assert_eq!(settings[secret], "", "an example is what everybody has");
    }
    assert!(file(".gitignore").lines().any(|line| line == ".env"));
}

/// Every setting there is, as the program itself says it.
fn settings() -> BTreeSet<String> {
    let help = std::process::Command::new(env!("CARGO_BIN_EXE_loggia")).args(["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let mut names: BTreeSet<String> =
        help.split("[env: ").skip(1).map(|part| part.split(['=', ']']).next().unwrap().to_owned()).collect();
    assert!(names.contains("LOGGIA_LISTEN"), "{help}");
    names.insert("LOGGIA_LOG".into());
    names
}

#[test]
fn nodes_are_given_settings_that_there_are() {
    let known = settings();
    let compose = compose();
    let given = compose["services"]["node1"]["environment"].as_object().unwrap();
    assert!(["LOGGIA_DATABASE_URL", "LOGGIA_REDIS_URL"].iter().all(|name| given.contains_key(*name)));
    for name in given.keys() {
        assert!(known.contains(name), "{name} is no setting");
    }
    let docker = file("Dockerfile");
    let script = file("script/cluster");
    for (name, text) in [("Dockerfile", docker), ("script/cluster", script)] {
        for part in text.split("LOGGIA_").skip(1).filter(|part| !part.starts_with("BIN")) {
            let end = part.find(|c: char| !c.is_ascii_uppercase() && c != '_').unwrap_or(part.len());
            let setting = format!("LOGGIA_{}", &part[..end]);
            assert!(known.contains(&setting), "{name}: {setting} is no setting");
        }
    }
}

// ---- Dockerfile ----

/// Its instructions, each on one line, without comments.
fn instructions() -> Vec<(String, String)> {
    let text = file("Dockerfile");
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect::<Vec<_>>().join("\n");
    lines
        .replace("\\\n", " ")
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(word, rest)| (word.to_owned(), rest.split_whitespace().collect::<Vec<_>>().join(" ")))
        .collect()
}

#[test]
fn the_image_is_small_and_its_program_is_nobody() {
    let all = instructions();
    let stages: Vec<usize> = (0..all.len()).filter(|n| all[*n].0 == "FROM").collect();
    assert!(stages.len() >= 2, "what builds is not what runs");
    let last = &all[*stages.last().unwrap()..];
    let of = |word: &str| last.iter().rev().find(|(one, _)| one == word).map(|(_, rest)| rest.as_str());
    assert!(last[0].1.contains("distroless"), "{:?}", last[0]);
    assert!(!matches!(of("USER"), None | Some("root" | "0")));
    assert_eq!(of("ENTRYPOINT"), Some(r#"["loggia"]"#));
    assert!(last.iter().filter(|(word, _)| word == "COPY").all(|(_, rest)| rest.starts_with("--from=build ")));
    // It asks the program, for there is no other.
    assert!(of("HEALTHCHECK").unwrap().ends_with(r#"CMD ["loggia", "ready"]"#));
    let help = std::process::Command::new(env!("CARGO_BIN_EXE_loggia")).args(["ready", "--help"]).output().unwrap();
    assert!(help.status.success());
    let version = env!("CARGO_PKG_RUST_VERSION");
    let build = stages.iter().map(|n| &all[*n].1).find(|from| from.ends_with(" AS build")).unwrap();
    assert!(build.starts_with(&format!("rust:{version}-")), "built by what Cargo.toml says: {build}");
}

#[test]
fn what_is_copied_into_the_image_is_there_and_enough() {
    let copied: Vec<String> = instructions()
        .into_iter()
        .filter(|(word, rest)| word == "COPY" && !rest.starts_with("--from"))
        .flat_map(|(_, rest)| {
            let mut paths: Vec<String> = rest.split(' ').map(str::to_owned).collect();
            paths.pop();
            paths
        })
        .collect();
    let ignore = file(".dockerignore");
    let kept: BTreeSet<&str> = ignore.lines().filter_map(|line| line.strip_prefix('!')).collect();
    assert!(ignore.lines().any(|line| line == "*"), "nothing goes along by itself");
    assert_eq!(copied.iter().map(String::as_str).collect::<BTreeSet<_>>(), kept);
    copied.iter().for_each(|path| assert!(root().join(path).exists(), "{path}"));
    // Cargo wants to see all that its files name.
    let docker = file("Dockerfile");
    let manifest = file("Cargo.toml");
    for bench in manifest.split("[[bench]]").skip(1) {
        let name = bench.split('"').nth(1).unwrap();
        assert!(docker.contains(&format!("benches/{name}.rs")), "{name}");
    }
    assert!(manifest.contains("members = [\"load\"]"), "a new member's Cargo.toml is copied too");
    assert!(copied.iter().any(|path| path == ".cargo/config.toml"), "it is built with the same flags");
    // What the source includes from elsewhere.
    for path in sources(&root().join("src")) {
        let text = std::fs::read_to_string(&path).unwrap();
        for part in ["include_str!(\"", "include_bytes!(\""].iter().flat_map(|start| text.split(*start).skip(1)) {
            let included = path.parent().unwrap().join(part.split('"').next().unwrap()).canonicalize().unwrap();
            let included = included.strip_prefix(root().canonicalize().unwrap()).unwrap().to_str().unwrap().to_owned();
            assert!(included.starts_with("src/") || copied.contains(&included), "{included}");
        }
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(sources(&path)),
            false if path.extension().is_some_and(|extension| extension == "rs") => found.push(path),
            false => {}
        }
    }
    found
}

// ---- haproxy.cfg ----

/// The balancer itself, as a process.
struct Balancer {
    url: String,
    http: reqwest::Client,
    _process: Process,
    _folder: tempfile::TempDir,
}

impl Balancer {
    async fn start(nodes: [SocketAddr; 3]) -> Self {
        for _ in 0..10 {
            let folder = tempfile::tempdir().unwrap();
            let port = free_port();
            let mut process = Process::start("haproxy", folder.path(), |command| {
                let path = std::env::var("PATH").unwrap_or_default();
                command.args(["-db", "-f"]).arg(root().join("deploy/haproxy.cfg"));
                command.env("PATH", format!("{path}:/usr/sbin")).env("BALANCER_LISTEN", format!("127.0.0.1:{port}"));
                for (n, node) in nodes.iter().enumerate() {
                    command.env(format!("NODE_{}", n + 1), node.to_string());
                }
            });
            let url = format!("http://127.0.0.1:{port}");
            let http = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
            let begun = Instant::now();
            while process.ended().is_none() {
                if http.get(&url).send().await.is_ok() {
                    return Self { url, http, _process: process, _folder: folder };
                }
                assert!(begun.elapsed() < PATIENCE, "the balancer does not listen: {}", process.tail());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            assert!(process.tail().contains("Address already in use"), "{}", process.tail());
        }
        panic!("no free port in ten tries");
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let answer = self.http.get(format!("{}{path}", self.url)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// The node that serves a workspace.
    async fn node_of(&self, workspace: &str) -> String {
        let (status, name) = self.get(&format!("/v1/workspaces/{workspace}/members")).await;
        assert_eq!(status, 200, "{name}");
        name
    }

    /// Until the balancer, which looks every now and then, has seen it.
    async fn until(&self, path: &str, fits: impl Fn(&(u16, String)) -> bool) {
        let begun = Instant::now();
        loop {
            let answer = self.get(path).await;
            if fits(&answer) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{path} is {answer:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Says its name, whatever it is asked.
struct Stub {
    address: SocketAddr,
    ready: Arc<AtomicBool>,
    serving: JoinHandle<()>,
}

impl Stub {
    async fn start(name: &'static str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let ready = Arc::new(AtomicBool::new(true));
        let readyz = |State(ready): State<Arc<AtomicBool>>| async move {
            if ready.load(Ordering::SeqCst) { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
        };
        let echo = async move |request: axum::extract::Request| {
            let forwarded = request.headers().keys().any(|header| header.as_str().contains("forwarded"));
            if forwarded { "forwarded".to_owned() } else { name.to_owned() }
        };
        let router = Router::new().route("/readyz", get(readyz)).fallback(echo).with_state(Arc::clone(&ready));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, ready, serving }
    }
}

async fn stubs() -> ([Stub; 3], Balancer) {
    let stubs = [Stub::start("node1").await, Stub::start("node2").await, Stub::start("node3").await];
    let balancer = Balancer::start([stubs[0].address, stubs[1].address, stubs[2].address]).await;
    (stubs, balancer)
}

#[tokio::test]
async fn a_workspace_stays_on_its_node_and_workspaces_are_spread() {
    let (_stubs, balancer) = stubs().await;
    let mut nodes = BTreeMap::<String, usize>::new();
    for _ in 0..60 {
        let workspace = new_id();
        let node = balancer.node_of(&workspace).await;
        for path in ["", "/live?epoch=a&shared=1", "/items/7", "/changes"] {
            assert_eq!(balancer.get(&format!("/v1/workspaces/{workspace}{path}")).await.1, node);
        }
        assert_eq!(balancer.node_of(&workspace.to_uppercase()).await, node, "an id is an id");
        *nodes.entry(node).or_default() += 1;
    }
    assert!(nodes.len() == 3 && nodes.values().all(|count| *count >= 5), "{nodes:?}");
    // What is of no workspace is anybody's.
    let mut others = BTreeSet::new();
    for _ in 0..6 {
        others.insert(balancer.get("/v1/me/tokens").await.1);
    }
    assert_eq!(others.len(), 3, "{others:?}");
}

#[tokio::test]
async fn nobody_says_for_whom_he_asks() {
    let (_stubs, balancer) = stubs().await;
    let url = format!("{}/v1/me", balancer.url);
    let asked = balancer.http.get(url).header("x-forwarded-for", "10.0.0.1").header("x-forwarded-host", "evil.com");
    let answer = asked.header("forwarded", "for=10.0.0.1").send().await.unwrap().text().await.unwrap();
    assert!(NODES.contains(&answer.as_str()), "{answer}");
}

#[tokio::test]
async fn when_a_node_is_gone_others_take_its_workspaces_at_once_and_no_others_move() {
    let ([one, two, three], balancer) = stubs().await;
    let mut homes = BTreeMap::new();
    for _ in 0..40 {
        let workspace = new_id();
        let node = balancer.node_of(&workspace).await;
        homes.insert(workspace, node);
    }
    two.serving.abort();
    let _ = two.serving.await;
    // Before the balancer has looked, too.
    for (workspace, home) in &homes {
        let now = balancer.node_of(workspace).await;
        match home.as_str() {
            "node2" => assert_ne!(now, "node2"),
            _ => assert_eq!(now, *home),
        }
    }
    // And after.
    tokio::time::sleep(Duration::from_secs(4)).await;
    for (workspace, home) in &homes {
        let now = balancer.node_of(workspace).await;
        match home.as_str() {
            "node2" => assert_ne!(now, "node2"),
            _ => assert_eq!(now, *home),
        }
    }
    // A node that says it isn't ready is left alone as well.
    one.ready.store(false, Ordering::SeqCst);
    for workspace in homes.keys() {
        balancer.until(&format!("/v1/workspaces/{workspace}"), |(_, name)| name == "node3").await;
    }
    assert_eq!(balancer.get("/readyz").await.0, 200);
    three.ready.store(false, Ordering::SeqCst);
    balancer.until("/readyz", |(status, _)| *status == 503).await;
    // When none is ready, they answer for themselves, each for its own.
    let stay: Vec<_> = homes.iter().filter(|(_, home)| *home != "node2").collect();
    for (workspace, home) in &stay {
        balancer.until(&format!("/v1/workspaces/{workspace}"), |(_, name)| name == *home).await;
    }
    // Back again, everybody is where they were.
    one.ready.store(true, Ordering::SeqCst);
    three.ready.store(true, Ordering::SeqCst);
    balancer.until("/readyz", |(status, _)| *status == 200).await;
    for (workspace, home) in &stay {
        balancer.until(&format!("/v1/workspaces/{workspace}"), |(_, name)| name == *home).await;
    }
    one.serving.abort();
    three.serving.abort();
    balancer.until("/readyz", |(status, _)| *status == 503).await;
    let refused = balancer.http.get(format!("{}/v1/me", balancer.url)).send().await.unwrap();
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
    assert_eq!(refused.headers()["retry-after"], "2");
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["code"], "unavailable");
    assert_eq!(problem["status"], 503);
}

#[tokio::test]
async fn a_set_up_goes_to_the_first_node_there_is() {
    let ([one, ..], balancer) = stubs().await;
    for _ in 0..4 {
        assert_eq!(balancer.get("/v1/setup").await.1, "node1");
    }
    one.ready.store(false, Ordering::SeqCst);
    balancer.until("/v1/setup", |(_, name)| name == "node2").await;
}

#[tokio::test]
async fn people_work_through_the_balancer() {
    let server = TestServer::start().await;
    let address: SocketAddr = server.url.strip_prefix("http://").unwrap().parse().unwrap();
    let balancer = Balancer::start([address; 3]).await;
    balancer.until("/readyz", |(status, _)| *status == 200).await;
    let workspace = server.walled_workspace().await;
    let admin = server.admin.at(&balancer.url);
    let mut session = admin.live(&workspace).await;
    session.until_type("welcome").await;
    let id = new_id();
    let changes = json!([{"kind": "item_create", "id": id, "parent": null, "item_kind": "collection", "name": "All", "content": {}}]);
    assert_eq!(session.edit(changes).await["type"], "ack");
    admin.get(&format!("/v1/workspaces/{workspace}/items/{id}")).await.expect(200);
    // The server's own refusals come as they are.
    admin.get("/v1/nothing").await.expect(404);
}

#[test]
fn the_balancer_outlasts_the_silence_between_two_pings() {
    let session = file("src/live/session.rs");
    let ping: u64 = between(&session, "const PING_EVERY: Duration = Duration::from_secs(", ")").parse().unwrap();
    let tunnel: u64 = between(&file("deploy/haproxy.cfg"), "timeout tunnel ", "s\n").parse().unwrap();
    assert!(tunnel > 2 * ping, "{tunnel} s, and a ping each {ping} s");
}

fn between(text: &str, before: &str, after: &str) -> String {
    text.split_once(before).unwrap().1.split_once(after).unwrap().0.to_owned()
}

// ---- script/cluster ----

#[tokio::test]
async fn the_script_starts_all_of_it_and_stops_all_of_it() {
    let mut command = Command::new(root().join("script/cluster"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("LOGGIA_")) {
        command.env_remove(name);
    }
    command.env("LOGGIA_BIN", env!("CARGO_BIN_EXE_loggia")).kill_on_drop(true);
    let mut cluster = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(cluster.stdout.take().unwrap()).lines();
    let mut said = Vec::new();
    let patience = 3 * PATIENCE;
    tokio::time::timeout(patience, async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.starts_with("Ctrl-C") {
                return;
            }
            said.push(line);
        }
        panic!("it ends: {said:?}");
    })
    .await
    .expect("it starts in time");
    let word = |name: &str, n: usize| {
        let line = said.iter().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name} in {said:?}"));
        line.split_whitespace().nth(n).unwrap().to_owned()
    };
    let http = reqwest::Client::new();
    for name in ["balancer", "node1", "node2", "node3"] {
        let answer = http.get(format!("{}/readyz", word(name, 1))).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{name}");
    }
    // The link works, by the balancer.
    let link = word("set-up", 1);
    let (url, token) = link.split_once("/#setup=").unwrap();
    assert_eq!(url, word("balancer", 1));
    let team = json!({"token": token, "team": "Host", "domains": ["host.com"], "email": "ada@host.com", "name": "Ada"});
    let made = http.post(format!("{url}/v1/setup")).json(&team).send().await.unwrap();
    assert!(made.status().is_success(), "{:?}", made.text().await);
    // A node is killed by hand, and the rest goes on.
    let pid = |name| word(name, 3);
    let kill = |signal: &'static str, pid: String| {
        std::process::Command::new("kill").args([signal, &pid]).status().unwrap();
    };
    kill("-KILL", pid("node3"));
    let ended = tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("it says so").unwrap().unwrap();
    assert_eq!(ended, "node3 has ended (137)");
    // Somebody who is paused is stopped all the same.
    kill("-STOP", pid("node2"));
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(cluster.id().unwrap() as i32), Signal::SIGTERM).unwrap();
    let status = tokio::time::timeout(patience, cluster.wait()).await.expect("it ends in time").unwrap();
    assert_eq!(status.code(), Some(143));
    for name in ["balancer", "node1", "node2", "node3", "postgres", "redis"] {
        let process = format!("/proc/{}", pid(name));
        assert!(!Path::new(&process).exists(), "{name} is still there");
    }
    assert!(!Path::new(&word("folder", 1)).exists());
}
