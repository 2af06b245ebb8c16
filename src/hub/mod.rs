//! The rooms by workspace: opened when somebody comes, closed when nobody has been there for a while.

mod batch;
mod catch_up;
mod peers;
pub mod post;
pub mod presence;
mod refusals;
mod room;
pub mod seating;
mod seats;
mod signs;
pub mod snapshot;
pub mod stream;
mod watch;

use crate::cluster::Cluster;
use crate::cluster::message::Message;
use crate::id::{CredentialId, Epoch, Position, Sequence, SessionId, UserId, WorkspaceId};
use crate::protocol::own::News;
use crate::store::engagement::Engagement;
use crate::store::{self, AppendError, Store, unavailable};
use crate::workspace::Workspace;
use crate::workspace::command::{Action, Answer, Command};
use crate::workspace::event::Event;
use crate::workspace::member::{Member, Role, Side, Viewer};
use crate::workspace::problem::{Code, Problem};
use arc_swap::ArcSwap;
use dashmap::DashMap;
use post::{Note, Post};
use seating::{Claim, Said};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use time::OffsetDateTime;
use tokio::sync::{OnceCell, mpsc, oneshot};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// Requests that may wait for a room.
const INBOX: usize = 4_096;
/// How long the answer to a change of rights waits for the sessions it touches.
const SEAT_TIMEOUT: Duration = Duration::from_secs(5);

/// Into how many groups sessions are divided when the node leaves.
const GOODBYES: u32 = 10;
/// How long one group is told before the next.
const GOODBYE_TICK: Duration = Duration::from_millis(100);

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
    /// A seat, whose socket is to be brought.
    Seated(Claim),
    /// The positions are of another epoch, or from the future.
    UnknownPositions,
}

enum Request {
    Command(Command, oneshot::Sender<Result<Answered, Problem>>),
    Join(Join, Entry, oneshot::Sender<Result<Joined, Problem>>),
    Session(SessionId, Said),
    /// For one person's sessions here.
    Own(UserId, News),
    SignedOut(CredentialId),
    /// By which credentials its sessions were opened.
    Credentials(mpsc::Sender<HashSet<CredentialId>>),
    /// The log has come to a sequence, or may have grown: read it. The answer: whether it could be read.
    CatchUp(Option<Sequence>, Option<oneshot::Sender<bool>>),
    StartLeaving,
    /// To one in so many sessions.
    Goodbye(u32),
}

/// What the hub gives a session on its way to a room.
struct Entry {
    /// The pump that will write to it.
    post: Post,
    /// The hub waits for it when it leaves.
    token: TaskTrackerToken,
    /// The session's way back to the room.
    room: RoomHandle,
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
    store: Arc<dyn Store>,
}

impl std::fmt::Debug for RoomHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("RoomHandle").field(&self.state().id).finish()
    }
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

    /// What a session says, if the room can take it now.
    ///
    /// # Errors
    /// Gives it back when the inbox is full. A room that is gone takes everything.
    pub fn say(&self, session: SessionId, said: Said) -> Result<(), Said> {
        match self.inbox.try_send(Request::Session(session, said)) {
            Err(mpsc::error::TrySendError::Full(Request::Session(_, said))) => Err(said),
            _ => Ok(()),
        }
    }

    /// Gives a seat back. Needs a runtime: it waits behind a full inbox.
    pub fn leave(&self, session: SessionId) {
        if let Err(said) = self.say(session, Said::Leave) {
            let inbox = self.inbox.clone();
            tokio::spawn(async move { inbox.send(Request::Session(session, said)).await });
        }
    }

    fn is_open(&self) -> bool {
        !self.inbox.is_closed()
    }
}

type Cell = Arc<OnceCell<RoomHandle>>;

/// All rooms of this node.
pub struct Hub {
    store: Arc<dyn Store>,
    cluster: Arc<dyn Cluster>,
    rooms: DashMap<WorkspaceId, Cell>,
    /// Sessions are dealt to them in turn.
    pumps: Vec<Post>,
    next_pump: AtomicUsize,
    leaving: AtomicBool,
    sessions: TaskTracker,
    signs: Arc<signs::Signs>,
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.pumps.iter().for_each(|pump| pump.send(Note::Stop));
    }
}

impl Hub {
    /// A hub without rooms. `pumps`: at least one, if anybody is to join; they stop with the hub.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, cluster: Arc<dyn Cluster>, pumps: Vec<Post>) -> Self {
        Self {
            signs: Arc::new(signs::Signs::new(Arc::clone(&store))),
            store,
            cluster,
            rooms: DashMap::new(),
            pumps,
            next_pump: AtomicUsize::new(0),
            leaving: AtomicBool::new(false),
            sessions: TaskTracker::new(),
        }
    }

    fn entry(&self, room: &RoomHandle) -> Result<Entry, Problem> {
        let turn = self.next_pump.fetch_add(1, Ordering::Relaxed);
        let post = self.pumps.get(turn % self.pumps.len().max(1)).ok_or(Code::Unavailable)?.clone();
        Ok(Entry { post, token: self.sessions.token(), room: room.clone() })
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

    /// The room of a workspace with all that its log has, also what another node wrote a moment ago.
    ///
    /// # Errors
    /// As `room`.
    pub async fn room_caught_up(&self, id: WorkspaceId) -> Result<RoomHandle, Problem> {
        let room = self.room(id).await?;
        if self.cluster.is_shared() {
            let (reply, caught_up) = oneshot::channel();
            // Without an answer the room has closed, and knows all it needs.
            if room.inbox.send(Request::CatchUp(None, Some(reply))).await.is_ok() && caught_up.await == Ok(false) {
                return Err(Code::Unavailable.into());
            }
        }
        Ok(room)
    }

    async fn open(&self, id: WorkspaceId) -> Result<RoomHandle, Problem> {
        let opened = room::Room::open(id, Arc::clone(&self.store), Arc::clone(&self.cluster)).await;
        let room = opened.map_err(unavailable)?.ok_or(Code::NotFound)?;
        let (inbox, requests) = mpsc::channel(INBOX);
        let handle = RoomHandle { inbox, view: room.view(), store: Arc::clone(&self.store) };
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
        self.create_with(team, maker, name, description, Vec::new(), at).await
    }

    /// The same, with what happens in it first: all of it, or there is no workspace.
    ///
    /// # Errors
    /// As `create`.
    pub async fn create_with(
        &self,
        team: &store::Team,
        maker: &store::User,
        name: &str,
        description: &str,
        first: Vec<Event>,
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
        let created = Event::WorkspaceCreated {
            name: crate::workspace::decide::checked_name(name)?.to_owned(),
            description: crate::workspace::decide::checked_description(description)?.to_owned(),
            team: team.id,
            team_domains: team.domains.clone(),
            epoch: Epoch::new(),
            creator,
        };
        let command = Command { by: maker.id, at, op: None, action: Action::Edit(Vec::new()) };
        let events: Vec<Event> = std::iter::once(created).chain(first).collect();
        let append = batch::first_append(id, &events, &command).map_err(unavailable)?;
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
    pub async fn join(&self, id: WorkspaceId, join: Join) -> Result<Joined, Problem> {
        loop {
            if self.leaving.load(Ordering::Acquire) {
                return Err(Code::Unavailable.into());
            }
            let (reply, answer) = oneshot::channel();
            let room = self.room(id).await?;
            let entry = self.entry(&room)?;
            if room.inbox.send(Request::Join(join, entry, reply)).await.is_ok() {
                let joined = answer.await.unwrap_or(Err(Code::Unavailable.into()))?;
                let is_partner = room.state().viewer(join.user).is_some_and(|viewer| !viewer.is_team());
                if is_partner && matches!(joined, Joined::Seated(_)) {
                    self.signs.note(Engagement::visit(id, join.user, store::now_utc()));
                }
                return Ok(joined);
            }
        }
    }

    /// Tells one person's sessions, here and on other nodes, of what is its own.
    pub async fn tell_own(&self, workspace: WorkspaceId, user: UserId, news: News) {
        if self.cluster.is_shared() {
            self.cluster.tell(workspace, Message::Own { user, news: news.clone() });
        }
        // A room that isn't open has no sessions.
        let room = self.rooms.get(&workspace).and_then(|cell| cell.get().cloned());
        if let Some(room) = room {
            let _ = room.inbox.send(Request::Own(user, news)).await;
        }
    }

    /// Takes note that somebody sent a request from a workspace. Returns at once; it is kept in a moment.
    pub fn called(&self, id: WorkspaceId, user: UserId, at: OffsetDateTime, success: bool) {
        self.signs.note(Engagement::call(id, user, at, success));
    }

    /// Closes the sessions of a credential that ended, here and on other nodes.
    pub async fn signed_out(&self, credential: CredentialId) {
        self.tell_signed_out(credential);
        self.tell_all(|| Request::SignedOut(credential)).await;
    }

    /// Runs what brings a socket; the hub waits for it when it leaves.
    pub fn spawn(&self, bringing: impl Future<Output = ()> + Send + 'static) {
        self.sessions.spawn(bringing);
    }

    /// Gives out no more seats, says goodbye to all sessions, some at a time, and returns when they have ended.
    pub async fn leave(&self) {
        self.leaving.store(true, Ordering::Release);
        self.tell_all(|| Request::StartLeaving).await;
        self.sessions.close();
        let ended = self.sessions.wait();
        let mut ended = std::pin::pin!(ended);
        // To a random tenth a tick, so that what takes them in meets a stream. Whose turn it is depends on nobody else.
        for ticks_left in (1..=GOODBYES).rev() {
            self.tell_all(|| Request::Goodbye(ticks_left)).await;
            if tokio::time::timeout(GOODBYE_TICK, &mut ended).await.is_ok() {
                return;
            }
        }
        ended.await;
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
