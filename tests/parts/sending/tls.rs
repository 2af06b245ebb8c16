//! TLS with certificates of the test's own.

use super::upstream::{PATIENCE, get, ok, request, send, sender_with, text, upstream};
use loggia::call::Cut;
use loggia::call::send::Bounds;
use rustls::pki_types::PrivateKeyDer;
use rustls::{RootCertStore, ServerConfig};
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;

/// TLS with a certificate that is for some names, and the roots that trust it.
pub fn acceptor(names: &[&str]) -> (TlsAcceptor, RootCertStore) {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), roots)
}

/// A server whose certificate is for some names; its port, and the roots that trust it.
async fn server(names: &[&str], answer: &'static [u8], says_goodbye: bool) -> (u16, RootCertStore) {
    let (acceptor, roots) = acceptor(names);
    let port = upstream(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            // Who doesn't trust it is gone before the request.
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            request(&mut stream).await;
            stream.write_all(answer).await.unwrap();
            stream.flush().await.unwrap();
            if says_goodbye {
                let _ = stream.shutdown().await;
            }
        }
    })
    .await;
    (port, roots)
}

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nsafe";

#[tokio::test]
async fn certificates_are_checked_unless_a_request_says_otherwise() {
    let (port, roots) = server(&["good.example.com", "127.0.0.1"], ANSWER, true).await;
    let bounds = Bounds { total: PATIENCE, ..Bounds::default() };
    let (trusts, distrusts) = (sender_with(bounds, roots), sender_with(bounds, RootCertStore::empty()));
    for (sender, host, strict_ssl, code) in [
        (&trusts, "good.example.com", true, None),
        (&trusts, "GOOD.example.com.", true, None),
        (&trusts, "127.0.0.1", true, None),
        (&trusts, "other.example.com", true, Some("tls_failed")),
        (&trusts, "other.example.com", false, None),
        (&distrusts, "good.example.com", true, Some("tls_failed")),
        (&distrusts, "good.example.com", false, None),
        // What one request does without is asked of the next all the same.
        (&distrusts, "good.example.com", true, Some("tls_failed")),
    ] {
        let mut outgoing = get(format!("https://{host}:{port}/"));
        outgoing.behavior.strict_ssl = strict_ssl;
        match send(sender, outgoing).await {
            Ok(outcome) => {
                assert_eq!((code, text(&outcome), outcome.body.cut), (None, "safe", None), "{host}");
                let timings = outcome.timings;
                assert!(timings.tls_ms.unwrap() > 0.0, "{timings:?}");
                assert_eq!(timings.dns_ms.is_some(), !host.starts_with("127"));
            }
            Err(error) => assert_eq!(Some(error.code()), code, "{host} {error}"),
        }
    }
}

#[tokio::test]
async fn what_does_not_speak_tls_fails_and_an_end_without_a_goodbye_is_told() {
    let bounds = Bounds { total: PATIENCE, ..Bounds::default() };
    let port = super::upstream::upstream(|mut stream| async move {
        let _ = stream.write_all(&ok("", b"plain")).await;
        let _ = stream.shutdown().await;
    })
    .await;
    let mut outgoing = get(format!("https://127.0.0.1:{port}/"));
    outgoing.behavior.strict_ssl = false;
    let error = send(&sender_with(bounds, RootCertStore::empty()), outgoing).await.unwrap_err();
    assert_eq!(error.code(), "tls_failed", "{error}");

    // Anybody on the way could have cut it there.
    let (port, roots) = server(&["good.example.com"], ANSWER, false).await;
    let sender = sender_with(bounds, roots);
    let outcome = send(&sender, get(format!("https://good.example.com:{port}/"))).await.unwrap();
    assert_eq!((text(&outcome), outcome.body.cut), ("safe", Some(Cut::Interrupted)));
    // The certificate has the name, and not the address.
    let error = send(&sender, get(format!("https://127.0.0.1:{port}/"))).await.unwrap_err();
    assert_eq!(error.code(), "tls_failed", "{error}");
}
