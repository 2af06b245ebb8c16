//! Where a request may go: by its URL, by what names resolve to, by redirects; and that nothing else is ever dialled.

mod targets;

use async_trait::async_trait;
use clap::Parser;
use loggia::call::guard::Guard;
use loggia::call::guard::address::{Rule, refuses};
use loggia::call::guard::connect::{Connect, Resolve, Stream, Tcp};
use loggia::call::send::cookies::Jar;
use loggia::call::send::error::SendError;
use loggia::call::send::{Bounds, Sender};
use loggia::call::{Behavior, Handshake, Outgoing, Placed};
use loggia::config::ServeOptions;
use loggia::config::target::AllowTarget;
use proptest::prelude::*;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use targets::Bad;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const PUBLIC: &str = "93.184.216.34";

/// A network that isn't there: it notes what is asked of it. Only a stand-in on loopback is really dialled.
#[derive(Default)]
struct Net {
    /// Answers to a name, one look-up after the other; the last one stays.
    names: Mutex<HashMap<String, VecDeque<Vec<IpAddr>>>>,
    asked: Mutex<Vec<String>>,
    dialled: Mutex<Vec<SocketAddr>>,
    stand_in: Mutex<Option<SocketAddr>>,
}

impl Net {
    fn name(&self, name: &str, answers: &[&[&str]]) {
        let parse = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
        self.names.lock().unwrap().insert(name.to_owned(), answers.iter().map(parse).collect());
    }

    fn dialled(&self) -> Vec<String> {
        self.dialled.lock().unwrap().drain(..).map(|address| address.to_string()).collect()
    }
}

#[async_trait]
impl Resolve for Net {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.lock().unwrap().push(name.to_owned());
        let mut names = self.names.lock().unwrap();
        match names.get_mut(name.trim_end_matches('.')) {
            Some(answers) if answers.len() > 1 => Ok(answers.pop_front().unwrap()),
            Some(answers) => Ok(answers[0].clone()),
            None if name.trim_end_matches('.').ends_with(".example.com") => Ok(vec![PUBLIC.parse().unwrap()]),
            None => Err(io::Error::other("no such name")),
        }
    }
}

#[async_trait]
impl Connect for Net {
    async fn connect(&self, address: SocketAddr) -> io::Result<Box<dyn Stream>> {
        self.dialled.lock().unwrap().push(address);
        if *self.stand_in.lock().unwrap() == Some(address) {
            return Tcp.connect(address).await;
        }
        Err(io::ErrorKind::ConnectionRefused.into())
    }
}

fn sender(net: &Arc<Net>, allowed: &[&str]) -> Sender {
    let allowed = allowed.iter().map(|target| target.parse().unwrap()).collect();
    let guard = Guard::new(allowed, Arc::clone(net) as Arc<dyn Resolve>, Arc::clone(net) as Arc<dyn Connect>);
    Sender::new(guard, rustls::RootCertStore::empty(), Bounds::default()).unwrap()
}

fn get(url: &str) -> Outgoing {
    let behavior = Behavior::default();
    Outgoing { method: "GET".into(), url: url.into(), headers: Vec::new(), body: None, auth: None, behavior }
}

async fn error(sender: &Sender, outgoing: Outgoing) -> SendError {
    sender.send(outgoing, &mut Jar::default()).await.expect_err("nobody answers here")
}

/// Names that lead to each address that is not public.
fn leading_inside(net: &Net) -> Vec<String> {
    let v4 = targets::V4.iter().map(|(octets, _)| Ipv4Addr::from(*octets).to_string());
    let v6 = targets::V6.iter().map(|(address, _)| (*address).to_owned());
    let embedded = targets::V4.iter().step_by(5).flat_map(|(octets, _)| targets::embedded((*octets).into()));
    let addresses: Vec<_> = v4.chain(v6).chain(embedded.map(|address| address.to_string())).collect();
    let mut urls = Vec::new();
    for (number, address) in addresses.iter().enumerate() {
        net.name(&format!("n{number}.rebound.net"), &[&[address]]);
        net.name(&format!("n{number}.mixed.net"), &[&[PUBLIC, address, "8.8.8.8"]]);
        urls.push(format!("http://n{number}.rebound.net/"));
        urls.push(format!("https://n{number}.mixed.net:8443/"));
    }
    urls
}

/// All that is refused by its URL alone.
fn by_url() -> Vec<Bad> {
    let classes =
        [targets::v4(), targets::v6(), targets::names(), targets::ports(), targets::schemes(), targets::tricks()];
    assert_eq!(classes.each_ref().map(Vec::len), [900, 60, 36, 154, 16, 39]);
    classes.concat()
}

#[tokio::test]
async fn what_is_not_public_is_refused_before_anything_is_dialled() {
    let net = Arc::new(Net::default());
    let sender = sender(&net, &[]);
    let mut wrong = Vec::new();
    for (url, rule) in by_url() {
        match (error(&sender, get(&url)).await, rule) {
            (SendError::TargetRefused { rule: told, .. }, Some(rule)) if told == rule => {}
            (other, rule) => wrong.push(format!("{url:?}: {other:?}, not {rule:?}")),
        }
    }
    let embedded = targets::v6_with_v4();
    assert_eq!(embedded.len(), 187);
    for url in embedded {
        let told = error(&sender, get(&url)).await;
        if told.code() != "target_refused" {
            wrong.push(format!("{url}: {told:?}"));
        }
    }
    for url in targets::INVALID {
        let told = error(&sender, get(url)).await;
        if told.code() != "invalid_url" {
            wrong.push(format!("{url:?}: {told:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(net.dialled(), [""; 0]);
    let asked = net.asked.lock().unwrap().clone();
    assert!(asked.iter().all(|name| name == "public.example.com."), "only where the port alone is refused: {asked:?}");
}

#[tokio::test]
async fn names_that_lead_inside_are_told_as_names_that_are_not_there() {
    let net = Arc::new(Net::default());
    let urls = leading_inside(&net);
    assert_eq!(urls.len(), 380);
    let sender = sender(&net, &[]);
    for url in &urls {
        let host = url.split('/').nth(2).unwrap().split(':').next().unwrap().to_owned();
        assert_eq!(error(&sender, get(url)).await, SendError::NameNotFound { host }, "{url}");
    }
    let missing = error(&sender, get("http://n0.missing.net/")).await;
    let inside = error(&sender, get("http://n0.rebound.net/")).await;
    assert_eq!(missing.to_string().replace("missing", "rebound"), inside.to_string());
    // Nor does a port tell them apart.
    for name in ["n0.missing.net", "n0.rebound.net", "public.example.com"] {
        let told = error(&sender, get(&format!("http://{name}:6379/"))).await;
        assert_eq!(told, SendError::TargetRefused { host: name.into(), rule: Rule::Port });
    }
    assert_eq!(net.dialled(), [""; 0]);
}

#[tokio::test]
async fn what_is_public_is_dialled_at_exactly_that_address() {
    let net = Arc::new(Net::default());
    let sender = sender(&net, &[]);
    for (url, address) in targets::GOOD {
        assert_eq!(error(&sender, get(url)).await.code(), "connection_refused", "{url}");
        assert_eq!(net.dialled(), [address], "{url}");
    }
    assert_eq!(targets::GOOD.len(), 48);
}

#[tokio::test]
async fn a_name_is_looked_up_once_and_what_was_checked_is_dialled() {
    let net = Arc::new(Net::default());
    net.name("rebinds.net", &[&[PUBLIC], &["127.0.0.1"]]);
    net.name("several.net", &[&["2606:2800:220:1::1", "93.184.216.34", "93.184.216.35"]]);
    let sender = sender(&net, &[]);
    assert_eq!(error(&sender, get("http://rebinds.net/")).await.code(), "connection_refused");
    assert_eq!(net.dialled(), ["93.184.216.34:80"]);
    assert_eq!(*net.asked.lock().unwrap(), ["rebinds.net."], "once, and as a whole name");
    assert_eq!(error(&sender, get("http://rebinds.net/")).await.code(), "name_not_found");
    assert_eq!(net.dialled(), [""; 0]);
    assert_eq!(error(&sender, get("http://several.net/")).await.code(), "connection_refused");
    assert_eq!(net.dialled(), ["[2606:2800:220:1::1]:80", "93.184.216.34:80", "93.184.216.35:80"]);
}

/// A server that sends on to one place after the other, and then says 200.
async fn sends_on(net: &Net, places: Vec<String>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    *net.stand_in.lock().unwrap() = Some(address);
    tokio::spawn(async move {
        for place in places {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 4_096];
            let read = stream.read(&mut head).await.unwrap();
            assert!(head[..read].ends_with(b"\r\n\r\n"));
            let answer = format!("HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    address.port()
}

#[tokio::test]
async fn a_redirect_is_asked_of_the_guard_like_any_request() {
    let net = Arc::new(Net::default());
    let inside = leading_inside(&net).into_iter().map(|url| (url, None));
    let fits = |(url, _): &Bad| !url.contains(|c: char| c.is_control()) && url.trim() == url;
    // What a server sends on to may be relative: those begin with a host of their own all the same.
    let is_absolute = |(url, _): &Bad| url.contains("://") || url.starts_with("http:\\\\") || url.starts_with("file");
    let bad: Vec<_> = by_url().into_iter().chain(inside).filter(fits).filter(is_absolute).collect();
    assert!(bad.len() > 1_400, "{}", bad.len());
    let port = sends_on(&net, bad.iter().map(|(url, _)| url.clone()).collect()).await;
    net.name("good.example.com", &[&["127.0.0.1"]]);
    let sender = sender(&net, &[&format!("good.example.com:{port}")]);
    let mut wrong = Vec::new();
    for (url, rule) in bad {
        match (error(&sender, get(&format!("http://good.example.com:{port}/"))).await, rule) {
            (SendError::TargetRefused { rule: told, .. }, Some(rule)) if told == rule => {}
            (SendError::NameNotFound { .. }, None) => {}
            (other, rule) => wrong.push(format!("{url:?}: {other:?}, not {rule:?}")),
        }
        assert_eq!(net.dialled(), [format!("127.0.0.1:{port}")], "{url}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_token_url_and_a_name_that_rebinds_between_redirects_are_asked_of_the_guard() {
    let net = Arc::new(Net::default());
    let sender_of_all = sender(&net, &[]);
    for url in [
        "http://127.0.0.1/",
        "http://169.254.169.254/",
        "http://[::1]/",
        "http://localhost/",
        "http://93.184.216.34:22/",
    ] {
        let mut outgoing = get("http://public.example.com/");
        outgoing.auth = Some(Handshake::ClientCredentials {
            token_url: url.into(),
            client_id: "me".into(),
            client_secret: "secret".into(),
            scope: None,
            fields: Vec::new(),
            by_header: true,
            placed: Placed::Query,
        });
        assert_eq!(error(&sender_of_all, outgoing).await.code(), "target_refused", "{url}");
    }
    assert_eq!(net.dialled(), [""; 0]);

    // Allowed is loopback, and not what the name leads to the second time.
    let port = sends_on(&net, vec!["/again".into()]).await;
    net.name("good.example.com", &[&["127.0.0.1"], &["10.0.0.1"]]);
    let sender = sender(&net, &["127.0.0.0/8"]);
    let told = error(&sender, get(&format!("http://good.example.com:{port}/"))).await;
    assert_eq!(told, SendError::NameNotFound { host: "good.example.com".into() });
    assert_eq!(net.dialled(), [format!("127.0.0.1:{port}")]);
}

#[tokio::test]
async fn an_operator_opens_targets_and_nothing_beside_them() {
    let net = Arc::new(Net::default());
    net.name("api.inside.net", &[&["10.0.0.9"]]);
    net.name("v1.api.inside.net", &[&["10.0.0.9"]]);
    net.name("db", &[&["10.0.0.9"]]);
    net.name("tricky.inside.net", &[&["169.254.169.254"]]);
    net.name("half.inside.net", &[&["10.0.0.9", "192.168.0.1"]]);
    // What is allowed, what is asked for, and where that goes (or why it doesn't).
    let cases: [(&[&str], &str, Result<&str, &str>); 34] = [
        (&[], "http://10.0.0.9/", Err("target_refused")),
        (&["10.0.0.0/8"], "http://10.0.0.9/", Ok("10.0.0.9:80")),
        (&["10.0.0.0/8"], "http://10.0.0.9:22/", Ok("10.0.0.9:22")),
        (&["10.0.0.0/8"], "http://167772169/", Ok("10.0.0.9:80")),
        (&["10.0.0.0/8"], "http://[::ffff:10.0.0.9]/", Ok("[::ffff:10.0.0.9]:80")),
        (&["10.0.0.0/8"], "http://[64:ff9b::10.0.0.9]/", Err("target_refused")),
        (&["10.0.0.0/8"], "http://11.0.0.9:22/", Err("target_refused")),
        (&["10.0.0.0/8"], "http://192.168.0.1/", Err("target_refused")),
        (&["10.0.0.0/8"], "http://api.inside.net/", Ok("10.0.0.9:80")),
        (&["10.0.0.0/8"], "http://api.inside.net:6379/", Ok("10.0.0.9:6379")),
        (&["10.0.0.0/8"], "http://half.inside.net/", Err("name_not_found")),
        (&["10.0.0.0/8", "192.168.0.0/16"], "http://half.inside.net/", Ok("10.0.0.9:80 192.168.0.1:80")),
        (&["10.0.0.0/8"], "http://db/", Err("target_refused")),
        (&["db"], "http://db/", Ok("10.0.0.9:80")),
        (&["db"], "http://DB:5432/", Ok("10.0.0.9:5432")),
        (&["10.0.0.9"], "http://10.0.0.9/", Ok("10.0.0.9:80")),
        (&["10.0.0.9"], "http://10.0.0.8/", Err("target_refused")),
        (&["10.0.0.9:8080"], "http://10.0.0.9:8080/", Ok("10.0.0.9:8080")),
        (&["10.0.0.9:8080"], "http://10.0.0.9/", Err("target_refused")),
        (&["[::1]:9000"], "http://[::1]:9000/", Ok("[::1]:9000")),
        (&["[::1]:9000"], "http://[::1]:9001/", Err("target_refused")),
        (&["fd00::/8"], "http://[fd12::1]/", Ok("[fd12::1]:80")),
        (&["api.inside.net"], "http://api.inside.net/", Ok("10.0.0.9:80")),
        (&["API.inside.net."], "http://api.INSIDE.net./", Ok("10.0.0.9:80")),
        (&["api.inside.net:8080"], "http://api.inside.net:8080/", Ok("10.0.0.9:8080")),
        (&["api.inside.net:8080"], "http://api.inside.net/", Err("name_not_found")),
        (&["api.inside.net"], "http://v1.api.inside.net/", Err("name_not_found")),
        (&["*.api.inside.net"], "http://v1.api.inside.net/", Ok("10.0.0.9:80")),
        (&["*.api.inside.net"], "http://api.inside.net/", Err("name_not_found")),
        (&["*.pi.inside.net"], "http://api.inside.net/", Err("name_not_found")),
        (&["api.inside.net"], "http://10.0.0.9/", Err("target_refused")),
        (&["tricky.inside.net"], "http://tricky.inside.net/", Err("name_not_found")),
        (&["*.inside.net", "169.254.169.254"], "http://tricky.inside.net/", Ok("169.254.169.254:80")),
        (&["public.example.com:25"], "http://public.example.com:25/", Ok("93.184.216.34:25")),
    ];
    for (allowed, url, expected) in cases {
        let told = error(&sender(&net, allowed), get(url)).await;
        match expected {
            Ok(addresses) => {
                assert_eq!((told.code(), net.dialled().join(" ").as_str()), ("connection_refused", addresses))
            }
            Err(code) => assert_eq!((told.code(), net.dialled()), (code, Vec::new()), "{allowed:?} {url}"),
        }
    }
}

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    serve: ServeOptions,
}

#[test]
fn a_target_that_cannot_be_read_is_named_at_the_command_line() {
    let parse = |targets: &[&str]| {
        let flags = targets.iter().flat_map(|target| ["--allow-target", target]);
        Cli::try_parse_from(["loggia"].into_iter().chain(flags))
    };
    let good = ["10.0.0.0/8", "127.0.0.1:9000", "[::1]:9000", "::1", "*.api.internal:8080", "fd00::/8", "db"];
    let shown: Vec<_> = parse(&good).unwrap().serve.allow_target.iter().map(AllowTarget::to_string).collect();
    assert_eq!(shown, good);
    assert_eq!(parse(&["a.internal,10.1.0.0/16"]).unwrap().serve.allow_target.len(), 2);
    for (bad, why) in [
        ("10.0.0.1/8", "did you mean 10.0.0.0/8?"),
        ("10.0.0.0/33", "expected a range"),
        ("http://a.internal", "expected a range"),
        ("a.internal/x", "expected a range"),
        ("a.internal:0", "expected a port"),
        ("a.internal:http", "expected a port"),
        ("a.internal:65536", "expected a port"),
        ("*", "expected a host"),
        ("*.", "expected a host"),
        ("*.10.0.0.1", "expected a host"),
        ("a.*.internal", "expected a host"),
        ("a b", "expected a host"),
        ("user@a.internal", "expected a host"),
        ("a..internal", "expected a host"),
        ("", "expected a host"),
    ] {
        let told = parse(&[bad]).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(told.contains(why) && told.contains("--allow-target"), "{bad:?}: {told:?}");
    }
}

/// An address of one of the ranges that are not public.
fn not_public() -> impl Strategy<Value = Ipv4Addr> {
    let ranges = [
        ([0, 0, 0, 0], 8),
        ([10, 0, 0, 0], 8),
        ([100, 64, 0, 0], 10),
        ([127, 0, 0, 0], 8),
        ([169, 254, 0, 0], 16),
        ([172, 16, 0, 0], 12),
        ([192, 0, 0, 0], 24),
        ([192, 0, 2, 0], 24),
        ([192, 168, 0, 0], 16),
        ([198, 18, 0, 0], 15),
        ([198, 51, 100, 0], 24),
        ([203, 0, 113, 0], 24),
        ([224, 0, 0, 0], 4),
        ([240, 0, 0, 0], 4),
    ];
    (0..ranges.len(), any::<u32>()).prop_map(move |(which, bits)| {
        let (start, prefix) = ranges[which];
        Ipv4Addr::from(u32::from(Ipv4Addr::from(start)) | bits & (u32::MAX >> prefix))
    })
}

proptest! {
    #[test]
    fn no_address_that_is_not_public_comes_through_in_any_clothes(address in not_public()) {
        prop_assert!(refuses(IpAddr::V4(address)).is_some());
        for inside in targets::embedded(address) {
            prop_assert!(refuses(IpAddr::V6(inside)).is_some(), "{} in {}", address, inside);
        }
        for host in targets::notations(address) {
            let url = url::Url::parse(&format!("http://{host}/")).unwrap();
            prop_assert_eq!(url.host(), Some(url::Host::Ipv4(address)));
        }
    }

    #[test]
    fn of_ipv6_only_what_is_given_out_comes_through(bits in any::<u128>()) {
        let address = Ipv6Addr::from(bits);
        let public = refuses(IpAddr::V6(address)).is_none();
        prop_assert!(!public || address.segments()[0] & 0xe000 == 0x2000 || bits >> 32 == 0xffff, "{}", address);
    }
}
