//! What the way of an edit is made of: `cargo bench --bench path`.
#![allow(clippy::unwrap_used, reason = "a bench that can't go on fails")]

mod fixture;

use divan::{Bencher, black_box};
use fixture::Fixture;
use loggia::cluster::local::Local;
use loggia::hub::Hub;
use loggia::id::WorkspaceId;
use loggia::store::{Answer, Append, Record, Stream};
use loggia::visibility::{self, Place};
use loggia::workspace::command::Command;
use loggia::workspace::decide::decide;
use loggia::workspace::event::Event;
use loggia::workspace::{Audience, Stamp, Workspace};
use std::cell::{Cell, RefCell};
use std::sync::{Arc, LazyLock};
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| RUNTIME.block_on(Fixture::furnish()));

fn main() {
    LazyLock::force(&FIXTURE);
    divan::main();
}

fn state() -> Workspace {
    RUNTIME.block_on(FIXTURE.state()).as_ref().clone()
}

fn decided(state: &Workspace, command: &Command) -> Event {
    decide(state, command).unwrap().0.remove(0)
}

fn stamp(state: &Workspace, command: &Command) -> Stamp {
    Stamp { sequence: state.sequence + 1, audience: Audience::Everyone, at: command.at, by: command.by }
}

/// A new edit each time, upon what the ones before it came to.
#[divan::bench]
fn decide_and_apply(bencher: Bencher<'_, '_>) {
    let (state, n) = (RefCell::new(state()), Cell::new(0));
    let next = || FIXTURE.edit(n.replace(n.get() + 1));
    bencher.with_inputs(next).bench_local_values(|command| {
        let mut state = state.borrow_mut();
        let event = decided(&state, &command);
        let stamp = stamp(&state, &command);
        state.apply(&event, stamp);
        event
    });
}

/// For everyone: one frame serves both logs.
#[divan::bench]
fn encode_for_its_audience(bencher: Bencher<'_, '_>) {
    let (mut state, command) = (state(), FIXTURE.edit(0));
    let event = decided(&state, &command);
    state.apply(&event, stamp(&state, &command));
    let place = Place { audience: Audience::Everyone, position: 1_000, at: command.at, by: command.by, op: command.op };
    bencher.bench_local(|| visibility::event(black_box(&state), black_box(&event), place));
}

/// From the call to durable. A log of its own: the room owns the fixture's.
#[divan::bench(args = [1, 32, 300])]
fn append(bencher: Bencher<'_, '_>, edits: usize) {
    let mut state = state();
    (state.id, state.sequence) = (WorkspaceId::new(), 0);
    let state = RefCell::new(state);
    let next = || edited(&mut state.borrow_mut(), &FIXTURE, edits);
    let append = |batch| RUNTIME.block_on(FIXTURE.store.append(batch)).unwrap();
    bencher.counter(edits).with_inputs(next).bench_local_values(append);
}

/// A cold room: its kept state, the log since, and the first snapshot. `tail` events were written since it was kept.
#[divan::bench(args = [0, 2_500], sample_count = 30, sample_size = 1)]
fn open(bencher: Bencher<'_, '_>, tail: usize) {
    let fixture = RUNTIME.block_on(Fixture::furnish());
    let mut state = RUNTIME.block_on(fixture.state()).as_ref().clone();
    let (at, kept) = (state.sequence, state.to_kept().unwrap());
    let viewer = state.viewer(fixture.admin).unwrap();
    let batch = edited(&mut state, &fixture, tail);
    RUNTIME.block_on(async {
        fixture.store.append(batch).await.unwrap();
        fixture.store.save_state(fixture.id, at, kept.into()).await.unwrap();
    });
    // Kept to the end: a hub that is dropped closes its rooms, and they keep their state.
    let hubs = RefCell::new(Vec::new());
    bencher.bench_local(|| {
        let hub = Hub::new(Arc::clone(&fixture.store), Arc::new(Local), Vec::new());
        let snapshot = RUNTIME.block_on(async { hub.room(fixture.id).await.unwrap().snapshot(&viewer) });
        hubs.borrow_mut().push(hub);
        snapshot
    });
}

/// What the next edits come to.
fn edited(state: &mut Workspace, fixture: &Fixture, edits: usize) -> Append {
    let after = state.sequence;
    let (mut records, mut answers) = (Vec::with_capacity(edits), Vec::with_capacity(edits));
    for n in 0..edits {
        let command = fixture.edit(n);
        let event = decided(state, &command);
        state.apply(&event, stamp(state, &command));
        let position = state.positions.shared;
        answers.extend(command.op.map(|op| Answer { author: command.by, op, position }));
        records.push(Record {
            sequence: state.sequence,
            epoch: state.epoch,
            stream: Stream::Shared,
            position,
            at: command.at,
            author: command.by,
            op: command.op,
            body: serde_json::to_vec(&event).unwrap().into(),
        });
    }
    Append { workspace: state.id, after, records, answers, index: Vec::new() }
}
