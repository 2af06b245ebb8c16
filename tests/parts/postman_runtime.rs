//! What goes out is what Postman's own runtime sends: `tests/postman_runtime/record.js` lets that runtime send every request of
//! every collection to a recorder on loopback, each time the test runs, and each is compared with what comes of it at a
//! recorder here, through `build` and `Sender`.
//!
//! Needs Node 20 and `npm ci` in `tests/postman_runtime`; `script/test` does that.

#![allow(clippy::print_stdout, reason = "a test that passes says what it did")]

use super::sending::{
    tls::acceptor,
    upstream::{PATIENCE, ok, request, send, upstream},
};
use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use loggia::{
    call::{
        Outgoing,
        build::{Sources, Upload, build},
        guard::{
            Guard,
            connect::{Connect, Resolve, Stream, Tcp},
        },
        send::{Bounds, Sender, error::SendError},
        variables::{Scope, Variables},
    },
    id::ItemId,
    workspace::{
        item::{ItemKind, NewItem},
        postman::{Import, import},
    },
};
use rand::{SeedableRng, rngs::StdRng};
use serde::Deserialize;
use serde_json::{
    Value, json,
    value::{RawValue, to_raw_value},
};
use std::{
    collections::HashMap,
    io::{self, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use uuid::Uuid;

const ADYEN: &str = include_str!("../data/adyen-management.postman_collection.json");
const CONDUIT: &str = include_str!("../data/conduit.postman_collection.json");
const WISE: &str = include_str!("../data/wise.postman_collection.json");
const WISE_ENVIRONMENT: &str = include_str!("../data/wise.postman_environment.json");
const CASES: &str = include_str!("../postman_runtime/cases.postman_collection.json");
const FILES: [(&str, &str, &[u8]); 2] =
    [("a.txt", "text/plain", b"a line\n"), ("pixel.png", "image/png", b"\x89PNG\r\n\x1a\n\x00\xff")];

/// Where the two differ, and why.
const DIFFERENCES: [(&str, &str); 2] = [
    ("awsv4 in the query", "a signature here always says how long it is good for; Postman's does so for S3 alone"),
    ("a host without a value", "Postman asks the DNS for `{{nope}}`; here it is refused"),
];

/// What the runtime did with one request.
#[derive(Deserialize)]
struct Entry {
    name: String,
    error: Option<String>,
    sent: Vec<Sent>,
}

/// A request that arrived: where it was meant for, and what came.
#[derive(Clone, Deserialize)]
struct Sent {
    scheme: String,
    host: String,
    port: String,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
}

/// A request on the wire, in a form that two can be compared in.
#[derive(Debug, PartialEq)]
struct Wire {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    length: Option<String>,
    body: String,
}

/// A run of a collection in an environment.
struct Run {
    name: &'static str,
    collection: &'static str,
    environment: Value,
}

fn runs() -> Vec<Run> {
    let run = |name, collection, environment| Run { name, collection, environment };
    let values = |values: &[(&str, &str)]| {
        let value = |(key, value): &(&str, &str)| json!({"key": key, "value": value, "enabled": true});
        json!({"values": values.iter().map(value).collect::<Vec<_>>()})
    };
    // A name of a person's own wins over a dynamic one: so both have the same.
    let guid = ("$guid", "0197b4f0-0000-4000-8000-000000000000");
    let odd = "ä ö&c=d/{{inner}}?#";
    let adyen = [guid, ("X-API-Key", "AQE+key=="), ("YOUR_MERCHANT_ACCOUNT", odd), ("inner", "%2F")];
    let conduit =
        [("APIURL", "http://conduit.example:8080/{{inner}}"), ("inner", "api v1"), ("token", odd), ("EMAIL", odd)];
    let wise = [("host", "https://wise.example"), ("TOKEN", "secret token"), ("clientId", "a:b"), ("secret", odd)];
    vec![
        run("Adyen", ADYEN, values(&[guid])),
        run("Adyen, filled in", ADYEN, values(&adyen)),
        run("Conduit", CONDUIT, values(&[("APIURL", "https://conduit.example/api")])),
        run("Conduit, filled in", CONDUIT, values(&conduit)),
        run("Wise", WISE, serde_json::from_str(WISE_ENVIRONMENT).unwrap()),
        run("Wise, filled in", WISE, values(&wise)),
        run("cases", CASES, json!({"values": [{"key": "token", "value": "of the environment"}]})),
    ]
}

/// Has the runtime send all of it.
fn record(runs: &[Run]) -> Vec<Vec<Entry>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/postman_runtime");
    assert!(folder.join("node_modules").exists(), "run `npm ci` in {}", folder.display());
    let files = tempfile::tempdir().unwrap();
    for (name, _, bytes) in FILES {
        std::fs::write(files.path().join(name), bytes).unwrap();
    }
    let input: Vec<_> = runs
        .iter()
        .map(|run| {
            let collection: Value = serde_json::from_str(run.collection).unwrap();
            json!({"collection": collection, "environment": run.environment})
        })
        .collect();
    let mut node = Command::new("node")
        .arg(folder.join("record.js"))
        .current_dir(files.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is installed");
    node.stdin.take().unwrap().write_all(&serde_json::to_vec(&input).unwrap()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success(), "the runtime failed: {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

fn items(collection: &str) -> Vec<NewItem> {
    let mut last = 0;
    let mut new_id = || {
        last += 1;
        ItemId(Uuid::from_u128(last))
    };
    match import(collection.as_bytes(), &mut new_id).unwrap() {
        Import::Collection(items) => items,
        Import::Environment { .. } => panic!("an environment"),
    }
}

/// The contents above an item, the collection's first.
fn ancestors<'a>(item: &NewItem, items: &HashMap<ItemId, &'a NewItem>) -> Vec<&'a RawValue> {
    let mut above = Vec::new();
    let mut parent = item.parent;
    while let Some(id) = parent {
        above.push(&*items[&id].content);
        parent = items[&id].parent;
    }
    above.reverse();
    above
}

/// Postman's address of a request, and ours, without the port that goes without saying.
fn address(scheme: &str, rest: &str) -> String {
    let usual = if scheme == "https" { ":443" } else { ":80" };
    let (authority, target) = rest.split_at(rest.find('/').unwrap());
    format!("{scheme}://{}{target}", authority.strip_suffix(usual).unwrap_or(authority))
}

/// Without what is each one's own: the order of headers, the connection's, the program's name, and chance.
fn wire(sent: &Sent) -> Wire {
    let host = if sent.host.contains(':') { format!("[{}]", sent.host) } else { sent.host.clone() };
    let url = address(&sent.scheme, &format!("{host}:{}{}", sent.port, sent.target));
    let mut body = BASE64_STANDARD.decode(&sent.body).unwrap().escape_ascii().to_string();
    let (mut headers, mut length) = (Vec::new(), None);
    for (name, value) in &sent.headers {
        let (name, value) = (name.clone(), utf8(value.trim()));
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = Some(value),
            "connection" if ["close", "keep-alive"].contains(&value.as_str()) => {}
            "user-agent" if value.starts_with("PostmanRuntime/") || value.starts_with("Loggia/") => {
                headers.push((name, "the program's".to_owned()));
            }
            "content-type" if value.contains("; boundary=--------------------------") => {
                let (media, boundary) = value.split_once("; boundary=--------------------------").unwrap();
                assert_eq!(boundary.len(), 24);
                body = body.replace(boundary, "BOUNDARY");
                headers.push((name, format!("{media}; boundary")));
            }
            _ => headers.push((name, value)),
        }
    }
    headers.sort();
    Wire { method: sent.method.clone(), url, headers, length, body }
}

/// Whatever the name and the address, the connection is one to the recorder.
#[derive(Default)]
struct Net {
    recorder: Mutex<u16>,
    /// The name that was looked up, and where a connection was opened to.
    to: Mutex<(Option<String>, Option<SocketAddr>)>,
    came: Mutex<Vec<Sent>>,
}

#[async_trait]
impl Resolve for Net {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.to.lock().unwrap().0 = Some(name.trim_end_matches('.').to_owned());
        Ok(vec![Ipv4Addr::LOCALHOST.into()])
    }
}

#[async_trait]
impl Connect for Net {
    async fn connect(&self, address: SocketAddr) -> io::Result<Box<dyn Stream>> {
        self.to.lock().unwrap().1 = Some(address);
        let recorder = *self.recorder.lock().unwrap();
        Tcp.connect((Ipv4Addr::LOCALHOST, recorder).into()).await
    }
}

impl Net {
    async fn record(&self, scheme: &str, stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
        let came = request(stream).await;
        let (name, address) = std::mem::take(&mut *self.to.lock().unwrap());
        let address = address.unwrap();
        let header = |line: &String| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        let sent = Sent {
            scheme: scheme.to_owned(),
            host: name.unwrap_or_else(|| address.ip().to_string()),
            port: address.port().to_string(),
            method: came.lines[0].split(' ').next().unwrap().to_owned(),
            target: came.target().to_owned(),
            headers: came.lines[1..].iter().map(|line| header(line).unwrap()).collect(),
            body: BASE64_STANDARD.encode(&came.body),
        };
        assert_eq!(came.lines[0], format!("{} {} HTTP/1.1", sent.method, sent.target));
        self.came.lock().unwrap().push(sent);
        stream.write_all(&ok("", b"")).await.unwrap();
        let _ = stream.shutdown().await;
    }

    /// What arrives of a request.
    async fn sends(&self, sender: &Sender, mut outgoing: Outgoing) -> Result<Sent, SendError> {
        outgoing.behavior.strict_ssl = false;
        send(sender, outgoing).await?;
        let mut came = std::mem::take(&mut *self.came.lock().unwrap());
        assert_eq!(came.len(), 1);
        Ok(came.remove(0))
    }
}

/// A sender whose requests all arrive at one recorder.
async fn recorder() -> (Arc<Net>, Sender) {
    let net = Arc::new(Net::default());
    let ((acceptor, roots), own) = (acceptor(&["recorder.example.com"]), Arc::clone(&net));
    let port = upstream(move |mut stream: TcpStream| {
        let (acceptor, net) = (acceptor.clone(), Arc::clone(&own));
        async move {
            let mut first = [0];
            stream.peek(&mut first).await.unwrap();
            // A handshake of TLS, which no method begins with.
            if first == [0x16] {
                net.record("https", &mut acceptor.accept(stream).await.unwrap()).await;
            } else {
                net.record("http", &mut stream).await;
            }
        }
    })
    .await;
    *net.recorder.lock().unwrap() = port;
    let allowed = ["127.0.0.0/8", "::1"].map(|target| target.parse().unwrap()).into();
    let (resolver, connector) = (Arc::clone(&net) as Arc<dyn Resolve>, Arc::clone(&net) as Arc<dyn Connect>);
    let bounds = Bounds { total: PATIENCE, ..Bounds::default() };
    (net, Sender::new(Guard::new(allowed, resolver, connector), roots, bounds).unwrap())
}

/// Node writes a head as UTF-8 when a body goes out with it and as Latin-1 when none does, and reads Latin-1.
fn utf8(header: &str) -> String {
    let bytes: Option<Vec<u8>> = header.chars().map(|c| u8::try_from(c).ok()).collect();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| header.to_owned())
}

/// When the runtime signed, else any time.
fn time_of(entry: &Entry) -> OffsetDateTime {
    let parse = |stamp: &str| {
        let part = |at: usize, to: usize| &stamp[at..to];
        let (date, time) = ((part(0, 4), part(4, 6), part(6, 8)), (part(9, 11), part(11, 13), part(13, 15)));
        let text = format!("{}-{}-{}T{}:{}:{}Z", date.0, date.1, date.2, time.0, time.1, time.2);
        OffsetDateTime::parse(&text, &Rfc3339).unwrap()
    };
    let stamp = entry.sent.first().and_then(|sent| {
        let header = sent.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-amz-date"));
        let query = || sent.target.split("X-Amz-Date=").nth(1)?.get(..16);
        header.map(|(_, value)| value.as_str()).or_else(query)
    });
    stamp.map_or(OffsetDateTime::UNIX_EPOCH, parse)
}

#[tokio::test]
async fn what_goes_out_is_what_postmans_runtime_sends() {
    let (net, sender) = recorder().await;
    let runs = runs();
    let entries = record(&runs);
    let upload = |(name, content_type, bytes): (&str, &str, &'static [u8])| {
        let upload = Upload {
            file_name: name.to_owned(),
            content_type: content_type.to_owned(),
            bytes: Bytes::from_static(bytes),
        };
        (name.to_owned(), upload)
    };
    let files: HashMap<_, _> = FILES.map(upload).into();
    let (mut equal, mut refused, mut differences) = (0, 0, Vec::new());
    for (run, entries) in runs.iter().zip(&entries) {
        let items = items(run.collection);
        let by_id: HashMap<_, _> = items.iter().map(|item| (item.id, item)).collect();
        let environment = to_raw_value(&run.environment).unwrap();
        let scope = Scope::new([
            Variables::of_collection(&items[0].content).unwrap().all(),
            Variables::of_environment(&environment).unwrap().all(),
        ]);
        let requests: Vec<_> = items.iter().filter(|item| item.kind == ItemKind::Request).collect();
        assert_eq!(requests.len(), entries.len(), "{}", run.name);
        for (item, entry) in requests.into_iter().zip(entries) {
            assert_eq!(item.name, entry.name);
            let ancestors = ancestors(item, &by_id);
            let sources = Sources {
                item: &item.content,
                ancestors: &ancestors,
                scope: &scope,
                files: &files,
                now: time_of(entry),
            };
            let ours = match build(&sources, &mut StdRng::seed_from_u64(1)) {
                Ok(built) => net.sends(&sender, built.outgoing).await.map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            match (&ours, &entry.sent[..]) {
                (Ok(ours), [sent]) => {
                    let (ours, theirs) = (wire(ours), wire(sent));
                    if ours == theirs {
                        equal += 1;
                    } else {
                        differences.push(entry.name.clone());
                        println!("{}: {}\nours   {ours:?}\ntheirs {theirs:?}\n", run.name, entry.name);
                    }
                }
                (Err(error), []) => {
                    refused += 1;
                    println!("{}: {}: {error} (the runtime: {:?})", run.name, entry.name, entry.error);
                }
                (ours, sent) => {
                    differences.push(entry.name.clone());
                    let ours = ours.as_ref().map(wire);
                    println!("{}: {}\nours {ours:?}\ntheirs {} {:?}\n", run.name, entry.name, sent.len(), entry.error);
                }
            }
        }
    }
    println!("equal {equal}, refused by both {refused}, different {}", differences.len());
    assert_eq!(differences, DIFFERENCES.map(|(name, _)| name));
    assert_eq!((equal, refused), (635, 6));
}
