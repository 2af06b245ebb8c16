//! How far people have come.

use super::{
    connections::Connections,
    convert::{get_time, micros, time},
};
use crate::id::{UserId, WorkspaceId};
use crate::store::engagement::Engagement;
use ::time::OffsetDateTime;
use tokio_postgres::Row;
use uuid::Uuid;

pub(super) async fn engage(connections: &Connections, signs: &[Engagement]) -> anyhow::Result<()> {
    // In one order, so that two nodes that write the same rows at once wait for each other and don't lock up.
    let mut signs = signs.to_vec();
    signs.sort_unstable_by_key(|sign| (sign.workspace, sign.user));
    let workspaces: Vec<Uuid> = signs.iter().map(|sign| sign.workspace.0).collect();
    let users: Vec<Uuid> = signs.iter().map(|sign| sign.user.0).collect();
    let times = |of: fn(&Engagement) -> Option<OffsetDateTime>| {
        signs.iter().map(|sign| of(sign).map(micros).transpose()).collect::<anyhow::Result<Vec<Option<i64>>>>()
    };
    let (visits, calls) = (times(|sign| sign.first_visit)?, times(|sign| sign.first_call)?);
    let (successes, last) = (times(|sign| sign.first_success)?, times(|sign| Some(sign.last_seen))?);
    // PostgreSQL's least() passes over NULL.
    let sql = "INSERT INTO engagement AS old (workspace, account, first_visit, first_call, first_success, last_seen)
        SELECT * FROM unnest($1::UUID[], $2::UUID[], $3::BIGINT[], $4::BIGINT[], $5::BIGINT[], $6::BIGINT[])
        ON CONFLICT (workspace, account) DO UPDATE SET
            first_visit = least(old.first_visit, excluded.first_visit),
            first_call = least(old.first_call, excluded.first_call),
            first_success = least(old.first_success, excluded.first_success),
            last_seen = greatest(old.last_seen, excluded.last_seen)";
    connections.write(sql, &[&workspaces, &users, &visits, &calls, &successes, &last]).await.map(drop)
}

pub(super) async fn of(connections: &Connections, workspace: WorkspaceId) -> anyhow::Result<Vec<Engagement>> {
    let sql = "SELECT account, first_visit, first_call, first_success, last_seen FROM engagement
               WHERE workspace = $1 ORDER BY account";
    let optional = |row: &Row, column: usize| row.try_get::<_, Option<i64>>(column)?.map(time).transpose();
    let rows = connections.read(sql, &[&workspace.0]).await?;
    let engagement = |row: &Row| {
        Ok(Engagement {
            workspace,
            user: UserId(row.try_get(0)?),
            first_visit: optional(row, 1)?,
            first_call: optional(row, 2)?,
            first_success: optional(row, 3)?,
            last_seen: get_time(row, 4)?,
        })
    };
    rows.iter().map(engagement).collect()
}
