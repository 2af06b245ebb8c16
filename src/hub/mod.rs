//! The rooms by workspace: opened when somebody comes, closed when nobody has been there for a while.

mod batch;
pub mod outlet;
pub mod presence;
mod room;
pub mod seating;
pub mod snapshot;
pub mod stream;

use crate::cluster::Cluster;
use crate::id::{CredentialId, Epoch, ItemId, OpId, Position, SessionId, UserId, WorkspaceId};
use crate::protocol::Status;
use crate::store::{self, AppendError, Store, unavailable};
use crate::visibility::{self, Frame, Place};
use crate::workspace::command::{Action, Answer, Command};
use crate::workspace::event::Event;
use crate::workspace::member::{Member, Role, Side, Viewer};
use crate::workspace::problem::{Code, Problem};
use crate::workspace::{Audience, Positions, Workspace};
use arc_swap::ArcSwap;
use dashmap::DashMap;
use seating::{Mail, Seating};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use time::OffsetDateTime;
use tokio::sync::{OnceCell, mpsc, oneshot};
use tokio_util::task::TaskTracker;

/// Requests that may wait for a room.
const INBOX: usize = 4_096;
/// Frames for one session alone that may wait; more close it as too slow.
const MAILBOX: usize = 1_024;
/// How long the answer to a change of rights waits for the sessions it touches.
const SEAT_TIMEOUT: Duration = Duration::from_secs(5);
/// Records of the log that a lagging session is given at a time.
const CATCH_UP: usize = 500;

/// What happened to a command.
#[derive(Clone, Debug)]
pub struct Answered {
    /// What there is to say.
    pub answer: Answer,
    /// The shared position after it.
    pub position: Position,
}

/// A wish to come in.
#[derive(Clone, Copy, Debug)]
pub struct Join {
    /// Who.
    pub user: UserId,
    /// By which credential.
    pub credential: CredentialId,
    /// What the client has.
    pub resume: Option<Resume>,
}

/// Positions a client has. What is left out means "from now on".
#[derive(Clone, Copy, Debug)]
pub struct Resume {
    /// The epoch they count in.
    pub epoch: Option<Epoch>,
    /// Of the stream for everyone.
    pub shared: Option<Position>,
    /// Of the team's.
    pub team: Option<Position>,
}

/// What came of it.
#[derive(Debug)]
pub enum Joined {
    /// A seat.
    Seated {
        /// Its id.
        session: SessionId,
        /// What the room tells this session alone. Its end: close as too slow.
        mailbox: mpsc::Receiver<Mail>,
        /// Sent first.
        hello: Vec<Frame>,
        /// Where it reads.
        seating: Seating,
    },
    /// The positions are of another epoch, or from the future.
    UnknownPositions,
}

enum Request {
    Command(Command, oneshot::Sender<Result<Answered, Problem>>),
    Edit(SessionId, OpId, Command),
    Join(Join, oneshot::Sender<Result<Joined, Problem>>),
    Resume { session: SessionId, seen: Positions, reply: oneshot::Sender<Option<(Seating, Frame)>> },
    Leave(SessionId),
    Presence { session: SessionId, viewing: Option<ItemId>, status: Status },
    SignedOut(CredentialId),
    Goodbye,
}

/// What others may read of a room without asking it.
#[derive(Debug)]
pub struct RoomView {
    state: ArcSwap<Workspace>,
    snapshots: snapshot::Snapshots,
}

impl RoomView {
    fn new(workspace: Arc<Workspace>) -> Self {
        Self { state: ArcSwap::new(workspace), snapshots: snapshot::Snapshots::default() }
    }

    fn set(&self, workspace: Arc<Workspace>) {
        self.state.store(workspace);
    }
}

/// A way to one room.
#[derive(Clone)]
pub struct RoomHandle {
    inbox: mpsc::Sender<Request>,
    view: Arc<RoomView>,
}

impl RoomHandle {
    /// The workspace as it is now.
    #[must_use]
    pub fn state(&self) -> Arc<Workspace> {
        self.view.state.load_full()
    }

    /// The snapshot for a viewer, made once a change.
    #[must_use]
    pub fn snapshot(&self, viewer: &Viewer) -> Arc<snapshot::Ready> {
        self.view.snapshots.get(&self.state(), viewer)
    }

    /// An edit from a session; its answer comes by the session's mail.
    pub async fn edit(&self, session: SessionId, op: OpId, command: Command) {
        let _ = self.inbox.send(Request::Edit(session, op, command)).await;
    }

    /// What a client says of its presence.
    pub async fn presence(&self, session: SessionId, viewing: Option<ItemId>, status: Status) {
        let _ = self.inbox.send(Request::Presence { session, viewing, status }).await;
    }

    /// Takes up reading after some positions. None: the session has no seat any more.
    pub async fn resume(&self, session: SessionId, seen: Positions) -> Option<(Seating, Frame)> {
        let (reply, answer) = oneshot::channel();
        self.inbox.send(Request::Resume { session, seen, reply }).await.ok()?;
        answer.await.ok()?
    }

    /// A guard that tells the room of the session's end when it is dropped.
    #[must_use]
    pub fn guard(&self, session: SessionId) -> SeatGuard {
        SeatGuard { inbox: self.inbox.clone(), session }
    }

    fn is_open(&self) -> bool {
        !self.inbox.is_closed()
    }
}

/// Gives the seat back when dropped, however the session ends.
pub struct SeatGuard {
    inbox: mpsc::Sender<Request>,
    session: SessionId,
}

impl Drop for SeatGuard {
    fn drop(&mut self) {
        let leave = Request::Leave(self.session);
        if let Err(mpsc::error::TrySendError::Full(leave)) = self.inbox.try_send(leave) {
            let inbox = self.inbox.clone();
            tokio::spawn(async move { inbox.send(leave).await });
        }
    }
}

type Cell = Arc<OnceCell<RoomHandle>>;

/// All rooms of this node.
pub struct Hub {
    store: Arc<dyn Store>,
    cluster: Arc<dyn Cluster>,
    rooms: DashMap<WorkspaceId, Cell>,
    leaving: AtomicBool,
    sessions: TaskTracker,
}

impl Hub {
    /// A hub without rooms.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, cluster: Arc<dyn Cluster>) -> Self {
        Self { store, cluster, rooms: DashMap::new(), leaving: AtomicBool::new(false), sessions: TaskTracker::new() }
    }

    /// The room of a workspace, opened if need be.
    ///
    /// # Errors
    /// `not_found`, or `unavailable` when it can't be read.
    pub async fn room(&self, id: WorkspaceId) -> Result<RoomHandle, Problem> {
        loop {
            let cell = Arc::clone(&self.rooms.entry(id).or_default());
            let opened = cell.get_or_try_init(|| self.open(id)).await;
            match opened {
                Ok(room) if room.is_open() => return Ok(room.clone()),
                outcome => {
                    self.rooms.remove_if(&id, |_, now| Arc::ptr_eq(now, &cell));
                    outcome.map(|_| ())?;
                }
            }
        }
    }

    async fn open(&self, id: WorkspaceId) -> Result<RoomHandle, Problem> {
        let opened = room::Room::open(id, Arc::clone(&self.store), Arc::clone(&self.cluster)).await;
        let room = opened.map_err(unavailable)?.ok_or(Code::NotFound)?;
        let (inbox, requests) = mpsc::channel(INBOX);
        let handle = RoomHandle { inbox, view: room.view() };
        tokio::spawn(room.run(requests));
        Ok(handle)
    }

    /// Makes a workspace; its maker is its Admin.
    ///
    /// # Errors
    /// `unavailable`, or `invalid` for a bad name.
    pub async fn create(
        &self,
        team: &store::Team,
        maker: &store::User,
        name: &str,
        description: &str,
        at: OffsetDateTime,
    ) -> Result<WorkspaceId, Problem> {
        let id = WorkspaceId::new();
        let creator = Member {
            user: maker.id,
            email: maker.email.clone(),
            name: maker.name.clone(),
            avatar: maker.avatar.clone(),
            side: Side::Team,
            role: Role::Admin,
            lead: false,
            current: true,
        };
        let event = Event::WorkspaceCreated {
            name: crate::workspace::decide::checked_name(name)?.to_owned(),
            description: crate::workspace::decide::checked_description(description)?.to_owned(),
            team: team.id,
            team_domains: team.domains.clone(),
            epoch: Epoch::new(),
            creator,
        };
        let command = Command { by: maker.id, at, op: None, action: Action::Edit(Vec::new()) };
        let (append, _) = batch::first_append(id, &event, &command).map_err(unavailable)?;
        match self.store.append(append).await {
            Ok(()) => Ok(id),
            Err(AppendError::Unavailable(error)) => Err(unavailable(error)),
            Err(error) => Err(unavailable(error.into())),
        }
    }

    /// Has a workspace decide a command.
    ///
    /// # Errors
    /// Why it was refused, or `unavailable`.
    pub async fn command(&self, id: WorkspaceId, mut command: Command) -> Result<Answered, Problem> {
        loop {
            let (reply, answer) = oneshot::channel();
            let room = self.room(id).await?;
            match room.inbox.send(Request::Command(command, reply)).await {
                Ok(()) => return answer.await.unwrap_or(Err(Code::Unavailable.into())),
                // The room closed between the two steps: the next one takes it.
                Err(mpsc::error::SendError(Request::Command(again, _))) => command = again,
                Err(_) => return Err(Code::Unavailable.into()),
            }
        }
    }

    /// Takes a seat.
    ///
    /// # Errors
    /// `not_found` for somebody who is no member, or `unavailable`.
    pub async fn join(&self, id: WorkspaceId, join: Join) -> Result<(RoomHandle, Joined), Problem> {
        loop {
            if self.leaving.load(Ordering::Acquire) {
                return Err(Code::Unavailable.into());
            }
            let (reply, answer) = oneshot::channel();
            let room = self.room(id).await?;
            if room.inbox.send(Request::Join(join, reply)).await.is_ok() {
                let joined = answer.await.unwrap_or(Err(Code::Unavailable.into()))?;
                return Ok((room, joined));
            }
        }
    }

    /// Frames of the log after some positions, oldest first, for a viewer that fell off the ring, and how far they
    /// come. Empty when there are none.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn catch_up(&self, seating: &Seating, seen: Positions) -> anyhow::Result<(Vec<Frame>, Positions)> {
        let workspace = &seating.workspace;
        let (id, epoch) = (workspace.id, workspace.epoch);
        let mut after = self.store.locate(id, epoch, store::Stream::Shared, seen.shared + 1).await?;
        if seating.viewer.is_team() {
            let team = self.store.locate(id, epoch, store::Stream::Team, seen.team + 1).await?;
            after = [after, team].into_iter().flatten().min();
        }
        let (mut frames, mut now) = (Vec::new(), seen);
        let Some(first) = after else { return Ok((frames, now)) };
        let mut from = first - 1;
        // A partner's missed events may lie far apart in the log: read on until there are some.
        while frames.is_empty() {
            let records = self.store.load_log(id, from, CATCH_UP).await?;
            let Some(last) = records.last() else { break };
            from = last.sequence;
            for record in records.iter().filter(|record| record.epoch == epoch) {
                let audience = batch::audience_of_stream(record.stream);
                let position = match audience {
                    Audience::Everyone => &mut now.shared,
                    Audience::Team if seating.viewer.is_team() => &mut now.team,
                    Audience::Team => continue,
                };
                if record.position <= *position {
                    continue;
                }
                *position = record.position;
                let event: Event = serde_json::from_slice(&record.body)?;
                let place =
                    Place { audience, position: record.position, at: record.at, by: record.author, op: record.op };
                frames.push(visibility::event(workspace, &event, place));
            }
        }
        Ok((frames, now))
    }

    /// Closes the sessions of a credential that ended.
    pub async fn signed_out(&self, credential: CredentialId) {
        self.tell_all(|| Request::SignedOut(credential)).await;
    }

    /// Runs a session; the hub waits for it when it leaves.
    pub fn spawn_session(&self, session: impl Future<Output = ()> + Send + 'static) {
        self.sessions.spawn(session);
    }

    /// Gives out no more seats, says goodbye to all sessions, and returns when they have ended.
    pub async fn leave(&self) {
        self.leaving.store(true, Ordering::Release);
        self.tell_all(|| Request::Goodbye).await;
        self.sessions.close();
        self.sessions.wait().await;
    }

    async fn tell_all(&self, request: impl Fn() -> Request) {
        let rooms: Vec<RoomHandle> = self.rooms.iter().filter_map(|cell| cell.get().cloned()).collect();
        for room in rooms {
            let _ = room.inbox.send(request()).await;
        }
    }

    /// The workspaces of a person, with how it sees them.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn workspaces_of(&self, user: UserId) -> Result<Vec<(Arc<Workspace>, Viewer)>, Problem> {
        let mut own = Vec::new();
        for id in self.store.workspaces_of(user).await.map_err(unavailable)? {
            match self.room(id).await {
                Ok(room) => {
                    let state = room.state();
                    own.extend(state.viewer(user).map(|viewer| (state, viewer)));
                }
                Err(problem) if problem.code == Code::NotFound => {}
                Err(problem) => return Err(problem),
            }
        }
        Ok(own)
    }
}
