//! Who somebody is: secrets that stand for a person, the mails that bring them, and pictures. A secret is shown once and kept as a hash.

pub mod avatar;
pub mod export_link;
pub mod limits;
pub mod mail;

use crate::id::{CredentialId, UserId};
use crate::store::{Credential, CredentialKind, Store, User};
use crate::workspace::problem::{Code, Problem};
use dashmap::DashMap;
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;
use std::time::Instant;
use time::{Duration, OffsetDateTime};

/// How long a browser stays signed in.
pub const SESSION_DAYS: i64 = 30;
/// Personal access tokens a person may have.
pub const MOST_TOKENS: usize = 100;
/// Credentials that are removed by one statement: others write between two of them.
const PURGED_AT_ONCE: usize = 1_000;
/// What a personal access token starts with, so that scanners find leaked ones.
pub const TOKEN_PREFIX: &str = "lgp_";

/// How long somebody is known without the store, after it last was asked: so long an outage is no reason to send people
/// away who were here.
const KNOWN_FOR: std::time::Duration = std::time::Duration::from_secs(600);
/// How many are known without it.
const MOST_KNOWN: usize = 100_000;

/// A secret that must not be logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// 256 bits from the system's generator, in hexadecimal.
    #[must_use]
    pub fn new(prefix: &str) -> Self {
        let bytes: [u8; 32] = rand::random();
        Self(bytes.iter().fold(prefix.to_owned(), |text, byte| text + &format!("{byte:02x}")))
    }

    /// To be given to its owner.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        hash(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// SHA-256: enough for secrets of 256 random bits, which nobody can guess.
#[must_use]
pub fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Somebody who has shown a credential.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// By what.
    pub credential: CredentialId,
}

/// Gives out credentials, and knows them again.
#[derive(Clone)]
pub struct Identity {
    store: Arc<dyn Store>,
    /// By the secret's hash. Asked only when the store can't be.
    known: Arc<DashMap<[u8; 32], Known>>,
}

struct Known {
    signed_in: SignedIn,
    expires_at: Option<OffsetDateTime>,
    since: Instant,
}

impl Identity {
    /// An identity service upon a store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, known: Arc::default() }
    }

    /// Who a cookie or token stands for. While the store can't be asked, whoever was recognised here a moment ago is
    /// still: nobody can end a credential meanwhile.
    ///
    /// # Errors
    /// `signed_out`, or `unavailable`.
    pub async fn recognise(&self, secret: &str, now: OffsetDateTime) -> Result<SignedIn, Problem> {
        let hash = hash(secret);
        let found = match self.store.find_credential(hash, now).await {
            Ok(found) => found,
            Err(error) => {
                let unavailable = crate::store::unavailable(error);
                return self.remembered(&hash, now).ok_or(unavailable);
            }
        };
        match found.filter(|(credential, _)| !matches!(credential.kind, CredentialKind::SignInLink { .. })) {
            Some((credential, user)) => {
                let signed_in = SignedIn { user, credential: credential.id };
                self.remember(hash, &signed_in, credential.expires_at);
                Ok(signed_in)
            }
            None => {
                self.known.remove(&hash);
                Err(Code::SignedOut.into())
            }
        }
    }

    fn remembered(&self, hash: &[u8; 32], now: OffsetDateTime) -> Option<SignedIn> {
        let known = self.known.get(hash)?;
        let lasts = known.expires_at.is_none_or(|end| now < end) && known.since.elapsed() < KNOWN_FOR;
        lasts.then(|| known.signed_in.clone())
    }

    fn remember(&self, hash: [u8; 32], signed_in: &SignedIn, expires_at: Option<OffsetDateTime>) {
        if self.known.len() >= MOST_KNOWN {
            self.known.retain(|_, known| known.since.elapsed() < KNOWN_FOR);
        }
        if self.known.len() < MOST_KNOWN {
            self.known.insert(hash, Known { signed_in: signed_in.clone(), expires_at, since: Instant::now() });
        }
    }

    /// A credential has ended: nobody is known by it any more.
    pub fn forget(&self, credential: CredentialId) {
        self.known.retain(|_, known| known.signed_in.credential != credential);
    }

    /// Signs a browser in by the token of a link, or by a personal access token.
    ///
    /// # Errors
    /// `stale_token`, or `unavailable`.
    pub async fn complete(&self, token: &str, now: OffsetDateTime) -> Result<(User, Secret), Problem> {
        let found = self.store.find_credential(hash(token), now).await.map_err(crate::store::unavailable)?;
        let (credential, user) = found.ok_or(Code::StaleToken)?;
        match credential.kind {
            CredentialKind::Session => return Err(Code::StaleToken.into()),
            CredentialKind::SignInLink { single_use: true } => {
                let first =
                    self.store.end_credential(user.id, credential.id).await.map_err(crate::store::unavailable)?;
                if !first {
                    return Err(Code::StaleToken.into());
                }
            }
            CredentialKind::SignInLink { single_use: false } | CredentialKind::Token => {}
        }
        let secret = self.sign_in(user.id, now).await?;
        Ok((user, secret))
    }

    /// A new signed-in browser.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn sign_in(&self, user: UserId, now: OffsetDateTime) -> Result<Secret, Problem> {
        let secret = Secret::new("");
        self.keep(user, CredentialKind::Session, "", &secret, now, Some(now + Duration::days(SESSION_DAYS))).await?;
        Ok(secret)
    }

    /// A link's token.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn link(
        &self,
        user: UserId,
        single_use: bool,
        now: OffsetDateTime,
        life: Duration,
    ) -> Result<Secret, Problem> {
        let secret = Secret::new("");
        self.keep(user, CredentialKind::SignInLink { single_use }, "", &secret, now, Some(now + life)).await?;
        Ok(secret)
    }

    /// A personal access token. It lasts until it is ended.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn token(&self, user: UserId, name: &str, now: OffsetDateTime) -> Result<(Credential, Secret), Problem> {
        let secret = Secret::new(TOKEN_PREFIX);
        let credential = self.keep(user, CredentialKind::Token, name, &secret, now, None).await?;
        Ok((credential, secret))
    }

    /// Removes all credentials that have ended by themselves.
    ///
    /// # Errors
    /// When the store can't be written.
    pub async fn purge(&self, now: OffsetDateTime) -> anyhow::Result<()> {
        while self.store.purge_credentials(now, PURGED_AT_ONCE).await? == PURGED_AT_ONCE {}
        Ok(())
    }

    async fn keep(
        &self,
        user: UserId,
        kind: CredentialKind,
        name: &str,
        secret: &Secret,
        created_at: OffsetDateTime,
        expires_at: Option<OffsetDateTime>,
    ) -> Result<Credential, Problem> {
        let id = CredentialId::new();
        let credential =
            Credential { id, user, kind, name: name.to_owned(), hash: secret.hash(), created_at, expires_at };
        self.store.add_credential(credential.clone()).await.map_err(crate::store::unavailable)?;
        Ok(credential)
    }
}
