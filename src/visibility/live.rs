//! What a session is told beside events.

use super::{Frame, person, sees};
use crate::id::{OpId, Position, SessionId, UserId};
use crate::protocol::own::News;
use crate::protocol::{Here, ProblemBody, SeenPositions, ServerMessage, Status};
use crate::workspace::Workspace;
use crate::workspace::member::Viewer;
use crate::workspace::problem::Problem;

/// A session's first frame, and the one that seats it anew.
#[must_use]
pub fn welcome(workspace: &Workspace, viewer: &Viewer, session: SessionId, positions: SeenPositions) -> Option<Frame> {
    let member = workspace.person(viewer.user)?;
    Some(Frame::of(&ServerMessage::Welcome {
        session,
        you: person(workspace, member, viewer.is_team()),
        viewer: viewer.side,
        role: viewer.role,
        lead: viewer.lead,
        mode: workspace.mode,
        epoch: workspace.epoch,
        positions,
    }))
}

/// A session, as the hubs of all nodes know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Seat {
    /// Its id.
    pub session: SessionId,
    /// Whose.
    pub user: UserId,
    /// The item it looks at.
    pub viewing: Option<crate::id::ItemId>,
    /// Whether it is at it.
    pub status: Status,
}

pub(super) fn here(workspace: &Workspace, seat: &Seat, for_team: bool) -> Option<Here> {
    let member = workspace.person(seat.user)?;
    Some(Here {
        session: seat.session,
        person: person(workspace, member, for_team),
        viewing: seat.viewing,
        status: seat.status,
    })
}

/// Everyone a viewer may know to be there.
#[must_use]
pub fn presence<'a>(workspace: &Workspace, viewer: &Viewer, seats: impl Iterator<Item = &'a Seat>) -> Frame {
    let shown = |seat: &&Seat| workspace.person(seat.user).is_some_and(|member| sees(viewer, member));
    let sessions = seats.filter(shown).filter_map(|seat| here(workspace, seat, viewer.is_team())).collect();
    Frame::of(&ServerMessage::Presence { sessions })
}

/// What changed about who is there, of people who all have this audience (or of one person, for itself).
#[must_use]
pub fn presence_delta(
    workspace: &Workspace,
    for_team: bool,
    joined: &[Seat],
    changed: &[Seat],
    left: &[SessionId],
) -> Frame {
    let list = |seats: &[Seat]| seats.iter().filter_map(|seat| here(workspace, seat, for_team)).collect();
    Frame::of(&ServerMessage::PresenceDelta { joined: list(joined), changed: list(changed), left: left.to_vec() })
}

/// The answer to an edit that was done, for its author.
#[must_use]
pub fn ack(op: OpId, position: Position) -> Frame {
    Frame::of(&ServerMessage::Ack { op, position })
}

/// The answer to an edit that was refused, for its author.
#[must_use]
pub fn reject(op: OpId, problem: &Problem) -> Frame {
    Frame::of(&ServerMessage::Reject { op, problem: problem_body(problem) })
}

/// News of what is a person's own, for that person's sessions alone.
#[must_use]
pub fn own(news: News) -> Frame {
    Frame::of(&match news {
        News::History(entry) => ServerMessage::History { entry },
        News::Run(run) => ServerMessage::Run { run },
    })
}

/// The last frame of a node that stops.
#[must_use]
pub fn goodbye(reconnect_in_ms: u64) -> Frame {
    Frame::of(&ServerMessage::Goodbye { code: "restart".into(), reconnect_in_ms })
}

/// A refusal, on the wire.
#[must_use]
pub fn problem_body(problem: &Problem) -> ProblemBody {
    ProblemBody {
        code: problem.code.as_str().into(),
        title: problem.code.title().into(),
        detail: problem.detail.clone(),
        path: problem.path.clone(),
        status: None,
    }
}

// ---- answers ----
