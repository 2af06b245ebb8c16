//! Accounts: users, teams, pictures, credentials.

use super::{get_bytes, get_optional_uuid, get_time, get_uuid, micros};
use crate::{
    id::{CredentialId, TeamId, UserId},
    store::{Credential, CredentialKind, Team, User},
};
use anyhow::Context;
use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Row, params, types::FromSqlError};
use time::OffsetDateTime;

pub(super) fn create_team(connection: &Connection, team: &Team, admin: &User) -> anyhow::Result<User> {
    let id = team.id.0.into_bytes();
    connection.prepare_cached("INSERT INTO teams (id, name) VALUES (?1, ?2)")?.execute(params![id, team.name])?;
    let mut insert = connection.prepare_cached("INSERT INTO team_domains (team, place, domain) VALUES (?1, ?2, ?3)")?;
    for (place, domain) in (0_i64..).zip(&team.domains) {
        insert.execute(params![id, place, domain])?;
    }
    let account = ensure(connection, &User { team: Some(team.id), ..admin.clone() })?;
    connection
        .prepare_cached("UPDATE users SET team = ?2 WHERE id = ?1")?
        .execute(params![account.id.0.into_bytes(), id])?;
    Ok(User { team: Some(team.id), ..account })
}

pub(super) fn has_team(connection: &Connection) -> anyhow::Result<bool> {
    Ok(connection.prepare_cached("SELECT 1 FROM teams LIMIT 1")?.exists([])?)
}

pub(super) fn team(connection: &Connection, id: TeamId) -> anyhow::Result<Option<Team>> {
    let key = [id.0.into_bytes()];
    let name = connection
        .prepare_cached("SELECT name FROM teams WHERE id = ?1")?
        .query_row(key, |row| row.get(0))
        .optional()?;
    let Some(name) = name else { return Ok(None) };
    let mut select = connection.prepare_cached("SELECT domain FROM team_domains WHERE team = ?1 ORDER BY place")?;
    let domains = select.query_map(key, |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(Some(Team { id, name, domains }))
}

pub(super) fn ensure(connection: &Connection, user: &User) -> anyhow::Result<User> {
    let team = user.team.map(|team| team.0.into_bytes());
    connection
        .prepare_cached(
            "INSERT INTO users (id, email, name, team) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (email) DO UPDATE SET team = excluded.team
             WHERE users.team IS NULL AND excluded.team IS NOT NULL",
        )?
        .execute(params![user.id.0.into_bytes(), user.email, user.name, team])?;
    by_email(connection, &user.email)?.context("the account that was made is not there")
}

pub(super) fn by_id(connection: &Connection, id: UserId) -> anyhow::Result<Option<User>> {
    Ok(connection
        .prepare_cached(
            "SELECT u.id, u.email, u.name, u.team, a.hash
             FROM users u LEFT JOIN avatars a ON a.user = u.id WHERE u.id = ?1",
        )?
        .query_row([id.0.into_bytes()], |row| user(row, 0))
        .optional()?)
}

pub(super) fn by_email(connection: &Connection, email: &str) -> anyhow::Result<Option<User>> {
    Ok(connection
        .prepare_cached(
            "SELECT u.id, u.email, u.name, u.team, a.hash
             FROM users u LEFT JOIN avatars a ON a.user = u.id WHERE u.email = ?1",
        )?
        .query_row([email], |row| user(row, 0))
        .optional()?)
}

fn user(row: &Row<'_>, first: usize) -> rusqlite::Result<User> {
    Ok(User {
        id: UserId(get_uuid(row, first)?),
        email: row.get(first + 1)?,
        name: row.get(first + 2)?,
        team: get_optional_uuid(row, first + 3)?.map(TeamId),
        avatar: row.get(first + 4)?,
    })
}

pub(super) fn rename(connection: &Connection, id: UserId, name: &str) -> anyhow::Result<Option<User>> {
    connection.prepare_cached("UPDATE users SET name = ?2 WHERE id = ?1")?.execute(params![id.0.into_bytes(), name])?;
    by_id(connection, id)
}

pub(super) fn set_avatar(
    connection: &Connection,
    id: UserId,
    picture: Option<&(String, Bytes)>,
) -> anyhow::Result<Option<User>> {
    let key = id.0.into_bytes();
    match picture {
        // From the account, so that one that is not there is no error.
        Some((hash, picture)) => connection
            .prepare_cached(
                "INSERT INTO avatars (user, hash, picture)
                 SELECT id, ?2, ?3 FROM users WHERE id = ?1
                 ON CONFLICT (user) DO UPDATE
                 SET hash = excluded.hash, picture = excluded.picture",
            )?
            .execute(params![key, hash, &picture[..]])?,
        None => connection.prepare_cached("DELETE FROM avatars WHERE user = ?1")?.execute([key])?,
    };
    by_id(connection, id)
}

pub(super) fn avatar(connection: &Connection, id: UserId) -> anyhow::Result<Option<(String, Bytes)>> {
    Ok(connection
        .prepare_cached("SELECT hash, picture FROM avatars WHERE user = ?1")?
        .query_row([id.0.into_bytes()], |row| Ok((row.get(0)?, get_bytes(row, 1)?)))
        .optional()?)
}

pub(super) fn add_credential(connection: &Connection, credential: &Credential) -> anyhow::Result<()> {
    let kind = match credential.kind {
        CredentialKind::SignInLink { single_use: false } => "link",
        CredentialKind::SignInLink { single_use: true } => "single-use link",
        CredentialKind::Session => "session",
        CredentialKind::Token => "token",
    };
    connection
        .prepare_cached(
            "INSERT INTO credentials (id, user, kind, name, hash, created_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            credential.id.0.into_bytes(),
            credential.user.0.into_bytes(),
            kind,
            credential.name,
            credential.hash,
            micros(credential.created_at)?,
            credential.expires_at.map(micros).transpose()?,
        ])?;
    Ok(())
}

pub(super) fn find_credential(
    connection: &Connection,
    hash: [u8; 32],
    now: OffsetDateTime,
) -> anyhow::Result<Option<(Credential, User)>> {
    Ok(connection
        .prepare_cached(
            "SELECT c.id, c.user, c.kind, c.name, c.hash, c.created_at, c.expires_at,
                    u.id, u.email, u.name, u.team, a.hash
             FROM credentials c JOIN users u ON u.id = c.user
             LEFT JOIN avatars a ON a.user = u.id
             WHERE c.hash = ?1 AND (c.expires_at IS NULL OR c.expires_at > ?2)",
        )?
        .query_row(params![hash, micros(now)?], |row| Ok((credential(row)?, user(row, 7)?)))
        .optional()?)
}

fn credential(row: &Row<'_>) -> rusqlite::Result<Credential> {
    Ok(Credential {
        id: CredentialId(get_uuid(row, 0)?),
        user: UserId(get_uuid(row, 1)?),
        kind: match row.get_ref(2)?.as_str()? {
            "link" => CredentialKind::SignInLink { single_use: false },
            "single-use link" => CredentialKind::SignInLink { single_use: true },
            "session" => CredentialKind::Session,
            "token" => CredentialKind::Token,
            _ => return Err(FromSqlError::InvalidType.into()),
        },
        name: row.get(3)?,
        hash: row.get(4)?,
        created_at: get_time(row, 5)?,
        expires_at: match row.get::<_, Option<i64>>(6)? {
            Some(_) => Some(get_time(row, 6)?),
            None => None,
        },
    })
}

pub(super) fn end_credential(connection: &Connection, user: UserId, id: CredentialId) -> anyhow::Result<bool> {
    let ended = connection
        .prepare_cached("DELETE FROM credentials WHERE id = ?1 AND user = ?2")?
        .execute([id.0.into_bytes(), user.0.into_bytes()])?;
    Ok(ended == 1)
}

pub(super) fn ended_credentials(
    connection: &Connection,
    credentials: &[CredentialId],
    now: OffsetDateTime,
) -> anyhow::Result<Vec<CredentialId>> {
    let now = micros(now)?;
    let mut select = connection
        .prepare_cached("SELECT 1 FROM credentials WHERE id = ?1 AND (expires_at IS NULL OR expires_at > ?2)")?;
    let mut ended = Vec::new();
    for id in credentials {
        if !select.exists(params![id.0.into_bytes(), now])? {
            ended.push(*id);
        }
    }
    Ok(ended)
}

pub(super) fn purge_credentials(connection: &Connection, now: OffsetDateTime, limit: usize) -> anyhow::Result<usize> {
    let purged = connection
        .prepare_cached(
            "DELETE FROM credentials WHERE id IN (SELECT id FROM credentials WHERE expires_at <= ?1 LIMIT ?2)",
        )?
        .execute(params![micros(now)?, i64::try_from(limit)?])?;
    Ok(purged)
}

pub(super) fn tokens(connection: &Connection, user: UserId) -> anyhow::Result<Vec<Credential>> {
    let mut select = connection.prepare_cached(
        "SELECT id, user, kind, name, hash, created_at, expires_at FROM credentials
         WHERE user = ?1 AND kind = 'token' ORDER BY created_at, id",
    )?;
    let tokens = select.query_map([user.0.into_bytes()], credential)?;
    Ok(tokens.collect::<Result<_, _>>()?)
}
