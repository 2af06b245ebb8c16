//! Signing in by mail, invitations by mail, and that nobody becomes somebody else by a link.

use crate::common::node::NodeOptions;
use crate::common::smtp::{Encryption, Mail, Manner, PASSWORD, Smtp, USER};
use crate::common::{Answer, PATIENCE, Person, TestServer};
use loggia::config::{HistoryOptions, MailOptions, SESSION_EDITS_PER_SECOND, SecretUrl, ServeOptions, StoreOptions};
use loggia::id::CredentialId;
use loggia::server::Server;
use loggia::store::{Credential, CredentialKind, now_utc};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// A node upon a test server's store, which sends its mails by a server.
struct MailNode {
    url: String,
    admin: Person,
    stop: oneshot::Sender<()>,
    running: JoinHandle<anyhow::Result<()>>,
}

impl MailNode {
    async fn start(server: &TestServer, smtp_url: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mail = MailOptions {
            smtp_url: Some(SecretUrl(smtp_url)),
            mail_from: Some("Loggia at Host <loggia@host.com>".into()),
        };
        let options = ServeOptions {
            listen: address,
            public_url: None,
            allow_origin: Vec::new(),
            redis_url: None,
            session_edits_per_second: SESSION_EDITS_PER_SECOND,
            allow_target: Vec::new(),
            history: HistoryOptions::default(),
            mail,
            store: StoreOptions::folder(server.folder.path()),
        };
        let node = Server::new(listener, Arc::clone(&server.store), &options).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(node.run(async {
            let _ = stopped.await;
        }));
        let url = format!("http://{address}");
        Self { admin: server.admin.at(&url), url, stop, running }
    }

    /// Stops: what waits is sent before.
    async fn stop(self) {
        drop(self.stop);
        timeout(PATIENCE, self.running).await.expect("it stops in time").unwrap().unwrap();
    }

    async fn invite(&self, who: &Person, workspace: &str, email: &str) -> Answer {
        let body = json!({"invitees": [{"email": email}], "side": "partner", "role": "viewer"});
        who.at(&self.url).post(&format!("/v1/workspaces/{workspace}/invitations"), body).await
    }
}

async fn post(url: &str, path: &str, body: Value) -> Answer {
    let asked = reqwest::Client::new().post(format!("{url}{path}")).json(&body).send();
    Answer::of(timeout(PATIENCE, asked).await.expect("an answer in time").unwrap()).await
}

async fn ask(url: &str, email: &str) -> Answer {
    post(url, "/v1/sign_in", json!({"email": email})).await
}

async fn complete(url: &str, token: &str) -> Answer {
    post(url, "/v1/sign_in/complete", json!({"token": token})).await
}

fn cookie(answer: &Answer) -> String {
    answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

/// All there is of an answer, but for its time.
fn wire(answer: &Answer) -> String {
    let heads = answer.headers.iter().filter(|(name, _)| *name != "date");
    format!("{} {:?} {}", answer.status, heads.collect::<Vec<_>>(), answer.text)
}

fn link_token(answer: &Answer) -> String {
    answer.expect(200)["rows"][0]["link"].as_str().unwrap().split_once("#invite=").unwrap().1.to_owned()
}

#[tokio::test]
async fn a_link_by_mail_signs_in_once() {
    let server = TestServer::start().await;
    let mut smtp = Smtp::start(Manner::default());
    let node = MailNode::start(&server, smtp.url()).await;
    ask(&node.url, " Ada@HOST.com ").await.expect(202);
    let mail = smtp.next().await;
    assert_eq!((mail.from.as_str(), mail.to.as_str()), ("loggia@host.com", "ada@host.com"));
    for line in ["From: \"Loggia at Host\" <loggia@host.com>", "To: ada@host.com", "Subject: Your link to sign in"] {
        assert!(mail.head.lines().any(|one| one == line), "{line}: {}", mail.head);
    }
    assert!(mail.head.contains("Content-Type: text/plain; charset=utf-8"), "{}", mail.head);
    assert!(mail.text.contains("within 15 minutes"), "{}", mail.text);
    let token = mail.token(&node.url, "sign_in");
    let answer = complete(&node.url, &token).await;
    assert_eq!(answer.expect(200)["email"], "ada@host.com");
    let me = reqwest::Client::new().get(format!("{}/v1/me", node.url)).header("cookie", cookie(&answer));
    assert_eq!(Answer::of(me.send().await.unwrap()).await.expect(200)["id"], server.admin.id.as_str());
    complete(&node.url, &token).await.refused(410, "stale_token");
}

#[tokio::test]
async fn the_answer_tells_of_no_account_no_limit_and_no_mail_server() {
    let server = TestServer::start().await;
    let mut smtp = Smtp::start(Manner::default());
    let node = MailNode::start(&server, smtp.url()).await;
    let workspace = server.walled_workspace().await;
    server.partner(&workspace, "bo@bolt.io").await;
    let mut answers = BTreeSet::new();
    for email in ["nobody@bolt.io", "ada@host.com", "nobody@host.com"] {
        answers.insert(wire(&ask(&node.url, email).await));
    }
    // Five are sent within an hour, whatever is asked for.
    for _ in 0..8 {
        answers.insert(wire(&ask(&node.url, "bo@bolt.io").await));
    }
    answers.insert(wire(&ask(&server.url, "bo@bolt.io").await));
    answers.insert(wire(&ask(&server.url, "nobody@bolt.io").await));
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| answer.starts_with("202 ") && answer.ends_with("] ")), "{answers:?}");
    node.stop().await;
    let mut to: Vec<String> = smtp.rest().into_iter().map(|mail| mail.to).collect();
    to.sort();
    assert_eq!(to, ["ada@host.com", "bo@bolt.io", "bo@bolt.io", "bo@bolt.io", "bo@bolt.io", "bo@bolt.io"]);
}

#[tokio::test]
async fn what_is_no_address_and_what_comes_from_elsewhere_is_refused() {
    let server = TestServer::start().await;
    for email in ["", "ada", "ada@host", "a b@host.com", "ada@host.com\r\nBcc: eve@evil.example"] {
        let answer = ask(&server.url, email).await;
        answer.refused(422, "invalid");
        assert_eq!(answer.json["path"], "email");
    }
    for body in [json!({}), json!({"email": 7}), json!({"email": "ada@host.com", "more": 1}), json!([])] {
        post(&server.url, "/v1/sign_in", body).await.refused(400, "malformed");
    }
    for origin in ["https://evil.example", "null"] {
        let request = reqwest::Client::new().post(format!("{}/v1/sign_in", server.url)).header("origin", origin);
        let answer = Answer::of(request.json(&json!({"email": "ada@host.com"})).send().await.unwrap()).await;
        answer.refused(403, "foreign_origin");
    }
    let own = reqwest::Client::new().post(format!("{}/v1/sign_in", server.url)).header("origin", &server.url);
    Answer::of(own.json(&json!({"email": "ada@host.com"})).send().await.unwrap()).await.expect(202);
}

#[tokio::test]
async fn without_a_mail_server_the_log_has_the_link() {
    let options = NodeOptions::default();
    let folder = tempfile::tempdir().unwrap();
    let options = options.env("LOGGIA_DATA", folder.path().to_str().unwrap());
    options.team().await;
    let node = options.start().await;
    ask(&node.url, "ada@host.com").await.expect(202);
    let start = format!("{}/#sign_in=", node.url);
    let log = until(|| Some(node.log()).filter(|log| log.contains(&start))).await;
    let line = log.lines().find(|line| line.contains(&start)).unwrap();
    assert!(line.contains("INFO") && line.contains("ada@host.com"), "{line}");
    let token: String = line.split_once(&start).unwrap().1.chars().take_while(char::is_ascii_hexdigit).collect();
    assert_eq!(complete(&node.url, &token).await.expect(200)["email"], "ada@host.com");
}

/// Looks once more every 20 ms: a file tells nobody that it has grown.
async fn until<T>(look: impl Fn() -> Option<T>) -> T {
    let looking = async {
        loop {
            match look() {
                Some(found) => return found,
                None => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    };
    timeout(PATIENCE, looking).await.expect("in time")
}

#[tokio::test]
async fn a_mail_server_that_can_not_now_is_asked_again_and_one_that_will_not_is_not() {
    let server = TestServer::start().await;
    let mut smtp = Smtp::start(Manner { to_recipients: vec!["451 later", "550 never"], ..Manner::default() });
    let node = MailNode::start(&server, smtp.url()).await;
    let workspace = server.walled_workspace().await;
    node.invite(&node.admin, &workspace, "later@bolt.io").await.expect(200);
    until(|| (smtp.connections() == 1).then_some(())).await;
    // The second is refused for good while the first waits; the third goes by both.
    node.invite(&node.admin, &workspace, "never@bolt.io").await.expect(200);
    until(|| (smtp.connections() >= 2).then_some(())).await;
    let mut came = BTreeSet::from([smtp.next().await.to]);
    node.invite(&node.admin, &workspace, "now@bolt.io").await.expect(200);
    came.insert(smtp.next().await.to);
    node.stop().await;
    assert_eq!((came.len(), smtp.rest().len(), smtp.connections()), (2, 0, 4), "{came:?}");
    assert!(came.contains("now@bolt.io"), "{came:?}");
}

#[tokio::test]
async fn nobody_waits_for_a_mail_server_that_says_nothing() {
    let server = TestServer::start().await;
    let smtp = Smtp::start(Manner { is_silent: true, ..Manner::default() });
    let node = MailNode::start(&server, smtp.url()).await;
    let workspace = server.walled_workspace().await;
    for email in ["one@bolt.io", "two@bolt.io", "three@bolt.io"] {
        node.invite(&node.admin, &workspace, email).await.expect(200);
        ask(&node.url, "ada@host.com").await.expect(202);
    }
    until(|| (smtp.connections() >= 2).then_some(())).await;
}

/// A mail, but for what is of its own.
fn masked(mail: &Mail, token: &str) -> String {
    let subject = mail.head.lines().find(|line| line.starts_with("Subject:")).unwrap();
    format!("{subject} {}", mail.text).replace(&mail.to, "ADDRESS").replace(token, "TOKEN")
}

#[tokio::test]
async fn invitations_are_mailed_alike_to_the_new_and_to_who_has_an_account_and_name_no_partner() {
    let server = TestServer::start().await;
    let mut smtp = Smtp::start(Manner::default());
    let node = MailNode::start(&server, smtp.url()).await;
    let workspace = server.walled_workspace().await;
    let lead = server.join(&workspace, "lena-lead@bolt.io", "partner", "viewer", true).await;
    let other = server.walled_workspace().await;
    server.partner(&other, "old@bolt.io").await;
    let mut mails = BTreeSet::new();
    for (who, email) in [(&node.admin, "new@bolt.io"), (&lead, "old@bolt.io"), (&lead, "next@bolt.io")] {
        let answer = node.invite(who, &workspace, email).await;
        let row = &answer.expect(200)["rows"][0];
        let mail = smtp.next().await;
        assert_eq!((row["outcome"].as_str(), mail.to.as_str()), (Some("sent"), email));
        let token = mail.token(&node.url, "invite");
        if let Some(link) = row["link"].as_str() {
            assert_eq!(link, format!("{}/#invite={token}", node.url));
        }
        assert!(!mail.text.contains("lena") && !mail.head.contains("lena"), "{mail:?}");
        mails.insert(masked(&mail, &token));
    }
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert!(mails.iter().all(|mail| mail.starts_with("Subject: Invitation to \"API\" ")), "{mails:?}");
    // The lines differ in nothing but the address, also when there were too many.
    for _ in 0..7 {
        let answer = node.invite(&lead, &workspace, "old@bolt.io").await;
        assert_eq!(answer.expect(200), &json!({"rows": [{"line": 1, "email": "old@bolt.io", "outcome": "sent"}]}));
    }
    node.stop().await;
    let rest = smtp.rest();
    assert_eq!(rest.len(), 4, "the first one and four more: {rest:?}");
}

#[tokio::test]
async fn nobody_becomes_somebody_else_by_an_invitations_link() {
    let server = TestServer::start().await;
    let workspace = server.walled_workspace().await;
    let bo = server.partner(&workspace, "bo@bolt.io").await;
    let cy = server.partner(&workspace, "cy@bolt.io").await;
    let other = server.walled_workspace().await;
    let path = format!("/v1/workspaces/{other}/invitations");
    let invited = server.admin.post(&path, json!({"invitees": [{"email": "bo@bolt.io"}]})).await;
    let token = link_token(&invited);
    let body = json!({"token": token});
    let own_cookie = cookie(&complete(&server.url, &bo.token).await);
    let accept = |headers: Vec<(&'static str, String)>| {
        let mut request = reqwest::Client::new().post(format!("{}/v1/invitations/accept", server.url));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.json(&body);
        async { Answer::of(request.send().await.unwrap()).await }
    };
    let bearer = |person: &Person| vec![("authorization", format!("Bearer {}", person.token))];
    for headers in [
        vec![],
        bearer(&server.admin),
        bearer(&cy),
        vec![("authorization", "Bearer lgp_garbage".into())],
        // What a foreign page could have sent.
        vec![("cookie", own_cookie.clone())],
    ] {
        let answer = accept(headers).await;
        answer.refused(401, "sign_in_first");
        assert_eq!(answer.headers.get("set-cookie"), None);
        bo.get(&format!("/v1/workspaces/{other}")).await.refused(404, "not_found");
    }
    // The invitation is as good as before, for the one it is for.
    let answer = accept(vec![("cookie", own_cookie), ("origin", server.url.clone())]).await;
    assert_eq!(answer.expect(200)["user"]["id"], bo.id.as_str());
    assert_eq!(answer.headers.get("set-cookie"), None, "it is signed in already");
    bo.get(&format!("/v1/workspaces/{other}")).await.expect(200);
    accept(bearer(&bo)).await.refused(410, "stale_token");
    let again = server.admin.post(&path, json!({"invitees": [{"email": "cy@bolt.io"}]})).await;
    let token = json!({"token": link_token(&again)});
    cy.post("/v1/invitations/accept", token).await.expect(200);
    cy.get(&format!("/v1/workspaces/{other}")).await.expect(200);
}

#[tokio::test]
async fn of_two_who_make_one_account_at_once_one_has_it() {
    let server = TestServer::start().await;
    let workspaces = [server.walled_workspace().await, server.walled_workspace().await];
    for number in 0..20 {
        let mut tokens = Vec::new();
        for workspace in &workspaces {
            let body = json!({"invitees": [{"email": format!("n{number}@bolt.io")}]});
            let path = format!("/v1/workspaces/{workspace}/invitations");
            tokens.push(link_token(&server.admin.post(&path, body).await));
        }
        let both = tokens.iter().map(|token| post(&server.url, "/v1/invitations/accept", json!({"token": token})));
        let answers = futures_util::future::join_all(both).await;
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401], "{answers:?}");
        for answer in answers {
            assert_eq!(answer.headers.contains_key("set-cookie"), answer.status == 200);
        }
    }
}

#[tokio::test]
async fn a_node_that_starts_removes_what_has_ended() {
    let server = TestServer::start().await;
    let (user, now) = (server.admin.id.parse().unwrap(), now_utc());
    let link = |number: u32, ends: OffsetDateTime| {
        let mut hash = [0; 32];
        hash[..4].copy_from_slice(&number.to_be_bytes());
        let (id, kind) = (CredentialId::new(), CredentialKind::SignInLink { single_use: true });
        Credential { id, user, kind, name: String::new(), hash, created_at: now, expires_at: Some(ends) }
    };
    // More than one statement removes.
    let ended: Vec<_> = (0..1_001).map(|number| link(number, now - time::Duration::minutes(1))).collect();
    let lasting = link(2_000, now + time::Duration::hours(1));
    let all = ended.iter().chain([&lasting]);
    let kept = all.map(|credential| server.store.add_credential(credential.clone()));
    futures_util::future::join_all(kept).await.into_iter().for_each(Result::unwrap);
    let smtp = Smtp::start(Manner::default());
    let _node = MailNode::start(&server, smtp.url()).await;
    // As of a time when none had ended.
    let then = now - time::Duration::hours(1);
    let ids: Vec<_> = ended.iter().chain([&lasting]).map(|credential| credential.id).collect();
    let removed = async {
        while server.store.ended_credentials(&ids, then).await.unwrap().len() < ended.len() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, removed).await.expect("in time");
    assert!(server.store.find_credential(lasting.hash, now).await.unwrap().is_some());
}

/// `loggia check` with a mail server's URL: whether it succeeds, and what it says.
async fn check(url: &str, trusted: Option<&Path>) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut options = NodeOptions::default()
        .env("LOGGIA_DATA", folder.path().to_str().unwrap())
        .env("LOGGIA_SMTP_URL", url)
        .env("LOGGIA_MAIL_FROM", "loggia@host.com");
    if let Some(file) = trusted {
        options = options.env("SSL_CERT_FILE", file.to_str().unwrap());
    }
    let output = options.run(&["check"]).await;
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    assert!(!said.contains("pass%25word") && !said.contains(PASSWORD), "no secret is shown: {said}");
    (output.status.success(), said)
}

#[tokio::test]
async fn check_asks_the_mail_server() {
    let smtp = Smtp::start(Manner { asks_for_password: true, ..Manner::default() });
    let (user, address) = (USER.replace('@', "%40"), smtp.address());
    let (fine, said) = check(&format!("smtp://{user}:pass%25word@{address}"), None).await;
    assert!(fine && said.starts_with("Settings, store and mail server are fine.\n"), "{said}");
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for (url, says) in [
        (format!("smtp://{user}:pass%25word1@{address}"), "no such user or password"),
        (format!("smtp://{user}:pass%25word@{dead}"), "refused"),
        (format!("smtp://{user}:pass%25word@{address}?tls=required"), "STARTTLS"),
        (format!("http://{user}:pass%25word@{address}"), "expected smtp://USER:PASSWORD@HOST:PORT"),
    ] {
        let (fine, said) = check(&url, None).await;
        assert!(!fine && said.contains(says) && said.contains("--smtp-url"), "{says}: {said}");
    }
    let options = NodeOptions::default().env("LOGGIA_SMTP_URL", smtp.url());
    let alone = String::from_utf8(options.run(&["check"]).await.stderr).unwrap();
    assert!(alone.contains("--smtp-url") && alone.contains("--mail-from") && alone.contains("give both"), "{alone}");
}

#[tokio::test]
async fn mails_go_by_tls_to_a_server_that_is_trusted() {
    for (encryption, scheme, setting) in
        [(Encryption::FromTheStart, "smtps", ""), (Encryption::WhenAsked, "smtp", "?tls=required")]
    {
        let mut smtp = Smtp::start(Manner { asks_for_password: true, tls: Some(encryption), ..Manner::default() });
        let url = format!("{scheme}://{}:pass%25word@{}{setting}", USER.replace('@', "%40"), smtp.address());
        let folder = tempfile::tempdir().unwrap();
        let trusted = folder.path().join("trusted.pem");
        std::fs::write(&trusted, smtp.certificate()).unwrap();
        let (fine, said) = check(&url, None).await;
        assert!(!fine && said.contains("certificate"), "{said}");
        let (fine, said) = check(&url, Some(&trusted)).await;
        assert!(fine, "{said}");
        let options = NodeOptions::default()
            .env("LOGGIA_DATA", folder.path().to_str().unwrap())
            .env("LOGGIA_SMTP_URL", url)
            .env("LOGGIA_MAIL_FROM", "loggia@host.com")
            .env("SSL_CERT_FILE", trusted.to_str().unwrap());
        options.team().await;
        let node = options.start().await;
        ask(&node.url, "ada@host.com").await.expect(202);
        let mail = smtp.next().await;
        assert!(mail.encrypted && mail.signed_in, "{mail:?}");
        let token = mail.token(&node.url, "sign_in");
        complete(&node.url, &token).await.expect(200);
        assert!(!node.log().contains(&token), "what is mailed is not logged");
    }
}

#[tokio::test]
async fn the_log_has_the_address_of_a_mail_that_could_not_be_sent_and_no_token() {
    let smtp = Smtp::start(Manner { says_back: true, ..Manner::default() });
    let folder = tempfile::tempdir().unwrap();
    let options = NodeOptions::default()
        .env("LOGGIA_DATA", folder.path().to_str().unwrap())
        .env("LOGGIA_SMTP_URL", smtp.url())
        .env("LOGGIA_MAIL_FROM", "loggia@host.com");
    options.team().await;
    let node = options.start().await;
    ask(&node.url, "ada@host.com").await.expect(202);
    let log = until(|| Some(node.log()).filter(|log| log.contains("is given up"))).await;
    let line = log.lines().find(|line| line.contains("is given up")).unwrap();
    assert!(line.contains("ada@host.com") && line.contains("not this:"), "{line}");
    assert!(line.contains("#sign_in=[secret]"), "{line}");
}
