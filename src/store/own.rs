//! What is kept of a person's own in a workspace. Every call names the owner, and reaches nothing of anybody else's:
//! another's id is one that isn't there.
//!
//! Only a member owns anything. When a membership ends, by removal or with the workspace, what was owned is out of
//! reach in the same transaction, and whoever comes back begins with nothing. The rows go then and by `sweep_own`, in
//! bounded steps.

use crate::id::{EntryId, EnvironmentId, RunId, UserId, WorkspaceId};
use crate::protocol::own::{HistoryEntry, Run, RunState};
use async_trait::async_trait;
use time::OffsetDateTime;

/// Rows that one step of a deletion takes of a kind at most: others wait for it. One may have 200 kB.
pub const DELETED_AT_ONCE: i64 = 100;

/// Of how many of a history's oldest entries it is looked whether they are too old when one is added. To look at all would
/// read a page of each, at each send; few go an hour, and the sweep takes what this leaves.
pub const OLDEST_LOOKED_AT: i64 = 8;

/// Whose, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The person.
    pub user: UserId,
}

/// An entry of a history, as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What a list shows.
    pub head: HistoryEntry,
    /// JSON.
    pub request: String,
    /// JSON.
    pub response: Option<String>,
    /// JSON.
    pub source: String,
}

/// What of a list is kept when something is added to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// What is older goes: of entries the oldest few with each addition, and the rest with the hourly sweep.
    pub since: OffsetDateTime,
    /// Of the rest, so many of the newest stay, the new one included. At least 1.
    pub most: u32,
}

/// A part of a list, newest first.
#[derive(Clone, Debug)]
pub struct Page<Id> {
    /// Older than this; None: from the newest on.
    pub before: Option<Id>,
    /// At most so many.
    pub limit: usize,
}

/// One result of a run, as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Added {
    /// Which one it is, from 0; None: the next.
    pub sequence: Option<u64>,
    /// When it came.
    pub at: OffsetDateTime,
    /// JSON.
    pub body: String,
    /// Whether no answer came.
    pub is_error: bool,
    /// Assertions that held.
    pub passed: u32,
    /// Assertions that did not.
    pub failed: u32,
    /// How long it took, in milliseconds.
    pub ms: f64,
}

/// What became of a replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaced {
    /// It is there.
    Done,
    /// Nothing: another came first.
    Changed,
    /// Nothing: the person is no member.
    NoMember,
}

/// The part of a store that keeps what is a person's own. Errors are as those of [`Store`](super::Store).
#[async_trait]
pub trait Own: Send + Sync + 'static {
    /// Adds an entry, and lets go of what is past what is kept. False, and nothing done, for who is no member.
    async fn add_entry(&self, owner: Owner, entry: Entry, keep: Keep) -> anyhow::Result<bool>;
    /// Entries, newest first, whose method, URL and name together have each of these words in them (in lower case).
    async fn entries(&self, owner: Owner, words: &[String], page: Page<EntryId>) -> anyhow::Result<Vec<HistoryEntry>>;
    /// One entry.
    async fn entry(&self, owner: Owner, id: EntryId) -> anyhow::Result<Option<Entry>>;
    /// Deletes an entry; whether there was one.
    async fn delete_entry(&self, owner: Owner, id: EntryId) -> anyhow::Result<bool>;
    /// Deletes all entries, some at a time.
    async fn delete_entries(&self, owner: Owner) -> anyhow::Result<()>;

    /// Adds a run. False, and nothing done, for who is no member.
    async fn add_run(&self, owner: Owner, run: Run) -> anyhow::Result<bool>;
    /// Lets go of runs past what is kept, some of one at a time: it may take seconds.
    async fn trim_runs(&self, owner: Owner, keep: Keep) -> anyhow::Result<()>;
    /// Runs, newest first.
    async fn runs(&self, owner: Owner, page: Page<RunId>) -> anyhow::Result<Vec<Run>>;
    /// One run.
    async fn run(&self, owner: Owner, id: RunId) -> anyhow::Result<Option<Run>>;
    /// The JSON of a run's results from the one of that number (from 0) on, in order, at most `limit`.
    async fn results(&self, owner: Owner, id: RunId, from: u64, limit: usize) -> anyhow::Result<Vec<String>>;
    /// Adds a result to a run that is on and has fewer than `most`, and as many as its number says: the run after it. None,
    /// and nothing done, for others.
    async fn add_result(&self, owner: Owner, id: RunId, added: Added, most: u64) -> anyhow::Result<Option<Run>>;
    /// Ends a run that is on: the run after it. None, and nothing done, for others.
    async fn end_run(
        &self,
        owner: Owner,
        id: RunId,
        state: RunState,
        at: OffsetDateTime,
    ) -> anyhow::Result<Option<Run>>;
    /// Ends, as aborted, runs that are on and of which nothing was heard since then, at the last that was: the runs after it.
    async fn abort_runs(&self, unheard_since: OffsetDateTime) -> anyhow::Result<Vec<(Owner, Run)>>;
    /// Deletes a run with its results, some at a time; whether there was one.
    async fn delete_run(&self, owner: Owner, id: RunId) -> anyhow::Result<bool>;

    /// The JSON of the values for an environment.
    async fn values(&self, owner: Owner, environment: EnvironmentId) -> anyhow::Result<Option<String>>;
    /// Keeps them in place of others; None: no more. False, and nothing done, for who is no member.
    async fn set_values(
        &self,
        owner: Owner,
        environment: EnvironmentId,
        values: Option<String>,
    ) -> anyhow::Result<bool>;
    /// The JSON of the cookie jar.
    async fn cookies(&self, owner: Owner) -> anyhow::Result<Option<String>>;
    /// Keeps it in place of the one that was read before; None: there was none.
    async fn replace_cookies(&self, owner: Owner, before: Option<String>, jar: String) -> anyhow::Result<Replaced>;
    /// Lets go of it.
    async fn delete_cookies(&self, owner: Owner) -> anyhow::Result<()>;

    /// Takes everything away from an owner.
    async fn forget_own(&self, owner: Owner) -> anyhow::Result<()>;
    /// Deletes some of what nobody owns any more, and of entries and runs that began before then; whether there may be
    /// more.
    async fn sweep_own(&self, before: OffsetDateTime) -> anyhow::Result<bool>;
}

/// What of an entry a search looks through.
pub(super) fn searched(entry: &HistoryEntry) -> String {
    format!("{} {} {}", entry.method, entry.url, entry.name).to_lowercase()
}

/// The word for a state in a row.
pub(super) fn word(state: RunState) -> &'static str {
    match state {
        RunState::Running => "running",
        RunState::Finished => "finished",
        RunState::Aborted => "aborted",
    }
}

/// The state of a row's word.
pub(super) fn state(word: &str) -> anyhow::Result<RunState> {
    [RunState::Running, RunState::Finished, RunState::Aborted]
        .into_iter()
        .find(|state| self::word(*state) == word)
        .ok_or_else(|| anyhow::anyhow!("there is no state {word}"))
}
