//! One session: a socket, its judge, and what its person does meanwhile (looks at an item, goes idle, leaves, comes back).
//! One task a session, and nothing in it that others wait for.

use crate::checker::{Checker, Note};
use crate::connect::Socket;
use crate::editor::{self, Editor};
use crate::stage::{Phase, Plan, Stage};
use crate::wire;
use anyhow::{Context, bail};
use futures_util::{SinkExt, StreamExt};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;

/// After so many failures in a row a session gives up; what it missed then counts as lost.
const TRIES: u32 = 5;
/// How long a session may take from its upgrade to its first presence.
const SEATING: Duration = Duration::from_secs(30);

/// Why a connection is over.
enum End {
    Closing,
    Leaving,
    Lost(String),
}

/// A session over all its connections.
pub(crate) struct Session {
    stage: Arc<Stage>,
    plan: Plan,
    phase: watch::Receiver<Phase>,
    checker: Checker,
    next_presence: Option<Instant>,
    leave: Option<Instant>,
    settled: bool,
    reconnect_in: Option<Duration>,
}

impl Session {
    /// A session that isn't open yet.
    pub(crate) fn new(stage: Arc<Stage>, plan: Plan, phase: watch::Receiver<Phase>) -> Self {
        let checker = Checker::new(stage.world.clone(), plan.viewer, plan.index, plan.from);
        Self { stage, plan, phase, checker, next_presence: None, leave: None, settled: false, reconnect_in: None }
    }

    /// Opens it and lives through the run. An error means it never was seated.
    pub(crate) async fn run(mut self) -> anyhow::Result<Checker> {
        let index = self.plan.index;
        let mut socket = self.open().await.with_context(|| format!("opening session {index}"))?;
        self.stage.step(&self.stage.seated);
        let mut failures = 0;
        loop {
            let delay = match self.attend(&mut socket).await {
                End::Closing => {
                    self.close(socket).await;
                    break;
                }
                End::Leaving => {
                    // Every other one says goodbye, the rest vanish as a closed laptop does.
                    if self.plan.chance.bool() {
                        let _ = timeout(Duration::from_secs(1), socket.close(None)).await;
                    }
                    let away = (self.stage.duration / 5).min(Duration::from_secs(2));
                    away.mul_f64(0.1 + 0.9 * self.plan.chance.f64())
                }
                End::Lost(why) => {
                    self.unexpected(&why);
                    failures += 1;
                    self.backoff()
                }
            };
            drop(socket);
            let Some(back) = self.come_back(delay, &mut failures).await else {
                break;
            };
            socket = back;
        }
        if !self.settled {
            self.stage.step(&self.stage.settled);
        }
        Ok(self.checker)
    }

    async fn come_back(&mut self, mut delay: Duration, failures: &mut u32) -> Option<Socket> {
        while *failures < TRIES && !matches!(*self.phase.borrow(), Phase::Closing) {
            sleep(delay).await;
            self.checker.resumed(self.stage.now_us());
            match self.open().await {
                Ok(socket) => return Some(socket),
                Err(error) => {
                    self.unexpected(&format!("coming back: {error:#}"));
                    *failures += 1;
                    delay = self.backoff();
                }
            }
        }
        None
    }

    fn backoff(&mut self) -> Duration {
        let jitter = Duration::from_millis(self.plan.chance.u64(50..500));
        self.reconnect_in.take().unwrap_or(jitter)
    }

    fn unexpected(&mut self, why: &str) {
        self.checker.tally.unexpected_closes += 1;
        self.checker.example(why);
    }

    /// Opens a socket and reads until the first presence. What was sent and not answered is sent again: the server
    /// knows an edit by its op.
    async fn open(&mut self) -> anyhow::Result<Socket> {
        let stage = self.stage.clone();
        let _door = stage.doors.acquire().await?;
        let seating = async {
            let mut socket = stage.target.open(self.plan.index, &self.plan.token, self.checker.last()).await?;
            loop {
                match socket.next().await {
                    Some(Ok(Message::Text(text))) => {
                        if self.checker.frame(&text, stage.now_us()) == Note::Seated {
                            break;
                        }
                    }
                    Some(Ok(Message::Close(frame))) => {
                        bail!("closed before the first presence: {frame:?}")
                    }
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(error).context("reading"),
                    None => bail!("the connection ended before the first presence"),
                }
            }
            for text in self.plan.editor.iter().flat_map(Editor::unanswered) {
                socket.send(Message::text(text)).await?;
            }
            Ok(socket)
        };
        timeout(SEATING, seating).await.context("no welcome and presence in time")?
    }

    /// Reads and acts until the connection is over.
    async fn attend(&mut self, socket: &mut Socket) -> End {
        let timer = sleep_until(far());
        tokio::pin!(timer);
        self.turn();
        loop {
            let due = [self.next_presence, self.leave].into_iter().flatten().min();
            let due = due.unwrap_or_else(|| timer.deadline());
            if due != timer.deadline() {
                timer.as_mut().reset(due);
            }
            tokio::select! {
                biased;
                message = socket.next() => match message {
                    Some(Ok(Message::Text(text))) => self.take(&text),
                    Some(Ok(Message::Close(frame))) => return End::Lost(format!("closed by the server: {frame:?}")),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return End::Lost(format!("reading: {error}")),
                    None => return End::Lost("the connection ended".into()),
                },
                edit = editor::next(&mut self.plan.editor) => {
                    if let Err(error) = socket.send(Message::text(self.edit(edit))).await {
                        return End::Lost(format!("sending an edit: {error}"));
                    }
                }
                changed = self.phase.changed() => {
                    if changed.is_err() || matches!(*self.phase.borrow(), Phase::Closing) {
                        return End::Closing;
                    }
                    self.turn();
                }
                () = &mut timer => {
                    timer.as_mut().reset(far());
                    if self.leave.take_if(|leave| *leave <= Instant::now()).is_some() {
                        return End::Leaving;
                    }
                    let presence = self.presence();
                    if let Err(error) = socket.send(Message::text(presence)).await {
                        return End::Lost(format!("sending presence: {error}"));
                    }
                }
            }
        }
    }

    /// The run came to another phase.
    fn turn(&mut self) {
        let phase = *self.phase.borrow_and_update();
        match phase {
            Phase::Running(start) => {
                // Back again after the only leave: `leaves` was used up.
                if std::mem::take(&mut self.plan.leaves) {
                    let share = 0.1 + 0.6 * self.plan.chance.f64();
                    self.leave = Some(start + self.stage.duration.mul_f64(share));
                }
                if self.plan.restless {
                    self.next_presence = Some(Instant::now() + self.pause());
                }
            }
            _ => (self.next_presence, self.leave) = (None, None),
        }
        self.settle();
    }

    fn pause(&mut self) -> Duration {
        Duration::from_millis(self.plan.chance.u64(1_000..10_000))
    }

    fn presence(&mut self) -> String {
        self.next_presence = Some(Instant::now() + self.pause());
        let item = self.plan.chance.choice(&self.stage.items).copied();
        let viewing = item.filter(|_| self.plan.chance.u8(0..4) > 0);
        wire::presence(viewing, self.plan.chance.u8(0..4) == 0)
    }

    fn edit(&mut self, n: u64) -> String {
        let Some(editor) = &mut self.plan.editor else {
            return String::new();
        };
        let item = self.plan.chance.choice(&self.stage.items).copied().unwrap_or_default();
        let stamp = wire::Stamp { n, sent_us: self.stage.now_us() };
        self.stage.world.ledger.sent();
        editor.send(&self.stage.world.marks, item, stamp)
    }

    fn take(&mut self, text: &str) {
        match self.checker.frame(text, self.stage.now_us()) {
            Note::Nothing | Note::Seated => {}
            Note::Goodbye(after) => self.reconnect_in = Some(Duration::from_millis(after.min(10_000))),
            Note::Ack { op, position } => {
                if let Some(n) = self.plan.editor.as_mut().and_then(|editor| editor.answered(op)) {
                    self.stage.world.ledger.acked(n, position);
                }
            }
            Note::Reject { op, code } => {
                if let Some(n) = self.plan.editor.as_mut().and_then(|editor| editor.answered(op)) {
                    self.stage.world.ledger.rejected(n);
                    self.checker.example(&format!("edit {n} was rejected: {code}"));
                }
            }
        }
        self.settle();
    }

    /// Tells once that everything was seen.
    fn settle(&mut self) {
        if !self.settled && matches!(*self.phase.borrow(), Phase::Settling(last) if self.checker.last().shared >= last)
        {
            self.settled = true;
            self.stage.step(&self.stage.settled);
        }
    }

    /// Says goodbye and reads to the end: what still comes is judged too.
    async fn close(&mut self, mut socket: Socket) {
        let goodbye = async {
            socket.close(None).await?;
            while let Some(message) = socket.next().await {
                if let Message::Text(text) = message? {
                    self.take(&text);
                }
            }
            anyhow::Ok(())
        };
        // It is over; a server that doesn't answer the close has failed nobody.
        let _ = timeout(Duration::from_secs(2), goodbye).await;
    }
}

fn far() -> Instant {
    Instant::now() + Duration::from_secs(86_400)
}
