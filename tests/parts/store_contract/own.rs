//! What is a person's own.

use super::{Backend, Log, at};
use loggia::id::{EntryId, EnvironmentId, ItemId, RunId, UserId};
use loggia::protocol::own::{HistoryEntry, Run, RunState, Totals};
use loggia::store::own::{Added, DELETED_AT_ONCE, Entry, Keep, Owner, Page, Replaced};
use loggia::store::{Index, Store};

const ALL: Keep = Keep { since: time::OffsetDateTime::UNIX_EPOCH, most: 1_000 };

/// A workspace's log, and two who are members of it.
async fn two(store: &dyn Store) -> (Log, Owner, Owner) {
    let log = Log::new();
    let (ann, bob) = (UserId::new(), UserId::new());
    store.append(log.change(0, vec![Index::Member(ann), Index::Member(bob)])).await.unwrap();
    let owner = |user| Owner { workspace: log.workspace, user };
    let (ann, bob) = (owner(ann), owner(bob));
    (log, ann, bob)
}

fn entry(name: &str, seconds: i64) -> Entry {
    let head = HistoryEntry {
        id: EntryId::new(),
        at: at(seconds),
        item: Some(ItemId::new()),
        name: name.into(),
        method: "PROPFIND".into(),
        url: "https://api.host.com/Käse?q=%C3%A4".into(),
        status: Some(599),
        error: None,
        total_ms: 12.5,
        size: 7,
    };
    Entry {
        head,
        request: r#"{"url":"\u0000"}"#.into(),
        response: Some("{}".into()),
        source: r#"{"a":"\u0000"}"#.into(),
    }
}

fn run(seconds: i64) -> Run {
    Run {
        id: RunId::new(),
        item: None,
        environment: Some(EnvironmentId::new()),
        iterations: 3,
        started_at: at(seconds),
        ended_at: None,
        state: RunState::Running,
        totals: Totals::default(),
    }
}

fn added(body: &str) -> Added {
    Added { sequence: None, at: at(100), body: body.into(), is_error: true, passed: 2, failed: 1, ms: 0.5 }
}

fn page<Id>(before: Option<Id>, limit: usize) -> Page<Id> {
    Page { before, limit }
}

async fn names(store: &dyn Store, owner: Owner, words: &[&str]) -> Vec<String> {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let entries = store.entries(owner, &words, page(None, 100)).await.unwrap();
    entries.into_iter().map(|entry| entry.name).collect()
}

/// All that somebody has.
async fn everything(store: &dyn Store, owner: Owner, environment: EnvironmentId) -> (usize, usize, bool, bool) {
    (
        store.entries(owner, &[], page(None, 100)).await.unwrap().len(),
        store.runs(owner, page(None, 100)).await.unwrap().len(),
        store.values(owner, environment).await.unwrap().is_some(),
        store.cookies(owner).await.unwrap().is_some(),
    )
}

async fn fill(store: &dyn Store, owner: Owner, environment: EnvironmentId) -> (Entry, Run) {
    let (entry, run) = (entry("one", 0), run(0));
    assert!(store.add_entry(owner, entry.clone(), ALL).await.unwrap());
    assert!(store.add_run(owner, run.clone()).await.unwrap());
    assert!(store.add_result(owner, run.id, added("{}"), 9).await.unwrap().is_some());
    assert!(store.set_values(owner, environment, Some("{}".into())).await.unwrap());
    let before = store.cookies(owner).await.unwrap();
    assert_eq!(store.replace_cookies(owner, before, "[]".into()).await.unwrap(), Replaced::Done);
    (entry, run)
}

async fn add_entries(store: &dyn Store, owner: Owner, many: usize) {
    let entries = (0..many).map(|_| store.add_entry(owner, entry("", 0), ALL));
    futures_util::future::join_all(entries).await.into_iter().for_each(|added| assert!(added.unwrap()));
}

/// A member with so many entries.
pub(super) async fn one_with_entries(store: &dyn Store, many: usize) -> Owner {
    let (_, ann, _) = two(store).await;
    add_entries(store, ann, many).await;
    ann
}

pub(super) async fn a_history_is_read_newest_first_in_pages(backend: impl Backend) {
    let store = backend.open().await;
    let (_, ann, _) = two(store.as_ref()).await;
    for name in ["1", "2", "3", "4", "5"] {
        store.add_entry(ann, entry(name, 0), ALL).await.unwrap();
    }
    let first = store.entries(ann, &[], page(None, 2)).await.unwrap();
    let second = store.entries(ann, &[], page(Some(first[1].id), 2)).await.unwrap();
    // The cursor holds also when what it names is gone.
    store.delete_entry(ann, second[1].id).await.unwrap();
    let third = store.entries(ann, &[], page(Some(second[1].id), 2)).await.unwrap();
    let names: Vec<_> = [first, second, third].iter().flatten().map(|entry| entry.name.clone()).collect();
    assert_eq!(names, ["5", "4", "3", "2", "1"]);
}

pub(super) async fn the_first_writes_of_an_owner_at_once_all_land(backend: impl Backend) {
    let store = backend.open().await;
    let (_, ann, _) = two(store.as_ref()).await;
    let writes = (0..20).map(|number| store.add_entry(ann, entry(&number.to_string(), 0), ALL));
    assert!(futures_util::future::join_all(writes).await.into_iter().all(|written| written.unwrap()));
    assert_eq!(names(store.as_ref(), ann, &[]).await.len(), 20);
}

pub(super) async fn a_history_is_searched_by_all_words(backend: impl Backend) {
    let store = backend.open().await;
    let (_, ann, _) = two(store.as_ref()).await;
    for name in ["List ÜBER users", "List 100% \"of\" teams"] {
        store.add_entry(ann, entry(name, 0), ALL).await.unwrap();
    }
    let store = store.as_ref();
    assert_eq!(names(store, ann, &["list"]).await.len(), 2);
    assert_eq!(names(store, ann, &["über"]).await, ["List ÜBER users"]);
    assert_eq!(names(store, ann, &["propf", "käse?q=", "\"of\""]).await, ["List 100% \"of\" teams"]);
    assert_eq!(names(store, ann, &["0%"]).await.len(), 1, "no sign has a meaning of its own");
    assert_eq!(names(store, ann, &["_"]).await.len(), 0);
    assert_eq!(names(store, ann, &["users", "teams"]).await.len(), 0);
}

pub(super) async fn an_entry_comes_back_as_it_was_written_and_goes_alone(backend: impl Backend) {
    let store = backend.open().await;
    let (_, ann, _) = two(store.as_ref()).await;
    let (first, mut second) = (entry("a\0b", 3), entry("", 4));
    (second.head.status, second.head.error, second.response) = (None, Some("dns".into()), None);
    (second.head.item, second.head.size) = (None, 1 << 40);
    for one in [&first, &second] {
        assert!(store.add_entry(ann, one.clone(), ALL).await.unwrap());
        assert_eq!(store.entry(ann, one.head.id).await.unwrap().as_ref(), Some(one));
    }
    assert!(store.delete_entry(ann, first.head.id).await.unwrap());
    assert!(!store.delete_entry(ann, first.head.id).await.unwrap());
    assert_eq!(store.entry(ann, first.head.id).await.unwrap(), None);
    assert_eq!(store.entries(ann, &[], page(None, 9)).await.unwrap(), [second.head]);
    store.delete_entries(ann).await.unwrap();
    assert!(names(store.as_ref(), ann, &[]).await.is_empty());
}

pub(super) async fn what_is_past_what_is_kept_goes_when_something_is_added(backend: impl Backend) {
    let store = backend.open().await;
    let (_, ann, bob) = two(store.as_ref()).await;
    store.add_entry(bob, entry("bob's", 0), ALL).await.unwrap();
    store.add_run(bob, run(0)).await.unwrap();
    let few = Keep { most: 3, ..ALL };
    for name in ["1", "2", "3", "4", "5"] {
        store.add_entry(ann, entry(name, 10), few).await.unwrap();
        store.add_run(ann, run(10)).await.unwrap();
        store.trim_runs(ann, few).await.unwrap();
    }
    assert_eq!(names(store.as_ref(), ann, &[]).await, ["5", "4", "3"]);
    assert_eq!(store.runs(ann, page(None, 9)).await.unwrap().len(), 3);
    let late = Keep { since: at(11), most: 3 };
    store.add_entry(ann, entry("6", 20), late).await.unwrap();
    store.add_run(ann, run(20)).await.unwrap();
    store.trim_runs(ann, late).await.unwrap();
    assert_eq!(names(store.as_ref(), ann, &[]).await, ["6"]);
    assert_eq!(store.runs(ann, page(None, 9)).await.unwrap().len(), 1);
    store.add_entry(ann, entry("7", 20), Keep { most: 1, ..ALL }).await.unwrap();
    assert_eq!(names(store.as_ref(), ann, &[]).await, ["7"]);
    assert_eq!(names(store.as_ref(), bob, &[]).await, ["bob's"]);
    assert_eq!(store.runs(bob, page(None, 9)).await.unwrap().len(), 1);
}

pub(super) async fn a_run_takes_results_until_it_ends_or_is_full(backend: impl Backend) {
    let store = backend.open().await;
    let (_, ann, _) = two(store.as_ref()).await;
    let (first, second) = (run(1), run(2));
    for one in [&first, &second] {
        assert!(store.add_run(ann, one.clone()).await.unwrap());
        assert_eq!(store.run(ann, one.id).await.unwrap().as_ref(), Some(one));
    }
    for body in ["{\"n\":0}", "{\"n\":\"\\u0000\"}"] {
        assert!(store.add_result(ann, first.id, added(body), 2).await.unwrap().is_some());
    }
    assert_eq!(store.add_result(ann, first.id, added("full"), 2).await.unwrap(), None);
    let totals = Totals { requests: 2, errors: 2, passed: 4, failed: 2, total_ms: 1.0 };
    assert_eq!(store.run(ann, first.id).await.unwrap(), Some(Run { totals, ..first.clone() }));
    assert_eq!(store.results(ann, first.id, 0, 1).await.unwrap(), ["{\"n\":0}"]);
    assert_eq!(store.results(ann, first.id, 1, 9).await.unwrap(), ["{\"n\":\"\\u0000\"}"]);
    assert!(store.results(ann, second.id, 0, 9).await.unwrap().is_empty());
    let ended = store.end_run(ann, first.id, RunState::Aborted, at(9)).await.unwrap();
    assert_eq!(ended, Some(Run { totals, state: RunState::Aborted, ended_at: Some(at(9)), ..first.clone() }));
    assert_eq!(store.end_run(ann, first.id, RunState::Finished, at(10)).await.unwrap(), None);
    assert_eq!(store.add_result(ann, first.id, added("late"), 99).await.unwrap(), None);
    assert_eq!(store.runs(ann, page(None, 9)).await.unwrap(), [second.clone(), ended.unwrap()]);
    assert_eq!(store.runs(ann, page(Some(second.id), 9)).await.unwrap()[0].id, first.id);
    assert!(store.delete_run(ann, first.id).await.unwrap() && !store.delete_run(ann, first.id).await.unwrap());
    assert!(store.results(ann, first.id, 0, 9).await.unwrap().is_empty());
}

pub(super) async fn values_are_replaced_and_removed(backend: impl Backend) {
    let store = backend.open().await;
    let (_, ann, _) = two(store.as_ref()).await;
    let (here, there) = (EnvironmentId::new(), EnvironmentId::new());
    for text in [Some("1"), Some("2"), None, None] {
        let text = text.map(str::to_owned);
        assert!(store.set_values(ann, here, text.clone()).await.unwrap());
        assert_eq!(store.values(ann, here).await.unwrap(), text);
        assert_eq!(store.values(ann, there).await.unwrap(), None);
    }
}

pub(super) async fn cookies_are_replaced_by_who_knows_them(backend: impl Backend) {
    let store = backend.open().await;
    let (_, ann, bob) = two(store.as_ref()).await;
    let replace =
        |owner, before: Option<&str>, jar: &str| store.replace_cookies(owner, before.map(str::to_owned), jar.into());
    assert_eq!(replace(ann, Some("0"), "1").await.unwrap(), Replaced::Changed);
    assert_eq!(replace(ann, None, "1").await.unwrap(), Replaced::Done);
    assert_eq!(replace(ann, None, "2").await.unwrap(), Replaced::Changed);
    assert_eq!(replace(ann, Some("0"), "2").await.unwrap(), Replaced::Changed);
    assert_eq!(replace(ann, Some("1"), "2").await.unwrap(), Replaced::Done);
    assert_eq!(store.cookies(ann).await.unwrap().as_deref(), Some("2"));
    assert_eq!(store.cookies(bob).await.unwrap(), None);
    store.delete_cookies(ann).await.unwrap();
    assert_eq!(store.cookies(ann).await.unwrap(), None);
    assert_eq!(replace(ann, Some("2"), "3").await.unwrap(), Replaced::Changed);
    // Of those who know the same, one comes through.
    let tries = ["0", "0", "0", "0"].map(|jar| replace(ann, None, jar));
    let done = futures_util::future::join_all(tries).await;
    assert_eq!(done.into_iter().filter(|replaced| *replaced.as_ref().unwrap() == Replaced::Done).count(), 1);
    let tries = ["1", "2", "3", "4"].map(|jar| replace(ann, Some("0"), jar));
    let done = futures_util::future::join_all(tries).await;
    assert_eq!(done.into_iter().filter(|replaced| *replaced.as_ref().unwrap() == Replaced::Done).count(), 1);
}

pub(super) async fn values_for_an_environment_go_with_it(backend: impl Backend) {
    let store = backend.open().await;
    let (log, ann, bob) = two(store.as_ref()).await;
    let (_, elsewhere, _) = two(store.as_ref()).await;
    let (gone, stays) = (EnvironmentId::new(), EnvironmentId::new());
    for owner in [ann, bob, elsewhere] {
        for environment in [gone, stays] {
            assert!(store.set_values(owner, environment, Some("{}".into())).await.unwrap());
        }
    }
    store.append(log.change(1, vec![Index::NoEnvironment(gone)])).await.unwrap();
    for owner in [ann, bob] {
        assert_eq!(store.values(owner, gone).await.unwrap(), None);
        assert!(store.values(owner, stays).await.unwrap().is_some());
    }
    assert!(store.values(elsewhere, gone).await.unwrap().is_some(), "another workspace's");
}

pub(super) async fn a_result_with_a_number_is_added_in_its_place_alone(backend: impl Backend) {
    let store = backend.open().await;
    let (_, ann, _) = two(store.as_ref()).await;
    let run = run(1);
    assert!(store.add_run(ann, run.clone()).await.unwrap());
    let add = |sequence: u64| store.add_result(ann, run.id, Added { sequence: Some(sequence), ..added("{}") }, 9);
    assert!(add(1).await.unwrap().is_none());
    assert_eq!(add(0).await.unwrap().unwrap().totals.requests, 1);
    assert!(add(0).await.unwrap().is_none());
    assert!(store.add_result(ann, run.id, added("{}"), 9).await.unwrap().is_some());
    assert!(add(u64::MAX >> 1).await.unwrap().is_none());
    let added = futures_util::future::join_all((0..8).map(|_| add(2))).await;
    assert_eq!(added.into_iter().filter(|added| added.as_ref().unwrap().is_some()).count(), 1);
    assert_eq!(store.results(ann, run.id, 0, 9).await.unwrap().len(), 3);
    assert_eq!(store.run(ann, run.id).await.unwrap().unwrap().totals.requests, 3);
}

pub(super) async fn what_is_ones_own_is_nobody_elses(backend: impl Backend) {
    let store = backend.open().await;
    let (_, ann, bob) = two(store.as_ref()).await;
    let (_, elsewhere, _) = two(store.as_ref()).await;
    let elsewhere = Owner { workspace: elsewhere.workspace, user: ann.user };
    let environment = EnvironmentId::new();
    let (entry, run) = fill(store.as_ref(), ann, environment).await;
    for other in [bob, elsewhere] {
        assert_eq!(everything(store.as_ref(), other, environment).await, (0, 0, false, false));
        assert_eq!(store.entry(other, entry.head.id).await.unwrap(), None);
        assert!(!store.delete_entry(other, entry.head.id).await.unwrap());
        assert_eq!(store.run(other, run.id).await.unwrap(), None);
        assert!(store.results(other, run.id, 0, 9).await.unwrap().is_empty());
        assert_eq!(store.add_result(other, run.id, added("{}"), 9).await.unwrap(), None);
        assert_eq!(store.end_run(other, run.id, RunState::Aborted, at(9)).await.unwrap(), None);
        assert!(!store.delete_run(other, run.id).await.unwrap());
        store.delete_entries(other).await.unwrap();
        store.set_values(other, environment, None).await.unwrap();
        store.delete_cookies(other).await.unwrap();
        let replaced = store.replace_cookies(other, Some("[]".into()), "x".into()).await.unwrap();
        assert_ne!(replaced, Replaced::Done);
        store.forget_own(other).await.unwrap();
    }
    // The same id, too, is another's thing.
    store.add_run(bob, run.clone()).await.unwrap();
    store.end_run(bob, run.id, RunState::Aborted, at(9)).await.unwrap();
    assert_eq!(store.run(ann, run.id).await.unwrap().map(|run| run.state), Some(RunState::Running));
    while store.sweep_own(at(-1)).await.unwrap() {}
    assert_eq!(everything(store.as_ref(), ann, environment).await, (1, 1, true, true));
    assert_eq!(store.results(ann, run.id, 0, 9).await.unwrap().len(), 1);
}

pub(super) async fn who_is_no_member_owns_nothing(backend: impl Backend) {
    let store = backend.open().await;
    let (_, ann, _) = two(store.as_ref()).await;
    let stranger = Owner { user: UserId::new(), ..ann };
    let environment = EnvironmentId::new();
    assert!(!store.add_entry(stranger, entry("x", 0), ALL).await.unwrap());
    assert!(!store.add_run(stranger, run(0)).await.unwrap());
    assert!(!store.set_values(stranger, environment, Some("{}".into())).await.unwrap());
    let replaced = store.replace_cookies(stranger, None, "[]".into()).await.unwrap();
    assert_eq!(replaced, Replaced::NoMember);
    assert_eq!(everything(store.as_ref(), stranger, environment).await, (0, 0, false, false));
}

pub(super) async fn who_comes_back_begins_with_nothing(backend: impl Backend) {
    let store = backend.open().await;
    let (log, ann, bob) = two(store.as_ref()).await;
    let environment = EnvironmentId::new();
    let (entry, run) = fill(store.as_ref(), ann, environment).await;
    fill(store.as_ref(), bob, environment).await;
    store.append(log.change(1, vec![Index::NotMember(ann.user)])).await.unwrap();
    assert_eq!(everything(store.as_ref(), ann, environment).await, (0, 0, false, false));
    assert_eq!(store.entry(ann, entry.head.id).await.unwrap(), None);
    assert!(!store.add_entry(ann, super::own::entry("late", 0), ALL).await.unwrap());
    store.append(log.change(2, vec![Index::Member(ann.user)])).await.unwrap();
    assert_eq!(everything(store.as_ref(), ann, environment).await, (0, 0, false, false));
    // The same entry and run again: what was before is no hindrance.
    store.add_entry(ann, entry, ALL).await.unwrap();
    store.add_run(ann, run.clone()).await.unwrap();
    assert!(store.results(ann, run.id, 0, 9).await.unwrap().is_empty());
    while store.sweep_own(at(-1)).await.unwrap() {}
    assert_eq!(everything(store.as_ref(), ann, environment).await, (1, 1, false, false));
    assert_eq!(everything(store.as_ref(), bob, environment).await, (1, 1, true, true));
    store.forget_own(ann).await.unwrap();
    assert_eq!(everything(store.as_ref(), ann, environment).await, (0, 0, false, false));
    fill(store.as_ref(), ann, environment).await;
}

pub(super) async fn nothing_is_owned_in_a_deleted_workspace(backend: impl Backend) {
    let store = backend.open().await;
    let (log, ann, bob) = two(store.as_ref()).await;
    let environment = EnvironmentId::new();
    for owner in [ann, bob] {
        fill(store.as_ref(), owner, environment).await;
    }
    store.append(log.change(1, vec![Index::Deleted])).await.unwrap();
    for owner in [ann, bob] {
        assert_eq!(everything(store.as_ref(), owner, environment).await, (0, 0, false, false));
        assert!(!store.add_entry(owner, entry("late", 0), ALL).await.unwrap());
        let replaced = store.replace_cookies(owner, None, "[]".into()).await.unwrap();
        assert_eq!(replaced, Replaced::NoMember);
    }
}

pub(super) async fn a_sweep_deletes_what_is_old_in_steps_that_end(backend: impl Backend) {
    let store = backend.open().await;
    let (_, ann, _) = two(store.as_ref()).await;
    for seconds in [0, 1, 10, 11] {
        store.add_entry(ann, entry(&seconds.to_string(), seconds), ALL).await.unwrap();
    }
    for seconds in 0..21 {
        store.add_run(ann, run(seconds)).await.unwrap();
    }
    let mut steps = 0;
    while store.sweep_own(at(15)).await.unwrap() {
        steps += 1;
    }
    assert_eq!(steps, 15, "a run at a time");
    assert_eq!(store.runs(ann, page(None, 99)).await.unwrap().len(), 6);
    assert!(names(store.as_ref(), ann, &[]).await.is_empty());
}

pub(super) async fn what_takes_many_rows_goes_in_steps_and_whole(backend: impl Backend) {
    let store = backend.open().await;
    let store = store.as_ref();
    let (_, ann, bob) = two(store).await;
    let many = DELETED_AT_ONCE as usize + 1;
    let fill = async |owner| {
        let run = run(0);
        store.add_run(owner, run.clone()).await.unwrap();
        add_entries(store, owner, many).await;
        let results = (0..many).map(|_| store.add_result(owner, run.id, added("{}"), 9_999));
        futures_util::future::join_all(results).await.into_iter().for_each(|added| assert!(added.unwrap().is_some()));
        run.id
    };
    let (first, theirs) = (fill(ann).await, fill(bob).await);
    store.delete_entries(ann).await.unwrap();
    assert!(store.delete_run(ann, first).await.unwrap());
    let few = Keep { most: 1, ..ALL };
    let (past, new) = (fill(ann).await, run(1));
    assert!(store.add_run(ann, new.clone()).await.unwrap());
    store.trim_runs(ann, few).await.unwrap();
    for gone in [first, past] {
        assert_eq!(store.run(ann, gone).await.unwrap(), None);
        assert!(store.results(ann, gone, 0, many).await.unwrap().is_empty());
    }
    assert_eq!(store.runs(ann, page(None, 9)).await.unwrap(), [new]);
    store.delete_entries(ann).await.unwrap();
    let left = async |owner| store.entries(owner, &[], page(None, 2 * many)).await.unwrap().len();
    assert_eq!((left(ann).await, left(bob).await), (0, many));
    assert_eq!(store.results(bob, theirs, 0, 2 * many).await.unwrap().len(), many);
    while store.sweep_own(at(1)).await.unwrap() {}
    assert_eq!(store.run(bob, theirs).await.unwrap(), None);
}

pub(super) async fn a_run_that_nothing_is_heard_of_ends_as_aborted(backend: impl Backend) {
    let store = backend.open().await;
    let (_, ann, _) = two(store.as_ref()).await;
    let (silent, told, ended) = (run(0), run(0), run(0));
    for run in [&silent, &told, &ended] {
        store.add_run(ann, run.clone()).await.unwrap();
    }
    store.add_result(ann, told.id, added("{}"), 9).await.unwrap();
    store.end_run(ann, ended.id, RunState::Finished, at(1)).await.unwrap();
    let state = async |run: &Run| {
        let run = store.run(ann, run.id).await.unwrap().unwrap();
        (run.state, run.ended_at)
    };
    let aborted = Run { state: RunState::Aborted, ended_at: Some(at(0)), ..silent.clone() };
    assert_eq!(store.abort_runs(at(50)).await.unwrap(), [(ann, aborted)]);
    assert_eq!(state(&silent).await, (RunState::Aborted, Some(at(0))));
    assert_eq!(state(&told).await, (RunState::Running, None));
    assert_eq!(state(&ended).await, (RunState::Finished, Some(at(1))));
    assert_eq!(store.abort_runs(at(101)).await.unwrap().len(), 1);
    assert_eq!(state(&told).await, (RunState::Aborted, Some(at(100))));
}
