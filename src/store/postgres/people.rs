//! Accounts: users, teams, pictures, credentials.

use super::{
    connections::{Connections, Params},
    convert::{get_bytes, get_name, get_time, micros, time},
};
use crate::{
    id::{CredentialId, TeamId, UserId},
    store::{Credential, CredentialKind, Team, User},
};
use anyhow::{Context, bail};
use bytes::Bytes;
use time::OffsetDateTime;
use tokio_postgres::Row;
use uuid::Uuid;

/// None when it was to be the first team, and isn't.
pub(super) async fn create_team(
    connections: &Connections,
    only_first: bool,
    team: &Team,
    admin: &User,
) -> anyhow::Result<Option<User>> {
    let rows = connections
        .write(
            "SELECT a.id, a.email, a.name, a.team, (SELECT p.hash FROM avatars p WHERE p.account = a.id)
             FROM make_team($1, $2, $3, $4, $5, $6, $7) a",
            &[
                &only_first,
                &team.id.0,
                &team.name.as_bytes(),
                &team.domains,
                &admin.id.0,
                &admin.email,
                &admin.name.as_bytes(),
            ],
        )
        .await?;
    first_user(&rows)
}

pub(super) async fn has_team(connections: &Connections) -> anyhow::Result<bool> {
    Ok(!connections.read("SELECT 1 FROM teams LIMIT 1", &[]).await?.is_empty())
}

pub(super) async fn team(connections: &Connections, id: TeamId) -> anyhow::Result<Option<Team>> {
    let rows = connections
        .read(
            "SELECT t.name, ARRAY(SELECT d.domain FROM team_domains d WHERE d.team = t.id ORDER BY d.place)
             FROM teams t WHERE t.id = $1",
            &[&id.0],
        )
        .await?;
    rows.first().map(|row| Ok(Team { id, name: get_name(row, 0)?, domains: row.try_get(1)? })).transpose()
}

pub(super) async fn ensure(connections: &Connections, user: &User) -> anyhow::Result<User> {
    // An update also of the account that has its team already: only a row that was written is given back, and one
    // that another is making at this moment can't be seen otherwise.
    let rows = connections
        .write(
            "INSERT INTO accounts AS a (id, email, name, team) VALUES ($1, $2, $3, $4)
             ON CONFLICT (email) DO UPDATE SET team = coalesce(a.team, excluded.team)
             RETURNING a.id, a.email, a.name, a.team, (SELECT p.hash FROM avatars p WHERE p.account = a.id)",
            &[&user.id.0, &user.email, &user.name.as_bytes(), &user.team.map(|team| team.0)],
        )
        .await?;
    first_user(&rows)?.context("the account that was made is not there")
}

pub(super) async fn by_id(connections: &Connections, id: UserId) -> anyhow::Result<Option<User>> {
    let sql = "SELECT a.id, a.email, a.name, a.team, p.hash
               FROM accounts a LEFT JOIN avatars p ON p.account = a.id WHERE a.id = $1";
    first_user(&connections.read(sql, &[&id.0]).await?)
}

pub(super) async fn by_email(connections: &Connections, email: &str) -> anyhow::Result<Option<User>> {
    let sql = "SELECT a.id, a.email, a.name, a.team, p.hash
               FROM accounts a LEFT JOIN avatars p ON p.account = a.id WHERE a.email = $1";
    first_user(&connections.read(sql, &[&email]).await?)
}

fn first_user(rows: &[Row]) -> anyhow::Result<Option<User>> {
    rows.first().map(|row| user(row, 0)).transpose()
}

fn user(row: &Row, first: usize) -> anyhow::Result<User> {
    Ok(User {
        id: UserId(row.try_get(first)?),
        email: row.try_get(first + 1)?,
        name: get_name(row, first + 2)?,
        team: row.try_get::<_, Option<Uuid>>(first + 3)?.map(TeamId),
        avatar: row.try_get(first + 4)?,
    })
}

pub(super) async fn rename(connections: &Connections, id: UserId, name: &str) -> anyhow::Result<Option<User>> {
    let sql = "UPDATE accounts a SET name = $2 WHERE a.id = $1
               RETURNING a.id, a.email, a.name, a.team, (SELECT p.hash FROM avatars p WHERE p.account = a.id)";
    first_user(&connections.write(sql, &[&id.0, &name.as_bytes()]).await?)
}

pub(super) async fn set_avatar(
    connections: &Connections,
    id: UserId,
    picture: Option<&(String, Bytes)>,
) -> anyhow::Result<Option<User>> {
    // The account is read as it was before: its picture's hash comes from here.
    let (sql, params): (_, Params<'_>) = match picture {
        // From the account, so that one that is not there is no error.
        Some((hash, picture)) => (
            "WITH kept AS (
                 INSERT INTO avatars (account, hash, picture) SELECT id, $2::TEXT, $3::BYTEA FROM accounts WHERE id = $1
                 ON CONFLICT (account) DO UPDATE SET hash = excluded.hash, picture = excluded.picture
             )
             SELECT id, email, name, team, $2::TEXT FROM accounts WHERE id = $1",
            &[&id.0, hash, &&picture[..]],
        ),
        None => (
            "WITH gone AS (DELETE FROM avatars WHERE account = $1)
             SELECT id, email, name, team, NULL::TEXT FROM accounts WHERE id = $1",
            &[&id.0],
        ),
    };
    first_user(&connections.write(sql, params).await?)
}

pub(super) async fn avatar(connections: &Connections, id: UserId) -> anyhow::Result<Option<(String, Bytes)>> {
    let rows = connections.read("SELECT hash, picture FROM avatars WHERE account = $1", &[&id.0]).await?;
    rows.first().map(|row| Ok((row.try_get(0)?, get_bytes(row, 1)?))).transpose()
}

pub(super) async fn add_credential(connections: &Connections, credential: &Credential) -> anyhow::Result<()> {
    let kind = match credential.kind {
        CredentialKind::SignInLink { single_use: false } => "link",
        CredentialKind::SignInLink { single_use: true } => "single-use link",
        CredentialKind::Session => "session",
        CredentialKind::Token => "token",
    };
    connections
        .write(
            "INSERT INTO credentials (id, account, kind, name, hash, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[
                &credential.id.0,
                &credential.user.0,
                &kind,
                &credential.name.as_bytes(),
                &&credential.hash[..],
                &micros(credential.created_at)?,
                &credential.expires_at.map(micros).transpose()?,
            ],
        )
        .await
        .map(drop)
}

/// A credential and whose it is, or why that can't be read.
pub(super) type FoundCredential = anyhow::Result<(Credential, User)>;

/// Those of these hashes that there are, ended or not.
pub(super) async fn find_credentials(
    connections: &Connections,
    hashes: &[&[u8]],
) -> anyhow::Result<Vec<(Vec<u8>, FoundCredential)>> {
    let rows = connections
        .read(
            "SELECT c.id, c.account, c.kind, c.name, c.hash, c.created_at, c.expires_at,
                    a.id, a.email, a.name, a.team, p.hash
             FROM credentials c JOIN accounts a ON a.id = c.account
             LEFT JOIN avatars p ON p.account = a.id
             WHERE c.hash = ANY($1)",
            &[&hashes],
        )
        .await?;
    let found = |row: &Row| credential(row).and_then(|credential| Ok((credential, user(row, 7)?)));
    rows.iter().map(|row| Ok((row.try_get(4)?, found(row)))).collect()
}

fn credential(row: &Row) -> anyhow::Result<Credential> {
    Ok(Credential {
        id: CredentialId(row.try_get(0)?),
        user: UserId(row.try_get(1)?),
        kind: match row.try_get(2)? {
            "link" => CredentialKind::SignInLink { single_use: false },
            "single-use link" => CredentialKind::SignInLink { single_use: true },
            "session" => CredentialKind::Session,
            "token" => CredentialKind::Token,
            other => bail!("there is no credential of kind {other}"),
        },
        name: get_name(row, 3)?,
        hash: row.try_get::<_, &[u8]>(4)?.try_into().context("read a hash")?,
        created_at: get_time(row, 5)?,
        expires_at: row.try_get::<_, Option<i64>>(6)?.map(time).transpose()?,
    })
}

pub(super) async fn end_credential(connections: &Connections, user: UserId, id: CredentialId) -> anyhow::Result<bool> {
    let sql = "DELETE FROM credentials WHERE id = $1 AND account = $2 RETURNING 1";
    Ok(!connections.write(sql, &[&id.0, &user.0]).await?.is_empty())
}

pub(super) async fn ended_credentials(
    connections: &Connections,
    credentials: &[CredentialId],
    now: OffsetDateTime,
) -> anyhow::Result<Vec<CredentialId>> {
    let ids: Vec<Uuid> = credentials.iter().map(|id| id.0).collect();
    let sql = "SELECT asked.id FROM unnest($1::UUID[]) AS asked (id) WHERE NOT EXISTS (
                   SELECT 1 FROM credentials c
                   WHERE c.id = asked.id AND (c.expires_at IS NULL OR c.expires_at > $2)
               )";
    let rows = connections.read(sql, &[&ids, &micros(now)?]).await?;
    rows.iter().map(|row| Ok(CredentialId(row.try_get(0)?))).collect()
}

pub(super) async fn purge_credentials(
    connections: &Connections,
    now: OffsetDateTime,
    limit: usize,
) -> anyhow::Result<usize> {
    // Rows that another node is removing are passed over: the two don't wait for each other.
    let sql = "DELETE FROM credentials WHERE id IN (
                   SELECT id FROM credentials WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED
               ) RETURNING 1";
    Ok(connections.write(sql, &[&micros(now)?, &i64::try_from(limit)?]).await?.len())
}

pub(super) async fn tokens(connections: &Connections, user: UserId) -> anyhow::Result<Vec<Credential>> {
    let rows = connections
        .read(
            "SELECT id, account, kind, name, hash, created_at, expires_at FROM credentials
             WHERE account = $1 AND kind = 'token' ORDER BY created_at, id",
            &[&user.0],
        )
        .await?;
    rows.iter().map(credential).collect()
}
