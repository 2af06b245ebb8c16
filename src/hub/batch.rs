//! A batch: what commands come to, before it is written and after it was read. Pure but for reading the log.

use super::Answered;
use crate::store::{self, Append, Index, Record, Store};
use crate::visibility::{self, EventFrames, Place};
use crate::workspace::command::{Action, Command};
use crate::workspace::event::Event;
use crate::workspace::problem::{Code, Problem};
use crate::workspace::{Audience, Positions, Stamp, Workspace};
use anyhow::Context;
use bytes::Bytes;

/// Records read from the log at a time.
const READ_LOG: usize = 10_000;

/// One event to publish, and the state it belongs to.
pub(super) struct Published {
    pub(super) frames: EventFrames,
    pub(super) audience: Audience,
    pub(super) positions: Positions,
    pub(super) new_epoch: bool,
    /// Whether people are called otherwise from then on.
    pub(super) naming: bool,
}

/// What a batch comes to before it is written.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) append: Vec<Record>,
    pub(super) answers: Vec<store::Answer>,
    pub(super) index: Vec<Index>,
    pub(super) published: Vec<Published>,
    pub(super) outcomes: Vec<Result<Answered, Problem>>,
    pub(super) reseats: bool,
    /// Whether it ends here, whatever else waits.
    pub(super) takes_rights: bool,
    /// Whether anything was decided, and not just answered again.
    pub(super) decided: bool,
}

/// Nothing comes of it, not even refusals: they may rest on what could not be read or was not written.
pub(super) fn unavailable(draft: Draft) -> Draft {
    let undone = draft.outcomes.iter().map(|_| Err(Code::Unavailable.into()));
    Draft { outcomes: undone.collect(), ..Draft::default() }
}

/// Applies an event, and makes its frame and its record.
pub(super) fn advance(state: &mut Workspace, event: &Event, body: Bytes, command: &Command) -> (Published, Record) {
    let audience = visibility::audience_of(event, state);
    let stamp = Stamp { sequence: state.sequence + 1, audience, at: command.at, by: command.by };
    state.apply(event, stamp);
    let (stream, position) = match audience {
        Audience::Everyone => (store::Stream::Shared, state.positions.shared),
        Audience::Team => (store::Stream::Team, state.positions.team),
    };
    let record = Record {
        sequence: stamp.sequence,
        epoch: state.epoch,
        stream,
        position,
        at: command.at,
        author: command.by,
        op: command.op,
        body,
    };
    (published(state, event, &record), record)
}

/// What there is to publish of an event that has just been applied.
fn published(state: &Workspace, event: &Event, record: &Record) -> Published {
    let audience = audience_of_stream(record.stream);
    let place = Place { audience, position: record.position, at: record.at, by: record.author, op: record.op };
    Published {
        frames: visibility::event(state, event, place),
        audience,
        positions: state.positions,
        new_epoch: matches!(event, Event::ModeSwitched { .. }),
        naming: matches!(event, Event::MemberJoined { .. } | Event::PersonUpdated { .. }),
    }
}

/// Applies all that the log has after the state.
pub(super) async fn read_on(
    store: &dyn Store,
    state: &mut Workspace,
    mut each: impl FnMut(&Workspace, &Event, &Record),
) -> anyhow::Result<()> {
    loop {
        let records = store.load_log(state.id, state.sequence, READ_LOG).await?;
        let last = records.len() < READ_LOG;
        for record in records {
            let event: Event = serde_json::from_slice(&record.body)
                .with_context(|| format!("reading event {} of workspace {}", record.sequence, state.id))?;
            let audience = audience_of_stream(record.stream);
            let stamp = Stamp { sequence: record.sequence, audience, at: record.at, by: record.author };
            state.apply(&event, stamp);
            each(state, &event, &record);
        }
        if last {
            return Ok(());
        }
    }
}

/// The audience a stream is for.
pub(super) fn audience_of_stream(stream: store::Stream) -> Audience {
    match stream {
        store::Stream::Shared => Audience::Everyone,
        store::Stream::Team => Audience::Team,
    }
}

/// Whether somebody may see less after an event: what comes next waits until their sessions have let go.
pub(super) fn takes_rights(event: &Event) -> bool {
    matches!(
        event,
        Event::ModeSwitched { .. }
            | Event::MemberUpdated { .. }
            | Event::MemberRemoved { .. }
            | Event::WorkspaceDeleted
    )
}

/// What was read of the log, in parts that each end where somebody's rights do.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) whole: Vec<Part>,
    published: Vec<Published>,
    reseats: bool,
}

/// Frames, and the state after them.
pub(super) struct Part {
    pub(super) published: Vec<Published>,
    pub(super) state: Workspace,
    pub(super) reseats: bool,
}

impl Parts {
    /// Adds an event that the state has applied.
    pub(super) fn add(&mut self, state: &Workspace, event: &Event, record: &Record) {
        self.reseats |= changes_seating(event);
        self.published.push(published(state, event, record));
        if takes_rights(event) {
            self.end(state);
        }
    }

    /// Ends the last part.
    pub(super) fn end(&mut self, state: &Workspace) {
        if !self.published.is_empty() {
            let (published, reseats) = (std::mem::take(&mut self.published), std::mem::take(&mut self.reseats));
            self.whole.push(Part { published, state: state.clone(), reseats });
        }
    }
}

pub(super) fn changes_seating(event: &Event) -> bool {
    matches!(
        event,
        Event::ModeSwitched { .. }
            | Event::MemberJoined { .. }
            | Event::MemberUpdated { .. }
            | Event::MemberRemoved { .. }
            | Event::WorkspaceDeleted
    )
}

pub(super) fn index_of(event: &Event, command: &Command, index: &mut Vec<Index>) {
    match event {
        Event::WorkspaceCreated { creator, .. } => index.push(Index::Member(creator.user)),
        Event::WorkspaceDeleted => index.push(Index::Deleted),
        Event::MemberJoined { member, invitation } => {
            index.push(Index::Member(member.user));
            index.extend(invitation.map(Index::NoInvitation));
        }
        Event::EnvironmentDeleted { id, .. } => index.push(Index::NoEnvironment(*id)),
        Event::MemberRemoved { user } => index.push(Index::NotMember(*user)),
        Event::InvitationUsed { id, .. } | Event::InvitationRevoked { id } => index.push(Index::NoInvitation(*id)),
        Event::InvitationSent { invitation, replaces } => {
            index.extend(replaces.iter().copied().map(Index::NoInvitation));
            if let Action::Invite { invitees, .. } = &command.action
                && let Some(invitee) = invitees.iter().find(|invitee| invitee.id == invitation.id)
            {
                index.push(Index::Invitation { id: invitation.id, token_hash: invitee.token_hash });
            }
        }
        _ => {}
    }
}

/// The first append of a workspace: it comes to be.
pub(super) fn first_append(id: crate::id::WorkspaceId, events: &[Event], command: &Command) -> anyhow::Result<Append> {
    let mut state = Workspace::empty(id);
    let (mut records, mut index) = (Vec::new(), Vec::new());
    for event in events {
        let body = serde_json::to_vec(event).context("encoding a workspace's first events")?.into();
        records.push(advance(&mut state, event, body, command).1);
        index_of(event, command, &mut index);
    }
    Ok(Append { workspace: id, after: 0, records, answers: Vec::new(), index })
}
