//! What every store holds, whichever database is under it. A backend joins with one line: `contract!`.

mod own;

use crate::common::postgres::Cluster;
use bytes::Bytes;
use futures_util::future::join_all;
use loggia::{
    id::{CredentialId, Epoch, InvitationId, OpId, Position, Sequence, TeamId, UserId, WorkspaceId},
    store::{
        Answer, Append, AppendError, Before, Credential, CredentialKind, Index, Record, Store, Stream, Team, User,
        engagement::Engagement,
        own::{DELETED_AT_ONCE, Own},
        postgres::Postgres,
        sqlite::Sqlite,
    },
};
use own::*;
use std::collections::BTreeSet;
use std::path::PathBuf;
use time::{Duration, OffsetDateTime};

/// A place for a store, empty at first.
trait Backend: Sized {
    fn new() -> impl Future<Output = Self>;
    /// The store in that place, with all that was ever written to it.
    fn open(&self) -> impl Future<Output = Box<dyn Store>>;
}

struct SqliteFile {
    folder: tempfile::TempDir,
}

impl SqliteFile {
    fn file(&self) -> PathBuf {
        self.folder.path().join("data/loggia.sqlite3")
    }

    fn sqlite(&self) -> Sqlite {
        Sqlite::open(&self.file()).unwrap()
    }
}

impl Backend for SqliteFile {
    async fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    async fn open(&self) -> Box<dyn Store> {
        Box::new(self.sqlite())
    }
}

struct PostgresDatabase {
    url: String,
}

impl Backend for PostgresDatabase {
    async fn new() -> Self {
        Self { url: Cluster::shared().new_database().await }
    }

    async fn open(&self) -> Box<dyn Store> {
        Box::new(Postgres::open(&self.url).await.unwrap())
    }
}

macro_rules! rules {
    ($backend:ty: $($rule:ident)*) => {$(
        #[tokio::test]
        async fn $rule() {
            super::$rule(<$backend as super::Backend>::new().await).await;
        }
    )*};
}

macro_rules! contract {
    ($name:ident: $backend:ident) => {
        mod $name {
            rules! { super::$backend:
                a_log_comes_back_as_it_was_written
                a_log_is_read_in_pages_after_a_sequence
                a_workspace_comes_to_be_with_its_first_append
                an_event_is_located_by_its_position
                a_writer_that_is_late_leaves_nothing
                of_two_writers_at_once_one_is_first
                an_edit_is_written_once
                a_late_writer_hears_of_the_conflict_before_its_repeated_edits
                the_same_op_of_another_author_or_workspace_is_another_edit
                a_batch_with_a_gap_is_not_written
                a_batch_that_fails_does_not_undo_its_neighbours
                appends_to_many_workspaces_at_once_all_land
                appends_to_one_workspace_by_many_stay_dense
                members_are_found_as_of_the_events
                invitations_are_found_as_of_the_events
                a_deleted_workspace_is_known_no_more
                heads_are_those_of_the_logs
                nodes_of_a_store_have_a_key_in_common
                the_newest_state_stays
                a_state_of_no_workspace_is_not_kept
                what_was_written_is_there_after_reopening
                a_team_is_made_with_its_admin
                an_account_of_the_admins_address_joins_the_team
                a_team_that_fails_to_be_made_leaves_nothing
                an_address_has_one_account
                an_account_is_given_a_team_but_keeps_the_one_it_has
                an_account_is_renamed
                a_picture_is_kept_replaced_and_removed
                a_credential_is_found_until_it_expires
                credentials_looked_up_at_once_are_told_apart
                a_credential_is_ended_by_its_owner_alone
                of_two_ends_of_a_credential_one_is_true
                credentials_that_ended_are_told_from_those_that_hold
                what_ended_is_purged_a_piece_at_a_time_and_nothing_else
                tokens_are_listed_oldest_first
                a_store_that_works_passes_its_check
                names_are_any_text
                a_history_is_read_newest_first_in_pages
                the_first_writes_of_an_owner_at_once_all_land
                a_history_is_searched_by_all_words
                an_entry_comes_back_as_it_was_written_and_goes_alone
                what_is_past_what_is_kept_goes_when_something_is_added
                a_run_takes_results_until_it_ends_or_is_full
                a_result_with_a_number_is_added_in_its_place_alone
                values_are_replaced_and_removed
                values_for_an_environment_go_with_it
                cookies_are_replaced_by_who_knows_them
                what_is_ones_own_is_nobody_elses
                who_is_no_member_owns_nothing
                who_comes_back_begins_with_nothing
                nothing_is_owned_in_a_deleted_workspace
                a_sweep_deletes_what_is_old_in_steps_that_end
                what_takes_many_rows_goes_in_steps_and_whole
                a_run_that_nothing_is_heard_of_ends_as_aborted
                a_log_is_read_back_by_streams_and_as_a_whole
                how_far_people_have_come_adds_up
            }
        }
    };
}

contract!(sqlite: SqliteFile);
contract!(postgres: PostgresDatabase);

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_700_000_000 + seconds).unwrap()
}

fn user(email: &str) -> User {
    User { id: UserId::new(), email: email.into(), name: "Ada".into(), team: None, avatar: None }
}

/// One writer's view of one workspace: makes batches that fit.
struct Log {
    workspace: WorkspaceId,
    epoch: Epoch,
    author: UserId,
}

impl Log {
    fn new() -> Self {
        Self { workspace: WorkspaceId::new(), epoch: Epoch::new(), author: UserId::new() }
    }

    /// Its position is its sequence, as where every event is shared.
    fn record(&self, sequence: Sequence) -> Record {
        Record {
            sequence,
            epoch: self.epoch,
            stream: Stream::Shared,
            position: sequence,
            at: at(0) + Duration::microseconds(i64::try_from(sequence).unwrap()),
            author: self.author,
            op: None,
            body: Bytes::from(format!("{{\"n\":{sequence}}}")),
        }
    }

    fn batch(&self, after: Sequence, count: u64) -> Append {
        Append {
            workspace: self.workspace,
            after,
            records: (after + 1..=after + count).map(|sequence| self.record(sequence)).collect(),
            answers: Vec::new(),
            index: Vec::new(),
        }
    }

    fn edit(&self, after: Sequence, op: OpId) -> Append {
        let mut batch = self.batch(after, 1);
        batch.records[0].op = Some(op);
        batch.answers.push(self.answer(op, after + 1));
        batch
    }

    fn change(&self, after: Sequence, index: Vec<Index>) -> Append {
        Append { index, ..self.batch(after, 1) }
    }

    fn answer(&self, op: OpId, position: Position) -> Answer {
        Answer { author: self.author, op, position }
    }

    async fn head(&self, store: &dyn Store) -> Sequence {
        self.load(store).await.last().map_or(0, |record| record.sequence)
    }

    async fn load(&self, store: &dyn Store) -> Vec<Record> {
        store.load_log(self.workspace, 0, usize::MAX).await.unwrap()
    }
}

async fn a_log_comes_back_as_it_was_written(backend: impl Backend) {
    let store = backend.open().await;
    let log = Log::new();
    let mut batch = log.batch(0, 3);
    batch.records[0].op = Some(OpId::new());
    batch.records[1].stream = Stream::Team;
    batch.records[1].position = 1;
    batch.records[2].epoch = Epoch::new();
    batch.records[2].position = 1;
    batch.records[2].body = Bytes::from_static("{\"name\":\"\u{0}Zoë\"}".as_bytes());
    store.append(batch.clone()).await.unwrap();
    assert_eq!(log.load(&*store).await, batch.records);
}

async fn a_log_is_read_in_pages_after_a_sequence(backend: impl Backend) {
    let store = backend.open().await;
    let log = Log::new();
    store.append(log.batch(0, 2)).await.unwrap();
    store.append(log.batch(2, 3)).await.unwrap();
    let page = async |after, limit| {
        let records = store.load_log(log.workspace, after, limit).await.unwrap();
        records.iter().map(|record| record.sequence).collect::<Vec<_>>()
    };
    assert_eq!(page(1, 2).await, [2, 3]);
    assert_eq!(page(3, 10).await, [4, 5]);
    assert!(page(0, 0).await.is_empty());
    assert!(page(5, 10).await.is_empty());
    assert!(page(u64::MAX, usize::MAX).await.is_empty());
}

async fn a_workspace_comes_to_be_with_its_first_append(backend: impl Backend) {
    let store = backend.open().await;
    let log = Log::new();
    assert!(!store.workspace_exists(log.workspace).await.unwrap());
    assert_eq!(log.load(&*store).await, []);
    assert!(matches!(store.append(log.batch(1, 1)).await, Err(AppendError::Conflict)));
    assert!(!store.workspace_exists(log.workspace).await.unwrap());
    store.append(log.batch(0, 1)).await.unwrap();
    assert!(store.workspace_exists(log.workspace).await.unwrap());
}

async fn an_event_is_located_by_its_position(backend: impl Backend) {
    let store = backend.open().await;
    let log = Log::new();
    let mut batch = log.batch(0, 3);
    batch.records[1].stream = Stream::Team;
    batch.records[1].position = 1;
    batch.records[2].position = 2;
    store.append(batch).await.unwrap();
    let locate = async |epoch, stream, position| store.locate(log.workspace, epoch, stream, position).await.unwrap();
    assert_eq!(locate(log.epoch, Stream::Shared, 1).await, Some(1));
    assert_eq!(locate(log.epoch, Stream::Team, 1).await, Some(2));
    assert_eq!(locate(log.epoch, Stream::Shared, 2).await, Some(3));
    assert_eq!(locate(log.epoch, Stream::Team, 2).await, None);
    assert_eq!(locate(Epoch::new(), Stream::Shared, 1).await, None);
    assert_eq!(locate(log.epoch, Stream::Shared, u64::MAX).await, None);
    assert_eq!(store.locate(WorkspaceId::new(), log.epoch, Stream::Shared, 1).await.unwrap(), None);
}

async fn a_writer_that_is_late_leaves_nothing(backend: impl Backend) {
    let store = backend.open().await;
    let log = Log::new();
    store.append(log.batch(0, 2)).await.unwrap();
    let before = log.load(&*store).await;
    let (op, person) = (OpId::new(), UserId::new());
    for after in [0, 1, 3] {
        let mut late = log.edit(after, op);
        late.index.push(Index::Member(person));
        assert!(matches!(store.append(late).await, Err(AppendError::Conflict)), "after {after}");
    }
    assert_eq!(log.load(&*store).await, before);
    assert_eq!(store.find_answer(log.workspace, log.author, op).await.unwrap(), None);
    assert_eq!(store.workspaces_of(person).await.unwrap(), []);
    store.append(log.edit(2, op)).await.unwrap();
}

async fn of_two_writers_at_once_one_is_first(backend: impl Backend) {
    let store = backend.open().await;
    let log = Log::new();
    let mut other = log.batch(0, 1);
    other.records[0].body = Bytes::from_static(b"{}");
    let results = [store.append(log.batch(0, 1)), store.append(other)];
    let results = join_all(results).await;
    let conflicts = results.iter().filter(|r| matches!(r, Err(AppendError::Conflict))).count();
    let written = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!((written, conflicts), (1, 1));
    assert_eq!(log.head(&*store).await, 1);
}

async fn an_edit_is_written_once(backend: impl Backend) {
    let store = backend.open().await;
    let log = Log::new();
    let (first, second, third) = (OpId::new(), OpId::new(), OpId::new());
    store.append(log.edit(0, first)).await.unwrap();
    store.append(log.edit(1, second)).await.unwrap();

    let person = UserId::new();
    let mut again = log.batch(2, 3);
    again.answers = vec![log.answer(second, 3), log.answer(third, 4), log.answer(first, 5)];
    again.index.push(Index::Member(person));
    let Err(AppendError::Repeated(mut answers)) = store.append(again).await else { panic!("written twice") };
    answers.sort_by_key(|answer| answer.position);
    assert_eq!(answers, [log.answer(first, 1), log.answer(second, 2)]);

    assert_eq!(log.head(&*store).await, 2);
    assert_eq!(store.workspaces_of(person).await.unwrap(), []);
    let answer = async |op| store.find_answer(log.workspace, log.author, op).await.unwrap();
    assert_eq!(answer(first).await, Some(log.answer(first, 1)));
    assert_eq!(answer(third).await, None);
    store.append(log.edit(2, third)).await.unwrap();
    assert_eq!(answer(third).await, Some(log.answer(third, 3)));
}

async fn a_late_writer_hears_of_the_conflict_before_its_repeated_edits(backend: impl Backend) {
    let store = backend.open().await;
    let log = Log::new();
    let op = OpId::new();
    store.append(log.edit(0, op)).await.unwrap();
    assert!(matches!(store.append(log.edit(0, op)).await, Err(AppendError::Conflict)));
    assert!(matches!(store.append(log.edit(1, op)).await, Err(AppendError::Repeated(_))));
}

async fn the_same_op_of_another_author_or_workspace_is_another_edit(backend: impl Backend) {
    let store = backend.open().await;
    let log = Log::new();
    let op = OpId::new();
    store.append(log.edit(0, op)).await.unwrap();
    let colleague = Log { author: UserId::new(), ..log };
    store.append(colleague.edit(1, op)).await.unwrap();
    let elsewhere = Log { workspace: WorkspaceId::new(), ..log };
    store.append(elsewhere.edit(0, op)).await.unwrap();
}

async fn a_batch_with_a_gap_is_not_written(backend: impl Backend) {
    let store = backend.open().await;
    let log = Log::new();
    let mut gap = log.batch(0, 3);
    gap.records.remove(1);
    assert!(matches!(store.append(gap).await, Err(AppendError::Unavailable(_))));
    assert!(!store.workspace_exists(log.workspace).await.unwrap());
}

async fn a_batch_that_fails_does_not_undo_its_neighbours(backend: impl Backend) {
    let store = backend.open().await;
    let logs: Vec<_> = (0..60).map(|_| Log::new()).collect();
    let batches = logs.iter().enumerate().map(|(n, log)| {
        let mut batch = log.batch(0, 2);
        if n % 3 == 1 {
            // Two events can't have one position; the first of them is in before this shows.
            batch.records[1].position = batch.records[0].position;
        }
        batch
    });
    let results = join_all(batches.map(|batch| store.append(batch))).await;
    for (n, (log, result)) in logs.iter().zip(results).enumerate() {
        if n % 3 == 1 {
            assert!(matches!(result, Err(AppendError::Unavailable(_))));
            assert!(!store.workspace_exists(log.workspace).await.unwrap());
            // Anything it had left would be in the way of this one.
            store.append(log.batch(0, 2)).await.unwrap();
        } else {
            result.unwrap();
            assert_eq!(log.head(&*store).await, 2);
        }
    }
}

async fn appends_to_many_workspaces_at_once_all_land(backend: impl Backend) {
    let store = backend.open().await;
    let logs: Vec<_> = (0..40).map(|_| Log::new()).collect();
    join_all(logs.iter().map(async |log| {
        for after in 0..5 {
            store.append(log.batch(after, 1)).await.unwrap();
        }
    }))
    .await;
    for log in &logs {
        assert_eq!(log.load(&*store).await, log.batch(0, 5).records);
    }
}

async fn appends_to_one_workspace_by_many_stay_dense(backend: impl Backend) {
    let store = backend.open().await;
    let log = Log::new();
    join_all((0..8).map(|_| async {
        for _ in 0..5 {
            let mut head = log.head(&*store).await;
            while let Err(error) = store.append(log.batch(head, 1)).await {
                assert!(matches!(error, AppendError::Conflict), "{error}");
                head = log.head(&*store).await;
            }
        }
    }))
    .await;
    assert_eq!(log.load(&*store).await, log.batch(0, 40).records);
}

async fn members_are_found_as_of_the_events(backend: impl Backend) {
    let store = backend.open().await;
    let (first, second, person) = (Log::new(), Log::new(), UserId::new());
    let mut ids = [first.workspace, second.workspace];
    ids.sort();
    // The later id first, so that order of id is not order of joining.
    for log in [&second, &first] {
        store.append(log.change(0, vec![Index::Member(person)])).await.unwrap();
    }
    assert_eq!(store.workspaces_of(person).await.unwrap(), ids);
    assert_eq!(store.workspaces_of(UserId::new()).await.unwrap(), []);

    let again = vec![Index::Member(person), Index::Member(UserId::new())];
    store.append(first.change(1, again)).await.unwrap();
    assert_eq!(store.workspaces_of(person).await.unwrap(), ids);

    store.append(first.change(2, vec![Index::NotMember(person)])).await.unwrap();
    assert_eq!(store.workspaces_of(person).await.unwrap(), [second.workspace]);
}

async fn invitations_are_found_as_of_the_events(backend: impl Backend) {
    let store = backend.open().await;
    let log = Log::new();
    let (id, token_hash) = (InvitationId::new(), [7; 32]);
    store.append(log.change(0, vec![Index::Invitation { id, token_hash }])).await.unwrap();
    let find = async |hash| store.find_invitation(hash).await.unwrap();
    assert_eq!(find(token_hash).await, Some((log.workspace, id)));
    assert_eq!(find([8; 32]).await, None);

    store.append(log.change(1, vec![Index::NoInvitation(InvitationId::new())])).await.unwrap();
    assert_eq!(find(token_hash).await, Some((log.workspace, id)));
    store.append(log.change(2, vec![Index::NoInvitation(id)])).await.unwrap();
    assert_eq!(find(token_hash).await, None);
}

async fn a_deleted_workspace_is_known_no_more(backend: impl Backend) {
    let store = backend.open().await;
    let log = Log::new();
    let (person, id, token_hash) = (UserId::new(), InvitationId::new(), [9; 32]);
    let index = vec![Index::Member(person), Index::Invitation { id, token_hash }];
    store.append(log.change(0, index)).await.unwrap();
    store.save_state(log.workspace, 1, Bytes::from_static(b"one")).await.unwrap();
    let op = OpId::new();
    let mut last = log.edit(1, op);
    last.index.push(Index::Deleted);
    store.append(last).await.unwrap();

    assert!(!store.workspace_exists(log.workspace).await.unwrap());
    assert_eq!(log.load(&*store).await, []);
    let located = store.locate(log.workspace, log.epoch, Stream::Shared, 1).await.unwrap();
    assert_eq!(located, None);
    assert_eq!(store.load_state(log.workspace).await.unwrap(), None);
    assert_eq!(store.workspaces_of(person).await.unwrap(), []);
    assert_eq!(store.find_invitation(token_hash).await.unwrap(), None);
    for after in [0, 2] {
        assert!(matches!(store.append(log.batch(after, 1)).await, Err(AppendError::Conflict)));
    }
    // Whoever deleted it may ask again, not having heard the answer.
    let answer = store.find_answer(log.workspace, log.author, op).await.unwrap();
    assert_eq!(answer, Some(log.answer(op, 2)));
}

async fn heads_are_those_of_the_logs(backend: impl Backend) {
    let store = backend.open().await;
    let (one, other) = (Log::new(), Log::new());
    store.append(one.batch(0, 3)).await.unwrap();
    store.append(other.batch(0, 1)).await.unwrap();
    let mut heads = store.heads(&[other.workspace, WorkspaceId::new(), one.workspace]).await.unwrap();
    heads.sort();
    assert_eq!(heads, [(one.workspace, 3), (other.workspace, 1)]);
    assert_eq!(store.heads(&[]).await.unwrap(), []);
}

async fn nodes_of_a_store_have_a_key_in_common(backend: impl Backend) {
    let key = backend.open().await.cluster_key().await.unwrap();
    assert_ne!(key, [0; 32]);
    assert_eq!(backend.open().await.cluster_key().await.unwrap(), key);
}

async fn the_newest_state_stays(backend: impl Backend) {
    let store = backend.open().await;
    let log = Log::new();
    store.append(log.batch(0, 9)).await.unwrap();
    let load = async || store.load_state(log.workspace).await.unwrap();
    assert_eq!(load().await, None);
    for (at, state, newest) in [(4, "four", "four"), (9, "nine", "nine"), (5, "five", "nine")] {
        store.save_state(log.workspace, at, Bytes::from(state)).await.unwrap();
        assert_eq!(load().await.unwrap().1, newest);
    }
    assert_eq!(load().await, Some((9, Bytes::from_static(b"nine"))));
}

async fn a_state_of_no_workspace_is_not_kept(backend: impl Backend) {
    let store = backend.open().await;
    let log = Log::new();
    store.save_state(log.workspace, 5, Bytes::from_static(b"five")).await.unwrap();
    store.append(log.batch(0, 1)).await.unwrap();
    assert_eq!(store.load_state(log.workspace).await.unwrap(), None);
}

async fn what_was_written_is_there_after_reopening(backend: impl Backend) {
    let store = backend.open().await;
    let (log, op) = (Log::new(), OpId::new());
    let (id, token_hash) = (InvitationId::new(), [3; 32]);
    let ada = store.ensure_user(user("ada@acme.test")).await.unwrap();
    store.append(log.edit(0, op)).await.unwrap();
    let index = vec![Index::Member(ada.id), Index::Invitation { id, token_hash }];
    store.append(log.change(1, index)).await.unwrap();
    store.save_state(log.workspace, 1, Bytes::from_static(b"one")).await.unwrap();
    let secret = credential(ada.id, CredentialKind::Session, 1);
    store.add_credential(secret.clone()).await.unwrap();
    let before = log.load(&*store).await;
    drop(store);

    let store = backend.open().await;
    assert_eq!(before.len(), 2);
    assert_eq!(log.load(&*store).await, before);
    let answer = store.find_answer(log.workspace, log.author, op).await.unwrap();
    assert_eq!(answer, Some(log.answer(op, 1)));
    let state = store.load_state(log.workspace).await.unwrap();
    assert_eq!(state, Some((1, Bytes::from_static(b"one"))));
    assert_eq!(store.workspaces_of(ada.id).await.unwrap(), [log.workspace]);
    let invitation = store.find_invitation(token_hash).await.unwrap();
    assert_eq!(invitation, Some((log.workspace, id)));
    let found = store.find_credential(secret.hash, at(0)).await.unwrap();
    assert_eq!(found, Some((secret, ada)));
    assert!(matches!(store.append(log.edit(2, op)).await, Err(AppendError::Repeated(_))));
    store.append(log.batch(2, 1)).await.unwrap();
}

fn team() -> Team {
    let domains = vec!["zeta.test".into(), "acme.test".into()];
    Team { id: TeamId::new(), name: "Acme".into(), domains }
}

async fn a_team_is_made_with_its_admin(backend: impl Backend) {
    let store = backend.open().await;
    assert!(!store.has_team().await.unwrap());
    let (acme, ada) = (team(), user("ada@acme.test"));
    let admin = store.create_team(acme.clone(), ada.clone()).await.unwrap();
    assert_eq!(admin, User { team: Some(acme.id), ..ada });
    assert!(store.has_team().await.unwrap());
    assert_eq!(store.user(admin.id).await.unwrap(), Some(admin));
    assert_eq!(store.team(acme.id).await.unwrap(), Some(acme));
    assert_eq!(store.team(TeamId::new()).await.unwrap(), None);
}

async fn an_account_of_the_admins_address_joins_the_team(backend: impl Backend) {
    let store = backend.open().await;
    let ada = store.ensure_user(user("ada@acme.test")).await.unwrap();
    for acme in [team(), team()] {
        let admin = store.create_team(acme.clone(), user("ada@acme.test")).await.unwrap();
        assert_eq!(admin, User { team: Some(acme.id), ..ada.clone() });
        assert_eq!(store.user(ada.id).await.unwrap(), Some(admin));
    }
}

async fn a_team_that_fails_to_be_made_leaves_nothing(backend: impl Backend) {
    let store = backend.open().await;
    let ada = store.ensure_user(user("ada@acme.test")).await.unwrap();
    let acme = team();
    let taken = User { id: ada.id, ..user("bob@acme.test") };
    store.create_team(acme.clone(), taken).await.unwrap_err();
    assert!(!store.has_team().await.unwrap());
    assert_eq!(store.team(acme.id).await.unwrap(), None);
    store.create_team(acme, user("bob@acme.test")).await.unwrap();
}

async fn an_address_has_one_account(backend: impl Backend) {
    let store = backend.open().await;
    let accounts = join_all((0..8).map(|_| store.ensure_user(user("ada@partner.test")))).await;
    let ids: Vec<_> = accounts.into_iter().map(|account| account.unwrap().id).collect();
    assert!(ids.iter().all(|id| *id == ids[0]));

    let again = User { name: "Countess".into(), ..user("ada@partner.test") };
    let found = store.ensure_user(again).await.unwrap();
    assert_eq!((found.id, found.name.as_str()), (ids[0], "Ada"));
    assert_eq!(store.user_by_email("ada@partner.test").await.unwrap(), Some(found.clone()));
    assert_eq!(store.user(found.id).await.unwrap(), Some(found));
    assert_eq!(store.user_by_email("bob@partner.test").await.unwrap(), None);
    assert_eq!(store.user(UserId::new()).await.unwrap(), None);
}

async fn an_account_is_given_a_team_but_keeps_the_one_it_has(backend: impl Backend) {
    let store = backend.open().await;
    let (first, second) = (team(), team());
    store.create_team(first.clone(), user("admin@acme.test")).await.unwrap();
    store.create_team(second.clone(), user("admin@zeta.test")).await.unwrap();
    let ensure = async |team| {
        let account = User { team, ..user("ada@acme.test") };
        store.ensure_user(account).await.unwrap().team
    };
    assert_eq!(ensure(None).await, None);
    assert_eq!(ensure(Some(first.id)).await, Some(first.id));
    assert_eq!(ensure(None).await, Some(first.id));
    assert_eq!(ensure(Some(second.id)).await, Some(first.id));
}

async fn an_account_is_renamed(backend: impl Backend) {
    let store = backend.open().await;
    let ada = store.ensure_user(user("ada@acme.test")).await.unwrap();
    let renamed = store.rename_user(ada.id, "Countess").await.unwrap().unwrap();
    assert_eq!(renamed, User { name: "Countess".into(), ..ada });
    assert_eq!(store.user(renamed.id).await.unwrap(), Some(renamed));
    assert_eq!(store.rename_user(UserId::new(), "Nobody").await.unwrap(), None);
}

async fn a_picture_is_kept_replaced_and_removed(backend: impl Backend) {
    let store = backend.open().await;
    let ada = store.ensure_user(user("ada@acme.test")).await.unwrap();
    assert_eq!(store.avatar(ada.id).await.unwrap(), None);
    for hash in ["aa", "bb"] {
        let picture = (hash.to_owned(), Bytes::from(format!("picture {hash}")));
        let account = store.set_avatar(ada.id, Some(picture.clone())).await.unwrap().unwrap();
        assert_eq!(account, User { avatar: Some(hash.into()), ..ada.clone() });
        assert_eq!(store.user(ada.id).await.unwrap(), Some(account));
        assert_eq!(store.avatar(ada.id).await.unwrap(), Some(picture));
    }
    assert_eq!(store.set_avatar(ada.id, None).await.unwrap(), Some(ada.clone()));
    assert_eq!(store.avatar(ada.id).await.unwrap(), None);

    let picture = Some(("cc".to_owned(), Bytes::from_static(b"picture")));
    assert_eq!(store.set_avatar(UserId::new(), picture).await.unwrap(), None);
}

fn credential(user: UserId, kind: CredentialKind, secret: u8) -> Credential {
    Credential {
        id: CredentialId::new(),
        user,
        kind,
        name: format!("number {secret}"),
        hash: [secret; 32],
        created_at: at(secret.into()),
        expires_at: None,
    }
}

async fn a_credential_is_found_until_it_expires(backend: impl Backend) {
    let store = backend.open().await;
    let ada = store.ensure_user(user("ada@acme.test")).await.unwrap();
    let kinds = [
        CredentialKind::SignInLink { single_use: true },
        CredentialKind::SignInLink { single_use: false },
        CredentialKind::Session,
        CredentialKind::Token,
    ];
    for (secret, kind) in (1..).zip(kinds) {
        let mut made = credential(ada.id, kind, secret);
        made.expires_at = Some(at(60));
        store.add_credential(made.clone()).await.unwrap();
        let find = async |now| store.find_credential([secret; 32], now).await.unwrap();
        assert_eq!(find(at(59)).await, Some((made, ada.clone())));
        assert_eq!(find(at(60)).await, None);
        assert_eq!(find(at(61)).await, None);
    }
    let lasting = credential(ada.id, CredentialKind::Token, 9);
    store.add_credential(lasting.clone()).await.unwrap();
    let found = store.find_credential([9; 32], at(1_000_000_000)).await.unwrap();
    assert_eq!(found, Some((lasting, ada)));
    assert_eq!(store.find_credential([10; 32], at(0)).await.unwrap(), None);
}

async fn credentials_looked_up_at_once_are_told_apart(backend: impl Backend) {
    let store = backend.open().await;
    let mut made = Vec::new();
    for secret in 0..20 {
        let owner = store.ensure_user(user(&format!("{secret}@acme.test"))).await.unwrap();
        let mut one = credential(owner.id, CredentialKind::Session, secret);
        one.expires_at = (secret % 2 == 0).then(|| at(60));
        store.add_credential(one.clone()).await.unwrap();
        made.push((one, owner));
    }
    // More than one statement takes; each several times, those that have ended and those that never were among them.
    let asked = (0..2_000).map(|n| {
        let (store, made) = (&store, &made);
        async move {
            let (secret, now) = (n % 25, if n % 3 == 0 { 59 } else { 60 });
            let found = store.find_credential([u8::try_from(secret).unwrap(); 32], at(now)).await.unwrap();
            let holds = made.get(secret).filter(|(one, _)| one.expires_at.is_none() || now < 60);
            assert_eq!(found.as_ref(), holds);
        }
    });
    join_all(asked).await;
}

async fn a_credential_is_ended_by_its_owner_alone(backend: impl Backend) {
    let store = backend.open().await;
    let ada = store.ensure_user(user("ada@acme.test")).await.unwrap();
    let bob = store.ensure_user(user("bob@acme.test")).await.unwrap();
    let token = credential(ada.id, CredentialKind::Token, 1);
    store.add_credential(token.clone()).await.unwrap();
    assert!(!store.end_credential(bob.id, token.id).await.unwrap());
    assert!(!store.end_credential(ada.id, CredentialId::new()).await.unwrap());
    assert!(store.find_credential(token.hash, at(0)).await.unwrap().is_some());
    assert!(store.end_credential(ada.id, token.id).await.unwrap());
    assert_eq!(store.find_credential(token.hash, at(0)).await.unwrap(), None);
    assert!(!store.end_credential(ada.id, token.id).await.unwrap());
}

async fn of_two_ends_of_a_credential_one_is_true(backend: impl Backend) {
    let store = backend.open().await;
    let ada = store.ensure_user(user("ada@acme.test")).await.unwrap();
    for secret in 0..20 {
        let link = credential(ada.id, CredentialKind::SignInLink { single_use: true }, secret);
        store.add_credential(link.clone()).await.unwrap();
        let ends = [store.end_credential(ada.id, link.id), store.end_credential(ada.id, link.id)];
        let ends: Vec<_> = join_all(ends).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(ends.iter().filter(|ended| **ended).count(), 1);
    }
}

async fn credentials_that_ended_are_told_from_those_that_hold(backend: impl Backend) {
    let store = backend.open().await;
    let ada = store.ensure_user(user("ada@acme.test")).await.unwrap();
    let lasting = credential(ada.id, CredentialKind::Token, 1);
    let session = Credential { expires_at: Some(at(60)), ..credential(ada.id, CredentialKind::Session, 2) };
    let ended = credential(ada.id, CredentialKind::Session, 3);
    for made in [&lasting, &session, &ended] {
        store.add_credential(made.clone()).await.unwrap();
    }
    let unknown = CredentialId::new();
    let all = [lasting.id, session.id, ended.id, unknown];
    let asked = async |now| store.ended_credentials(&all, now).await.unwrap().into_iter().collect::<BTreeSet<_>>();
    assert_eq!(asked(at(59)).await, BTreeSet::from([unknown]));
    assert!(store.end_credential(ada.id, ended.id).await.unwrap());
    assert_eq!(asked(at(59)).await, BTreeSet::from([ended.id, unknown]));
    assert_eq!(asked(at(60)).await, BTreeSet::from([session.id, ended.id, unknown]));
    assert_eq!(store.ended_credentials(&[], at(60)).await.unwrap(), []);
}

async fn what_ended_is_purged_a_piece_at_a_time_and_nothing_else(backend: impl Backend) {
    let store = backend.open().await;
    let ada = store.ensure_user(user("ada@acme.test")).await.unwrap();
    for secret in 0..5 {
        let link = credential(ada.id, CredentialKind::SignInLink { single_use: true }, secret);
        store.add_credential(Credential { expires_at: Some(at(60)), ..link }).await.unwrap();
    }
    let later = Credential { expires_at: Some(at(61)), ..credential(ada.id, CredentialKind::Session, 5) };
    let lasting = credential(ada.id, CredentialKind::Token, 6);
    for kept in [&later, &lasting] {
        store.add_credential(kept.clone()).await.unwrap();
    }
    assert_eq!(store.purge_credentials(at(59), 100).await.unwrap(), 0);
    assert_eq!(store.purge_credentials(at(60), 3).await.unwrap(), 3);
    assert_eq!(store.purge_credentials(at(60), 3).await.unwrap(), 2);
    assert_eq!(store.purge_credentials(at(60), 3).await.unwrap(), 0);
    for secret in 0..5 {
        assert_eq!(store.find_credential([secret; 32], at(0)).await.unwrap(), None, "gone, not only hidden");
    }
    for kept in [&later, &lasting] {
        assert!(store.find_credential(kept.hash, at(60)).await.unwrap().is_some());
    }
}

async fn tokens_are_listed_oldest_first(backend: impl Backend) {
    let store = backend.open().await;
    let ada = store.ensure_user(user("ada@acme.test")).await.unwrap();
    let bob = store.ensure_user(user("bob@acme.test")).await.unwrap();
    let [newer, older, session, other] = [
        credential(ada.id, CredentialKind::Token, 5),
        credential(ada.id, CredentialKind::Token, 2),
        credential(ada.id, CredentialKind::Session, 3),
        credential(bob.id, CredentialKind::Token, 4),
    ];
    for made in [&newer, &older, &session, &other] {
        store.add_credential(made.clone()).await.unwrap();
    }
    assert_eq!(store.tokens(ada.id).await.unwrap(), [older, newer]);
    assert_eq!(store.tokens(UserId::new()).await.unwrap(), []);
}

async fn names_are_any_text(backend: impl Backend) {
    let store = backend.open().await;
    let name = "\u{0}Zoë\u{10ffff}\n' \\ %";
    let acme = Team { name: name.into(), ..team() };
    let ada = store.create_team(acme.clone(), User { name: name.into(), ..user("ada@acme.test") }).await.unwrap();
    assert_eq!(store.team(acme.id).await.unwrap(), Some(acme));
    assert_eq!(store.user(ada.id).await.unwrap().unwrap().name, name);
    let token = Credential { name: name.into(), ..credential(ada.id, CredentialKind::Token, 1) };
    store.add_credential(token.clone()).await.unwrap();
    assert_eq!(store.tokens(ada.id).await.unwrap(), [token]);
    store.rename_user(ada.id, "\u{0}").await.unwrap();
    assert_eq!(store.user(ada.id).await.unwrap().unwrap().name, "\u{0}");
}

async fn a_store_that_works_passes_its_check(backend: impl Backend) {
    let store = backend.open().await;
    store.check().await.unwrap();
    store.check().await.unwrap();
}

/// What SQLite alone has: a file, a group commit, an online copy.
mod sqlite_file {
    use super::*;
    use rusqlite::Connection;
    use std::{fs, pin::pin};

    /// Holds the write lock as another process would, has every write queue up meanwhile, then lets go.
    async fn in_one_wait<T>(file: &SqliteFile, writes: impl Future<Output = T>) -> T {
        let other = Connection::open(file.file()).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut writes = pin!(writes);
        tokio::select! {
            biased;
            _ = &mut writes => panic!("written while another process held the lock"),
            () = async {} => {}
        }
        other.execute_batch("COMMIT").unwrap();
        writes.await
    }

    #[tokio::test]
    async fn appends_that_wait_share_a_commit() {
        let file = SqliteFile::new().await;
        let store = file.sqlite();
        let logs: Vec<_> = (0..100).map(|_| Log::new()).collect();
        let before = store.commits();
        let appends = join_all(logs.iter().map(|log| store.append(log.batch(0, 2))));
        in_one_wait(&file, appends).await.into_iter().for_each(Result::unwrap);
        // The writer may have taken up the first ones before the rest was there.
        let commits = store.commits() - before;
        assert!(commits <= 2, "100 appends in {commits} commits");
    }

    #[tokio::test]
    async fn edits_come_between_the_steps_of_a_long_deletion() {
        let file = SqliteFile::new().await;
        let store = file.sqlite();
        let owner = one_with_entries(&store, 2 * DELETED_AT_ONCE as usize + 1).await;
        let before = store.commits();
        store.delete_entries(owner).await.unwrap();
        assert_eq!(store.commits() - before, 3);
    }

    #[tokio::test]
    async fn a_batch_that_fails_is_undone_alone_in_its_commit() {
        let file = SqliteFile::new().await;
        let store = file.sqlite();
        let [first, bad, last] = [Log::new(), Log::new(), Log::new()];
        let mut broken = bad.batch(0, 2);
        broken.records[1].position = 1;
        let late = bad.batch(2, 1);
        let batches = [first.batch(0, 1), broken, late, first.batch(1, 1), last.batch(0, 1)];
        let appends = join_all(batches.map(|batch| store.append(batch)));
        let results = in_one_wait(&file, appends).await;
        assert!(store.commits() <= 2);
        assert!(matches!(
            results[..],
            [Ok(()), Err(AppendError::Unavailable(_)), Err(AppendError::Conflict), Ok(()), Ok(())]
        ));
        assert_eq!(first.head(&store).await, 2);
        assert_eq!(bad.head(&store).await, 0);
        store.append(bad.batch(0, 2)).await.unwrap();
        assert_eq!(last.head(&store).await, 1);
    }

    #[tokio::test]
    async fn a_commit_that_is_lost_answers_every_write_with_the_error() {
        let file = SqliteFile::new().await;
        let store = file.sqlite();
        let log = Log::new();
        store.append(log.batch(0, 1)).await.unwrap();
        let before = store.commits();
        // A check put off to the commit fails there, after each write for itself went well.
        Connection::open(file.file())
            .unwrap()
            .execute_batch(
                "CREATE TABLE lost (id INTEGER REFERENCES lost (none)
                     DEFERRABLE INITIALLY DEFERRED, none INTEGER UNIQUE);
                 CREATE TRIGGER lose AFTER INSERT ON events
                 BEGIN INSERT INTO lost (id, none) VALUES (1, NULL); END;",
            )
            .unwrap();
        let other = Log::new();
        let batches = [log.batch(1, 1), other.batch(0, 1), other.batch(5, 1)];
        let results = in_one_wait(&file, join_all(batches.map(|batch| store.append(batch)))).await;
        assert!(matches!(results[0], Err(AppendError::Unavailable(_))));
        assert!(matches!(results[1], Err(AppendError::Unavailable(_))));
        assert_eq!(log.head(&store).await, 1);
        assert_eq!(other.head(&store).await, 0);
        assert!(store.commits() <= before + 1);

        Connection::open(file.file()).unwrap().execute_batch("DROP TRIGGER lose").unwrap();
        store.append(log.batch(1, 1)).await.unwrap();
    }

    #[tokio::test]
    async fn writes_that_wait_are_done_when_the_store_is_dropped() {
        let file = SqliteFile::new().await;
        let store = file.sqlite();
        let log = Log::new();
        {
            let mut append = pin!(store.append(log.batch(0, 1)));
            tokio::select! { biased; _ = &mut append => {}, () = async {} => {} }
        }
        drop(store);
        assert_eq!(log.head(&file.sqlite()).await, 1);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_backup_while_writing_holds_a_prefix() {
        let file = SqliteFile::new().await;
        let store = file.sqlite();
        let (log, ada) = (Log::new(), user("ada@acme.test"));
        store.ensure_user(ada.clone()).await.unwrap();
        store.append(log.batch(0, 200)).await.unwrap();
        let copy = file.folder.path().join("copy.sqlite3");
        let (done, write) = (std::sync::atomic::AtomicBool::new(false), &store);
        let writing = async {
            let mut head = 200;
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                write.append(log.batch(head, 7)).await.unwrap();
                head += 7;
            }
            head
        };
        let backing_up = async {
            let result = write.backup(&copy).await;
            done.store(true, std::sync::atomic::Ordering::Relaxed);
            result.unwrap();
        };
        let (head, ()) = tokio::join!(writing, backing_up);

        let copied = Sqlite::open(&copy).unwrap();
        let copied_head = copied.load_log(log.workspace, 0, usize::MAX).await.unwrap().len() as u64;
        assert!((200..=head).contains(&copied_head));
        assert_eq!((copied_head - 200) % 7, 0, "half a batch was copied");
        assert_eq!(log.load(&copied).await, log.batch(0, copied_head).records);
        assert_eq!(copied.user(ada.id).await.unwrap(), Some(ada));
        copied.append(log.batch(copied_head, 1)).await.unwrap();
    }

    #[tokio::test]
    async fn a_backup_overwrites_nothing_and_names_the_file() {
        let file = SqliteFile::new().await;
        let store = file.sqlite();
        let taken = file.folder.path().join("taken.sqlite3");
        fs::write(&taken, "precious").unwrap();
        let error = format!("{:#}", store.backup(&taken).await.unwrap_err());
        assert!(error.contains("taken.sqlite3"), "{error}");
        assert_eq!(fs::read(&taken).unwrap(), b"precious");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn its_files_are_their_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let file = SqliteFile::new().await;
        let store = file.sqlite();
        store.check().await.unwrap();
        let copy = file.file().with_file_name("copy.sqlite3");
        store.backup(&copy).await.unwrap();
        let files: Vec<_> = fs::read_dir(file.file().parent().unwrap()).unwrap().collect();
        assert!(files.len() >= 3);
        for entry in files {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", entry.path().display());
        }
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_refused_by_name() {
        let file = SqliteFile::new().await;
        fs::create_dir_all(file.file().parent().unwrap()).unwrap();
        fs::write(file.file(), "no database, but long enough to look at".repeat(100)).unwrap();
        let error = format!("{:#}", Sqlite::open(&file.file()).err().unwrap());
        assert!(error.contains("loggia.sqlite3"), "{error}");
    }
}

async fn a_log_is_read_back_by_streams_and_as_a_whole(backend: impl Backend) {
    let store = backend.open().await;
    let log = Log::new();
    let mut batch = log.batch(0, 6);
    for (index, position) in [(1, 1), (3, 2), (4, 3)] {
        (batch.records[index].stream, batch.records[index].position) = (Stream::Team, position);
    }
    (batch.records[2].position, batch.records[5].position) = (2, 3);
    store.append(batch).await.unwrap();
    let back = async |before, limit| {
        let records = store.load_back(log.workspace, before, limit).await.unwrap();
        records.into_iter().map(|record| record.sequence).collect::<Vec<_>>()
    };
    assert_eq!(back(Before::Sequence(u64::MAX), 4).await, [6, 5, 4, 3]);
    assert_eq!(back(Before::Sequence(3), 4).await, [2, 1]);
    let shared = |position| Before::Position(log.epoch, Stream::Shared, position);
    assert_eq!(back(shared(u64::MAX), 2).await, [6, 3]);
    assert_eq!(back(shared(2), 2).await, [1]);
    assert_eq!(back(Before::Position(log.epoch, Stream::Team, 3), 9).await, [4, 2]);
    assert_eq!(back(Before::Position(Epoch::new(), Stream::Shared, 9), 9).await, [0; 0]);
    let mut large = log.batch(6, 3);
    large.records.iter_mut().for_each(|record| record.body = Bytes::from(vec![b' '; 3 << 20]));
    store.append(large).await.unwrap();
    assert_eq!(back(Before::Sequence(u64::MAX), 9).await, [9, 8], "no more after 4 MiB");
    assert_eq!(back(Before::Sequence(8), 1).await, [7]);
}

async fn how_far_people_have_come_adds_up(backend: impl Backend) {
    let store = backend.open().await;
    let (workspace, other) = (WorkspaceId::new(), WorkspaceId::new());
    let (ada, bob) = (UserId::new(), UserId::new());
    assert_eq!(store.engagement(workspace).await.unwrap(), []);
    store.engage(vec![Engagement::visit(workspace, ada, at(5)), Engagement::visit(other, ada, at(1))]).await.unwrap();
    store
        .engage(vec![Engagement::visit(workspace, ada, at(9)), Engagement::visit(workspace, bob, at(7))])
        .await
        .unwrap();
    store.called(workspace, ada, at(20), true).await.unwrap();
    store.called(workspace, ada, at(12), false).await.unwrap();
    store.called(workspace, ada, at(12), false).await.unwrap();
    let of_ada = Engagement {
        workspace,
        user: ada,
        first_visit: Some(at(5)),
        first_call: Some(at(12)),
        first_success: Some(at(20)),
        last_seen: at(20),
    };
    let store = backend.open().await;
    assert_eq!(store.engagement(workspace).await.unwrap(), [of_ada, Engagement::visit(workspace, bob, at(7))]);
    assert_eq!(store.engagement(other).await.unwrap(), [Engagement::visit(other, ada, at(1))]);
}
