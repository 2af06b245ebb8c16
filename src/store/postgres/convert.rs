//! Values on their way into rows and out of them.

use anyhow::Context;
use bytes::Bytes;
use time::OffsetDateTime;
use tokio_postgres::Row;

/// To keep: a count as PostgreSQL's integer.
pub(super) fn int(count: u64) -> anyhow::Result<i64> {
    i64::try_from(count).with_context(|| format!("{count} is too large a number to keep"))
}

/// To keep: a time, in microseconds since 1970.
pub(super) fn micros(time: OffsetDateTime) -> anyhow::Result<i64> {
    i64::try_from(time.unix_timestamp_nanos().div_euclid(1000)).context("keep a time")
}

pub(super) fn time(micros: i64) -> anyhow::Result<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000).context("read a time")
}

pub(super) fn get_time(row: &Row, column: usize) -> anyhow::Result<OffsetDateTime> {
    time(row.try_get(column)?)
}

pub(super) fn get_count(row: &Row, column: usize) -> anyhow::Result<u64> {
    u64::try_from(row.try_get::<_, i64>(column)?).context("read a count")
}

pub(super) fn get_bytes(row: &Row, column: usize) -> anyhow::Result<Bytes> {
    Ok(Bytes::copy_from_slice(row.try_get(column)?))
}

/// A name: UTF-8 in bytes.
pub(super) fn get_name(row: &Row, column: usize) -> anyhow::Result<String> {
    String::from_utf8(row.try_get(column)?).context("read a name")
}
