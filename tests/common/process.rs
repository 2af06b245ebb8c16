//! A program that a test starts: it keeps its own log, takes signals, and dies with the test process.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, missing_docs, reason = "a test that can't go on fails")]

use nix::sys::signal;
use nix::unistd::Pid;
use std::ffi::OsString;
use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{LazyLock, mpsc};
use std::time::{Duration, Instant};

pub use nix::sys::signal::Signal;

pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a program; what it says is added to the files `log` (standard error) and `out` of a folder.
    pub fn start(program: impl Into<OsString>, folder: &Path, furnish: impl FnOnce(&mut Command)) -> Self {
        let file = |name: &str| File::options().create(true).append(true).open(folder.join(name)).unwrap();
        // An exec, and so the program's own pid.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(program.into());
        command.stdin(Stdio::null()).stdout(file("out")).stderr(file("log"));
        furnish(&mut command);
        Self { child: spawn(command), log: folder.join("log") }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        signal::kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// SIGKILL; returns when it is gone.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }

    /// How it ended, when it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits for its end.
    pub async fn end(&mut self, patience: Duration) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            assert!(begun.elapsed() < patience, "it does not end in {patience:?}: {}", self.tail());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The last of its log.
    pub fn tail(&self) -> String {
        let log = std::fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("---- the end of {}\n{}\n----", self.log.display(), self.tail());
        }
    }
}

/// Starts it from a thread that never ends: to the kernel the parent is that thread, and a test's own thread ends with
/// the test, which may be before the end of those that share what it started.
fn spawn(command: Command) -> Child {
    type Order = (Command, mpsc::Sender<std::io::Result<Child>>);
    static SPAWNER: LazyLock<mpsc::Sender<Order>> = LazyLock::new(|| {
        let (orders, taken) = mpsc::channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, started) in taken {
                let _ = started.send(command.spawn());
            }
        });
        orders
    });
    let (started, child) = mpsc::channel();
    SPAWNER.send((command, started)).unwrap();
    child.recv().unwrap().expect("setpriv (of util-linux) is there")
}

/// A port that nobody had a moment ago, and that the system gives to nobody who asks for any: it stays free over a restart,
/// however many connections are made meanwhile. Who starts a program on it must be ready to try another.
pub fn free_port() -> u16 {
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap();
    let first_given: u16 = range.split_whitespace().next().unwrap().parse().unwrap();
    loop {
        let port = rand::random_range(first_given / 2..first_given);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
