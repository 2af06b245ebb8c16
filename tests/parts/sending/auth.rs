//! Digest and client credentials, against servers that check them.

use super::upstream::{Came, answers, get, ok, post, says, send, sender, text};
use base64::Engine;
use loggia::call::{Handshake, Outgoing, Placed};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn digest(mut outgoing: Outgoing, password: &str) -> Outgoing {
    outgoing.auth = Some(Handshake::Digest { username: "Mu\"fasa".into(), password: password.into() });
    outgoing
}

fn hash(algorithm: &str, text: String) -> String {
    let hexadecimal = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    if algorithm.starts_with("SHA") { hexadecimal(&Sha256::digest(text)) } else { hexadecimal(&md5::Md5::digest(text)) }
}

/// The fields of `Authorization: Digest`.
fn fields(value: &str) -> HashMap<String, String> {
    // The realm has what parts the fields.
    let value = value.replace("a, b", "a and b");
    let pairs = value.strip_prefix("Digest ").unwrap().split(", ").map(|pair| pair.split_once('=').unwrap());
    pairs.map(|(name, value)| (name.into(), value.trim_matches('"').replace("\\\"", "\""))).collect()
}

/// Whether the server finds the secret in a request.
fn is_right(came: &Came, algorithm: &str, qop: bool, nonce: &str, count: &str) -> bool {
    let told = fields(came.value("authorization").unwrap());
    assert_eq!(
        (told["realm"].as_str(), told["opaque"].as_str(), told["uri"].as_str()),
        ("a and b", "o", came.target())
    );
    let mut secret = hash(algorithm, "Mu\"fasa:a, b:Circle".into());
    if algorithm.ends_with("-sess") {
        secret = hash(algorithm, format!("{secret}:{nonce}:{}", told["cnonce"]));
    }
    let what = hash(algorithm, format!("{}:{}", came.lines[0].split(' ').next().unwrap(), came.target()));
    let between = if qop {
        assert_eq!((told["qop"].as_str(), told["nc"].as_str()), ("auth", count));
        format!("{nonce}:{count}:{}:auth", told["cnonce"])
    } else {
        nonce.to_owned()
    };
    told["nonce"] == nonce && told["response"] == hash(algorithm, format!("{secret}:{between}:{what}"))
}

/// Asks for digest, and checks it; `stale` times the nonce is too old.
async fn server(algorithm: &'static str, qop: bool, stale: usize) -> (u16, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let port = answers(move |came| {
        let before = count.fetch_add(1, Ordering::Relaxed);
        let qop_field = if qop { ", qop=\"auth-int, auth\"" } else { "" };
        let ask = |nonce: usize, stale: bool| {
            let challenge = format!(
                "Digest realm=\"a, b\", nonce=\"n{nonce}\", opaque=\"o\", algorithm={algorithm}{qop_field}, stale={stale}"
            );
            format!("HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nWWW-Authenticate: {challenge}\r\n\r\nno").into_bytes()
        };
        if came.value("authorization").is_none() {
            return ask(before, false);
        }
        if !is_right(came, algorithm, qop, &format!("n{}", before - 1), "00000001") {
            return ask(before, false);
        }
        if before <= stale { ask(before, true) } else { ok("Content-Type: text/plain\r\n", &came.body) }
    })
    .await;
    (port, asked)
}

#[tokio::test]
async fn digest_is_answered_in_each_algorithm() {
    for algorithm in ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess"] {
        for qop in [true, false] {
            let (port, asked) = server(algorithm, qop, 0).await;
            let outgoing = digest(post(format!("http://127.0.0.1:{port}/a?b=c"), "body"), "Circle");
            let outcome = send(&sender(), outgoing).await.unwrap();
            assert_eq!((outcome.status, text(&outcome)), (200, "body"), "{algorithm} {qop}");
            assert_eq!(asked.load(Ordering::Relaxed), 2);
        }
    }
}

#[tokio::test]
async fn digest_is_repeated_for_an_old_nonce_once_and_for_a_wrong_secret_never() {
    for (stale, password, status, times) in [(1, "Circle", 200, 3), (9, "Circle", 401, 3), (0, "wrong", 401, 2)] {
        let (port, asked) = server("SHA-256", true, stale).await;
        let outgoing = digest(get(format!("http://127.0.0.1:{port}/")), password);
        assert_eq!(send(&sender(), outgoing).await.unwrap().status, status, "{stale} {password}");
        assert_eq!(asked.load(Ordering::Relaxed), times, "{stale} {password}");
    }
    let port =
        says("HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm=x, nonce=y, algorithm=SHA-512-256\r\n\r\n").await;
    let error = send(&sender(), digest(get(format!("http://127.0.0.1:{port}/")), "p")).await.unwrap_err();
    assert_eq!(error.code(), "digest_unsupported");
    // Who asks for something else gets no digest.
    let port = says("HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=x\r\n\r\n").await;
    assert_eq!(send(&sender(), digest(get(format!("http://127.0.0.1:{port}/")), "p")).await.unwrap().status, 401);
}

#[tokio::test]
async fn digest_does_not_follow_to_another_host() {
    let (port, asked) = server("MD5", true, 0).await;
    let from = says(format!("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{port}/\r\n\r\n")).await;
    let url = format!("http://127.0.0.1:{from}/");
    assert_eq!(send(&sender(), digest(get(url.as_str()), "Circle")).await.unwrap().status, 401);
    assert_eq!(asked.load(Ordering::Relaxed), 1, "no answer to the challenge");
    let mut outgoing = digest(get(url), "Circle");
    outgoing.behavior.follow_authorization = true;
    assert_eq!(send(&sender(), outgoing).await.unwrap().status, 200);
}

fn client(url: String, token_url: String, by_header: bool, placed: Placed) -> Outgoing {
    let mut outgoing = get(url);
    outgoing.auth = Some(Handshake::ClientCredentials {
        token_url,
        client_id: "me:&".into(),
        client_secret: "s e+c".into(),
        scope: Some("read write".into()),
        fields: vec![("audience".into(), "https://api".into())],
        by_header,
        placed,
    });
    outgoing
}

/// Gives out a token to whom it knows, and tells what comes with it.
async fn token_server() -> u16 {
    answers(|came: &Came| {
        if came.target().starts_with("/api") {
            let told = format!("{} {}", came.target(), came.value("authorization").unwrap_or("none"));
            return ok("Content-Type: text/plain\r\n", told.as_bytes());
        }
        assert_eq!(came.lines[0], "POST /token?tenant=1 HTTP/1.1");
        assert_eq!(came.value("content-type"), Some("application/x-www-form-urlencoded"));
        let body = String::from_utf8(came.body.clone()).unwrap();
        let in_form = "grant_type=client_credentials&client_id=me%3A%26&client_secret=s+e%2Bc&scope=read+write&audience=https%3A%2F%2Fapi";
        let basic = base64::engine::general_purpose::STANDARD.encode("me%3A%26:s+e%2Bc");
        let by_header = came.value("authorization") == Some(&format!("Basic {basic}"))
            && body == "grant_type=client_credentials&scope=read+write&audience=https%3A%2F%2Fapi";
        if by_header || body == in_form && came.value("authorization").is_none() {
            ok("", b"{\"access_token\":\"tok&1\",\"token_type\":\"Bearer\",\"expires_in\":60}")
        } else {
            b"HTTP/1.1 401 No\r\n\r\n{\"error\":\"invalid_client\",\"error_description\":\"who are you\"}".to_vec()
        }
    })
    .await
}

#[tokio::test]
async fn a_token_is_fetched_and_put_where_it_belongs() {
    let port = token_server().await;
    let token_url = format!("http://127.0.0.1:{port}/token?tenant=1");
    for by_header in [true, false] {
        let bearer = Placed::Header { prefix: "Bearer".into() };
        let api = format!("http://127.0.0.1:{port}/api?q=1");
        let outcome = send(&sender(), client(api.clone(), token_url.clone(), by_header, bearer)).await.unwrap();
        assert_eq!(text(&outcome), "/api?q=1 Bearer tok&1");
        let outcome = send(&sender(), client(api, token_url.clone(), by_header, Placed::Query)).await.unwrap();
        assert_eq!(text(&outcome), "/api?q=1&access_token=tok%261 none");
    }
}

#[tokio::test]
async fn a_token_that_is_not_given_out_is_named() {
    let answers = [
        ("HTTP/1.1 401 No\r\n\r\n{\"error\":\"invalid_client\"}", "status 401, invalid_client"),
        ("HTTP/1.1 500 Oh\r\n\r\n<html>", "status 500"),
        ("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n", "status 302"),
        ("HTTP/1.1 200 OK\r\n\r\n{}", "no access_token"),
        ("HTTP/1.1 200 OK\r\n\r\n{\"access_token\":\"a\\r\\nX: b\"}", "no header can carry"),
        ("HTTP/1.1 200 OK\r\n\r\n{\"access_token\":\"\"}", "empty"),
    ];
    for (answer, why) in answers {
        let port = says(answer).await;
        let url = format!("http://127.0.0.1:{port}/");
        let error = send(&sender(), client(url.clone(), url, false, Placed::Query)).await.unwrap_err();
        assert!(error.code() == "token_refused" && error.to_string().contains(why), "{error}");
        assert!(!error.to_string().contains("s e+c"));
    }
}
