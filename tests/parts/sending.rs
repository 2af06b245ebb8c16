//! Sending a request to real servers on loopback: what goes over the wire, what comes back, and what a bad server can do.

mod auth;
mod cookies;
mod hostile;
mod limits;
mod lookups;
mod redirects;
pub mod tls;
pub mod upstream;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use loggia::call::{Cut, Header};
use std::io::Write;
use std::sync::{Arc, Mutex};
use upstream::{Came, answers, get, ok, post, says, send, sender, text};

/// A server that keeps what came.
async fn recorder() -> (u16, Arc<Mutex<Vec<Came>>>) {
    let all: Arc<Mutex<Vec<Came>>> = Arc::default();
    let seen = Arc::clone(&all);
    let port = answers(move |came| {
        seen.lock().unwrap().push(came.clone());
        ok("", b"")
    })
    .await;
    (port, all)
}

#[tokio::test]
async fn headers_go_out_in_order_and_as_they_were_written() {
    let (port, all) = recorder().await;
    let mut outgoing = post(format!("http://127.0.0.1:{port}/a%20b/c?d=e&f#g"), "hello");
    let headers = [
        ("x-lower", "1"),
        ("X-Mixed-CASE", "2"),
        ("X-UPPER", "3"),
        ("x-lower", "4"),
        ("Content-Type", "text/plain; Charset=UTF-8"),
        ("user-AGENT", "mine"),
        ("x-lower", "ü and\ttab"),
        ("Content-Length", "999"),
        ("Transfer-Encoding", "chunked"),
        ("connection", "upgrade"),
        ("X-Empty", ""),
    ];
    outgoing.headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    assert_eq!(send(&sender(), outgoing).await.unwrap().status, 200);
    let came = all.lock().unwrap().remove(0);
    assert_eq!(
        came.lines,
        [
            "POST /a%20b/c?d=e&f HTTP/1.1",
            &format!("Host: 127.0.0.1:{port}"),
            "x-lower: 1",
            "X-Mixed-CASE: 2",
            "X-UPPER: 3",
            "x-lower: 4",
            "Content-Type: text/plain; Charset=UTF-8",
            "user-AGENT: mine",
            "x-lower: ü and\ttab",
            "X-Empty: ",
            "Accept: */*",
            "Accept-Encoding: gzip, deflate, br",
            "Content-Length: 5",
            "Connection: close",
        ]
    );
    assert_eq!(came.body, b"hello");
}

#[tokio::test]
async fn path_and_query_go_out_as_they_were_written_unless_they_would_break_the_request() {
    let (port, all) = recorder().await;
    for (written, target) in [
        ("/a{b}|\"c\"^`\\?q={}'<>|\\#f", "/a{b}|\"c\"^`\\?q={}'<>|\\"),
        ("/a/../b/./%2e%2E/%zz?c/../d", "/a/../b/./%2e%2E/%zz?c/../d"),
        ("//a//?", "//a//?"),
        ("?a=b", "/?a=b"),
        ("\\a/../b", "/b"),
        ("/a b?c d", "/a%20b?c%20d"),
        ("/a HTTP/1.1\r\nX-A: b", "/a%20HTTP/1.1X-A:%20b"),
        ("/\u{e9}\u{7f}\0?\u{a0}", "/%C3%A9%7F%00?%C2%A0"),
        ("/a\t\nb", "/ab"),
    ] {
        let outcome = send(&sender(), get(format!("http://127.0.0.1:{port}{written}"))).await.unwrap();
        let came = all.lock().unwrap().remove(0);
        assert_eq!((&came.lines[0], came.lines.len()), (&format!("GET {target} HTTP/1.1"), 6), "{written:?}");
        assert_eq!(outcome.url, format!("http://127.0.0.1:{port}{target}"));
    }
}

#[tokio::test]
async fn headers_that_are_turned_off_are_not_added() {
    let (port, all) = recorder().await;
    let mut outgoing = post(format!("http://127.0.0.1:{port}/"), "");
    let names = ["host", "user-agent", "accept", "accept-encoding", "content-length", "connection"];
    outgoing.behavior.disabled_headers = names.map(str::to_owned).into();
    send(&sender(), outgoing.clone()).await.unwrap();
    // What frames the request is always said.
    let framing = ["Content-Length: 0", "Connection: close"];
    assert_eq!(all.lock().unwrap().remove(0).lines[1..], framing);
    outgoing.headers = vec![("Accept".into(), "text/plain".into())];
    send(&sender(), outgoing).await.unwrap();
    assert_eq!(all.lock().unwrap().remove(0).lines[1..], ["Accept: text/plain", framing[0], framing[1]]);
}

#[tokio::test]
async fn a_request_without_a_body_has_no_length_and_credentials_in_a_url_become_basic() {
    let (port, all) = recorder().await;
    let mut outgoing = get(format!("http://us%20er:p%40ss@127.0.0.1:{port}"));
    outgoing.method = "PROPFIND".into();
    let outcome = send(&sender(), outgoing).await.unwrap();
    assert_eq!(outcome.url, format!("http://127.0.0.1:{port}/"));
    let came = all.lock().unwrap().remove(0);
    assert_eq!(came.lines[0], "PROPFIND / HTTP/1.1");
    assert_eq!(came.value("content-length"), None);
    assert_eq!(came.value("authorization"), Some("Basic dXMgZXI6cEBzcw=="));
    assert!(came.value("user-agent").unwrap().starts_with("Loggia/"));
}

#[tokio::test]
async fn what_would_break_the_request_is_named() {
    let bad = |change: fn(&mut loggia::call::Outgoing)| {
        let mut outgoing = get("http://127.0.0.1:9/");
        change(&mut outgoing);
        async move { send(&sender(), outgoing).await.unwrap_err() }
    };
    let told = bad(|it| it.headers.push(("X-A".into(), "b\r\nHost: c".into()))).await;
    assert_eq!((told.code(), told.to_string().contains("X-A")), ("invalid_header", true));
    assert_eq!(bad(|it| it.headers.push(("X A".into(), "b".into()))).await.code(), "invalid_header");
    assert_eq!(bad(|it| it.headers.push((String::new(), "b".into()))).await.code(), "invalid_header");
    assert_eq!(bad(|it| it.method = "GET / HTTP/1.1\r\nX:".into()).await.code(), "invalid_method");
    assert_eq!(bad(|it| it.method = String::new()).await.code(), "invalid_method");
    assert_eq!(bad(|it| it.url = "not a url".into()).await.code(), "invalid_url");
    // Nobody listens there.
    assert_eq!(bad(|_| {}).await.code(), "connection_refused");
}

#[tokio::test]
async fn an_answer_is_told_as_it_came() {
    let head = "HTTP/1.0 418 Short And Stout\r\nx-b: 1\r\nX-A:  two words \r\nx-B: 3\r\n\
                Content-Type: Application/JSON ; charset=utf-8\r\n\r\n";
    let port = says(format!("{head}{{\"a\":1}}")).await;
    let outcome = send(&sender(), get(format!("http://127.0.0.1:{port}/x"))).await.unwrap();
    assert_eq!(
        (outcome.status, outcome.reason.as_str(), outcome.http_version.as_str()),
        (418, "Short And Stout", "1.0")
    );
    let header = |name: &str, value: &str| Header { name: name.into(), value: value.into() };
    assert_eq!(
        outcome.headers,
        [
            header("x-b", "1"),
            header("X-A", "two words"),
            header("x-B", "3"),
            header("Content-Type", "Application/JSON ; charset=utf-8"),
        ]
    );
    assert_eq!(outcome.body.media_type, "application/json");
    assert_eq!((text(&outcome), outcome.body.cut), ("{\"a\":1}", None));
    assert_eq!((outcome.sizes.body, outcome.sizes.decoded), (7, 7));
    assert_eq!(outcome.sizes.head, head.len() as u64);
    let timings = outcome.timings;
    assert_eq!((timings.dns_ms, timings.tls_ms), (None, None));
    let parts = timings.connect_ms.unwrap() + timings.first_byte_ms + timings.download_ms;
    assert!(timings.connect_ms.unwrap() > 0.0 && parts <= timings.total_ms, "{timings:?}");
}

#[tokio::test]
async fn bodies_end_as_the_standard_says() {
    let cases: [(&str, &str, Option<Cut>); 15] = [
        ("Content-Length: 5\r\n\r\nhello and more", "hello", None),
        ("Content-Length: 5, 5\r\nContent-Length: 5\r\n\r\nhello", "hello", None),
        ("\r\nto the end", "to the end", None),
        (
            "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=\"y\"\r\n world\r\n0\r\nTrailer: x\r\n\r\n",
            "hello world",
            None,
        ),
        (
            "Transfer-Encoding: gzip\r\nTransfer-Encoding: Chunked\r\nContent-Length: 2\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            "abc",
            None,
        ),
        ("Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "", None),
        ("Content-Length: 0\r\n\r\n", "", None),
        ("Content-Length: 50\r\n\r\nhello", "hello", Some(Cut::Interrupted)),
        ("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "hello", Some(Cut::Interrupted)),
        ("Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX5\r\nhello\r\n0\r\n\r\n", "hello", Some(Cut::Interrupted)),
        ("Transfer-Encoding: chunked\r\n\r\nnonsense\r\n", "", Some(Cut::Interrupted)),
        ("Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n", "", Some(Cut::Interrupted)),
        ("Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello", "", Some(Cut::Interrupted)),
        ("Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nhello", "hello", Some(Cut::Interrupted)),
        ("Content-Length: 18446744073709551615\r\n\r\nhello", "hello", Some(Cut::Interrupted)),
    ];
    for (rest, body, cut) in cases {
        let port = says(format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n{rest}")).await;
        let outcome = send(&sender(), get(format!("http://127.0.0.1:{port}/"))).await.unwrap();
        assert_eq!((text(&outcome), outcome.body.cut), (body, cut), "{rest:?}");
    }
    // What is said of a body that isn't sent.
    for (method, status) in [("HEAD", "200 OK"), ("GET", "204 No Content"), ("GET", "304 Not Modified")] {
        let port =
            says(format!("HTTP/1.1 {status}\r\nContent-Length: 50\r\nContent-Encoding: gzip\r\n\r\nhello")).await;
        let mut outgoing = get(format!("http://127.0.0.1:{port}/"));
        outgoing.method = method.into();
        let outcome = send(&sender(), outgoing).await.unwrap();
        assert_eq!((text(&outcome), outcome.body.cut), ("", None), "{method} {status}");
    }
}

#[tokio::test]
async fn text_is_told_by_its_charset_and_the_rest_in_base64() {
    let cases: [(&str, &[u8], Result<&str, &str>); 16] = [
        ("text/plain; charset=utf-8", "grüß".as_bytes(), Ok("grüß")),
        ("text/plain; charset=\"ISO-8859-1\"", b"gr\xfc\xdf", Ok("grüß")),
        ("text/html", b"gr\xfc\xdf", Ok("grüß")),
        ("text/html", "grüß".as_bytes(), Ok("grüß")),
        ("text/csv; charset=shift_jis", b"\x93\xfa\x96{", Ok("日本")),
        ("text/plain; charset=utf-16le", b"h\0i\0", Ok("hi")),
        ("text/plain; charset=utf-8", b"gr\xfc\xdf", Err("Z3L83w==")),
        ("text/plain; charset=klingon", b"abc", Err("YWJj")),
        ("application/json", "\"ü\"".as_bytes(), Ok("\"ü\"")),
        ("application/json", b"\"\xfc\"", Err("Ivwi")),
        ("application/problem+json", b"{}", Ok("{}")),
        ("image/svg+xml", b"<svg/>", Ok("<svg/>")),
        ("image/png", b"abc", Err("YWJj")),
        ("application/octet-stream", b"abc", Err("YWJj")),
        ("", b"abc", Ok("abc")),
        ("", b"a\0c", Err("YQBj")),
    ];
    for (content_type, bytes, expected) in cases {
        let header = if content_type.is_empty() { String::new() } else { format!("Content-Type: {content_type}\r\n") };
        let port = says(ok(&header, bytes)).await;
        let body = send(&sender(), get(format!("http://127.0.0.1:{port}/"))).await.unwrap().body;
        let told = (body.text.as_deref(), body.base64.as_deref());
        assert_eq!(told, (expected.ok(), expected.err()), "{content_type} {bytes:?}");
        assert_eq!(body.media_type, content_type.split(';').next().unwrap());
    }
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Brotli of one uncompressed block, which needs no encoder.
fn brotli(bytes: &[u8]) -> Vec<u8> {
    assert!(bytes.len() <= 1 << 16);
    // Window 16 bits (0), not the last (0), four nibbles of length (00), the length less one, uncompressed (1), to the byte.
    let bits = u32::try_from(bytes.len() - 1).unwrap() << 4 | 1 << 20;
    let mut encoded = bits.to_le_bytes()[..3].to_vec();
    encoded.extend(bytes);
    // The last, and empty.
    encoded.push(3);
    encoded
}

#[tokio::test]
async fn encodings_are_undone() {
    let plain = "Loggia ".repeat(500);
    let zlib = {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let raw = {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let zstandard = zstd::encode_all(plain.as_bytes(), 3).unwrap();
    let cases = [
        ("gzip", gzip(plain.as_bytes())),
        ("x-GZIP", [gzip(&plain.as_bytes()[..100]), gzip(&plain.as_bytes()[100..])].concat()),
        ("deflate", zlib),
        ("deflate", raw),
        ("br", brotli(plain.as_bytes())),
        ("zstd", zstandard.clone()),
        ("identity", plain.clone().into_bytes()),
        ("zstd, gzip", gzip(&zstandard)),
        ("br , identity,gzip, gzip", gzip(&gzip(&brotli(plain.as_bytes())))),
    ];
    for (encoding, bytes) in cases {
        let port = says(ok(&format!("Content-Type: text/plain\r\nContent-Encoding: {encoding}\r\n"), &bytes)).await;
        let outcome = send(&sender(), get(format!("http://127.0.0.1:{port}/"))).await.unwrap();
        assert_eq!((text(&outcome), outcome.body.cut), (plain.as_str(), None), "{encoding}");
        assert_eq!((outcome.sizes.body, outcome.sizes.decoded), (bytes.len() as u64, plain.len() as u64), "{encoding}");
        if encoding == "identity" {
            continue;
        }
        // The connection ends early: what could be decoded is told. The length is right and the end is missing: it is not
        // what it says.
        let half = &bytes[..bytes.len() - 5];
        let short = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: {encoding}\r\nContent-Length: {}\r\n\r\n",
            bytes.len()
        );
        let port = says([short.as_bytes(), half].concat()).await;
        let outcome = send(&sender(), get(format!("http://127.0.0.1:{port}/"))).await.unwrap();
        assert_eq!(outcome.body.cut, Some(Cut::Interrupted), "{encoding}");
        assert!(plain.starts_with(text(&outcome)), "{encoding}");
    }
    for (encoding, bytes) in
        [("gzip", "plain text"), ("br", "plain text"), ("zstd", "x"), ("compress", "x"), ("gzip,gzip,gzip,gzip", "x")]
    {
        let port =
            says(ok(&format!("Content-Type: text/plain\r\nContent-Encoding: {encoding}\r\n"), bytes.as_bytes())).await;
        let body = send(&sender(), get(format!("http://127.0.0.1:{port}/"))).await.unwrap().body;
        assert_eq!((body.cut, body.text), (Some(Cut::Undecodable), None), "{encoding}");
        assert!(body.base64.is_some());
    }
}
