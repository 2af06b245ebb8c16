//! How far people have come.

use super::{get_optional_time, get_time, get_uuid, micros};
use crate::id::{UserId, WorkspaceId};
use crate::store::engagement::Engagement;
use rusqlite::{Connection, Row, params};

pub(super) fn engage(connection: &Connection, signs: &[Engagement]) -> anyhow::Result<()> {
    // SQLite's min() is NULL when one of its arguments is.
    let mut upsert = connection.prepare_cached(
        "INSERT INTO engagement AS old (workspace, user, first_visit, first_call, first_success, last_seen)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (workspace, user) DO UPDATE SET
             first_visit = min(ifnull(old.first_visit, excluded.first_visit),
                               ifnull(excluded.first_visit, old.first_visit)),
             first_call = min(ifnull(old.first_call, excluded.first_call),
                              ifnull(excluded.first_call, old.first_call)),
             first_success = min(ifnull(old.first_success, excluded.first_success),
                                 ifnull(excluded.first_success, old.first_success)),
             last_seen = max(old.last_seen, excluded.last_seen)",
    )?;
    for sign in signs {
        upsert.execute(params![
            sign.workspace.0.into_bytes(),
            sign.user.0.into_bytes(),
            sign.first_visit.map(micros).transpose()?,
            sign.first_call.map(micros).transpose()?,
            sign.first_success.map(micros).transpose()?,
            micros(sign.last_seen)?,
        ])?;
    }
    Ok(())
}

pub(super) fn of(connection: &Connection, workspace: WorkspaceId) -> anyhow::Result<Vec<Engagement>> {
    let mut select = connection.prepare_cached(
        "SELECT user, first_visit, first_call, first_success, last_seen FROM engagement
         WHERE workspace = ?1 ORDER BY user",
    )?;
    let engagement = |row: &Row<'_>| {
        Ok(Engagement {
            workspace,
            user: UserId(get_uuid(row, 0)?),
            first_visit: get_optional_time(row, 1)?,
            first_call: get_optional_time(row, 2)?,
            first_success: get_optional_time(row, 3)?,
            last_seen: get_time(row, 4)?,
        })
    };
    let all = select.query_map([workspace.0.into_bytes()], engagement)?;
    Ok(all.collect::<Result<_, _>>()?)
}
