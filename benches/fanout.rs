//! What a delivery is made of: `cargo bench --bench fanout`.
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench that can't go on fails")]

mod fixture;

use divan::{Bencher, counter::ItemsCount};
use fixture::Fixture;
use loggia::hub::post::{Note, Post};
use loggia::hub::stream::{Kind, Stream};
use loggia::hub::{Hub, Join, Joined};
use loggia::id::{CredentialId, Epoch, InvitationId, OpId, UserId};
use loggia::live::pump::lane::{Lane, Place};
use loggia::store::now_utc;
use loggia::visibility;
use loggia::workspace::command::{Action, Command, Invitee, Person};
use loggia::workspace::member::{Role, Side};
use loggia::workspace::problem::{Code, Problem};
use loggia::workspace::{Audience, Positions};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| RUNTIME.block_on(Fixture::furnish()));

fn main() {
    LazyLock::force(&FIXTURE);
    divan::main();
}

/// A socket that takes everything: what is left is the walk itself.
struct Sink;

impl Write for &Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(divan::black_box(bytes).len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn lane(outlets: u32) -> Lane {
    let mut lane = Lane::new(Arc::new(Stream::new()), Place { cursor: 0, positions: Positions::default() });
    (0..outlets).for_each(|slot| lane.fall_in(slot));
    lane
}

/// So many frames of an ordinary edit's size, published at once.
fn publish(lane: &Lane, frames: u64) {
    let frame = visibility::reject(OpId::new(), &Problem::new(Code::Malformed, "x".repeat(200)));
    let one = |position| {
        let positions = Positions { shared: position, team: 0 };
        (frame.clone(), Kind::Event(Audience::Everyone, position), positions)
    };
    lane.stream().push((1..=frames).map(one));
}

fn walk<S>(lane: &mut Lane, sockets: &[Option<S>])
where
    for<'s> &'s S: Write,
{
    let mut fallen = Vec::new();
    lane.begin().unwrap();
    while !lane.step(sockets, 256, &mut fallen) {}
    assert!(fallen.is_empty());
}

/// One walk, without the kernel's part.
#[divan::bench(args = [1_000, 10_000])]
fn walk_over_sinks(bencher: Bencher<'_, '_>, outlets: u32) {
    let sockets: Vec<_> = (0..outlets).map(|_| Some(Sink)).collect();
    let mut lane = lane(outlets);
    bencher.counter(ItemsCount::new(outlets)).bench_local(|| {
        publish(&lane, 1);
        walk(&mut lane, &sockets);
    });
}

/// One walk over real sockets on loopback, of one frame and of 64 that have gathered.
#[divan::bench(args = [1, 64])]
fn walk_over_sockets(bencher: Bencher<'_, '_>, frames: u64) {
    const OUTLETS: u32 = 500;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut peers = Vec::new();
    let sockets: Vec<Option<TcpStream>> = (0..OUTLETS)
        .map(|_| {
            let socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            socket.set_nodelay(true).unwrap();
            peers.push(listener.accept().unwrap().0);
            Some(socket)
        })
        .collect();
    peers.iter().for_each(|peer| peer.set_nonblocking(true).unwrap());
    let mut lane = lane(OUTLETS);
    let mut scratch = vec![0; 64 * 1_024];
    let drain = |peers: &mut [TcpStream], scratch: &mut [u8]| {
        for peer in peers {
            while matches!(peer.read(scratch), Ok(count) if count > 0) {}
        }
    };
    bencher
        .counter(ItemsCount::new(u64::from(OUTLETS) * frames))
        .with_inputs(|| drain(&mut peers, &mut scratch))
        .bench_local_values(|()| {
            publish(&lane, frames);
            walk(&mut lane, &sockets);
        });
}

/// Sessions of one person.
const TABS: usize = 10;

/// Taking a seat in a room where so many sit already: a partner's, in multi-partner mode.
#[divan::bench(args = [100, 1_000, 10_000])]
fn seating(bencher: Bencher<'_, '_>, seated: usize) {
    // A pump that forgets what it is told: what is measured is the room's work.
    let post = Post::new(|| {});
    let hub = Hub::new(Arc::clone(&FIXTURE.store), Arc::new(loggia::cluster::local::Local), vec![post.clone()]);
    // A person's own sessions know of each other, so nobody has many.
    let partners: Vec<UserId> = (0..seated.div_ceil(TABS) + 10).map(|_| RUNTIME.block_on(partner(&hub))).collect();
    let mut claims = Vec::new();
    let mut notes: Vec<Note> = Vec::new();
    let mut take_seat = || {
        let user = partners[claims.len() % partners.len()];
        let join = Join { user, credential: CredentialId::new(), resume: None };
        let joined = RUNTIME.block_on(hub.join(FIXTURE.id, join)).unwrap();
        post.take(&mut notes);
        notes.clear();
        match joined {
            Joined::Seated(claim) => claims.push(claim),
            Joined::UnknownPositions => unreachable!("it asked for none"),
        }
    };
    (0..seated).for_each(|_| take_seat());
    bencher.bench_local(take_seat);
}

/// A new partner of the fixture's workspace, which is in multi-partner mode from the first of them on.
async fn partner(hub: &Hub) -> UserId {
    let tell = async |by, action| hub.command(FIXTURE.id, Command { by, at: now_utc(), op: None, action }).await;
    // Refused as `already_on` from the second time on, which is as good.
    let _ = tell(FIXTURE.admin, Action::SwitchMode { confirm: "API".into(), epoch: Epoch::new() }).await;
    let (user, id) = (UserId::new(), InvitationId::new());
    let email = format!("{}@partner.com", user.0);
    let invitee = Invitee { line: 1, email: email.clone(), name: None, lead: false, id, token_hash: [0; 32] };
    let expires_at = now_utc() + Duration::from_secs(3_600);
    let invite = Action::Invite { invitees: vec![invitee], side: Side::Partner, role: Role::Viewer, expires_at };
    tell(FIXTURE.admin, invite).await.unwrap();
    let person = Person { user, email, name: "Pat".into(), avatar: None };
    tell(user, Action::AcceptInvitation { id, person }).await.unwrap();
    user
}
