//! How much memory answers without end can take of a server.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod common;

use common::new_id;
use common::node::NodeOptions;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// All that a person may have on the way.
const AT_ONCE: usize = 20;
const MIB: u64 = 1_024 * 1_024;
/// For each: the body as it came, the answer that tells it, and what else a request needs.
const MOST: u64 = AT_ONCE as u64 * (10 * 2 + 2) * MIB;

/// The most memory that a process has had so far, in bytes.
fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1_024
}

/// An API whose answers do not end; its address.
async fn endless() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(socket.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                let path = head.split(' ').nth(1).unwrap();
                // What a JSON string writes in six bytes.
                let byte = if path == "/control" { 1 } else { b'x' };
                let begin: &[u8] = match path {
                    "/chunked" => b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n",
                    "/4GiB" => b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4294967296\r\n\r\n",
                    _ => b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n",
                };
                socket.write_all(begin).await.unwrap();
                while socket.write_all(&[byte; 65_536]).await.is_ok() {}
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_without_end_take_a_bounded_part_of_the_servers_memory() {
    let address = endless().await;
    // One store for the node and for who makes its team.
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let options = NodeOptions::default().env("LOGGIA_DATA", data).arg("--allow-target").arg("127.0.0.1");
    let token = options.team().await;
    let node = options.start().await;
    let ada = node.person(&token).await;
    let workspace = ada.post("/v1/workspaces", json!({"name": "API", "description": ""})).await;
    let workspace = workspace.expect(201)["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/workspaces/{workspace}/send");
    ada.post(&path, json!({"request": "http://10.0.0.1/", "name": new_id()})).await.expect(200);
    let before = peak(node.pid());
    let kinds = ["", "chunked", "4GiB", "control"];
    let sends = (0..AT_ONCE).map(|number| {
        let request = format!("http://{address}/{}", kinds[number % kinds.len()]);
        let (ada, path) = (&ada, &path);
        async move { ada.post(path, json!({"request": request})).await }
    });
    for (number, answer) in futures_util::future::join_all(sends).await.into_iter().enumerate() {
        let body = &answer.expect(200)["response"]["body"];
        let (told, length) = match kinds[number % kinds.len()] {
            "control" => ("base64", (10 * MIB).div_ceil(3) * 4),
            _ => ("text", 10 * MIB),
        };
        assert_eq!((&body["cut"], body[told].as_str().unwrap().len() as u64), (&json!("too_large"), length));
    }
    let grown = peak(node.pid()) - before;
    eprintln!("{AT_ONCE} answers without end: {} MiB more than before, of {} MiB", grown / MIB, MOST / MIB);
    assert!(grown < MOST, "{} MiB", grown / MIB);
    ada.get("/v1/me").await.expect(200);
}
