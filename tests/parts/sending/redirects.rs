//! Redirects: what is followed, what goes along, what does not.

use super::upstream::{Came, answers, get, ok, post, send, sender, text};
use loggia::call::{Outgoing, Redirect};

/// Sends on from `/STATUS/…` to what is behind it, and otherwise tells what came.
async fn server() -> u16 {
    answers(|came: &Came| {
        let status = came.target().get(1..4).and_then(|status| status.parse::<u16>().ok());
        match status {
            Some(status) => {
                let place = came.target()[4..].replace("%3A", ":").replace("/http:", "http:");
                format!("HTTP/1.1 {status} Elsewhere\r\nLocation: {place}\r\n\r\nnot read").into_bytes()
            }
            None => {
                let told = format!("{}\n\n{}", came.lines.join("\n"), String::from_utf8_lossy(&came.body));
                ok("Content-Type: text/plain\r\n", told.as_bytes())
            }
        }
    })
    .await
}

fn secretive(url: String) -> Outgoing {
    let mut outgoing = post(url, "body");
    let headers = [
        ("Authorization", "Bearer secret"),
        ("Cookie", "own=1"),
        ("X-Kept", "2"),
        ("Content-Type", "text/plain"),
        ("content-language", "en"),
    ];
    outgoing.headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    outgoing
}

#[tokio::test]
async fn methods_change_by_the_status() {
    let port = server().await;
    let cases = [
        ("POST", 301, false, "GET"),
        ("POST", 302, false, "GET"),
        ("PUT", 302, false, "GET"),
        ("POST", 303, false, "GET"),
        ("HEAD", 303, false, "HEAD"),
        ("POST", 301, true, "POST"),
        ("POST", 302, true, "POST"),
        ("POST", 303, true, "GET"),
        ("POST", 307, false, "POST"),
        ("DELETE", 308, false, "DELETE"),
    ];
    for (method, status, follow_original_method, then) in cases {
        let mut outgoing = secretive(format!("http://127.0.0.1:{port}/{status}/there?x=1#f"));
        outgoing.method = method.into();
        outgoing.behavior.follow_original_method = follow_original_method;
        let outcome = send(&sender(), outgoing).await.unwrap();
        let there = format!("http://127.0.0.1:{port}/there?x=1");
        assert_eq!(outcome.redirects, [Redirect { status, location: there.clone() }]);
        assert_eq!((outcome.status, outcome.url), (200, there));
        if method == "HEAD" {
            continue;
        }
        let came = outcome.body.text.unwrap();
        assert!(came.starts_with(&format!("{then} /there?x=1 HTTP/1.1\n")), "{method} {status}: {came}");
        let kept = then != "GET";
        for part in ["Content-Type: text/plain", "content-language: en", "Content-Length: 4", "\n\nbody"] {
            assert_eq!(came.contains(part), kept, "{method} {status} {part}: {came}");
        }
        // The same host: all secrets go along.
        assert!(came.contains("Authorization: Bearer secret\nCookie: own=1\nX-Kept: 2"), "{came}");
    }
}

#[tokio::test]
async fn secrets_do_not_go_to_another_host() {
    let (here, there) = (server().await, server().await);
    for (place, follow_authorization, authorization, cookie) in [
        (format!("http://127.0.0.1:{there}/"), false, false, false),
        (format!("http://other.example.com:{here}/"), false, false, false),
        (format!("http://127.0.0.1:{there}/"), true, true, false),
        (format!("//127.0.0.1:{here}/same"), false, true, true),
        ("/relative".to_owned(), false, true, true),
        (format!("http://stolen:secret@127.0.0.1:{there}/"), false, false, false),
        // Once dropped, they stay dropped, though the way leads back.
        (format!("http://127.0.0.1:{there}/307/http%3A//127.0.0.1%3A{here}/back"), false, false, false),
    ] {
        let slash = if place.starts_with('/') { "" } else { "/" };
        let place = if place.contains("%3A") { place } else { place.replace("http:", "http%3A") };
        let mut outgoing = secretive(format!("http://127.0.0.1:{here}/307{slash}{place}"));
        outgoing.headers.push(("Host".into(), "named.example.com".into()));
        outgoing.behavior.follow_authorization = follow_authorization;
        let outcome = send(&sender(), outgoing).await.unwrap();
        assert!(!outcome.redirects.is_empty() && !outcome.url.contains("secret"), "{place}");
        let came = text(&outcome);
        assert_eq!(came.contains("Authorization:"), authorization, "{place}: {came}");
        assert_eq!(came.contains("Cookie: own=1"), cookie, "{place}: {came}");
        assert_eq!(came.contains("Host: named.example.com"), cookie, "{place}: {came}");
        assert!(came.contains("X-Kept: 2"), "{came}");
    }
}

#[tokio::test]
async fn chains_end() {
    let port = server().await;
    let chain = |length: usize| format!("http://127.0.0.1:{port}{}/end", "/302".repeat(length));
    assert_eq!(send(&sender(), get(chain(10))).await.unwrap().redirects.len(), 10);
    let error = send(&sender(), get(chain(11))).await.unwrap_err();
    assert_eq!((error.code(), error.to_string().as_str()), ("too_many_redirects", "more than 10 redirects"));
    let mut outgoing = get(chain(3));
    outgoing.behavior.max_redirects = 2;
    assert_eq!(send(&sender(), outgoing).await.unwrap_err().to_string(), "more than 2 redirects");
    // More than the server's own limit can't be asked for.
    let mut outgoing = get(chain(11));
    outgoing.behavior.max_redirects = 1_000;
    assert_eq!(send(&sender(), outgoing).await.unwrap_err().code(), "too_many_redirects");
    let mut outgoing = get(chain(1));
    outgoing.behavior.follow_redirects = false;
    let outcome = send(&sender(), outgoing).await.unwrap();
    assert_eq!((outcome.status, outcome.redirects.len(), outcome.body.base64.is_some()), (302, 0, false));
    assert_eq!(text(&outcome), "not read");
}

#[tokio::test]
async fn a_location_that_leads_nowhere_is_named() {
    for (location, code) in [("Location: http://[::1\r\n", Some("bad_redirect")), ("", None)] {
        let port = super::upstream::says(format!("HTTP/1.1 302 Found\r\n{location}\r\nhere")).await;
        let told = send(&sender(), get(format!("http://127.0.0.1:{port}/"))).await;
        assert_eq!(told.as_ref().err().map(loggia::call::send::error::SendError::code), code);
        // Without one, it is an answer like any other.
        assert_eq!(told.ok().map(|outcome| outcome.status), code.is_none().then_some(302));
    }
}
