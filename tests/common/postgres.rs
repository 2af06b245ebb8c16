//! A PostgreSQL of the test's own: real, on a free port, in a folder that goes with it.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, missing_docs, reason = "a test that can't go on fails")]

use super::process::free_port;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio_postgres::NoTls;

/// How long it may take to start or stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the server until a line comes on standard input, or that closes, which it does also when the test process dies,
/// of whatever; then the folder goes as well. $1 is the server, $2 its folder, the rest its arguments.
const KEEPER: &str = r#"
keep=
server=$1 folder=$2; shift 2
"$server" -D "$folder/data" "$@" </dev/null >>"$folder/log" 2>&1 &
read -r _ && keep=yes
kill -QUIT $! 2>/dev/null
wait $!
[ "$keep" ] || rm -rf "$folder""#;

pub struct Cluster {
    folder: PathBuf,
    port: u16,
    arguments: Vec<String>,
    keeper: Option<Child>,
}

impl Cluster {
    /// The one of this test process: fast, for it need not outlive a power cut.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&["fsync=off", "full_page_writes=off", "max_connections=800"]))
    }

    /// One of this test's own, with settings.
    pub fn start(settings: &[&str]) -> Self {
        let folder = std::env::temp_dir().join(format!("loggia-postgres-{}", uuid::Uuid::now_v7()));
        let made = as_postgres("mkdir").arg(&folder).status().unwrap();
        assert!(made.success(), "no folder {}", folder.display());
        let init =
            ["--no-sync", "--no-instructions", "--auth=trust", "--username=loggia", "--encoding=UTF8", "--locale=C"];
        let mut command = as_postgres(program("initdb"));
        let made = command.arg("-D").arg(folder.join("data")).args(init).output().unwrap();
        assert!(made.status.success(), "initdb: {made:?}");
        // Taken by nobody now; to be taken once more by the server.
        let port = free_port();
        let mut arguments = Vec::new();
        let always =
            ["listen_addresses=127.0.0.1".to_owned(), "unix_socket_directories=".to_owned(), format!("port={port}")];
        for setting in always.into_iter().chain(settings.iter().map(|setting| (*setting).to_owned())) {
            arguments.extend(["-c".to_owned(), setting]);
        }
        let mut cluster = Self { folder, port, arguments, keeper: None };
        cluster.resume();
        cluster
    }

    /// Starts the server, and waits until it takes connections.
    pub fn resume(&mut self) {
        let mut keeper = as_postgres("sh");
        keeper.args(["-c", KEEPER, "sh"]).arg(program("postgres")).arg(&self.folder).args(&self.arguments);
        self.keeper = Some(keeper.stdin(Stdio::piped()).spawn().unwrap());
        let begun = Instant::now();
        let ready = || {
            let mut ask = Command::new(program("pg_isready"));
            ask.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]).status().unwrap().success()
        };
        while !ready() {
            let log = || fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(begun.elapsed() < PATIENCE, "PostgreSQL does not start: {}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends the server at once, as a crash would.
    pub fn halt(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            keeper.stdin.take().unwrap().write_all(b"\n").unwrap();
            let _ = keeper.wait();
        }
    }

    /// Sends a signal to all processes of the server.
    pub fn signal(&self, name: &str) {
        let file = fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
        let first = file.lines().next().unwrap();
        let children = fs::read_to_string(format!("/proc/{first}/task/{first}/children")).unwrap();
        let mut kill = Command::new("kill");
        kill.arg(format!("-{name}")).arg(first).args(children.split_whitespace());
        assert!(kill.status().unwrap().success());
    }

    /// Writes a file of the server's own beside its data.
    pub fn write(&self, name: &str, content: &str) {
        let file = self.folder.join("data").join(name);
        let mut write = as_postgres("sh");
        write.args(["-c", "umask 077; cat >\"$1\"", "sh"]).arg(file).stdin(Stdio::piped());
        let mut write = write.spawn().unwrap();
        write.stdin.take().unwrap().write_all(content.as_bytes()).unwrap();
        assert!(write.wait().unwrap().success());
    }

    /// The URL of a database that is not there yet, or is.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://loggia@127.0.0.1:{}/{database}", self.port)
    }

    /// The URL of a new database.
    pub async fn new_database(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test{}", NEXT.fetch_add(1, Ordering::Relaxed));
        // From template0, which nobody is ever connected to.
        execute(&self.url("postgres"), &format!("CREATE DATABASE {name} TEMPLATE template0")).await;
        self.url(&name)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
    }
}

/// Runs statements that give nothing back.
pub async fn execute(url: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
    drop(client);
    let _ = connection.await;
}

/// PostgreSQL refuses to run as root.
fn as_postgres(program: impl AsRef<Path>) -> Command {
    let root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    if !root {
        return Command::new(program.as_ref());
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program.as_ref()).current_dir("/");
    command
}

/// From the PATH, or where Debian puts the newest.
fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|version| version.path());
    let mut debian: Vec<PathBuf> = debian.map(|version| version.join("bin")).collect();
    debian.sort_by_key(|folder| {
        std::cmp::Reverse(folder.parent().and_then(|v| v.file_name()?.to_str()?.parse::<u32>().ok()))
    });
    std::env::split_paths(&path)
        .chain(debian)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("there is no {name}: install PostgreSQL (script/test does)"))
}
