//! Several nodes as they are deployed: the files say what they should, and the shape of them works as plain processes.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod common;

use common::{PATIENCE, Person};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;
use tokio::time::{sleep, timeout};

const NODES: [&str; 3] = ["loggia1", "loggia2", "loggia3"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The compose file, its anchors and merges resolved.
fn compose() -> Value {
    serde_saphyr::from_str(&read("docker-compose.yml")).unwrap()
}

fn services(compose: &Value) -> impl Iterator<Item = (&str, &Value)> {
    compose["services"].as_object().unwrap().iter().map(|(name, service)| (name.as_str(), service))
}

fn environment(service: &Value) -> impl Iterator<Item = (&str, &str)> {
    service["environment"].as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
}

/// The words of a text that begin so and go on in capitals.
fn variables<'a>(text: &'a str, start: &str) -> BTreeSet<&'a str> {
    let words = text.split(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'));
    words.filter(|word| word.starts_with(start) && word.len() > start.len()).collect()
}

/// What stands between `${` and `}` anywhere in a text.
fn interpolated(text: &str) -> Vec<&str> {
    text.split("${").skip(1).map(|rest| rest.split_once('}').unwrap().0).collect()
}

#[test]
fn the_compose_file_is_one_by_the_specification() {
    let schema: Value = serde_json::from_str(&read("tests/data/compose-spec.schema.json")).unwrap();
    let schema = jsonschema::options().with_draft(jsonschema::Draft::Draft201909).build(&schema).unwrap();
    let compose = compose();
    let errors: Vec<_> = schema.iter_errors(&compose).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    for (pointer, wrong) in [("/services/redis/restart", json!(7)), ("/services/loggia1/stop_grace_period", json!([]))] {
        let mut broken = compose.clone();
        *broken.pointer_mut(pointer).unwrap() = wrong;
        assert!(!schema.is_valid(&broken), "the schema checks {pointer}");
    }
}

#[test]
fn three_nodes_are_started_after_what_they_need_and_given_time_to_leave() {
    let compose = compose();
    let nodes: Vec<_> = services(&compose).filter(|(_, service)| service["build"] == ".").map(|(name, _)| name).collect();
    assert_eq!(nodes, NODES);
    for node in NODES {
        let node = &compose["services"][node];
        for needed in ["postgres", "redis"] {
            assert_eq!(node["depends_on"][needed]["condition"], "service_healthy");
        }
        let grace: u64 = node["stop_grace_period"].as_str().unwrap().trim_end_matches('s').parse().unwrap();
        assert!(grace > 10, "a node may take 10 s to leave");
    }
    for (name, service) in services(&compose) {
        assert!(service["healthcheck"]["test"].is_array(), "{name} has a health check");
        assert_eq!(service["restart"], "unless-stopped", "{name}");
        assert_eq!(service.get("ports").is_some(), name == "haproxy", "the balancer's port is the only one that is published");
    }
    let balancer: HashMap<_, _> = environment(&compose["services"]["haproxy"]).collect();
    for (number, node) in NODES.iter().enumerate() {
        assert_eq!(balancer[format!("NODE_{}", number + 1).as_str()], format!("{node}:8080"));
        let node: HashMap<_, _> = environment(&compose["services"][node]).collect();
        assert_eq!(node["LOGGIA_LISTEN"], "0.0.0.0:8080");
    }
}

#[test]
fn volumes_are_declared_and_files_are_there() {
    let compose = compose();
    let mut named = HashSet::new();
    for (_, service) in services(&compose) {
        for volume in service["volumes"].as_array().into_iter().flatten() {
            let source = volume.as_str().unwrap().split(':').next().unwrap();
            if source.starts_with('.') {
                assert!(root().join(source).is_file(), "{source}");
            } else {
                assert!(compose["volumes"].as_object().unwrap().contains_key(source), "{source} is not declared");
                named.insert(source);
            }
        }
    }
    assert!(named.contains("postgres"), "what is in PostgreSQL outlives its container");
}

#[test]
fn settings_are_those_that_there_are() {
    let help = Command::new(env!("CARGO_BIN_EXE_loggia")).args(["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let mut known = variables(&help, "LOGGIA_");
    assert!(known.contains("LOGGIA_REDIS_URL"), "{help}");
    known.insert("LOGGIA_LOG");
    for file in ["docker-compose.yml", "Dockerfile", ".env.example"] {
        let text = read(file);
        for name in variables(&text, "LOGGIA_") {
            assert!(known.contains(name), "{file}: there is no {name}");
        }
    }
}

#[test]
fn no_password_is_written_down_and_none_has_a_default() {
    let compose = compose();
    let must_be_given = |text: &str| text.starts_with("${") && text.ends_with('}') && text.contains(":?");
    let mut checked = 0;
    for (name, value) in services(&compose).flat_map(|(_, service)| environment(service)) {
        let userinfo = value.split_once("://").and_then(|(_, rest)| Some(rest.rsplit_once('@')?.0));
        let password = userinfo.map(|user| user.split_once(':').expect("a user and a password").1);
        for password in password.into_iter().chain(name.contains("PASSWORD").then_some(value)) {
            assert!(must_be_given(password), "{name}: {password}");
            checked += 1;
        }
    }
    assert_eq!(checked, 2 * 3 + 2);

    let text = read("docker-compose.yml");
    let example = read(".env.example");
    let example: HashMap<_, _> = example.lines().filter_map(|line| line.split_once('=')).collect();
    for variable in interpolated(&text) {
        let name = variable.split(':').next().unwrap();
        assert!(variable.contains(":-") || example.contains_key(name), ".env.example does not tell of {name}");
        assert!(variable.contains(":-") || variable.contains(":?"), "{name} may be missing, and nobody is told");
    }
    for (name, value) in example {
        assert!(!name.contains("PASSWORD") || value.is_empty(), "{name} has a value in .env.example");
        assert!(text.contains(&format!("${{{name}")), ".env.example: nothing uses {name}");
    }
}

#[test]
fn the_image_is_built_in_stages_of_files_that_are_there_and_is_not_roots() {
    let text = read("Dockerfile").replace("\\\n", " ");
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    let last_stage = lines.iter().rposition(|words| words.first() == Some(&"FROM")).unwrap();
    assert!(lines[..last_stage].iter().any(|words| words.first() == Some(&"FROM")), "more than one stage");
    let user = lines[last_stage..].iter().rfind(|words| words.first() == Some(&"USER")).expect("a user")[1];
    assert!(!["root", "0"].contains(&user.split(':').next().unwrap()), "{user}");

    let ignore = read(".dockerignore");
    let allowed: Vec<&str> = ignore.lines().filter_map(|line| line.strip_prefix('!')).collect();
    assert!(ignore.lines().any(|line| line == "*"), "all else is ignored");
    for words in lines.iter().filter(|words| words.first() == Some(&"COPY") && !words[1].starts_with("--from=")) {
        for source in &words[1..words.len() - 1] {
            assert!(root().join(source).exists(), "{source} is not there");
            assert!(allowed.contains(&source.trim_end_matches('/')), "{source} is ignored");
        }
    }
    // What the sources take in from outside of their folder.
    for line in read("src/demo.rs").lines().filter(|line| line.contains("include_bytes!")) {
        let file = line.split('"').nth(1).unwrap().trim_start_matches("../");
        assert!(allowed.contains(&file) && text.contains(file), "{file} is not in the image's build");
    }
    // Cargo looks for each of these, to build whatever.
    let manifest = read("Cargo.toml");
    let benches = manifest.split("[[bench]]").skip(1).map(|bench| bench.split('"').nth(1).unwrap());
    for bench in benches {
        assert!(text.contains(&format!("benches/{bench}.rs")), "the first build has no stand-in for bench {bench}");
    }
}

#[test]
fn haproxy_takes_its_configuration() {
    let mut command = Command::new("haproxy");
    command.args(["-c", "-f"]).arg(root().join("deploy/haproxy.cfg"));
    command.env("PATH", path()).env("BALANCER_LISTEN", "127.0.0.1:8080");
    for node in 1..=3 {
        command.env(format!("NODE_{node}"), format!("127.0.0.1:808{node}"));
    }
    let output = command.output().unwrap_or_else(|error| panic!("haproxy (script/test installs it): {error}"));
    assert!(output.status.success(), "{output:?}");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("WARNING"), "{output:?}");
}

/// With the folders where Debian puts servers.
fn path() -> String {
    format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default())
}

fn script(arguments: &[&str]) -> Command {
    let mut command = Command::new("/bin/bash");
    command.arg(root().join("script/cluster")).args(arguments).stdin(Stdio::null());
    command.env("LOGGIA_BINARY", env!("CARGO_BIN_EXE_loggia"));
    command
}

fn refused(output: &Output, says: &str) {
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(says), "{says:?} is not in {said:?}");
}

#[test]
fn the_script_says_what_is_missing_and_how_to_get_it() {
    let nothing = tempfile::tempdir().unwrap();
    refused(&script(&[]).env("PATH", nothing.path()).output().unwrap(), "apt-get install redis-server");
    refused(&script(&["--what"]).output().unwrap(), "--data FOLDER");
    refused(&script(&["--port"]).output().unwrap(), "--port");
    refused(&script(&[]).env("LOGGIA_BINARY", "/no/where").output().unwrap(), "/no/where");
}

/// script/cluster, as it runs.
struct Cluster {
    script: Child,
    balancer: String,
    /// URL and process.
    nodes: Vec<(String, u32)>,
    ports: Vec<u16>,
    folder: PathBuf,
    token: String,
}

impl Cluster {
    async fn start() -> Self {
        let mut command = tokio::process::Command::from(script(&[]));
        // Killed, it leaves nothing behind either.
        let mut script = command.kill_on_drop(true).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(script.stdout.take().unwrap()).lines();
        let (mut balancer, mut token, mut folder) = (String::new(), String::new(), PathBuf::new());
        let (mut nodes, mut ports) = (Vec::new(), Vec::new());
        while token.is_empty() {
            let line = timeout(Duration::from_secs(90), lines.next_line()).await.expect("a line in time");
            let line = line.unwrap().expect("the cluster starts");
            let words: Vec<&str> = line.split_whitespace().collect();
            if let [_, address, "pid", pid] = words[..] {
                ports.push(address.rsplit(':').next().unwrap().parse().unwrap());
                match words[0] {
                    "balancer" => balancer = address.to_owned(),
                    name if name.starts_with("node") => nodes.push((address.to_owned(), pid.parse().unwrap())),
                    _ => {}
                }
            }
            match words[0] {
                "token" => token = words[1].to_owned(),
                "folder" => folder = PathBuf::from(words[1].trim_end_matches(':')),
                _ => {}
            }
        }
        assert_eq!((nodes.len(), ports.len()), (3, 6));
        Self { script, balancer, nodes, ports, folder, token }
    }

    fn admin(&self, url: &str) -> Person {
        let (id, email) = (String::new(), "ada@example.com".to_owned());
        Person { url: url.to_owned(), id, email, token: self.token.clone(), http: reqwest::Client::new() }
    }

    /// How many connections there are to each node.
    fn connections(&self) -> Vec<usize> {
        let table = fs::read_to_string("/proc/net/tcp").unwrap();
        let to = |port: u16| {
            let established = |words: &Vec<&str>| words[2].ends_with(&format!(":{port:04X}")) && words[3] == "01";
            table.lines().skip(1).map(|line| line.split_whitespace().collect()).filter(established).count()
        };
        self.nodes.iter().map(|(url, _)| to(url.rsplit(':').next().unwrap().parse().unwrap())).collect()
    }

    /// The node that the balancer sends a workspace to: many live sockets of it all come to one.
    async fn node_of(&self, workspace: &str) -> usize {
        const SOCKETS: usize = 12;
        let admin = self.admin(&self.balancer);
        let before = self.connections();
        let mut sockets = Vec::new();
        for _ in 0..SOCKETS {
            let mut socket = admin.live(workspace).await;
            socket.until_type("welcome").await;
            sockets.push(socket);
        }
        let after = self.connections();
        let more: Vec<usize> = after.iter().zip(&before).map(|(after, before)| after.saturating_sub(*before)).collect();
        // Health checks come and go, and one connection may have been there already.
        let node = more.iter().position(|more| *more >= SOCKETS - 3).unwrap_or_else(|| panic!("scattered: {more:?}"));
        assert!(more.iter().enumerate().all(|(other, more)| other == node || *more <= 3), "scattered: {more:?}");
        node
    }
}

/// A process and all that come of it.
fn descendants(pid: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let children = children.split_whitespace().map(|child| child.parse().unwrap());
    std::iter::once(pid).chain(children.flat_map(descendants)).collect()
}

/// What a process is called, while it is there.
fn name(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // A process that nobody has asked about yet is dead all the same.
    (!stat.rsplit_once(')')?.1.starts_with(" Z")).then(|| stat.split(['(', ')']).nth(1).unwrap().to_owned())
}

fn signal(pid: u32, name: &str) {
    assert!(Command::new("kill").args(["-s", name, &pid.to_string()]).status().unwrap().success());
}

fn rename(item: &str, name: &str) -> Value {
    json!([{"kind": "item_update", "id": item, "patch": {"name": name}}])
}

#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_behind_the_balancer_are_one_server_and_one_of_them_may_die() {
    let mut cluster = Cluster::start().await;
    let admin = cluster.admin(&cluster.balancer);
    let workspace = async |name: &str| {
        let made = admin.post("/v1/workspaces", json!({"name": name})).await;
        made.expect(201)["id"].as_str().unwrap().to_owned()
    };

    // What is done at the balancer is seen at each node.
    let first = workspace("API").await;
    let (_, request) = admin.collection(&first).await;
    let mut followers = Vec::new();
    for (url, _) in &cluster.nodes {
        let mut follower = cluster.admin(url).live(&first).await;
        follower.until_type("welcome").await;
        followers.push(follower);
    }
    admin.edit(&first, rename(&request, "seen by all")).await;
    for follower in &mut followers {
        follower.until(|message| message["change"]["patch"]["name"] == "seen by all").await;
    }

    // A workspace has one node, and workspaces have different ones.
    let node = cluster.node_of(&first).await;
    assert_eq!(cluster.node_of(&first).await, node);
    let mut used = HashSet::from([node]);
    for number in 0..16 {
        if used.len() == 1 {
            used.insert(cluster.node_of(&workspace(&format!("{number}")).await).await);
        }
    }
    assert!(used.len() > 1, "all workspaces are at node {node}");

    // That of the compose file, at a node that is there and at none.
    let check = compose()["services"]["loggia1"]["healthcheck"]["test"].clone();
    let healthy = |port: u16| {
        let script = check[3].as_str().unwrap().replace("$$", "$").replace("8080", &port.to_string());
        Command::new("bash").args(["-c", &script]).stderr(Stdio::null()).status().unwrap().success()
    };
    let port = |node: usize| cluster.nodes[node].0.rsplit(':').next().unwrap().parse::<u16>().unwrap();
    assert!(healthy(port(node)));

    // Its node dies: another one takes over, with all that was done, and is told of by the third.
    let (_, pid) = cluster.nodes[node];
    signal(pid, "KILL");
    let died = Instant::now();
    while admin.get(&format!("/v1/workspaces/{first}")).await.status != 200 {
        assert!(died.elapsed() < Duration::from_secs(5), "nobody takes over");
        sleep(Duration::from_millis(50)).await;
    }
    admin.edit(&first, rename(&request, "after the crash")).await;
    assert!(died.elapsed() < Duration::from_secs(5), "{:?}", died.elapsed());
    assert!(!healthy(port(node)));
    followers.remove(node);
    for follower in &mut followers {
        follower.until(|message| message["change"]["patch"]["name"] == "after the crash").await;
    }
    let mut through = admin.live(&first).await;
    through.until_type("welcome").await;

    // The end of the script is the end of all that it began, and everybody is told.
    let script = cluster.script.id().unwrap();
    let processes = descendants(script);
    assert!(processes.len() > 6, "{processes:?}");
    signal(script, "TERM");
    let status = timeout(PATIENCE, cluster.script.wait()).await.expect("the script ends in time").unwrap();
    assert_eq!(status.code(), Some(143));
    for client in followers.iter_mut().chain([&mut through]) {
        assert_eq!(client.closed().await, 1012);
    }
    let left: Vec<_> = processes.iter().filter_map(|pid| name(*pid)).collect();
    assert!(left.is_empty(), "still there: {left:?}");
    for port in &cluster.ports {
        TcpListener::bind(("127.0.0.1", *port)).unwrap_or_else(|error| panic!("port {port}: {error}"));
    }
    assert!(!cluster.folder.exists(), "the folder stays");
}
