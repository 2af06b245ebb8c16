//! Who is here, looking at what: told once a tick, to whom it concerns, and to nobody else.

use crate::common::{TestClient, TestServer};
use futures_util::future::join_all;
use loggia::hub::presence::{Due, IDLE_AFTER, Presence, TICK};
use loggia::id::{Epoch, ItemId, SessionId, TeamId, UserId, WorkspaceId};
use loggia::protocol::Status;
use loggia::store::now_utc;
use loggia::visibility::{Frame, Seat, audience_of_person};
use loggia::workspace::event::Event;
use loggia::workspace::member::{Member, Role, Side};
use loggia::workspace::{Audience, Stamp, Workspace};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::time::Duration;
use tokio::time::Instant;

// ---- over the wire ----

/// Opens a session and reads its first two messages: its id, and who is there.
async fn enter(person: &crate::common::Person, workspace: &str) -> (TestClient, String, Value) {
    let mut client = person.live(workspace).await;
    let welcome = client.until_type("welcome").await;
    let here = client.until_type("presence").await["sessions"].clone();
    (client, welcome["session"].as_str().unwrap().to_owned(), here)
}

fn sessions(list: &Value) -> HashSet<String> {
    let all = list.as_array().unwrap().iter();
    all.map(|one| one["session"].as_str().or(one.as_str()).unwrap().to_owned()).collect()
}

/// One session of a list.
fn entry<'a>(list: &'a Value, session: &str) -> &'a Value {
    list.as_array().unwrap().iter().find(|one| one["session"] == session).unwrap()
}

fn delta_with<'a>(field: &'a str, session: &'a str) -> impl Fn(&Value) -> bool + 'a {
    move |message| message["type"] == "presence_delta" && sessions(&message[field]).contains(session)
}

/// The deltas among all a client has seen.
fn deltas(client: &TestClient) -> Vec<Value> {
    let all = client.seen.iter().map(|text| serde_json::from_str::<Value>(text).unwrap());
    all.filter(|message| message["type"] == "presence_delta").collect()
}

#[tokio::test]
async fn each_tab_of_a_person_is_a_session_that_comes_and_goes_by_itself() {
    let server = TestServer::start().await;
    let workspace = server.walled_workspace().await;
    let editor = server.editor(&workspace, "eve@host.com").await;
    let (mut watcher, own, alone) = enter(&server.admin, &workspace).await;
    assert_eq!(sessions(&alone), HashSet::from([own.clone()]));

    let (first_tab, first, here) = enter(&editor, &workspace).await;
    assert_eq!(sessions(&here), HashSet::from([own.clone(), first.clone()]));
    let joined = watcher.until(delta_with("joined", &first)).await;
    let came = entry(&joined["joined"], &first);
    assert_eq!(came["person"]["id"], editor.id.as_str());
    assert_eq!((&came["viewing"], &came["status"]), (&Value::Null, &json!("active")));

    let (mut second_tab, second, here) = enter(&editor, &workspace).await;
    assert_eq!(sessions(&here), HashSet::from([own, first.clone(), second.clone()]));
    watcher.until(delta_with("joined", &second)).await;

    drop(first_tab);
    let left = watcher.until(delta_with("left", &first)).await;
    assert_eq!(left["left"], json!([first]));
    second_tab.until(delta_with("left", &first)).await;
    second_tab.socket.close(None).await.unwrap();
    watcher.until(delta_with("left", &second)).await;
}

#[tokio::test]
async fn what_a_session_looks_at_is_told_with_its_status() {
    let server = TestServer::start().await;
    let workspace = server.walled_workspace().await;
    let (_, request) = server.admin.collection(&workspace).await;
    let partner = server.partner(&workspace, "pat@acme.com").await;
    let (mut team, team_session, _) = enter(&server.admin, &workspace).await;
    let (mut there, partner_session, here) = enter(&partner, &workspace).await;
    assert!(sessions(&here).contains(&team_session), "a partner sees the team: {here}");
    team.until(delta_with("joined", &partner_session)).await;

    there.say(json!({"type": "presence", "viewing": request, "status": "active"})).await;
    let changed = team.until(delta_with("changed", &partner_session)).await;
    let there_now = entry(&changed["changed"], &partner_session);
    assert_eq!((&there_now["viewing"], &there_now["person"]["domain"]), (&json!(request), &json!("acme.com")));
    there.say(json!({"type": "presence", "viewing": request, "status": "typing"})).await;
    let changed = team.until(delta_with("changed", &partner_session)).await;
    assert_eq!(entry(&changed["changed"], &partner_session)["status"], "typing");
    there.say(json!({"type": "presence", "viewing": null, "status": "idle"})).await;
    let changed = team.until(delta_with("changed", &partner_session)).await;
    assert_eq!((&changed["changed"][0]["viewing"], &changed["changed"][0]["status"]), (&Value::Null, &json!("idle")));

    team.say(json!({"type": "presence", "viewing": request, "status": "active"})).await;
    let changed = there.until(delta_with("changed", &team_session)).await;
    assert_eq!(changed["changed"][0]["viewing"], request.as_str());
    let (_late, _, here) = enter(&partner, &workspace).await;
    let seen = here.as_array().unwrap().iter().find(|one| one["session"] == team_session.as_str()).unwrap().clone();
    assert_eq!(seen["viewing"], request.as_str(), "who comes later learns it too");
}

#[tokio::test]
async fn a_thousand_partners_cost_each_other_nothing_and_the_team_a_delta_a_tick() {
    let server = TestServer::start().await;
    let workspace = server.walled_workspace().await;
    let (_, request) = server.admin.collection(&workspace).await;
    let witness = server.partner(&workspace, "wes@witness.com").await;
    let invitees: Vec<_> = (0..1_000).map(|n| json!({"email": format!("p{n}@company{n}.com")})).collect();
    let body = json!({"invitees": invitees, "side": "partner", "role": "viewer"});
    let answer = server.admin.post(&format!("/v1/workspaces/{workspace}/invitations"), body).await;
    let mut partners = Vec::new();
    for row in answer.expect(200)["rows"].as_array().unwrap() {
        let link = row["link"].as_str().unwrap();
        partners.push(server.accept(link.split_once("#invite=").unwrap().1).await);
    }
    let began = Instant::now();
    let (mut quiet, quiet_session, _) = enter(&witness, &workspace).await;
    let (mut team, _, here) = enter(&server.admin, &workspace).await;
    assert!(sessions(&here).contains(&quiet_session));

    let mut there = join_all(partners.iter().map(|partner| partner.live(&workspace))).await;
    let mut known = HashSet::new();
    while known.len() < 1_000 {
        let delta = team.until_type("presence_delta").await;
        // Who was there before may be told once more.
        for session in sessions(&delta["joined"]).difference(&sessions(&here)).cloned() {
            assert!(known.insert(session), "nobody joins twice");
        }
    }
    let ticks = began.elapsed().as_millis() / TICK.as_millis() + 1;
    let told = deltas(&team).len() as u128;
    assert!(told <= ticks, "{told} deltas in {ticks} ticks");

    // Everybody moves and goes: still nothing about it reaches a partner.
    for partner in &mut there {
        partner.say(json!({"type": "presence", "viewing": request, "status": "active"})).await;
    }
    let survivor = there.pop().unwrap();
    drop(there);
    let mut gone = 0;
    while gone < 999 {
        gone += team.until_type("presence_delta").await["left"].as_array().unwrap().len();
    }
    let change = json!([{"kind": "item_update", "id": request, "patch": {"name": "Done"}}]);
    server.admin.edit(&workspace, change).await;
    for mut partner in [quiet, survivor] {
        partner.until_type("event").await;
        let kinds: Vec<Value> = partner.seen.iter().map(|text| serde_json::from_str::<Value>(text).unwrap()).collect();
        for message in kinds.iter().filter(|message| message["type"] == "presence_delta") {
            let about = message["joined"].as_array().unwrap().iter().chain(message["changed"].as_array().unwrap());
            for one in about {
                assert_eq!(one["person"]["side"], "team", "{message}");
            }
            assert!(sessions(&message["left"]).is_disjoint(&known), "{message}");
        }
        for text in &partner.seen {
            assert!(!text.contains("@company") && !text.contains("domain"), "{text}");
            for other in partners.iter().filter(|other| !text.contains("welcome") && text.contains(&other.id)) {
                let own = kinds[0]["you"]["id"].as_str().unwrap();
                assert_eq!(other.id, own, "{text}");
            }
        }
    }
    quiet = witness.live(&workspace).await;
    let here = quiet.until_type("presence").await;
    assert!(sessions(&here["sessions"]).is_disjoint(&known), "{here}");
}

#[tokio::test]
async fn a_partner_sees_its_own_other_tab_and_no_other_partner() {
    let server = TestServer::start().await;
    let workspace = server.walled_workspace().await;
    let (_, request) = server.admin.collection(&workspace).await;
    let pat = server.partner(&workspace, "pat@acme.com").await;
    let sam = server.partner(&workspace, "sam@acme.com").await;
    let (mut first, one, _) = enter(&pat, &workspace).await;
    let (mut other, stranger, here) = enter(&sam, &workspace).await;
    assert_eq!(sessions(&here), HashSet::from([stranger.clone()]));

    let (mut second, two, here) = enter(&pat, &workspace).await;
    assert_eq!(sessions(&here), HashSet::from([one.clone(), two.clone()]));
    let joined = first.until(delta_with("joined", &two)).await;
    assert_eq!(entry(&joined["joined"], &two)["person"]["id"], pat.id.as_str());
    second.say(json!({"type": "presence", "viewing": request, "status": "active"})).await;
    let changed = first.until(delta_with("changed", &two)).await;
    assert_eq!(changed["changed"][0]["viewing"], request.as_str());
    drop(second);
    first.until(delta_with("left", &two)).await;

    let change = json!([{"kind": "item_update", "id": request, "patch": {"name": "Done"}}]);
    server.admin.edit(&workspace, change).await;
    first.until_type("event").await;
    other.until_type("event").await;
    assert_eq!(deltas(&other), Vec::<Value>::new());
    assert!(first.seen.iter().all(|text| !text.contains(&stranger) && !text.contains(&sam.id)), "{:?}", first.seen);
}

// ---- the rules themselves, by the clock of the test ----

struct Stage {
    workspace: Workspace,
    presence: Presence,
    now: Instant,
}

impl Stage {
    fn new() -> Self {
        let mut stage = Self {
            workspace: Workspace::empty(WorkspaceId::new()),
            presence: Presence::default(),
            now: Instant::now(),
        };
        let creator = member("ada@host.com", Side::Team);
        let (team, epoch) = (TeamId::new(), Epoch::new());
        let domains = vec!["host.com".to_owned()];
        let (name, description) = ("API".to_owned(), String::new());
        stage.apply(&Event::WorkspaceCreated { name, description, team, team_domains: domains, epoch, creator });
        stage.apply(&Event::ModeSwitched { epoch: Epoch::new() });
        stage
    }

    fn apply(&mut self, event: &Event) {
        let by = UserId::new();
        let stamp = Stamp { sequence: self.workspace.sequence + 1, audience: Audience::Everyone, at: now_utc(), by };
        self.workspace.apply(event, stamp);
    }

    fn person(&mut self, email: &str, side: Side) -> UserId {
        let member = member(email, side);
        let user = member.user;
        self.apply(&Event::MemberJoined { member, invitation: None });
        user
    }

    fn join(&mut self, user: UserId, side: Side) -> SessionId {
        let seat = Seat { session: SessionId::new(), user, viewing: None, status: Status::Active };
        self.presence.join(seat, audience_of_person(side, self.workspace.mode), self.now);
        seat.session
    }

    /// Lets time pass, then takes what is due: for everyone, for the team, for single sessions.
    fn after(&mut self, time: Duration) -> Told {
        self.now += time;
        let mut told = Told::default();
        for due in self.presence.due(&self.workspace, self.now, |_| true) {
            match due {
                Due::Audience(Audience::Everyone, frame) => told.everyone.push(read(&frame)),
                Due::Audience(Audience::Team, frame) => told.team.push(read(&frame)),
                Due::Session(session, frame) => told.own.push((session, read(&frame))),
                Due::Nodes(..) => panic!("there are no other nodes"),
            }
        }
        told
    }
}

#[derive(Debug, Default, PartialEq)]
struct Told {
    everyone: Vec<Value>,
    team: Vec<Value>,
    own: Vec<(SessionId, Value)>,
}

fn member(email: &str, side: Side) -> Member {
    let name = email.split('@').next().unwrap().to_owned();
    let (user, role) = (UserId::new(), Role::Viewer);
    Member { user, email: email.into(), name, avatar: None, side, role, lead: false, current: true }
}

/// What a ready frame says.
fn read(frame: &Frame) -> Value {
    let bytes = frame.bytes();
    let header = match bytes[1] {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    serde_json::from_slice(&bytes[header..]).unwrap()
}

#[test]
fn a_hundred_joins_within_a_tick_are_one_delta_and_none_for_partners() {
    let mut stage = Stage::new();
    let came: Vec<_> = (0..100)
        .map(|n| {
            let user = stage.person(&format!("p@company{n}.com"), Side::Partner);
            stage.now += Duration::from_micros(100);
            stage.join(user, Side::Partner).to_string()
        })
        .collect();
    let told = stage.after(TICK);
    assert_eq!((told.everyone.len(), told.team.len(), told.own.len()), (0, 1, 0));
    let listed = told.team[0]["joined"].as_array().unwrap().iter().map(|one| one["session"].as_str().unwrap());
    assert!(listed.eq(came.iter().map(String::as_str)), "in order of coming");
    assert_eq!(stage.after(TICK), Told::default());
    assert_eq!(stage.presence.next_due(), None);
}

#[test]
fn nothing_is_told_before_its_tick_and_all_of_it_then() {
    let mut stage = Stage::new();
    let eve = stage.person("eve@host.com", Side::Team);
    let session = stage.join(eve, Side::Team);
    assert_eq!(stage.presence.next_due(), Some(stage.now + TICK));
    assert_eq!(stage.after(TICK - Duration::from_millis(1)), Told::default());
    let item = ItemId::new();
    stage.presence.update(session, Some((Some(item), Status::Active)), stage.now);
    let told = stage.after(Duration::from_millis(1));
    assert_eq!((told.everyone.len(), told.team.len()), (1, 0));
    let delta = &told.everyone[0];
    assert_eq!(delta["joined"][0]["viewing"], item.to_string(), "who joins and moves is told where it is");
    assert_eq!((&delta["changed"], &delta["left"]), (&json!([]), &json!([])));
}

#[test]
fn who_comes_and_goes_within_a_tick_is_told_to_have_left_only() {
    // Somebody may have got the whole list in between, with it.
    let mut stage = Stage::new();
    for (email, side) in [("eve@host.com", Side::Team), ("pat@acme.com", Side::Partner)] {
        let user = stage.person(email, side);
        let session = stage.join(user, side);
        stage.presence.update(session, Some((None, Status::Idle)), stage.now);
        stage.presence.leave(session, stage.now);
        let told = stage.after(TICK);
        let expected = json!({"type": "presence_delta", "joined": [], "changed": [], "left": [session.to_string()]});
        assert_eq!([told.everyone, told.team].concat(), vec![expected]);
        assert_eq!(stage.presence.next_due(), None);
    }
}

#[test]
fn who_is_known_and_goes_is_told_to_have_left_only() {
    let mut stage = Stage::new();
    let eve = stage.person("eve@host.com", Side::Team);
    let session = stage.join(eve, Side::Team);
    stage.after(TICK);
    stage.presence.update(session, Some((None, Status::Idle)), stage.now);
    stage.presence.leave(session, stage.now);
    stage.presence.leave(session, stage.now);
    let told = stage.after(TICK);
    let expected = json!({"type": "presence_delta", "joined": [], "changed": [], "left": [session.to_string()]});
    assert_eq!(told.everyone, vec![expected]);
}

#[test]
fn who_gives_no_sign_of_life_for_twenty_seconds_is_idle_and_active_again_with_the_next() {
    let mut stage = Stage::new();
    let eve = stage.person("eve@host.com", Side::Team);
    let item = ItemId::new();
    let session = stage.join(eve, Side::Team);
    stage.presence.update(session, Some((Some(item), Status::Active)), stage.now);
    stage.after(TICK);
    let came = stage.now - TICK;

    stage.presence.sweep(came + IDLE_AFTER - Duration::from_millis(1));
    assert_eq!(stage.after(IDLE_AFTER - TICK), Told::default());
    stage.presence.sweep(stage.now);
    let told = stage.after(TICK);
    let changed = &told.everyone[0]["changed"][0];
    assert_eq!((&changed["status"], &changed["viewing"]), (&json!("idle"), &json!(item.to_string())));
    stage.presence.sweep(stage.now);
    assert_eq!(stage.after(TICK), Told::default(), "an idle session becomes idle once");

    stage.presence.update(session, None, stage.now);
    let told = stage.after(TICK);
    assert_eq!(told.everyone[0]["changed"][0]["status"], "active");
    stage.presence.sweep(stage.now + IDLE_AFTER / 2);
    assert_eq!(stage.after(TICK), Told::default(), "the sign of life counts from when it came");

    stage.presence.update(session, Some((Some(item), Status::Typing)), stage.now);
    assert_eq!(stage.after(TICK).everyone[0]["changed"][0]["status"], "typing");
    stage.presence.update(session, None, stage.now);
    assert_eq!(stage.after(TICK), Told::default(), "a sign of life is no end of typing");
    stage.after(IDLE_AFTER);
    stage.presence.sweep(stage.now);
    assert_eq!(stage.after(TICK).everyone[0]["changed"][0]["status"], "idle");
}

#[test]
fn an_idle_partner_is_told_to_the_team_and_its_own_other_tabs() {
    let mut stage = Stage::new();
    let (pat, sam) = (stage.person("pat@acme.com", Side::Partner), stage.person("sam@acme.com", Side::Partner));
    let (one, two, _) =
        (stage.join(pat, Side::Partner), stage.join(pat, Side::Partner), stage.join(sam, Side::Partner));
    stage.after(TICK);
    stage.now += IDLE_AFTER;
    let (second, stranger) = (two, sam);
    stage.presence.update(second, None, stage.now);
    stage.presence.sweep(stage.now);
    let told = stage.after(TICK);
    assert_eq!(told.everyone, Vec::<Value>::new());
    assert_eq!(told.team.len(), 1);
    let own: Vec<_> = told.own.iter().filter(|(_, delta)| !delta.to_string().contains(&stranger.to_string())).collect();
    assert_eq!(own.len(), 1, "{told:?}");
    assert_eq!((own[0].0, &own[0].1["changed"][0]["session"]), (two, &json!(one.to_string())));
    assert_eq!(told.own.len(), 1, "a lone tab is not told of itself: {told:?}");
}

#[test]
fn the_same_said_again_is_not_told() {
    let mut stage = Stage::new();
    let eve = stage.person("eve@host.com", Side::Team);
    let session = stage.join(eve, Side::Team);
    stage.after(TICK);
    for _ in 0..3 {
        stage.presence.update(session, Some((None, Status::Active)), stage.now);
    }
    stage.presence.update(SessionId::new(), Some((None, Status::Idle)), stage.now);
    assert_eq!(stage.after(TICK), Told::default());
}
