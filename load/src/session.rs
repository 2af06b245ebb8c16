//! One session: a socket, its judge, and the orders it takes. One task a session, and nothing in it that others wait for.

use crate::checker::{Checker, Note};
use crate::editor::Editor;
use crate::edits::Edit;
use crate::gate::Ticket;
use crate::socket::{Lost, Socket};
use crate::stage::{Manner, Order, Plan, Stage};
use crate::tally::Tally;
use crate::wire::{self, Stamp};
use crate::world::World;
use anyhow::{Context as _, bail};
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

/// After so many failures in a row a session gives up; what it missed then counts as lost.
const TRIES: u32 = 5;
/// How long a session may take from its upgrade to its first presence.
const SEATING: Duration = Duration::from_secs(30);
/// How long a close may take.
const CLOSING: Duration = Duration::from_secs(2);
/// Reads in a row before orders are looked at.
const READS: u32 = 8;
/// The server's close code for who doesn't read.
const TOO_SLOW: u16 = 4_008;
/// The server's close code for who says too much.
const TOO_MANY: u16 = 4_029;

/// A session over all its connections.
pub(crate) struct Session {
    stage: Arc<Stage>,
    seat: Seat,
    orders: mpsc::UnboundedReceiver<Order>,
    goal: Option<(u64, Ticket)>,
    deaf: bool,
    was_here: bool,
    dismissed: bool,
}

/// What is read from its socket, whichever it is, and what that comes to.
struct Seat {
    world: Arc<World>,
    plan: Plan,
    checker: Checker,
    /// As the server asked for with its goodbye.
    reconnect_in: Option<Duration>,
}

enum Step {
    Again,
    Order(Option<Order>),
    Lost(Lost),
}

impl Session {
    /// A session that isn't open yet.
    pub(crate) fn new(stage: Arc<Stage>, plan: Plan, orders: mpsc::UnboundedReceiver<Order>) -> Self {
        let checker = Checker::new(stage.world.clone(), plan.viewer, plan.index, plan.from);
        let seat = Seat { world: stage.world.clone(), plan, checker, reconnect_in: None };
        Self { stage, seat, orders, goal: None, deaf: false, was_here: false, dismissed: false }
    }

    /// Takes orders until it is dismissed.
    pub(crate) async fn run(mut self) -> Checker {
        while !self.dismissed {
            if let Some(socket) = self.away().await {
                self.here(socket).await;
            }
        }
        self.seat.checker
    }

    /// Not connected: waits for the order to come. Answers none if that failed, or when it is over.
    async fn away(&mut self) -> Option<Socket> {
        match self.orders.recv().await {
            None | Some(Order::Dismiss) => self.dismissed = true,
            Some(Order::Come(wished_us, ticket)) => {
                let first = !std::mem::replace(&mut self.was_here, true);
                let opened = match self.open(!first).await {
                    Ok(socket) => Ok(socket),
                    Err(error) if first => {
                        self.was_here = false;
                        Err(format!("opening session {}: {error:#}", self.seat.plan.index))
                    }
                    Err(error) => {
                        self.unexpected(&format!("coming back: {error:#}"));
                        self.come_back().await.ok_or_else(|| format!("session {} gave up", self.seat.plan.index))
                    }
                };
                match opened {
                    Ok(socket) => {
                        let took_us = self.stage.now_us().saturating_sub(wished_us);
                        self.stage.world.seatings.record(self.seat.plan.index, Some(took_us));
                        ticket.pass();
                        return Some(socket);
                    }
                    Err(why) => ticket.fail(why),
                }
            }
            Some(Order::Leave(_, ticket)) => ticket.pass(),
            Some(Order::Reach(position, ticket)) => self.reach(position, ticket),
            Some(Order::Tell(to)) => self.tell(&to),
            Some(Order::Hear) => self.deaf = false,
            Some(Order::Deafen) => self.deaf = true,
            // Nobody edits or looks without a connection; an edit that was never sent counts as unanswered.
            Some(Order::Edit(_) | Order::Look(..)) => {}
        }
        None
    }

    /// Connected: reads, writes, and does what it is told, until it isn't any more. A connection that is lost is replaced.
    async fn here(&mut self, mut socket: Socket) {
        loop {
            self.stage.here.fetch_add(1, Relaxed);
            let ended = self.attend(&mut socket).await;
            self.stage.here.fetch_sub(1, Relaxed);
            match ended {
                Ended::Dismissed => {
                    self.dismissed = true;
                    return self.close(socket).await;
                }
                Ended::Left(manner, ticket) => {
                    match manner {
                        Manner::Politely => self.close(socket).await,
                        Manner::Silently => drop(socket),
                        Manner::Cut => socket.cut(),
                    }
                    return ticket.pass();
                }
                Ended::Lost(lost) => {
                    drop(socket);
                    self.count(&lost);
                    match self.come_back().await {
                        Some(back) => socket = back,
                        None => return,
                    }
                }
            }
        }
    }

    fn count(&mut self, lost: &Lost) {
        match lost.code {
            Some(TOO_SLOW) if self.seat.plan.slow => self.seat.checker.tally.too_slow += 1,
            None if self.seat.plan.slow => self.seat.checker.tally.cut += 1,
            Some(TOO_MANY) => self.unexpected(&format!(
                "{lost}: its editors send more than the server lets a session; raise the server's --session-edits-per-second"
            )),
            _ => self.unexpected(&lost.to_string()),
        }
    }

    async fn come_back(&mut self) -> Option<Socket> {
        for _ in 0..TRIES {
            let jitter = Duration::from_millis(fastrand::u64(50..500));
            sleep(self.seat.reconnect_in.take().unwrap_or(jitter)).await;
            match self.open(true).await {
                Ok(socket) => return Some(socket),
                Err(error) => self.unexpected(&format!("coming back: {error:#}")),
            }
        }
        self.goal = None;
        None
    }

    fn unexpected(&mut self, why: &str) {
        self.seat.checker.tally.unexpected_closes += 1;
        self.seat.checker.example(why);
    }

    /// Opens a socket and reads until the first presence. What was sent and not answered is sent again: the server
    /// knows an edit by its op.
    async fn open(&mut self, again: bool) -> anyhow::Result<Socket> {
        self.seat.checker.reads_again(self.stage.now_us());
        if again {
            self.seat.checker.tally.reconnects += 1;
        }
        let stage = self.stage.clone();
        let _door = stage.doors.acquire().await?;
        let target = &stage.targets[self.seat.plan.index % stage.targets.len()];
        let seating = async {
            let (index, last) = (self.seat.plan.index, self.seat.checker.last());
            let mut socket = target.open(index, &self.seat.plan.token, last, self.seat.plan.slow).await?;
            let mut seated = false;
            while !seated {
                let read = poll_fn(|context| {
                    socket.poll_read(context, |frame| {
                        seated |= self.seat.checker.frame(frame, stage.now_us()) == Note::Seated;
                    })
                });
                if let Err(lost) = read.await {
                    bail!("before the first presence: {lost}");
                }
            }
            for frame in self.seat.plan.editor.iter().flat_map(Editor::unanswered) {
                socket.queue(frame);
            }
            anyhow::Ok(socket)
        };
        let socket = timeout(SEATING, seating).await.context("no welcome and presence in time")??;
        self.arrive();
        Ok(socket)
    }

    async fn attend(&mut self, socket: &mut Socket) -> Ended {
        loop {
            match poll_fn(|context| self.poll_step(socket, context)).await {
                Step::Again => {}
                Step::Lost(lost) => return Ended::Lost(lost),
                Step::Order(order) => match order {
                    None | Some(Order::Dismiss) => return Ended::Dismissed,
                    Some(Order::Leave(manner, ticket)) => return Ended::Left(manner, ticket),
                    Some(Order::Edit(edit)) => self.edit(socket, edit),
                    Some(Order::Look(viewing, idle)) => socket.queue(&wire::presence(viewing, idle)),
                    Some(Order::Deafen) => self.deaf = true,
                    Some(Order::Hear) => {
                        self.deaf = false;
                        self.seat.checker.reads_again(self.stage.now_us());
                    }
                    Some(Order::Reach(position, ticket)) => self.reach(position, ticket),
                    Some(Order::Tell(to)) => self.tell(&to),
                    Some(Order::Come(_, ticket)) => ticket.pass(),
                },
            }
        }
    }

    /// Reads, writes what there is, and takes an order: no one of these keeps another waiting for long.
    fn poll_step(&mut self, socket: &mut Socket, context: &mut Context<'_>) -> Poll<Step> {
        let (mut now, mut reads) = (None, if self.deaf { 0 } else { READS });
        while reads > 0 {
            let now_us = || self.stage.now_us();
            match socket.poll_read(context, |frame| self.seat.take(frame, *now.get_or_insert_with(now_us))) {
                Poll::Ready(Ok(())) => reads -= 1,
                Poll::Ready(Err(lost)) => return Poll::Ready(Step::Lost(lost)),
                Poll::Pending => break,
            }
        }
        if now.is_some() {
            self.arrive();
        }
        if let Poll::Ready(Err(error)) = socket.poll_write(context) {
            return Poll::Ready(Step::Lost(Lost { code: None, why: format!("writing: {error}") }));
        }
        match self.orders.poll_recv(context) {
            Poll::Ready(order) => Poll::Ready(Step::Order(order)),
            Poll::Pending if reads == 0 && !self.deaf => Poll::Ready(Step::Again),
            Poll::Pending => Poll::Pending,
        }
    }

    fn edit(&mut self, socket: &mut Socket, Edit { n, item, at_us }: Edit) {
        let stamp = Stamp { n, sent_us: at_us };
        if let Some(editor) = &mut self.seat.plan.editor {
            self.stage.world.ledger.sent();
            socket.queue(editor.send(&self.stage.world.marks, item, stamp));
        }
    }

    fn reach(&mut self, position: u64, ticket: Ticket) {
        self.goal = Some((position, ticket));
        self.arrive();
    }

    /// Comes through once the goal is reached.
    fn arrive(&mut self) {
        let last = self.seat.checker.last().shared;
        if let Some((_, ticket)) = self.goal.take_if(|(position, _)| *position <= last) {
            ticket.pass();
        }
    }

    fn tell(&self, to: &mpsc::UnboundedSender<(usize, Tally)>) {
        // Who asked may have left.
        let _ = to.send((self.seat.plan.index, self.seat.checker.tally.clone()));
    }

    /// Says goodbye and reads to the end: what still comes is judged too.
    async fn close(&mut self, mut socket: Socket) {
        socket.queue_close();
        let goodbye = poll_fn(|context| {
            let _ = socket.poll_write(context);
            loop {
                match socket.poll_read(context, |frame| self.seat.take(frame, self.stage.now_us())) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(_)) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
        });
        // It is over; a server that doesn't answer the close has failed nobody.
        let _ = timeout(CLOSING, goodbye).await;
    }
}

impl Seat {
    fn take(&mut self, frame: &[u8], now_us: u64) {
        match self.checker.frame(frame, now_us) {
            Note::Nothing | Note::Seated => {}
            Note::Goodbye(after) => self.reconnect_in = Some(Duration::from_millis(after.min(10_000))),
            Note::Ack { op, position } => {
                if let Some(stamp) = self.plan.editor.as_mut().and_then(|editor| editor.answered(op)) {
                    self.world.ledger.acked(stamp.n, position);
                    self.world.acks.record(self.plan.index, Some(now_us.saturating_sub(stamp.sent_us)));
                }
            }
            Note::Reject { op, code } => {
                if let Some(stamp) = self.plan.editor.as_mut().and_then(|editor| editor.answered(op)) {
                    self.world.ledger.rejected(stamp.n);
                    self.checker.example(&format!("edit {} was rejected: {code}", stamp.n));
                }
            }
        }
    }
}

/// Why a connection is over.
enum Ended {
    Dismissed,
    Left(Manner, Ticket),
    Lost(Lost),
}
