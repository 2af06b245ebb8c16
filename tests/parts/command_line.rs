//! The command line: what each command prints where, and what it refuses.

use crate::common::postgres::{Cluster, execute};
use crate::common::{Answer, PATIENCE};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Output, Stdio};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

fn loggia(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loggia"));
    command.args(arguments).kill_on_drop(true).stdin(Stdio::null());
    for name in [
        "LISTEN",
        "DATA",
        "DATABASE_URL",
        "REDIS_URL",
        "PUBLIC_URL",
        "ALLOW_ORIGIN",
        "SESSION_EDITS_PER_SECOND",
        "HISTORY_DAYS",
        "HISTORY_ENTRIES",
        "SMTP_URL",
        "MAIL_FROM",
        "METRICS_LISTEN",
        "LOG",
    ] {
        command.env_remove(format!("LOGGIA_{name}"));
    }
    command
}

async fn run(arguments: &[&str], data: &Path) -> Output {
    let mut command = loggia(arguments);
    command.arg("--data").arg(data);
    timeout(PATIENCE, command.output()).await.expect("the command ends in time").unwrap()
}

async fn create_team(data: &Path) -> Output {
    run(&["admin", "create-team", "--name", "Host", "--domain", "host.com", "--admin", "ada@host.com"], data).await
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// The token, when it is all there is on standard output: one line.
#[track_caller]
fn one_token(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    let line = text(&output.stdout).strip_suffix('\n').expect("a line");
    assert!(line.starts_with("lgp_") && line.len() > 20, "a token and nothing else: {line:?}");
    assert!(line.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-'), "one token: {line:?}");
    assert!(!text(&output.stderr).contains(line), "a secret is not logged");
    line.to_owned()
}

/// A refusal: a failing status, nothing on standard output, and what is the matter on standard error.
#[track_caller]
fn refused(output: &Output, says: &[&str]) {
    assert!(!output.status.success(), "{output:?}");
    assert_eq!(text(&output.stdout), "");
    let said = text(&output.stderr);
    says.iter().for_each(|part| assert!(said.contains(part), "{part:?} is not in {said:?}"));
    assert!(!said.contains("panicked"), "{said}");
}

struct Running {
    url: String,
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
}

/// Serves on a free port of the system's choice; the log's line says which.
async fn serve(data: &Path) -> Running {
    let mut command = loggia(&["serve", "--listen", "127.0.0.1:0"]);
    command.arg("--data").arg(data).env("NO_COLOR", "1").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let listening = async {
        loop {
            let line = lines.next_line().await.unwrap().expect("the server listens");
            if let Some((_, rest)) = line.split_once("address=") {
                return rest.split_whitespace().next().unwrap().to_owned();
            }
        }
    };
    let address = timeout(PATIENCE, listening).await.expect("the server listens in time");
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    let stdout = BufReader::new(child.stdout.take().unwrap()).lines();
    Running { url: format!("http://{address}"), child, stdout }
}

impl Running {
    async fn line(&mut self) -> String {
        let line = timeout(PATIENCE, self.stdout.next_line()).await.expect("a line in time");
        line.unwrap().expect("a line")
    }

    /// What is left of standard output once the process was killed.
    async fn rest(&mut self) -> Vec<String> {
        self.child.kill().await.unwrap();
        let mut rest = Vec::new();
        while let Some(line) = self.stdout.next_line().await.unwrap() {
            rest.push(line);
        }
        rest
    }

    async fn me(&self, token: &str) -> Answer {
        let asked = reqwest::Client::new().get(format!("{}/v1/me", self.url)).bearer_auth(token);
        Answer::of(asked.send().await.unwrap()).await
    }

    async fn set_up(&self, token: &str, email: &str) -> Answer {
        let body: Value =
            json!({"token": token, "team": "Host", "domains": ["host.com"], "email": email, "name": "Ada Admin"});
        let asked = reqwest::Client::new().post(format!("{}/v1/setup", self.url)).json(&body);
        Answer::of(asked.send().await.unwrap()).await
    }

    /// The set-up link's token.
    async fn setup_token(&mut self) -> String {
        let start = format!("{}/#setup=", self.url);
        let first = self.line().await;
        assert!(!first.contains("lgp_"), "{first}");
        let link = self.line().await;
        let token = link.trim().strip_prefix(&start).unwrap_or_else(|| panic!("{link:?} is no link to {start}…"));
        assert!(token.len() > 20, "{link}");
        token.to_owned()
    }
}

#[tokio::test]
async fn create_team_prints_one_token_that_is_the_admins_and_nothing_else() {
    let data = tempfile::tempdir().unwrap();
    let token = one_token(&create_team(data.path()).await);
    let mut server = serve(data.path()).await;
    assert_eq!(server.me(&token).await.expect(200)["email"], "ada@host.com");
    assert_eq!(server.rest().await, Vec::<String>::new(), "a server with a team prints no set-up link");
}

#[tokio::test]
async fn token_prints_one_new_token_and_nothing_else_also_beside_a_running_server() {
    let data = tempfile::tempdir().unwrap();
    let first = one_token(&create_team(data.path()).await);
    let second = one_token(&run(&["admin", "token", "ada@host.com"], data.path()).await);
    let server = serve(data.path()).await;
    let third = one_token(&run(&["admin", "token", "Ada@HOST.com"], data.path()).await);
    let other = ["admin", "create-team", "--name", "Guest", "--domain", "guest.com", "--admin", "bo@guest.com"];
    let fourth = one_token(&run(&other, data.path()).await);
    for token in [&first, &second, &third] {
        assert_eq!(server.me(token).await.expect(200)["email"], "ada@host.com");
    }
    assert_eq!(server.me(&fourth).await.expect(200)["email"], "bo@guest.com");
    let different: std::collections::HashSet<_> = [first, second, third, fourth].into();
    assert_eq!(different.len(), 4);
}

#[tokio::test]
async fn a_token_stays_one_line_however_much_is_logged() {
    let data = tempfile::tempdir().unwrap();
    create_team(data.path()).await;
    let mut command = loggia(&["admin", "token", "ada@host.com", "--data"]);
    let output = command.arg(data.path()).env("LOGGIA_LOG", "trace").output().await.unwrap();
    one_token(&output);
}

#[tokio::test]
async fn a_token_for_an_unknown_address_is_refused_by_name() {
    let data = tempfile::tempdir().unwrap();
    create_team(data.path()).await;
    refused(&run(&["admin", "token", "nobody@host.com"], data.path()).await, &["nobody@host.com"]);
}

#[tokio::test]
async fn create_team_refuses_what_is_no_address_or_domain() {
    let data = tempfile::tempdir().unwrap();
    let team = |domain, admin| ["admin", "create-team", "--name", "Host", "--domain", domain, "--admin", admin];
    refused(&run(&team("host.com", "no address"), data.path()).await, &["address"]);
    refused(&run(&team("no domain", "ada@host.com"), data.path()).await, &["no domain"]);
    refused(
        &run(&["admin", "create-team", "--name", "Host", "--admin", "ada@host.com"], data.path()).await,
        &["--domain"],
    );
}

#[tokio::test]
async fn check_says_that_settings_and_store_are_fine_also_beside_a_running_server() {
    let data = tempfile::tempdir().unwrap();
    create_team(data.path()).await;
    for _ in 0..2 {
        let output = run(&["check"], data.path()).await;
        assert!(output.status.success(), "{output:?}");
        assert_eq!(text(&output.stdout).lines().count(), 1, "{output:?}");
    }
    let _server = serve(data.path()).await;
    assert!(run(&["check"], data.path()).await.status.success());
}

#[tokio::test]
async fn ready_asks_the_server_that_listens_there() {
    let data = tempfile::tempdir().unwrap();
    let running = serve(data.path()).await;
    let port = running.url.rsplit(':').next().unwrap();
    for host in ["127.0.0.1", "0.0.0.0"] {
        let output = run(&["ready", "--listen", &format!("{host}:{port}")], data.path()).await;
        assert!(output.status.success(), "{output:?}");
        assert_eq!(text(&output.stdout), "The server is ready.\n");
    }
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    refused(&run(&["ready", "--listen", &nobody.to_string()], data.path()).await, &["asking the server"]);
}

#[tokio::test]
async fn check_and_serve_fail_when_the_data_folder_is_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data");
    std::fs::write(&file, "a file").unwrap();
    let name = file.to_str().unwrap();
    refused(&run(&["check"], &file).await, &[name]);
    refused(&run(&["serve", "--listen", "127.0.0.1:0"], &file).await, &[name]);
    refused(&create_team(&file).await, &[name]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "a file");
}

#[tokio::test]
async fn every_command_takes_the_database_in_place_of_the_folder_and_tells_nobody_its_url() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("untouched");
    let url = Cluster::shared().new_database().await;
    let with = async |arguments: &[&str], url: &str| {
        let mut command = loggia(arguments);
        command.arg("--data").arg(&folder).env("LOGGIA_DATABASE_URL", url);
        timeout(PATIENCE, command.output()).await.expect("the command ends in time").unwrap()
    };
    let team = ["admin", "create-team", "--name", "Host", "--domain", "host.com", "--admin", "ada@host.com"];
    one_token(&with(&team, &url).await);
    one_token(&with(&["admin", "token", "ada@host.com"], &url).await);
    assert!(with(&["check"], &url).await.status.success());
    refused(&with(&["backup", "copy"], &url).await, &["pg_dump"]);
    assert!(!folder.exists());

    let secret = "postgres://loggia:s3cret@127.0.0.1:1/loggia";
    for url in [secret, "postgres://loggia:s3cret@127.0.0.1:port/loggia", ""] {
        for command in [&["check"][..], &["serve", "--listen", "127.0.0.1:0"], &team, &["backup", "copy"]] {
            let output = with(command, url).await;
            refused(&output, &["--database-url"]);
            assert!(!text(&output.stderr).contains("s3cret"));
        }
    }
    let help = with(&["--help"], secret).await;
    assert!(text(&help.stdout).contains("--database-url") && !text(&help.stdout).contains("s3cret"));
}

#[tokio::test]
async fn a_database_is_spoken_to_in_tls_when_its_certificate_is_trusted_and_of_its_name() {
    let data = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(&[]);
    let url = cluster.new_database().await;
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    cluster.write("server.crt", &made.cert.pem());
    cluster.write("server.key", &made.signing_key.serialize_pem());
    let trusted = data.path().join("trusted.pem");
    std::fs::write(&trusted, made.cert.pem()).unwrap();
    let stranger = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let others = data.path().join("others.pem");
    std::fs::write(&others, stranger.cert.pem()).unwrap();
    let check = async |url: &str, trusted: &Path| {
        let mut command = loggia(&["check"]);
        command.arg("--data").arg(data.path()).env("LOGGIA_DATABASE_URL", url).env("SSL_CERT_FILE", trusted);
        timeout(PATIENCE, command.output()).await.expect("the command ends in time").unwrap()
    };
    let url = format!("{url}?sslmode=require");
    refused(&check(&url, &trusted).await, &["--database-url", "TLS"]);
    execute(&cluster.url("postgres"), "ALTER SYSTEM SET ssl = on").await;
    execute(&cluster.url("postgres"), "SELECT pg_reload_conf()").await;
    let begun = std::time::Instant::now();
    let mut checked = check(&url, &trusted).await;
    // The server takes its settings up when it comes to it.
    while !checked.status.success() && begun.elapsed() < PATIENCE {
        checked = check(&url, &trusted).await;
    }
    assert!(checked.status.success(), "{checked:?}");
    refused(&check(&url, &others).await, &["certificate"]);
    refused(&check(&url.replace("127.0.0.1", "localhost"), &trusted).await, &["certificate"]);
}

#[tokio::test]
async fn check_fails_when_the_store_is_no_store() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("loggia.sqlite3"), "this is no database, and long enough to be looked at")
        .unwrap();
    refused(&run(&["check"], folder.path()).await, &["loggia.sqlite3"]);
}

#[tokio::test]
async fn a_bad_url_is_refused_with_the_name_of_its_flag() {
    let data = tempfile::tempdir().unwrap();
    for url in [
        "not a url",
        "partners.example.com",
        "ftp://example.com",
        "https://example.com/path",
        "https://example.com?q=1",
    ] {
        for flag in ["--public-url", "--allow-origin"] {
            refused(&run(&["check", flag, url], data.path()).await, &[flag]);
            refused(&run(&["serve", "--listen", "127.0.0.1:0", flag, url], data.path()).await, &[flag]);
        }
    }
    for url in ["https://partners.example.com", "http://10.0.0.1:8080/"] {
        let output = run(&["check", "--public-url", url], data.path()).await;
        assert!(output.status.success(), "{output:?}");
    }
}

#[tokio::test]
async fn a_redis_that_is_none_or_has_no_database_beside_it_is_refused_and_not_repeated() {
    let data = tempfile::tempdir().unwrap();
    for command in [&["check"][..], &["serve", "--listen", "127.0.0.1:0"]] {
        let with = |more: &[&'static str]| [command, more].concat();
        let alone = with(&["--redis-url", "redis://127.0.0.1:1"]);
        refused(&run(&alone, data.path()).await, &["--redis-url", "--database-url"]);
        for url in
            ["nonsense", "http://:hidden@127.0.0.1", "redis+sentinel://:hidden@127.0.0.1:1", "redis://:hidden@host:no"]
        {
            let both = with(&["--database-url", "postgres://127.0.0.1:1/none", "--redis-url", url]);
            let output = run(&both, data.path()).await;
            refused(&output, &["--redis-url"]);
            assert!(!String::from_utf8_lossy(&output.stderr).contains("hidden"), "{output:?}");
        }
    }
}

#[tokio::test]
async fn a_bad_listen_address_is_refused_with_the_name_of_its_flag() {
    let data = tempfile::tempdir().unwrap();
    refused(&run(&["serve", "--listen", "nowhere"], data.path()).await, &["--listen"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    refused(&run(&["serve", "--listen", &address], data.path()).await, &[&address]);
}

#[tokio::test]
async fn the_set_up_link_makes_the_team_once() {
    let data = tempfile::tempdir().unwrap();
    let mut server = serve(data.path()).await;
    let token = server.setup_token().await;
    server.set_up("wrong", "eve@host.com").await.expect(410);
    let made = server.set_up(&token, "ada@host.com").await;
    assert_eq!(made.expect(201)["email"], "ada@host.com");
    assert!(made.headers.contains_key("set-cookie"), "the first admin is signed in");
    let again = server.set_up(&token, "eve@host.com").await;
    assert!(matches!(again.status, 409 | 410), "{again:?}");
    refused(&run(&["admin", "token", "eve@host.com"], data.path()).await, &["eve@host.com"]);
    one_token(&run(&["admin", "token", "ada@host.com"], data.path()).await);
    assert_eq!(server.rest().await, Vec::<String>::new());

    let mut restarted = serve(data.path()).await;
    assert_eq!(restarted.set_up(&token, "eve@host.com").await.status, 410);
    assert_eq!(restarted.rest().await, Vec::<String>::new(), "no set-up link once there is a team");
}

#[tokio::test]
async fn of_many_set_ups_at_once_one_makes_the_team() {
    let data = tempfile::tempdir().unwrap();
    let mut server = serve(data.path()).await;
    let token = server.setup_token().await;
    let emails: Vec<String> = (0..8).map(|n| format!("ada{n}@host.com")).collect();
    let answers = futures_util::future::join_all(emails.iter().map(|email| server.set_up(&token, email))).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 201 | 409 | 410)), "{statuses:?}");
}

#[tokio::test]
async fn a_team_made_beside_the_server_ends_the_set_up_link() {
    let data = tempfile::tempdir().unwrap();
    let mut server = serve(data.path()).await;
    let token = server.setup_token().await;
    one_token(&create_team(data.path()).await);
    let late = server.set_up(&token, "eve@host.com").await;
    assert!(matches!(late.status, 409 | 410), "{late:?}");
}

#[tokio::test]
async fn a_backup_does_not_write_over_a_file() {
    let data = tempfile::tempdir().unwrap();
    create_team(data.path()).await;
    let file = data.path().join("there");
    std::fs::write(&file, "mine").unwrap();
    refused(&run(&["backup", file.to_str().unwrap()], data.path()).await, &[]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
}
