//! Looking up names, and connecting to one of several addresses.

use super::upstream::{PATIENCE, get, ok, says};
use async_trait::async_trait;
use loggia::call::guard::Guard;
use loggia::call::guard::connect::{Connect, Resolve, Stream, Tcp};
use loggia::call::limits::{Allowance, Limits, Wait};
use loggia::call::send::cookies::Jar;
use loggia::call::send::{Bounds, Sender};
use loggia::config::{LOOKUPS_AT_ONCE, LOOKUPS_OF_A_PERSON, SENDS_AT_ONCE};
use loggia::id::UserId;
use std::future::pending;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, timeout};

/// `slow.example.com` is not found before the test says so; all else is loopback, twice.
struct Slow {
    asked: mpsc::UnboundedSender<()>,
    found: Semaphore,
}

#[async_trait]
impl Resolve for Slow {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        if name.starts_with("slow.") {
            self.asked.send(()).unwrap();
            self.found.acquire().await.unwrap().forget();
        }
        Ok(["127.0.0.2", "127.0.0.1"].map(|address| address.parse().unwrap()).into())
    }
}

/// Never gets to 127.0.0.2.
#[derive(Default)]
struct Half(Mutex<Vec<SocketAddr>>);

#[async_trait]
impl Connect for Half {
    async fn connect(&self, address: SocketAddr) -> io::Result<Box<dyn Stream>> {
        self.0.lock().unwrap().push(address);
        if address.ip().to_string() == "127.0.0.2" {
            return pending().await;
        }
        Tcp.connect(address).await
    }
}

struct Network {
    sender: Sender,
    names: Arc<Slow>,
    asked: mpsc::UnboundedReceiver<()>,
    dialled: Arc<Half>,
}

fn network() -> Network {
    let (sender, asked) = mpsc::unbounded_channel();
    let (names, dialled) = (Arc::new(Slow { asked: sender, found: Semaphore::new(0) }), Arc::<Half>::default());
    let resolver = Arc::clone(&names) as Arc<dyn Resolve>;
    let guard = Guard::new(vec!["127.0.0.0/8".parse().unwrap()], resolver, Arc::clone(&dialled) as Arc<dyn Connect>);
    let bounds = Bounds { total: PATIENCE, ..Bounds::default() };
    Network { sender: Sender::new(guard, rustls::RootCertStore::empty(), bounds).unwrap(), names, asked, dialled }
}

#[tokio::test]
async fn a_look_up_that_does_not_end_is_its_persons_alone() {
    let Network { sender, names, mut asked, .. } = network();
    let limits =
        Limits::new(Allowance { at_once: 3, ..Allowance::default() }, governor::clock::DefaultClock::default());
    let (one, other) = (UserId::new(), UserId::new());
    for _ in 0..3 {
        let sender = sender.with(Arc::new(limits.admit(one).unwrap()));
        let sending =
            tokio::spawn(
                async move { sender.send(get("http://slow.example.com/"), &mut Jar::default()).await.map(drop) },
            );
        timeout(PATIENCE, asked.recv()).await.unwrap().unwrap();
        // Who goes away leaves the look-up behind.
        sending.abort();
        assert!(sending.await.unwrap_err().is_cancelled());
    }
    assert_eq!(limits.admit(one).err(), Some(Wait::AtOnce(3)));
    let port = says(ok("", b"")).await;
    let others = sender.with(Arc::new(limits.admit(other).unwrap()));
    let url = format!("http://fast.example.com:{port}/");
    assert_eq!(others.send(get(url), &mut Jar::default()).await.unwrap().status, 200);
    names.found.add_permits(3);
    timeout(PATIENCE, async {
        while limits.admit(one).is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn many_look_ups_that_do_not_end_leave_room_for_those_of_others() {
    let Network { sender, names, mut asked, .. } = network();
    let limits = Limits::default();
    // Enough people for all places, if each had as many as it may send requests.
    let people = LOOKUPS_AT_ONCE / SENDS_AT_ONCE + 1;
    let mut sending = Vec::new();
    for person in (0..people).map(|_| UserId::new()) {
        for _ in 0..SENDS_AT_ONCE {
            let sender = sender.with(Arc::new(limits.admit(person).unwrap()));
            sending.push(tokio::spawn(async move {
                sender.send(get("http://slow.example.com:1/"), &mut Jar::default()).await.map(drop)
            }));
        }
    }
    for _ in 0..people * LOOKUPS_OF_A_PERSON {
        timeout(PATIENCE, asked.recv()).await.unwrap().unwrap();
    }
    let port = says(ok("", b"")).await;
    let other = sender.with(Arc::new(limits.admit(UserId::new()).unwrap()));
    let url = format!("http://fast.example.com:{port}/");
    assert_eq!(other.send(get(url), &mut Jar::default()).await.unwrap().status, 200);
    assert!(asked.try_recv().is_err());
    // The others of a person come in turn.
    names.found.add_permits(1);
    timeout(PATIENCE, asked.recv()).await.unwrap().unwrap();
    sending.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn no_more_names_are_looked_up_at_once_than_there_are_threads_for() {
    let Network { sender, names, mut asked, .. } = network();
    let mut sending = Vec::new();
    for _ in 0..LOOKUPS_AT_ONCE + 1 {
        let sender = sender.clone();
        sending.push(tokio::spawn(async move {
            sender.send(get("http://slow.example.com:1/"), &mut Jar::default()).await.map(drop)
        }));
    }
    for _ in 0..LOOKUPS_AT_ONCE {
        timeout(PATIENCE, asked.recv()).await.unwrap().unwrap();
    }
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(asked.try_recv().is_err());
    names.found.add_permits(1);
    timeout(PATIENCE, asked.recv()).await.unwrap().unwrap();
    sending.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn an_address_that_does_not_answer_has_the_next_tried_beside_it() {
    let Network { sender, dialled, .. } = network();
    let port = says(ok("", b"")).await;
    let begun = Instant::now();
    let outcome = sender.send(get(format!("http://two.example.com:{port}/")), &mut Jar::default()).await.unwrap();
    assert_eq!(outcome.status, 200);
    assert!(begun.elapsed() < Duration::from_secs(4), "not one after the other: {:?}", begun.elapsed());
    let dialled: Vec<String> = dialled.0.lock().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(dialled, [format!("127.0.0.2:{port}"), format!("127.0.0.1:{port}")]);
}
