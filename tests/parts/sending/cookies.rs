//! Cookies: across sends, hosts, paths and redirects.

use super::upstream::{Came, answers, get, ok, send_with, sender, text};
use loggia::call::Outgoing;
use loggia::call::send::cookies::Jar;
use std::fmt::Write;

/// Sets what `/set?…` lists, `|` between, tells the `Cookie` it got, and sends on when there is `to=`.
async fn server() -> u16 {
    answers(|came: &Came| {
        let mut headers = "Content-Type: text/plain\r\n".to_owned();
        for line in came.value("x-set").unwrap_or_default().split('|').filter(|line| !line.is_empty()) {
            write!(headers, "Set-Cookie: {line}\r\n").unwrap();
        }
        match came.value("x-to") {
            Some(place) if came.target() != "/end" => {
                format!("HTTP/1.1 302 Found\r\n{headers}Location: {place}\r\n\r\n").into_bytes()
            }
            _ => ok(&headers, came.value("cookie").unwrap_or("none").as_bytes()),
        }
    })
    .await
}

fn with(url: String, headers: &[(&str, &str)]) -> Outgoing {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Outgoing { headers, ..get(url) }
}

#[tokio::test]
async fn cookies_go_where_they_belong() {
    let port = server().await;
    // Where they are set, what is set, where is asked, what goes there.
    let cases: [(&str, &str, &str, &str); 25] = [
        ("a.example.com/", "x=1", "a.example.com/", "x=1"),
        ("a.example.com/", "x=1", "b.example.com/", "none"),
        ("a.example.com/", "x=1", "example.com/", "none"),
        ("a.example.com/", "x=1", "sub.a.example.com/", "none"),
        ("a.example.com/", "x=1; Domain=example.com", "b.example.com/", "x=1"),
        ("a.example.com/", "x=1; Domain=.Example.COM", "example.com/", "x=1"),
        ("a.example.com/", "x=1; Domain=example.com", "notexample.com/", "none"),
        ("a.example.com/", "x=1; Domain=b.example.com", "b.example.com/", "none"),
        ("a.example.com/", "x=1; Domain=other.org", "other.org/", "none"),
        ("a.example.com/", "x=1; Domain=com", "b.com/", "none"),
        ("shop.co.uk/", "x=1; Domain=co.uk", "bank.co.uk/", "none"),
        ("mine.github.io/", "x=1; Domain=github.io", "yours.github.io/", "none"),
        ("github.io/", "x=1; Domain=github.io", "github.io/", "x=1"),
        ("github.io/", "x=1; Domain=github.io", "yours.github.io/", "none"),
        ("127.0.0.1/", "x=1; Domain=0.0.1", "127.0.0.1/", "none"),
        ("127.0.0.1/", "x=1", "127.0.0.1/", "x=1"),
        ("127.0.0.1/", "x=1", "a.example.com/", "none"),
        ("a.example.com/d/e", "x=1", "a.example.com/d/f", "x=1"),
        ("a.example.com/d/e", "x=1", "a.example.com/", "none"),
        ("a.example.com/", "x=1; Path=/d", "a.example.com/dd", "none"),
        ("a.example.com/", "x=1; Path=/d", "a.example.com/d/e", "x=1"),
        ("a.example.com/", "x=1; Secure", "a.example.com/", "none"),
        ("a.example.com/", "x=1; Max-Age=0", "a.example.com/", "none"),
        ("a.example.com/", "__Secure-x=1", "a.example.com/", "none"),
        ("a.example.com/", "x=1; Path=/|y=2; Path=/d|x=3; Path=/", "a.example.com/d", "y=2; x=3"),
    ];
    for (at, set, asked, expected) in cases {
        let (mut jar, at) = (Jar::default(), at.replacen('/', &format!(":{port}/"), 1));
        let asked = asked.replacen('/', &format!(":{port}/"), 1);
        send_with(&sender(), with(format!("http://{at}"), &[("X-Set", set)]), &mut jar).await.unwrap();
        // A jar is the same after it was kept.
        let mut jar = Jar::from_json(&jar.to_json().unwrap()).unwrap();
        let outcome = send_with(&sender(), get(format!("http://{asked}")), &mut jar).await.unwrap();
        assert_eq!(text(&outcome), expected, "{at} {set} {asked}");
    }
}

#[tokio::test]
async fn cookies_of_a_redirect_go_along_and_a_requests_own_come_first() {
    let port = server().await;
    let mut jar = Jar::default();
    let headers = [("X-Set", "s=1|mine=jar"), ("X-To", "/end"), ("cookie", "mine=own; b=2")];
    let outcome =
        send_with(&sender(), with(format!("http://a.example.com:{port}/"), &headers), &mut jar).await.unwrap();
    assert_eq!((outcome.redirects.len(), text(&outcome)), (1, "mine=own; b=2; s=1"));

    let place = format!("http://other.org:{port}/end");
    let headers = [("X-Set", "s=2"), ("X-To", place.as_str()), ("Cookie", "b=2")];
    let outcome =
        send_with(&sender(), with(format!("http://a.example.com:{port}/"), &headers), &mut jar).await.unwrap();
    assert_eq!((outcome.redirects.len(), text(&outcome)), (1, "none"));

    let mut outgoing = with(format!("http://a.example.com:{port}/"), &[("X-Set", "new=1"), ("Cookie", "b=2")]);
    outgoing.behavior.disable_cookies = true;
    let before = jar.to_json().unwrap();
    assert_eq!(text(&send_with(&sender(), outgoing, &mut jar).await.unwrap()), "b=2");
    assert_eq!(jar.to_json().unwrap(), before);
    assert!(!jar.is_empty() && Jar::default().is_empty());
}

#[tokio::test]
async fn a_jar_is_bounded_and_takes_no_nonsense() {
    let port = server().await;
    let mut jar = Jar::default();
    let count = |jar: &Jar| serde_json::from_str::<Vec<serde_json::Value>>(&jar.to_json().unwrap()).unwrap().len();
    let other = with(format!("http://other.org:{port}/"), &[("X-Set", "kept=1; Max-Age=5")]);
    send_with(&sender(), other, &mut jar).await.unwrap();
    for round in 0..4 {
        let many =
            (0..30).fold(String::new(), |all, one| all + &format!("|c{round}-{one}=1; Max-Age={}", 1_000 + round));
        let url = format!("http://h{round}.example.com:{port}/");
        send_with(&sender(), with(url, &[("X-Set", &many)]), &mut jar).await.unwrap();
    }
    assert_eq!(count(&jar), 50 + 1, "so many of one site, and the other's");
    let json = jar.to_json().unwrap();
    assert!(json.contains("c3-29=1") && json.contains("kept=1") && !json.contains("c0-"), "{json}");
    for site in 0..30 {
        let many = (0..25).fold(String::new(), |all, one| all + &format!("|c{one}=1; Max-Age={}", 2_000 + site));
        let url = format!("http://site{site}.com:{port}/");
        send_with(&sender(), with(url, &[("X-Set", &many)]), &mut jar).await.unwrap();
    }
    assert_eq!(count(&jar), 600);

    let mut jar = Jar::default();
    let large = format!("x={}|=empty|nothing|ok=1", "y".repeat(5_000));
    send_with(&sender(), with(format!("http://a.example.com:{port}/"), &[("X-Set", &large)]), &mut jar).await.unwrap();
    assert_eq!(
        text(&send_with(&sender(), get(format!("http://a.example.com:{port}/")), &mut jar).await.unwrap()),
        "ok=1"
    );
    assert!(Jar::from_json("{").is_err());
    assert!(Jar::from_json("[{\"raw_cookie\":\"x\"}]").is_err());
}
