//! Servers that do all that a server should not.

use super::gzip;
use super::upstream::{PATIENCE, get, impatient, ok, post, request, says, send, sender, text, upstream};
use loggia::call::Cut;
use loggia::call::send::cookies::Jar;
use loggia::config::LARGEST_ANSWER;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// What sockets, TLS and reads may hold of what was not asked for: both sides' kernel buffers, by far.
const BUFFERS: usize = 16 * 1_024 * 1_024;

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let port = upstream(|mut stream| async move {
        request(&mut stream).await;
        // Until the other side goes.
        let _ = stream.read(&mut [0]).await;
    })
    .await;
    let told = send(&impatient(), get(format!("http://127.0.0.1:{port}/"))).await.unwrap_err();
    assert_eq!((told.code(), told.to_string().as_str()), ("timed_out", "it took too long (waiting for the answer)"));
}

#[tokio::test]
async fn a_body_that_does_not_end_in_time_is_told_as_far_as_it_came() {
    let port = upstream(|mut stream| async move {
        request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nbegun").await.unwrap();
        let _ = stream.read(&mut [0]).await;
    })
    .await;
    let outcome = send(&impatient(), get(format!("http://127.0.0.1:{port}/"))).await.unwrap();
    assert_eq!((text(&outcome), outcome.body.cut), ("begun", Some(Cut::TimedOut)));
}

/// Sends the same part for ever; how much of it was taken is told when the connection ends.
async fn endless(head: &'static str, part: &'static [u8]) -> (u16, mpsc::UnboundedReceiver<usize>) {
    let (tell, told) = mpsc::unbounded_channel();
    let port = upstream(move |mut stream| {
        let tell = tell.clone();
        async move {
            request(&mut stream).await;
            let mut taken = 0;
            if stream.write_all(head.as_bytes()).await.is_ok() {
                while stream.write_all(part).await.is_ok() {
                    taken += part.len();
                }
            }
            let _ = tell.send(taken);
        }
    })
    .await;
    (port, told)
}

#[tokio::test]
async fn a_body_without_end_is_cut_at_the_limit_and_the_connection_closed() {
    let heads = [
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4294967296\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n",
    ];
    for head in heads {
        let (port, mut told) = endless(head, &[b'x'; 65_536]).await;
        let outcome = send(&sender(), get(format!("http://127.0.0.1:{port}/"))).await.unwrap();
        assert_eq!((text(&outcome).len(), outcome.body.cut), (LARGEST_ANSWER, Some(Cut::TooLarge)), "{head}");
        let taken = timeout(PATIENCE, told.recv()).await.unwrap().unwrap();
        assert!(taken < LARGEST_ANSWER + BUFFERS, "{taken}");
    }
    // As much as the limit is whole.
    let port = says(ok("Content-Type: text/plain\r\n", &vec![b'x'; LARGEST_ANSWER])).await;
    let outcome = send(&sender(), get(format!("http://127.0.0.1:{port}/"))).await.unwrap();
    assert_eq!((text(&outcome).len(), outcome.body.cut), (LARGEST_ANSWER, None));
}

#[tokio::test]
async fn heads_without_end_are_bad_answers_and_the_connection_closed() {
    let cases: [(&str, &[u8]); 5] = [
        ("HTTP/1.1 200 OK\r\n", b"X-Header: and more of it\r\n"),
        ("HTTP/1.1 200 OK\r\nX-Header: ", &[b'x'; 1_000]),
        ("HTTP/1.1 200 ", &[b'x'; 1_000]),
        ("", b"\r\n"),
        ("", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ];
    for (head, part) in cases {
        let (port, mut told) = endless(head, part).await;
        let error = send(&sender(), get(format!("http://127.0.0.1:{port}/"))).await.unwrap_err();
        assert_eq!(error.code(), "bad_response", "{head} {error}");
        let taken = timeout(PATIENCE, told.recv()).await.unwrap().unwrap();
        assert!(taken < BUFFERS, "{taken}");
    }
}

#[tokio::test]
async fn what_is_no_answer_is_told_as_such() {
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(300));
    let large = format!("HTTP/1.1 200 OK\r\nA: {}\r\n\r\n", "x".repeat(70_000));
    let interim = format!("{}HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(17));
    let cases: [(&str, &str); 19] = [
        ("", "connection_closed"),
        ("HTTP/1.1 200 OK\r\n", "bad_response"),
        ("HTTP/1.1 200", "bad_response"),
        ("SSH-2.0-OpenSSH_9.6\r\n", "bad_response"),
        ("220 mail.example.com ESMTP\r\n", "bad_response"),
        ("\0\u{1}\u{2}\u{3}", "bad_response"),
        ("<html>", "bad_response"),
        ("HTTP/2 200 OK\r\n\r\n", "bad_response"),
        ("HTTP/1.7 200 OK\r\n\r\n", "bad_response"),
        ("HTTP/1.1 099 Low\r\n\r\n", "bad_response"),
        ("HTTP/1.1 2000 OK\r\n\r\n", "bad_response"),
        ("HTTP/1.1 OK\r\n\r\n", "bad_response"),
        ("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "bad_response"),
        ("HTTP/1.1 200 OK\r\n: no name\r\n\r\n", "bad_response"),
        ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "bad_response"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "bad_response"),
        (&many, "bad_response"),
        (&large, "bad_response"),
        (&interim, "bad_response"),
    ];
    for (answer, code) in cases {
        let port = says(answer.to_owned()).await;
        let error = send(&sender(), get(format!("http://127.0.0.1:{port}/"))).await.unwrap_err();
        assert_eq!(error.code(), code, "{:?}: {error}", &answer[..answer.len().min(80)]);
    }
    // What speaks first is not waited for.
    let port = upstream(|mut stream| async move {
        let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n").await;
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    })
    .await;
    assert_eq!(send(&sender(), get(format!("http://127.0.0.1:{port}/"))).await.unwrap_err().code(), "bad_response");
}

#[tokio::test]
async fn interim_answers_are_passed_over_and_bytes_may_come_one_by_one() {
    let answer =
        "\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 201 Made\nX: y\n\nTransfer";
    let port = upstream(move |mut stream| async move {
        request(&mut stream).await;
        stream.set_nodelay(true).unwrap();
        for byte in answer.bytes() {
            stream.write_all(&[byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
    })
    .await;
    let outcome = send(&sender(), get(format!("http://127.0.0.1:{port}/"))).await.unwrap();
    assert_eq!((outcome.status, outcome.headers.len()), (201, 1));
    assert_eq!(outcome.body.text.as_deref(), Some("Transfer"));
}

#[tokio::test]
async fn bombs_end_at_the_limit() {
    let zeros = vec![b'0'; 64 * 1_024 * 1_024];
    let once = gzip(&zeros);
    let bombs = [("gzip, gzip", gzip(&once)), ("gzip", once), ("zstd", zstd::encode_all(zeros.as_slice(), 3).unwrap())];
    for (encoding, bytes) in &bombs {
        assert!(bytes.len() < 1_024 * 1_024);
        let port = says(ok(&format!("Content-Type: text/plain\r\nContent-Encoding: {encoding}\r\n"), bytes)).await;
        let outcome = send(&sender(), get(format!("http://127.0.0.1:{port}/"))).await.unwrap();
        assert_eq!((text(&outcome).len(), outcome.body.cut), (LARGEST_ANSWER, Some(Cut::TooLarge)), "{encoding}");
    }
    // Tiny in the end, huge on the way, and slow: 64 MiB of empty members, or frames, in a small file.
    for (encoding, empty, cut) in
        [("gzip", gzip(b""), Cut::Undecodable), ("zstd", zstd::encode_all(b"".as_slice(), 3).unwrap(), Cut::TooLarge)]
    {
        let hollow = gzip(&empty.repeat(64 * 1_024 * 1_024 / empty.len()));
        assert!(hollow.len() < 1_024 * 1_024);
        let encodings = format!("Content-Type: text/plain\r\nContent-Encoding: {encoding}, gzip\r\n");
        let port = says(ok(&encodings, &hollow)).await;
        let begun = Instant::now();
        let outcome = send(&sender(), get(format!("http://127.0.0.1:{port}/"))).await.unwrap();
        assert_eq!(outcome.body.cut, Some(cut), "{encoding}");
        assert_eq!(outcome.body.text.unwrap_or_default(), "", "{encoding}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{encoding}: {:?}", begun.elapsed());
    }
    // zstd that asks for more memory than everybody has to have: a window of 2 GiB.
    let wide = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00];
    let port = says(ok("Content-Encoding: zstd\r\n", &wide)).await;
    let outcome = send(&sender(), get(format!("http://127.0.0.1:{port}/"))).await.unwrap();
    assert_eq!(outcome.body.cut, Some(Cut::Undecodable));
}

#[tokio::test]
async fn an_answer_that_comes_before_the_request_is_read_is_an_answer() {
    let large = vec![b'x'; 64 * 1_024 * 1_024];
    // Answers, and closes without ever reading: the rest of the request finds nobody.
    let port = upstream(|mut stream| async move {
        let mut some = [0; 1_024];
        let _ = stream.read(&mut some).await;
        let answer = ok("Content-Type: text/plain\r\n", b"too large for me");
        stream
            .write_all(&String::from_utf8(answer).unwrap().replace("200 OK", "413 Too Much").into_bytes())
            .await
            .unwrap();
        let _ = stream.shutdown().await;
        // Keeps it open, so that no reset overtakes the answer, until the other side goes.
        let mut sink = tokio::io::sink();
        let _ = tokio::io::copy(&mut stream, &mut sink).await;
    })
    .await;
    let outcome = send(&sender(), post(format!("http://127.0.0.1:{port}/"), large.clone())).await.unwrap();
    assert_eq!((outcome.status, outcome.reason.as_str(), text(&outcome)), (413, "Too Much", "too large for me"));
    assert_eq!(outcome.timings.first_byte_ms.max(0.0), outcome.timings.first_byte_ms);

    // Sends back what it reads while it reads: neither side may wait for the other.
    let port = upstream(|mut stream| async move {
        let mut part = vec![0; 65_536];
        let read = stream.read(&mut part).await.unwrap();
        let end = part[..read].windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n", 8 * 1_024 * 1_024);
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&part[end..read]).await.unwrap();
        loop {
            let read = stream.read(&mut part).await.unwrap();
            if read == 0 || stream.write_all(&part[..read]).await.is_err() {
                break;
            }
        }
    })
    .await;
    let body = vec![b'y'; 8 * 1_024 * 1_024];
    let outcome = send(&sender(), post(format!("http://127.0.0.1:{port}/"), body)).await.unwrap();
    assert_eq!((text(&outcome).len(), outcome.body.cut), (8 * 1_024 * 1_024, None));
}

#[tokio::test]
async fn whoever_drops_a_send_closes_its_connection() {
    let (tell_ready, mut ready) = mpsc::unbounded_channel();
    let (tell_gone, mut gone) = mpsc::unbounded_channel();
    let open = Arc::new(AtomicUsize::new(0));
    let port = upstream(move |mut stream| {
        let (tell_ready, tell_gone, open) = (tell_ready.clone(), tell_gone.clone(), Arc::clone(&open));
        async move {
            let came = request(&mut stream).await;
            if came.target() == "/body" {
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nbegun").await.unwrap();
            }
            open.fetch_add(1, Ordering::Relaxed);
            tell_ready.send(()).unwrap();
            // Waits for the end.
            let end = stream.read(&mut [0; 16]).await;
            tell_gone.send(matches!(end, Ok(0) | Err(_))).unwrap();
        }
    })
    .await;
    for path in ["head", "body"] {
        let (cancel, cancelled) = oneshot::channel::<()>();
        let sending = tokio::spawn(async move {
            let (sender, mut jar) = (sender(), Jar::default());
            tokio::select! {
                outcome = sender.send(get(format!("http://127.0.0.1:{port}/{path}")), &mut jar) => panic!("{outcome:?}"),
                _ = cancelled => {}
            }
        });
        timeout(PATIENCE, ready.recv()).await.unwrap().unwrap();
        cancel.send(()).unwrap();
        assert!(timeout(PATIENCE, gone.recv()).await.unwrap().unwrap(), "{path}");
        sending.await.unwrap();
    }
}
