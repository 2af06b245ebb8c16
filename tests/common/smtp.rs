//! A mail server of the test's own, on loopback: it keeps what it takes, and fails when it is told to.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, missing_docs, reason = "a test that can't go on fails")]

use super::PATIENCE;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// The only user there is.
pub const USER: &str = "loggia@host.com";
pub const PASSWORD: &str = "pass%word";

/// How a server behaves.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// What it says to the next recipients, instead of taking them: `451 later`.
    pub to_recipients: Vec<&'static str>,
    /// It refuses each mail for good, and says all of it back.
    pub says_back: bool,
    /// It takes mails of its user alone.
    pub asks_for_password: bool,
    /// It takes connections, and says nothing.
    pub is_silent: bool,
    /// It speaks TLS: from the start, or when asked to.
    pub tls: Option<Encryption>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    FromTheStart,
    WhenAsked,
}

/// A mail as it came.
#[derive(Clone, Debug)]
pub struct Mail {
    pub from: String,
    pub to: String,
    pub head: String,
    /// Decoded, with `\n`.
    pub text: String,
    pub encrypted: bool,
    pub signed_in: bool,
}

impl Mail {
    /// The token of the link to `#NAME=`, which begins with the public URL.
    #[track_caller]
    pub fn token(&self, public_url: &str, name: &str) -> String {
        let start = format!("{public_url}/#{name}=");
        let link = self.text.lines().find_map(|line| line.strip_prefix(&start));
        link.unwrap_or_else(|| panic!("no line begins with {start}: {}", self.text)).to_owned()
    }
}

pub struct Smtp {
    address: SocketAddr,
    mails: mpsc::UnboundedReceiver<Mail>,
    shared: Arc<Shared>,
}

struct Shared {
    manner: Manner,
    to_recipients: Mutex<VecDeque<&'static str>>,
    tls: Option<(Arc<ServerConfig>, String)>,
    took: mpsc::UnboundedSender<Mail>,
    connections: Mutex<usize>,
}

impl Smtp {
    pub fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (took, mails) = mpsc::unbounded_channel();
        let tls = manner.tls.map(|_| certificate());
        let to_recipients = Mutex::new(manner.to_recipients.clone().into());
        let shared = Arc::new(Shared { manner, to_recipients, tls, took, connections: Mutex::new(0) });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                *serving.connections.lock().unwrap() += 1;
                let shared = Arc::clone(&serving);
                // A client that goes ends its connection, and nothing else.
                std::thread::spawn(move || shared.connection(stream));
            }
        });
        Self { address, mails, shared }
    }

    /// Without user and password.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a client is to trust, as PEM.
    pub fn certificate(&self) -> &str {
        &self.shared.tls.as_ref().unwrap().1
    }

    pub fn connections(&self) -> usize {
        *self.shared.connections.lock().unwrap()
    }

    pub async fn next(&mut self) -> Mail {
        timeout(PATIENCE, self.mails.recv()).await.expect("a mail in time").unwrap()
    }

    /// What has come and was not looked at.
    pub fn rest(&mut self) -> Vec<Mail> {
        std::iter::from_fn(|| self.mails.try_recv().ok()).collect()
    }
}

fn certificate() -> (Arc<ServerConfig>, String) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (Arc::new(config), made.cert.pem())
}

trait Line: Read + Write {}
impl<T: Read + Write> Line for T {}

/// How a conversation ended.
enum End {
    Gone,
    StartTls,
}

impl Shared {
    fn connection(&self, mut stream: TcpStream) {
        if self.manner.is_silent {
            let _ = stream.read(&mut [0; 64]);
            return;
        }
        let secure = |stream| {
            let session = ServerConnection::new(Arc::clone(&self.tls.as_ref().unwrap().0)).unwrap();
            StreamOwned::new(session, stream)
        };
        if self.manner.tls == Some(Encryption::FromTheStart) {
            self.talk(&mut secure(stream), true, true);
        } else if let End::StartTls = self.talk(&mut stream, true, false) {
            self.talk(&mut secure(stream), false, true);
        }
    }

    fn talk(&self, line: &mut dyn Line, greets: bool, encrypted: bool) -> End {
        let (mut from, mut to, mut signed_in) = (String::new(), String::new(), false);
        if greets && say(line, "220 test").is_none() {
            return End::Gone;
        }
        while let Some(said) = read_line(line) {
            let upper = said.to_ascii_uppercase();
            let angle = || said.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
            let answer = if upper.starts_with("EHLO") {
                let tls = self.manner.tls == Some(Encryption::WhenAsked) && !encrypted;
                let tls = if tls { "250-STARTTLS\r\n" } else { "" };
                format!("250-test\r\n{tls}250-SMTPUTF8\r\n250-8BITMIME\r\n250 AUTH PLAIN")
            } else if upper == "STARTTLS" {
                return say(line, "220 go on").map_or(End::Gone, |()| End::StartTls);
            } else if let Some(given) = said.strip_prefix("AUTH PLAIN ") {
                signed_in = BASE64_STANDARD.decode(given).unwrap() == format!("\0{USER}\0{PASSWORD}").as_bytes();
                if signed_in { "235 yes".into() } else { "535 no such user or password".into() }
            } else if upper.starts_with("MAIL FROM") {
                from = angle();
                let stays_out = self.manner.asks_for_password && !signed_in;
                if stays_out { "530 sign in first".into() } else { "250 ok".into() }
            } else if upper.starts_with("RCPT TO") {
                to = angle();
                self.to_recipients.lock().unwrap().pop_front().unwrap_or("250 ok").to_owned()
            } else if upper == "DATA" {
                if say(line, "354 go on").is_none() {
                    return End::Gone;
                }
                let Some((head, text)) = read_mail(line) else { return End::Gone };
                if self.manner.says_back {
                    format!("554 not this: {head} {text}").replace(['\r', '\n'], " ")
                } else {
                    let _ =
                        self.took.send(Mail { from: from.clone(), to: to.clone(), head, text, encrypted, signed_in });
                    "250 taken".into()
                }
            } else if upper == "QUIT" {
                let _ = say(line, "221 bye");
                return End::Gone;
            } else {
                "250 ok".into()
            };
            if say(line, &answer).is_none() {
                break;
            }
        }
        End::Gone
    }
}

fn say(line: &mut dyn Line, text: &str) -> Option<()> {
    line.write_all(format!("{text}\r\n").as_bytes()).and_then(|()| line.flush()).ok()
}

/// A byte at a time: what comes after STARTTLS must not be read here.
fn read_line(line: &mut dyn Line) -> Option<String> {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n") {
        let mut byte = [0];
        line.read_exact(&mut byte).ok()?;
        text.push(byte[0]);
    }
    text.truncate(text.len() - 2);
    String::from_utf8(text).ok()
}

fn read_mail(line: &mut dyn Line) -> Option<(String, String)> {
    let mut lines = Vec::new();
    loop {
        let next = read_line(line)?;
        if next == "." {
            break;
        }
        lines.push(next.strip_prefix('.').unwrap_or(&next).to_owned());
    }
    let all = lines.join("\n");
    let (head, body) = all.split_once("\n\n").unwrap();
    let text = if head.contains("quoted-printable") {
        quoted_printable(body)
    } else {
        assert!(head.contains("Content-Transfer-Encoding: 7bit"), "{head}");
        body.to_owned()
    };
    Some((head.to_owned(), text))
}

fn quoted_printable(body: &str) -> String {
    let body = body.replace("=\n", "");
    let mut parts = body.split('=');
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(code, 16).unwrap());
        bytes.extend(rest.as_bytes());
    }
    String::from_utf8(bytes).unwrap()
}
