//! The browser app as the server hands it out: where, under which policy, kept how long, the same for everybody.

use crate::common::TestServer;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName};

struct Got {
    status: u16,
    headers: HeaderMap,
    bytes: bytes::Bytes,
}

impl Got {
    fn header(&self, name: &HeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap()
    }
}

/// As it comes: nothing is decompressed.
async fn get(server: &TestServer, path: &str, asked: &[(HeaderName, &str)]) -> Got {
    let mut request = reqwest::Client::new().get(format!("{}{path}", server.url));
    for (name, value) in asked {
        request = request.header(name, *value);
    }
    let response = request.send().await.unwrap();
    Got {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        bytes: response.bytes().await.unwrap(),
    }
}

#[tokio::test]
async fn what_is_no_address_of_the_app_is_a_problem_as_everywhere() {
    let server = TestServer::start().await;
    for path in
        ["/w", "/nothing", "/v1/nothing", "/assets/", "/assets/nothing.js", "/assets/..%2Findex.html", "/index.html"]
    {
        let got = get(&server, path, &[]).await;
        assert_eq!((got.status, got.header(&CONTENT_TYPE)), (404, "application/problem+json"), "{path}");
        assert!(got.text().contains("\"not_found\""), "{path}");
    }
    let posted = reqwest::Client::new().post(&server.url).send().await.unwrap();
    assert_eq!(posted.status(), 405);
}

#[cfg(not(loggia_app))]
#[tokio::test]
async fn without_the_app_its_addresses_say_how_to_get_it() {
    let server = TestServer::start().await;
    for path in ["/", "/account", "/sign-in", "/w/1/workspace"] {
        let got = get(&server, path, &[]).await;
        assert_eq!(got.status, 200);
        assert!(got.text().contains("LOGGIA_SKIP_WEB") && got.text().contains("Node.js"), "{path}: {}", got.text());
    }
}

#[cfg(loggia_app)]
mod with_the_app {
    use super::*;
    use reqwest::header::{
        ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG, IF_NONE_MATCH, VARY,
    };
    use std::io::Read;

    const BR: (HeaderName, &str) = (ACCEPT_ENCODING, "gzip, deflate, br");

    fn decompressed(bytes: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        brotli_decompressor::Decompressor::new(bytes, 4096).read_to_end(&mut plain).unwrap();
        plain
    }

    /// What the page names, in its own words.
    async fn assets(server: &TestServer) -> Vec<String> {
        let page = get(server, "/", &[]).await;
        let parts = page.text().split(['"', '\'']);
        let found: Vec<_> = parts.filter(|part| part.starts_with("/assets/")).map(str::to_owned).collect();
        assert!(
            found.iter().any(|path| path.ends_with(".js")) && found.iter().any(|path| path.ends_with(".css")),
            "{found:?}"
        );
        found
    }

    #[tokio::test]
    async fn each_address_of_the_app_gives_the_page_under_its_policy() {
        let server = TestServer::start().await;
        let first = get(&server, "/", &[]).await;
        assert!(first.text().starts_with("<!doctype html>"));
        for path in ["/", "/account", "/sign-in", "/w/1", "/w/1/workspace/2", "/?x=1", "/w/%00/%ff"] {
            let got = get(&server, path, &[]).await;
            assert_eq!((got.status, got.header(&CONTENT_TYPE)), (200, "text/html; charset=utf-8"), "{path}");
            assert_eq!(got.header(&CACHE_CONTROL), "no-cache");
            assert_eq!(got.bytes, first.bytes);
            assert_eq!(got.headers["x-content-type-options"], "nosniff");
            assert_eq!(got.headers["referrer-policy"], "no-referrer");
            assert!(got.headers.get("set-cookie").is_none());
            let policy = got.header(&CONTENT_SECURITY_POLICY);
            for part in ["default-src 'none'", "script-src 'self';", "style-src 'self';", "connect-src 'self';"] {
                assert!(policy.contains(part), "{part}: {policy}");
            }
            assert!(
                policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe") && !policy.contains("http")
            );
        }
        // Nothing stands in the page that its policy forbids, and it names no other host.
        let page = first.text();
        assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains("://"), "{page}");
        for script in page.split("<script").skip(1) {
            assert!(script.split("</script>").next().unwrap().ends_with('>'), "a script in the page: {script}");
        }
    }

    #[tokio::test]
    async fn the_page_is_asked_after_and_its_files_are_kept() {
        let server = TestServer::start().await;
        let page = get(&server, "/", &[]).await;
        let etag = page.header(&ETAG).to_owned();
        let again = get(&server, "/w/1", &[(IF_NONE_MATCH, &etag)]).await;
        assert_eq!((again.status, again.bytes.len(), again.header(&ETAG)), (304, 0, etag.as_str()));
        assert_eq!(again.header(&CONTENT_SECURITY_POLICY), page.header(&CONTENT_SECURITY_POLICY));
        assert_eq!(get(&server, "/", &[(IF_NONE_MATCH, "W/\"other\"")]).await.status, 200);
        for path in assets(&server).await {
            let got = get(&server, &path, &[BR]).await;
            assert_eq!(got.status, 200, "{path}");
            assert_eq!(got.header(&CACHE_CONTROL), "public, max-age=31536000, immutable", "{path}");
        }
    }

    #[tokio::test]
    async fn files_come_compressed_to_who_understands_that() {
        let server = TestServer::start().await;
        for path in assets(&server).await.iter().map(String::as_str).chain(["/", "/sandbox.html"]) {
            let plain = get(&server, path, &[]).await;
            assert_eq!(plain.header(&CONTENT_ENCODING), "", "{path}");
            let small = get(&server, path, &[BR]).await;
            assert_eq!(
                (small.header(&CONTENT_ENCODING), small.header(&CONTENT_TYPE)),
                ("br", plain.header(&CONTENT_TYPE))
            );
            assert!(small.header(&VARY).contains("accept-encoding"));
            assert!(small.bytes.len() < plain.bytes.len(), "{path}");
            assert_eq!(decompressed(&small.bytes), plain.bytes, "{path}");
            assert_eq!(small.header(&ETAG), plain.header(&ETAG));
            let refused = get(&server, path, &[(ACCEPT_ENCODING, "br;q=0")]).await;
            assert_eq!(refused.bytes, plain.bytes, "{path}");
            let gzip = get(&server, path, &[(ACCEPT_ENCODING, "gzip")]).await;
            assert_ne!(gzip.header(&CONTENT_ENCODING), "br", "{path}");
        }
    }

    #[tokio::test]
    async fn scripts_of_people_run_in_a_document_of_no_origin() {
        let server = TestServer::start().await;
        let got = get(&server, "/sandbox.html", &[]).await;
        let policy = got.header(&CONTENT_SECURITY_POLICY);
        assert!(policy.starts_with("sandbox allow-scripts; default-src 'none'"), "{policy}");
        assert!(policy.contains("frame-ancestors 'self'") && !policy.contains("allow-same-origin"), "{policy}");
        assert!(!policy.contains("connect-src"), "it reaches nothing: {policy}");
        assert_eq!(got.status, 200);
    }

    #[tokio::test]
    async fn everybody_gets_the_same() {
        let server = TestServer::start().await;
        let stranger = get(&server, "/w/1/workspace", &[BR]).await;
        let bearer = format!("Bearer {}", server.admin.token);
        let admin = get(&server, "/w/1/workspace", &[BR, (reqwest::header::AUTHORIZATION, &bearer)]).await;
        let without_date = |got: &Got| {
            let mut headers = got.headers.clone();
            headers.remove("date");
            headers
        };
        assert_eq!((without_date(&stranger), &stranger.bytes), (without_date(&admin), &admin.bytes));
    }
}
