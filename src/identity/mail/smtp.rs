//! The way to a mail server.

use super::letter::Letter;
use anyhow::{Context, bail, ensure};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use reqwest::Url;
use std::time::Duration;
use tokio::time::timeout;

/// How long connecting may take, and how long the server may take to answer a check.
const LIMIT: Duration = Duration::from_secs(10);

/// A mail server, and whom mails are from.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Why a letter was not sent.
pub(super) struct Failure {
    /// What the server or the way to it said.
    pub(super) error: String,
    /// Whether another attempt would end the same.
    pub(super) is_final: bool,
}

impl Smtp {
    /// Reads the settings; connects to nothing. `smtp://USER:PASSWORD@HOST:PORT` begins in the clear and goes on by TLS
    /// (STARTTLS), which must be had, but for `?tls=none` and for this machine; `smtps://` is TLS from the start. `from` is
    /// an address, with a name perhaps: `Loggia <loggia@example.com>`.
    ///
    /// # Errors
    /// Says what is wrong with which of the two. No error tells a part of the URL: it holds a password.
    pub fn new(url: &str, from: &str) -> anyhow::Result<Self> {
        let transport = transport(url).context("reading --smtp-url (LOGGIA_SMTP_URL)")?;
        let from = from.parse().with_context(|| {
            format!("--mail-from (LOGGIA_MAIL_FROM) {from}: this is no address that mails can be from")
        })?;
        Ok(Self { transport, from })
    }

    /// Whether the server answers, and takes the user and password.
    ///
    /// # Errors
    /// Why not.
    pub async fn check(&self) -> anyhow::Result<()> {
        let answered = timeout(LIMIT, self.transport.test_connection()).await;
        let answered = answered.map_err(|_| anyhow::anyhow!("no answer within {LIMIT:?}"))?;
        ensure!(answered?, "it greets, and then answers no more");
        Ok(())
    }

    pub(super) async fn send(&self, letter: &Letter) -> Result<(), Failure> {
        let message = self.message(letter).map_err(|error| Failure { error: format!("{error:#}"), is_final: true })?;
        let sent = self.transport.send(message).await;
        sent.map(drop).map_err(|error| Failure {
            // What can't be done with this server (no TLS, say) and what it refuses for good.
            is_final: error.is_permanent() || error.is_client(),
            error: error.to_string(),
        })
    }

    fn message(&self, letter: &Letter) -> anyhow::Result<Message> {
        let to: Address = letter.to.parse().context("this is no address that mails can be sent to")?;
        // So that nobody's holiday note comes back.
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        Message::builder()
            .from(self.from.clone())
            .to(to.into())
            .subject(&letter.subject)
            .date_now()
            .message_id(None)
            .raw_header(HeaderValue::new(automatic, "auto-generated".into()))
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.clone())
            .context("writing the mail")
    }
}

fn transport(url: &str) -> anyhow::Result<AsyncSmtpTransport<Tokio1Executor>> {
    let expected = "expected smtp://USER:PASSWORD@HOST:PORT or smtps://…, with special characters percent-encoded";
    let url: Url = url.parse().ok().context(expected)?;
    let host = url.host_str().filter(|host| !host.is_empty()).context(expected)?;
    // An IPv6 address stands in brackets in a URL alone.
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    ensure!(matches!(url.path(), "" | "/") && url.fragment().is_none(), "{expected}, and no path");
    let mut tls = None;
    for (name, value) in url.query_pairs() {
        match (name.as_ref(), value.as_ref()) {
            ("tls", "none" | "required") => tls = Some(value == "required"),
            _ => bail!("of settings behind the question mark there are tls=required and tls=none"),
        }
    }
    let parameters = || TlsParameters::new(host.clone()).context("setting up TLS");
    let (tls, port) = match (url.scheme(), tls) {
        ("smtps", None | Some(true)) => (Tls::Wrapper(parameters()?), 465),
        ("smtps", Some(false)) => bail!("smtps:// is TLS from the start: tls=none contradicts it"),
        ("smtp", tls) if tls.unwrap_or_else(|| !is_this_machine(&host)) => (Tls::Required(parameters()?), 587),
        ("smtp", _) => (Tls::None, 25),
        _ => bail!(expected),
    };
    let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host);
    let mut builder = builder.tls(tls).port(url.port().unwrap_or(port)).timeout(Some(LIMIT));
    let text = |part: &str| {
        let decoded = percent_encoding::percent_decode_str(part).decode_utf8();
        decoded.map(String::from).context("user and password must be UTF-8, percent-encoded")
    };
    match (url.username(), url.password()) {
        ("", None) => {}
        ("", Some(_)) | (_, None) => bail!("a user and a password go together: {expected}"),
        (user, Some(password)) => builder = builder.credentials(Credentials::new(text(user)?, text(password)?)),
    }
    Ok(builder.build())
}

/// What is said to this machine passes no network.
fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_url_that_is_none_is_refused_and_not_repeated() {
        for (url, says) in [
            ("mail.example.com", "expected smtp://"),
            ("http://user:hunter2@mail.example.com", "expected smtp://"),
            ("smtp://user:hunter2@mail.example.com/path", "no path"),
            ("smtp://user:hunter2@mail.example.com:99999", "expected smtp://"),
            ("smtp://hunter2@mail.example.com", "go together"),
            ("smtp://:hunter2@mail.example.com", "go together"),
            ("smtp://user:hunter2%ff@mail.example.com", "UTF-8"),
            ("smtp://user:hunter2@mail.example.com?tls=maybe", "tls=required and tls=none"),
            ("smtps://user:hunter2@mail.example.com?tls=none", "contradicts"),
        ] {
            let error = format!("{:#}", Smtp::new(url, "a@example.com").err().expect(url));
            assert!(error.contains(says) && error.contains("--smtp-url"), "{url}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        let error = format!("{:#}", Smtp::new("smtp://mail.example.com", "nobody").err().expect("no address"));
        assert!(error.contains("--mail-from (LOGGIA_MAIL_FROM) nobody"), "{error}");
        for url in [
            "smtp://localhost",
            "smtp://[::1]:2525",
            "smtps://u:p%40@mail.example.com:2465",
            "smtp://u:p@mail.example.com?tls=none",
        ] {
            assert!(Smtp::new(url, "Loggia <loggia@example.com>").is_ok(), "{url}");
        }
    }

    #[test]
    fn this_machine_has_these_names() {
        for host in ["localhost", "127.0.0.1", "127.1.2.3", "::1"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["mail.example.com", "10.0.0.1", "localhost.example.com", "::2"] {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
