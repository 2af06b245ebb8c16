//! Rows of what is a person's own, read.

use super::super::convert::{get_count, get_name, get_time, time};
use crate::{
    id::{EntryId, EnvironmentId, ItemId, RunId},
    protocol::own::{HistoryEntry, Run, Totals},
    store::own::state,
};
use anyhow::Context;
use tokio_postgres::Row;
use uuid::Uuid;

pub(super) const ENTRY: &str = "h.id, h.at, h.item, h.name, h.method, h.url, h.status, h.error, h.total_ms, h.size";
pub(super) const RUN: &str = "r.id, r.item, r.environment, r.iterations, r.started_at, r.ended_at, r.state,
     r.requests, r.errors, r.passed, r.failed, r.total_ms";

pub(super) fn read_entry(row: &Row) -> anyhow::Result<HistoryEntry> {
    let status = row.try_get::<_, Option<i32>>(6)?.map(u16::try_from).transpose().context("read a status")?;
    let error = row.try_get::<_, Option<Vec<u8>>>(7)?.map(String::from_utf8).transpose().context("read an error")?;
    Ok(HistoryEntry {
        id: EntryId(row.try_get(0)?),
        at: get_time(row, 1)?,
        item: row.try_get::<_, Option<Uuid>>(2)?.map(ItemId),
        name: get_name(row, 3)?,
        method: get_name(row, 4)?,
        url: get_name(row, 5)?,
        status,
        error,
        total_ms: row.try_get(8)?,
        size: get_count(row, 9)?,
    })
}

pub(super) fn read_run(row: &Row) -> anyhow::Result<Run> {
    Ok(Run {
        id: RunId(row.try_get(0)?),
        item: row.try_get::<_, Option<Uuid>>(1)?.map(ItemId),
        environment: row.try_get::<_, Option<Uuid>>(2)?.map(EnvironmentId),
        iterations: u32::try_from(row.try_get::<_, i64>(3)?).context("read a count of iterations")?,
        started_at: get_time(row, 4)?,
        ended_at: row.try_get::<_, Option<i64>>(5)?.map(time).transpose()?,
        state: state(row.try_get(6)?)?,
        totals: Totals {
            requests: get_count(row, 7)?,
            errors: get_count(row, 8)?,
            passed: get_count(row, 9)?,
            failed: get_count(row, 10)?,
            total_ms: row.try_get(11)?,
        },
    })
}

pub(super) fn first_run(rows: &[Row]) -> anyhow::Result<Option<Run>> {
    rows.first().map(read_run).transpose()
}
