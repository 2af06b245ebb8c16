//! What is kept of a send, what is not, and that the answer is told when nothing can be.

use super::Scene;
use crate::common::Person;
use base64::{Engine, prelude::BASE64_STANDARD};
use loggia::config::LARGEST_SEND;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Sends what has a body; the answer, and the body that came.
async fn posts(scene: &mut Scene, who: &Person, body: Value) -> (Value, Vec<u8>) {
    let path = scene.send_path();
    let arrives = async {
        let (head, mut socket) = scene.api.call().await;
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        socket.read_exact(&mut body).await.unwrap();
        socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        body
    };
    let (answer, body) = tokio::join!(who.post(&path, body), arrives);
    (answer.expect(200).clone(), body)
}

#[tokio::test]
async fn a_file_goes_out_up_to_8_mib() {
    let mut scene = Scene::new().await;
    let ann = scene.ann.clone();
    let request = json!({"method": "PUT", "url": "{{base}}", "body": {"mode": "file", "file": {"src": "a.bin"}}});
    let with = |bytes: &[u8]| {
        let files = json!({"a.bin": {"file_name": "a.bin", "base64": BASE64_STANDARD.encode(bytes)}});
        json!({"environment": scene.environment, "request": request, "files": files})
    };
    let mut file: Vec<u8> = (0..=255).cycle().take(8 << 20).collect();
    let largest = with(&file);
    file.push(0);
    let too_large = with(&file);
    file.pop();
    let (answer, came) = posts(&mut scene, &ann, largest).await;
    assert!(came == file && answer["response"]["status"] == 200);
    // The file; then the whole call, by each of the three ways.
    ann.post(&scene.send_path(), too_large).await.refused(413, "too_large");
    let entry = answer["entry"]["id"].as_str().unwrap();
    for path in [scene.send_path(), scene.path("/send"), scene.path(&format!("/history/{entry}/send"))] {
        let body = " ".repeat(LARGEST_SEND + 1);
        let refused = ann.send_bytes(&path, "application/json", body).await;
        refused.refused(413, "too_large");
        assert_eq!(refused.json["detail"], format!("At most {LARGEST_SEND} bytes."));
    }
    assert!(scene.api.calls.try_recv().is_err(), "nothing else was sent");
}
