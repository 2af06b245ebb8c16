//! One run of a schedule.

use super::mask::Mask;
use super::schedule::{ASKS, Ann, Schedule, Step, TABS, Team};
use super::upstream::Upstream;
use crate::common::{PATIENCE, Person, TestClient, TestServer, new_id};
use futures_util::StreamExt;
use serde_json::{Value, json};
use std::io::Cursor;
use tokio_tungstenite::tungstenite::Message;

pub const ANN: &str = "ann@acme.com";
/// The hidden partners: of another company, and of Ann's.
pub const HIDDEN: [&str; 2] = ["bea@globex.com", "cy@acme.com"];
/// What Ann asks for while a hidden partner has no id.
pub const NOBODY: [&str; 2] = ["019a0000-0000-7000-8000-00000000000b", "019a0000-0000-7000-8000-00000000000c"];

/// A socket, and what the room knows of its presence.
pub struct Seat {
    pub client: TestClient,
    pub session: String,
    pub viewing: Option<String>,
    pub idle: bool,
    /// Which of the lives in Ann's transcript this is.
    pub life: usize,
}

#[derive(Default)]
pub struct Stranger {
    pub person: Option<Person>,
    pub ids: Vec<String>,
    pub runs: Vec<String>,
    pub entries: Vec<String>,
    pub sockets: Vec<TestClient>,
}

pub struct World {
    pub server: TestServer,
    pub admin: Person,
    pub workspace: String,
    pub epoch: String,
    pub ann: Person,
    pub tabs: Vec<Option<Seat>>,
    /// What Ann read: over HTTP, and of each socket.
    pub http: Vec<String>,
    pub lives: Vec<Vec<String>>,
    pub etag: Option<String>,
    /// The API that requests are sent to.
    pub upstream: Upstream,
    pub collection: String,
    /// A request to it, and the environment that says where it is.
    pub call: String,
    pub environment: String,
    pub items: Vec<String>,
    pub position: u64,
    pub count: usize,
    pub there: Option<Seat>,
    pub colleagues: Vec<Person>,
    pub strangers: [Stranger; 2],
}

/// Runs a schedule; what Ann read, masked.
pub async fn run(schedule: &Schedule, busy: bool) -> Vec<String> {
    let mut world = World::start(schedule.lead).await;
    for step in &schedule.steps {
        match step {
            Step::Hidden(who, what) if busy => world.hidden(*who, what).await,
            Step::Hidden(..) => {}
            Step::Ann(what) => world.ann(what).await,
            Step::Team(what) => world.team(what).await,
        }
    }
    world.finish().await
}

impl World {
    /// A workspace that was classic, without the hidden partners, and Ann with one tab.
    pub async fn start(lead: bool) -> Self {
        let server = TestServer::start().await;
        let workspace = server.workspace().await;
        let (collection, request) = server.admin.collection(&workspace).await;
        let upstream = Upstream::start().await;
        let (call, environment) = (new_id(), new_id());
        let content = json!({"request": {"method": "GET", "url": "{{base}}/things?of={{who}}"}});
        let base = json!({"key": "base", "value": format!("http://{}", upstream.address)});
        let changes = json!([
            {"kind": "item_create", "id": call, "parent": collection, "item_kind": "request", "name": "Call",
             "content": content},
            {"kind": "environment_create", "id": environment, "name": "Base", "content": {"values": [base]}},
        ]);
        server.admin.edit(&workspace, changes).await;
        server.switch(&workspace).await.expect(200);
        let ann = server.join(&workspace, ANN, "partner", "viewer", lead).await;
        let snapshot = ann.get(&format!("/v1/workspaces/{workspace}")).await;
        let epoch = snapshot.expect(200)["epoch"].as_str().unwrap().to_owned();
        let position = snapshot.json["positions"]["shared"].as_u64().unwrap();
        let mut world = Self {
            admin: server.admin.clone(),
            server,
            workspace,
            epoch,
            ann,
            tabs: (0..TABS).map(|_| None).collect(),
            http: Vec::new(),
            lives: Vec::new(),
            etag: None,
            upstream,
            collection,
            call,
            environment,
            items: vec![request],
            position,
            count: 0,
            there: None,
            colleagues: Vec::new(),
            strangers: Default::default(),
        };
        // That the first tab came is told with what comes next: a second one, whose part in this is forgotten.
        world.open(0, "").await;
        world.open(1, "").await;
        world.close(1).await;
        world.lives.truncate(1);
        world
    }

    pub fn path(&self, rest: &str) -> String {
        format!("/v1/workspaces/{}{rest}", self.workspace)
    }

    pub fn next(&mut self) -> usize {
        self.count += 1;
        self.count
    }

    /// Has each of Ann's sockets, but one, read up to a message.
    pub async fn reaches_ann(&mut self, but: Option<usize>, fits: impl Fn(&Value) -> bool) {
        for (index, tab) in self.tabs.iter_mut().enumerate() {
            if let Some(tab) = tab.as_mut().filter(|_| Some(index) != but) {
                let message = tab.client.until(&fits).await;
                if message["type"] == "event" {
                    self.position = message["position"].as_u64().unwrap();
                }
            }
        }
    }

    pub async fn reaches_ann_event(&mut self, kind: &str) {
        self.reaches_ann(None, |message| message["change"]["kind"] == kind).await;
    }

    /// What somebody's presence does reaches Ann's sockets.
    pub async fn reaches_ann_delta(&mut self, but: Option<usize>, field: &str, session: &str) {
        let names = |one: &Value| one == session || one["session"] == session;
        let fits = |message: &Value| {
            let list = (message["type"] == "presence_delta").then(|| message[field].as_array()).flatten();
            list.is_some_and(|list| list.iter().any(names))
        };
        self.reaches_ann(but, fits).await;
    }

    /// Whatever is still to be told is told before this is: a change of the team's presence, one of Ann's own, and
    /// an edit.
    pub async fn finish(mut self) -> Vec<String> {
        self.team(&Team::Close).await;
        self.team(&Team::Open).await;
        self.close(1).await;
        self.open(1, "").await;
        for whom in 0..4 {
            self.ann(&Ann::Invite(whom)).await;
        }
        for what in ASKS {
            self.ask_for(what).await;
        }
        self.team(&Team::Create).await;
        for tab in (0..TABS).rev() {
            self.close(tab).await;
        }
        let mut mask = Mask::of(&self.upstream.address.to_string());
        for (who, stranger) in self.strangers.iter().enumerate() {
            for id in stranger
                .ids
                .iter()
                .chain(&stranger.runs)
                .chain(&stranger.entries)
                .map(String::as_str)
                .chain([NOBODY[who]])
            {
                mask.labels.insert(id.to_owned(), format!("HIDDEN{who}"));
            }
        }
        let mut read: Vec<String> = self.http.iter().map(|line| mask.line(line)).collect();
        for (number, life) in self.lives.iter().enumerate() {
            read.extend(life.iter().map(|line| format!("socket {number}: {}", mask.line(line))));
        }
        read
    }
}

/// Reads a socket to its end: how it closes. What is neither text nor the close is nothing Ann should get.
pub async fn to_the_end(client: &mut TestClient) -> String {
    loop {
        match tokio::time::timeout(PATIENCE, client.socket.next()).await.expect("a close in time") {
            Some(Ok(Message::Text(text))) => client.seen.push(text.to_string()),
            Some(Ok(Message::Close(frame))) => {
                return format!("closed: {:?}", frame.map(|frame| (u16::from(frame.code), frame.reason.to_string())));
            }
            None => return "closed without a word".into(),
            other => panic!("unexpected: {other:?}"),
        }
    }
}

/// Says where a session looks; the session, when that is a change.
pub async fn look(seat: &mut Seat, viewing: Option<String>, idle: bool) -> Option<String> {
    let status = if idle { "idle" } else { "active" };
    seat.client.say(json!({"type": "presence", "viewing": viewing, "status": status})).await;
    let changes = (&seat.viewing, seat.idle) != (&viewing, idle);
    (seat.viewing, seat.idle) = (viewing, idle);
    changes.then(|| seat.session.clone())
}

/// The body by which somebody invites: somebody new of its domain, Ann, somebody new of hers, and Cy.
pub fn invitation(by: &str, whom: usize, number: usize) -> Value {
    let domain = by.split_once('@').unwrap().1;
    let email = match whom {
        0 => format!("new{number}@{domain}"),
        1 => ANN.into(),
        2 => format!("fresh{number}@acme.com"),
        _ => HIDDEN[1].into(),
    };
    json!({"invitees": [{"email": email}, {"email": "ada@host.com"}], "side": "partner", "role": "viewer"})
}

pub async fn set_avatar(person: &Person, shade: usize) {
    let shade = u8::try_from(shade % 256).unwrap();
    let mut png = Cursor::new(Vec::new());
    image::RgbImage::from_pixel(2, 2, image::Rgb([shade, 7, 9])).write_to(&mut png, image::ImageFormat::Png).unwrap();
    let request = person.http.put(format!("{}/v1/me/avatar", person.url)).bearer_auth(&person.token);
    let answer = request.header("content-type", "image/png").body(png.into_inner()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}
