//! The opening handshake of a WebSocket (RFC 6455, section 4), as a browser of the product does it.

use super::Socket;
use anyhow::{Context, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// The longest answer taken.
const LONGEST: usize = 64 * 1_024;

/// Turns a connection into a WebSocket.
pub(crate) async fn upgrade(mut stream: TcpStream, authority: &str, path: &str, token: &str) -> anyhow::Result<Socket> {
    let key = generate_key();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: loggia.v1\r\n\
         Authorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.context("asking for an upgrade")?;
    let mut read = Vec::with_capacity(1_024);
    loop {
        ensure!(stream.read_buf(&mut read).await.context("reading the answer")? > 0, "the connection ended");
        if let Some(length) = accepted(&read, &key)? {
            read.drain(..length);
            return Ok(Socket::new(stream, read));
        }
        ensure!(read.len() < LONGEST, "an endless answer");
    }
}

/// The length of the answer's head, once it is whole; an error when it is no upgrade.
fn accepted(read: &[u8], key: &str) -> anyhow::Result<Option<usize>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut answer = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = answer.parse(read).context("no HTTP")? else {
        return Ok(None);
    };
    let status = answer.code.unwrap_or_default();
    let header = |name: &str| answer.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
    if status != 101 {
        let expected = header("content-length").and_then(|header| std::str::from_utf8(header.value).ok()?.parse().ok());
        let body = &read[length..];
        if body.len() < expected.unwrap_or(0).min(LONGEST / 2) {
            return Ok(None);
        }
        bail!("the server answered {status} instead of an upgrade: {}", String::from_utf8_lossy(body));
    }
    let accept = header("sec-websocket-accept").map(|header| header.value);
    ensure!(accept == Some(derive_accept_key(key.as_bytes()).as_bytes()), "not an answer to this handshake");
    Ok(Some(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of RFC 6455, section 1.3.
    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    const ANSWER: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x01a";

    #[test]
    fn an_upgrade_is_taken_once_it_is_whole() {
        assert_eq!(accepted(&ANSWER[..40], KEY).expect("readable"), None);
        assert_eq!(accepted(ANSWER, KEY).expect("readable"), Some(ANSWER.len() - 3));
    }

    #[test]
    fn the_answer_to_another_handshake_is_none() {
        assert!(accepted(ANSWER, "AAAAAAAAAAAAAAAAAAAAAA==").is_err());
    }

    #[test]
    fn a_refusal_is_told_with_its_body() {
        let answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot_found";
        assert_eq!(accepted(&answer[..50], KEY).expect("readable"), None);
        let error = accepted(answer, KEY).expect_err("refused").to_string();
        assert!(error.contains("404") && error.contains("not_found"), "{error}");
    }
}
