//! A Redis of the test's own: real, on a free port, keeping nothing, ended with the test process.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, missing_docs, reason = "a test that can't go on fails")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Redis {
    pub port: u16,
    folder: tempfile::TempDir,
    arguments: Vec<String>,
    process: Option<Child>,
}

impl Redis {
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// A cluster of one server, which has all slots.
    pub fn cluster() -> Self {
        let redis = Self::with(&["--cluster-enabled", "yes"]);
        redis.command(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
        let begun = Instant::now();
        while !redis.command(&["CLUSTER", "INFO"]).contains("cluster_state:ok") {
            assert!(begun.elapsed() < PATIENCE, "the cluster is not ready");
            std::thread::sleep(Duration::from_millis(20));
        }
        redis
    }

    fn with(arguments: &[&str]) -> Self {
        // Taken by nobody now; to be taken once more by the server. A cluster's bus takes the port 10,000 above.
        let port = loop {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            if port < 55_000 {
                break port;
            }
        };
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let mut redis = Self { port, folder: tempfile::tempdir().unwrap(), arguments, process: None };
        redis.resume_from_kill();
        redis
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Starts it again on the same port, and waits until it answers.
    pub fn resume_from_kill(&mut self) {
        let mut command = Command::new("setpriv");
        command.args([
            "--pdeathsig",
            "KILL",
            "redis-server",
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ]);
        command.args(["--port", &self.port.to_string(), "--dir"]).arg(self.folder.path()).args(&self.arguments);
        self.process = Some(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let begun = Instant::now();
        while self.try_command(&["PING"]).is_err() {
            assert!(begun.elapsed() < PATIENCE, "Redis does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Stops it as it stands: connections stay open, nothing is answered.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    pub fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let pid = self.process.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Ends the connections of whoever listens.
    pub fn kill_listeners(&self) {
        self.command(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    }

    /// Asks for something; the answer as it comes on the wire.
    #[track_caller]
    pub fn command(&self, words: &[&str]) -> String {
        self.try_command(words).unwrap()
    }

    fn try_command(&self, words: &[&str]) -> std::io::Result<String> {
        let bytes: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        self.try_send(&bytes)
    }

    /// The same with words that are no text.
    pub fn send(&self, words: &[&[u8]]) -> String {
        self.try_send(words).unwrap()
    }

    fn try_send(&self, words: &[&[u8]]) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let mut request = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            request.extend(format!("${}\r\n", word.len()).into_bytes());
            request.extend(*word);
            request.extend(b"\r\n");
        }
        stream.write_all(&request)?;
        let mut answer = BufReader::new(stream);
        let mut line = String::new();
        answer.read_line(&mut line)?;
        match line.strip_prefix('$').and_then(|length| length.trim().parse::<usize>().ok()) {
            Some(length) => {
                let mut text = vec![0; length];
                answer.read_exact(&mut text)?;
                Ok(String::from_utf8_lossy(&text).into_owned())
            }
            None if line.is_empty() || line.starts_with('-') => Err(std::io::Error::other(line)),
            None => Ok(line),
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}
