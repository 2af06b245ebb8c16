//! A Redis of the test's own: real, on a free port, in a folder that goes with it; nothing is kept on disk.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, missing_docs, reason = "a test that can't go on fails")]

use super::process::{Process, Signal, free_port};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long it may take to start, or to answer.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Redis {
    pub port: u16,
    settings: Vec<String>,
    process: Process,
    folder: tempfile::TempDir,
}

/// What Redis answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    Text(String),
    Number(i64),
    List(Vec<Reply>),
    Nothing,
    Error(String),
}

impl Redis {
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// With settings as on its command line: `["--maxmemory", "10mb"]`.
    pub fn with(settings: &[&str]) -> Self {
        let mut settings: Vec<String> = settings.iter().map(|&setting| setting.to_owned()).collect();
        for _ in 0..10 {
            let folder = tempfile::tempdir().unwrap();
            let port = free_port();
            let process = serve(folder.path(), port, &settings);
            let mut redis = Self { port, settings, process, folder };
            if redis.answers() {
                return redis;
            }
            settings = redis.settings.clone();
        }
        panic!("no free port in ten tries");
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    /// Its unix socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// SIGKILL; returns when it is gone.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again on the same port, empty, and waits until it answers; kills it first if it is there.
    pub fn restart(&mut self) {
        self.kill();
        self.process = serve(self.folder.path(), self.port, &self.settings);
        assert!(self.answers(), "Redis does not start again: {}", self.process.tail());
    }

    /// SIGSTOP: its connections stay open, and nothing is answered.
    pub fn pause(&self) {
        self.process.signal(Signal::SIGSTOP);
    }

    pub fn resume(&self) {
        self.process.signal(Signal::SIGCONT);
    }

    /// A command by itself, on a connection of its own.
    #[track_caller]
    pub fn command(&self, words: &[&str]) -> Reply {
        let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        self.send(&words)
    }

    /// The same with words that are no text.
    #[track_caller]
    pub fn send(&self, words: &[&[u8]]) -> Reply {
        match self.ask(words) {
            Ok(Reply::Error(error)) => panic!("Redis refuses: {error}"),
            Ok(reply) => reply,
            Err(error) => panic!("Redis does not answer: {error}"),
        }
    }

    /// Cuts the connections that listen to channels, and no others; how many.
    pub fn kill_listeners(&self) -> i64 {
        match self.command(&["CLIENT", "KILL", "TYPE", "pubsub"]) {
            Reply::Number(killed) => killed,
            other => panic!("{other:?}"),
        }
    }

    /// Forgets everything.
    pub fn flush(&self) {
        self.command(&["FLUSHALL"]);
    }

    /// Waits until it answers; false when it has ended.
    fn answers(&mut self) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if self.process.ended().is_some() {
                return false;
            }
            if self.ask(&[b"PING"]).is_ok_and(|reply| reply == Reply::Text("PONG".into())) {
                // Another's, on a port that was free a moment ago?
                let pid = format!("process_id:{}\r\n", self.process.pid());
                return self.command(&["INFO", "server"]).text().contains(&pid);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("Redis does not answer: {}", self.process.tail());
    }

    fn ask(&self, words: &[&[u8]]) -> io::Result<Reply> {
        let mut socket = TcpStream::connect(self.address())?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let mut request = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            request.extend(format!("${}\r\n", word.len()).into_bytes());
            request.extend(*word);
            request.extend(b"\r\n");
        }
        socket.write_all(&request)?;
        read(&mut BufReader::new(socket))
    }
}

impl Reply {
    #[track_caller]
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            other => panic!("no text: {other:?}"),
        }
    }
}

fn serve(folder: &std::path::Path, port: u16, settings: &[String]) -> Process {
    Process::start("redis-server", folder, |command| {
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no"]);
        command.arg("--port").arg(port.to_string()).arg("--dir").arg(folder);
        command.arg("--unixsocket").arg(folder.join("socket")).args(settings);
        // Its log is its standard output.
        command.stdout(std::fs::File::options().create(true).append(true).open(folder.join("log")).unwrap());
    })
}

/// RESP, as version 2 has it.
fn read(from: &mut impl BufRead) -> io::Result<Reply> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let odd = || io::Error::other(format!("not RESP: {line:?}"));
    let (kind, rest) = line.trim_end().split_at_checked(1).ok_or_else(odd)?;
    let number = || rest.parse::<i64>().map_err(|_| odd());
    Ok(match kind {
        "+" => Reply::Text(rest.to_owned()),
        "-" => Reply::Error(rest.to_owned()),
        ":" => Reply::Number(number()?),
        "$" => match usize::try_from(number()?) {
            Ok(length) => {
                let mut text = vec![0; length + 2];
                from.read_exact(&mut text)?;
                text.truncate(length);
                Reply::Text(String::from_utf8_lossy(&text).into_owned())
            }
            Err(_) => Reply::Nothing,
        },
        "*" => match usize::try_from(number()?) {
            Ok(length) => Reply::List((0..length).map(|_| read(from)).collect::<io::Result<_>>()?),
            Err(_) => Reply::Nothing,
        },
        _ => return Err(odd()),
    })
}

/// A Redis Cluster: masters with a share of the slots each, and no replicas.
pub struct RedisCluster {
    pub nodes: Vec<Redis>,
}

impl RedisCluster {
    pub fn start(size: usize) -> Self {
        let nodes: Vec<Redis> = (0..size).map(|_| member()).collect();
        let cluster = Self { nodes };
        let bound = |node: usize| (16_384 * node / size).to_string();
        for (n, node) in cluster.nodes.iter().enumerate() {
            let last = (16_384 * (n + 1) / size - 1).to_string();
            node.command(&["CLUSTER", "ADDSLOTSRANGE", &bound(n), &last]);
            node.command(&["CLUSTER", "SET-CONFIG-EPOCH", &(n + 1).to_string()]);
        }
        for node in &cluster.nodes[1..] {
            let bus = node.settings.last().unwrap();
            cluster.nodes[0].command(&["CLUSTER", "MEET", "127.0.0.1", &node.port.to_string(), bus]);
        }
        cluster.wait();
        cluster
    }

    /// The URL of all of it.
    pub fn url(&self) -> String {
        let addresses: Vec<String> = self.nodes.iter().map(|node| node.address().to_string()).collect();
        format!("redis+cluster://{}", addresses.join(","))
    }

    /// Until every node says that the cluster is fine and knows all of it.
    pub fn wait(&self) {
        let size = format!("cluster_known_nodes:{}\r\n", self.nodes.len());
        let fine = |node: &Redis| {
            let info = node.command(&["CLUSTER", "INFO"]);
            info.text().contains("cluster_state:ok") && info.text().contains(&size)
        };
        let begun = Instant::now();
        while !self.nodes.iter().all(fine) {
            assert!(begun.elapsed() < PATIENCE, "no cluster: {:?}", self.nodes[0].command(&["CLUSTER", "INFO"]));
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn member() -> Redis {
    // The bus is ten thousand above the port unless it is told, and there may be no such port.
    let bus = free_port().to_string();
    Redis::with(&[
        "--cluster-enabled",
        "yes",
        "--cluster-node-timeout",
        "2000",
        "--cluster-announce-ip",
        "127.0.0.1",
        "--cluster-port",
        &bus,
    ])
}
