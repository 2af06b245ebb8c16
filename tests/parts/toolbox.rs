//! The tests' own Redis and nodes: they start, die, hang and come back as told.

use crate::common::PATIENCE;
use crate::common::node::NodeOptions;

use crate::common::redis::{Redis, RedisCluster, Reply};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

fn text(text: &str) -> Reply {
    Reply::Text(text.to_owned())
}

fn subscribe(redis: &Redis) -> TcpStream {
    let mut socket = TcpStream::connect(redis.address()).unwrap();
    socket.set_read_timeout(Some(crate::common::PATIENCE)).unwrap();
    socket.write_all(b"SUBSCRIBE news\r\n").unwrap();
    let heard = socket.read(&mut [0; 256]).unwrap();
    assert!(heard > 0);
    socket
}

#[test]
fn a_redis_answers_in_every_kind_of_reply() {
    let redis = Redis::start();
    assert_eq!(redis.command(&["SET", "a", "what is\r\nso long"]), text("OK"));
    assert_eq!(redis.command(&["GET", "a"]), text("what is\r\nso long"));
    assert_eq!(redis.command(&["GET", "b"]), Reply::Nothing);
    assert_eq!(redis.command(&["INCR", "n"]), Reply::Number(1));
    assert_eq!(redis.command(&["MGET", "n", "b"]), Reply::List(vec![text("1"), Reply::Nothing]));
    redis.flush();
    assert_eq!(redis.command(&["DBSIZE"]), Reply::Number(0));
    assert!(redis.url().starts_with("redis://127.0.0.1:"));
    let mut socket = UnixStream::connect(redis.socket()).unwrap();
    socket.write_all(b"PING\r\n").unwrap();
    let mut pong = [0; 7];
    socket.read_exact(&mut pong).unwrap();
    assert_eq!(&pong, b"+PONG\r\n");
}

#[test]
#[should_panic(expected = "unknown command")]
fn a_redis_that_refuses_fails_the_test() {
    Redis::start().command(&["NONSENSE"]);
}

#[test]
fn a_redis_is_killed_and_comes_back_empty_on_the_same_port() {
    let mut redis = Redis::start();
    let address = redis.address();
    redis.command(&["SET", "a", "1"]);
    redis.kill();
    assert!(TcpStream::connect(address).is_err());
    redis.restart();
    assert_eq!(redis.address(), address);
    assert_eq!(redis.command(&["GET", "a"]), Reply::Nothing);
}

#[test]
fn a_paused_redis_takes_connections_and_says_nothing() {
    let redis = Redis::start();
    redis.pause();
    let mut socket = TcpStream::connect(redis.address()).unwrap();
    socket.write_all(b"PING\r\n").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(150))).unwrap();
    assert!(socket.read(&mut [0; 16]).is_err());
    redis.resume();
    socket.set_read_timeout(Some(crate::common::PATIENCE)).unwrap();
    assert_eq!(socket.read(&mut [0; 16]).unwrap(), 7);
}

#[test]
fn who_subscribes_is_cut_and_nobody_else() {
    let redis = Redis::start();
    let mut other = TcpStream::connect(redis.address()).unwrap();
    other.set_read_timeout(Some(crate::common::PATIENCE)).unwrap();
    let mut subscribers = [subscribe(&redis), subscribe(&redis)];
    assert_eq!(redis.kill_listeners(), 2);
    for socket in &mut subscribers {
        assert!(matches!(socket.read(&mut [0; 16]), Ok(0) | Err(_)));
    }
    other.write_all(b"PING\r\n").unwrap();
    assert_eq!(other.read(&mut [0; 16]).unwrap(), 7);
}

#[test]
fn a_redis_cluster_has_all_slots() {
    for size in [1, 3] {
        let mut cluster = RedisCluster::start(size);
        assert_eq!(cluster.url().split(',').count(), size);
        let info = cluster.nodes[0].command(&["CLUSTER", "INFO"]);
        assert!(info.text().contains("cluster_slots_ok:16384"), "{info:?}");
        // It is a cluster still when a node was away.
        cluster.nodes[size - 1].restart();
        cluster.wait();
    }
}

#[tokio::test]
async fn a_node_is_killed_hangs_comes_back_and_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let options = NodeOptions::default().env("LOGGIA_DATA", folder.path().to_str().unwrap());
    let token = options.team().await;
    let mut node = options.start().await;
    assert_eq!(node.person(&token).await.email, "ada@host.com");
    assert!(!node.data().exists(), "the test named a folder");

    node.pause();
    assert_eq!(node.status("/healthz").await, None, "a paused node does not answer");
    node.resume();
    assert_eq!(node.status("/healthz").await, Some(200));

    let (port, pid) = (node.port, node.pid());
    node.kill();
    assert_eq!(node.status("/healthz").await, None);
    node.restart().await;
    assert_eq!(node.port, port);
    assert_ne!(node.pid(), pid);
    node.person(&token).await;

    assert!(node.stop().await.success());
    assert!(!node.is_ready().await);
}

#[tokio::test]
async fn a_node_without_a_team_says_how_to_set_it_up() {
    let node = NodeOptions::default().start().await;
    assert!(node.said().contains("/#setup="), "{}", node.said());
    assert!(node.data().exists());
}

#[tokio::test]
async fn a_node_that_cannot_start_ends_and_says_why() {
    let mut node = NodeOptions::default().arg("--public-url").arg("ftp://nowhere").launch();
    assert!(!node.ready().await);
    assert!(!node.end().await.success());
    assert!(node.log().contains("--public-url ftp://nowhere"), "{}", node.log());
}

/// Runs in a process of its own, as the test below has it.
#[test]
#[ignore = "started by another test"]
fn starts_a_redis_and_is_killed() {
    let redis = Redis::start();
    std::fs::write(std::env::var("PID_FILE").unwrap(), redis.pid().to_string()).unwrap();
    std::process::Command::new("kill").args(["-KILL", &std::process::id().to_string()]).status().unwrap();
    std::thread::sleep(crate::common::PATIENCE);
}

#[test]
fn what_a_test_started_dies_with_it_however_that_dies() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let mut tests = Command::new(std::env::current_exe().unwrap());
    tests.args(["--ignored", "--exact", "toolbox::starts_a_redis_and_is_killed"]).env("PID_FILE", &file);
    let ended = tests.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert!(!ended.success());
    let process = format!("/proc/{}", std::fs::read_to_string(file).unwrap());
    for _ in 0..500 {
        // Gone, or not yet fetched by whoever inherited it.
        let state = std::fs::read_to_string(Path::new(&process).join("status")).unwrap_or_default();
        if state.is_empty() || state.contains("State:\tZ") {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{process} is still there");
}

/// In a container it is the first process, to which an unheard SIGTERM does nothing at all.
#[tokio::test]
async fn a_node_that_waits_for_its_database_can_be_told_to_stop() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let mut node =
        NodeOptions::default().env("LOGGIA_DATABASE_URL", format!("postgres://loggia@{address}/loggia")).launch();
    let _held = tokio::time::timeout(PATIENCE, silent.accept()).await.expect("it asks for its database").unwrap();
    let status = node.stop().await;
    assert!(status.success(), "{status}: {}", node.log());
    assert!(node.log().contains("told to stop before it served"), "{}", node.log());
}
