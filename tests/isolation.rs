//! Who may see what: the table of the design, a test a row, in both modes, over every exit of the server.
//!
//! That a frame does not come is shown by an event that comes after it would have: the room orders both.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod common;

use common::{Answer, Person, TestClient, TestServer, new_id};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::{Mutex, OnceLock};
use tokio_tungstenite::tungstenite;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Classic,
    MultiPartner,
}
use Mode::{Classic, MultiPartner};

/// A workspace with a team and partners: `pat` looks; `zelda` (of another company) and `yuri` (of the same) are there.
struct Scene {
    server: TestServer,
    workspace: String,
    root: String,
    request: String,
    environment: String,
    editor: Person,
    pat: Person,
    zelda: Person,
    yuri: Person,
}

impl Scene {
    async fn new(mode: Mode) -> Self {
        let server = TestServer::start().await;
        let workspace = match mode {
            Classic => server.workspace().await,
            MultiPartner => server.walled_workspace().await,
        };
        let (root, request) = server.admin.collection(&workspace).await;
        let environment = new_id();
        let made = json!([{"kind": "environment_create", "id": environment, "name": "Production",
                           "content": {"values": [{"key": "host", "value": "api.host.com"}]}}]);
        server.admin.edit(&workspace, made).await;
        let editor = server.editor(&workspace, "edda-team@host.com").await;
        let pat = server.partner(&workspace, "pat-here@acme.com").await;
        let zelda = server.partner(&workspace, "zelda-berg@bolt.org").await;
        let yuri = server.partner(&workspace, "yuri-same@acme.com").await;
        Self { server, workspace, root, request, environment, editor, pat, zelda, yuri }
    }

    fn admin(&self) -> &Person {
        &self.server.admin
    }

    fn path(&self, rest: &str) -> String {
        format!("/v1/workspaces/{}{rest}", self.workspace)
    }

    async fn get(&self, who: &Person, rest: &str) -> Answer {
        who.get(&self.path(rest)).await
    }

    /// What tells of the other partners.
    fn others(&self) -> Vec<String> {
        let words = [&self.zelda.id, &self.yuri.id].map(Clone::clone);
        words.into_iter().chain(["zelda-berg", "yuri-same", "bolt.org"].map(str::to_owned)).collect()
    }

    /// All that somebody can read.
    async fn exits(&self, who: &Person) -> BTreeMap<String, Answer> {
        let mut rests: Vec<String> =
            ["", "/members", "/invitations", "/activity", "/engagement", "/archive"].map(str::to_owned).into();
        for item in [&self.root, &self.request] {
            rests.push(format!("/items/{item}"));
            rests.push(format!("/items/{item}/export"));
            rests.push(format!("/items/{item}/comments"));
        }
        rests.push(format!("/environments/{}/export", self.environment));
        for person in [self.admin(), &self.editor, &self.zelda, &self.yuri] {
            rests.push(format!("/members/{}/avatar", person.id));
        }
        let mut answers = BTreeMap::new();
        for rest in rests {
            let answer = self.get(who, &rest).await;
            answers.insert(rest, answer);
        }
        answers.insert("all workspaces".into(), who.get("/v1/workspaces").await);
        answers
    }

    /// The same, as what comes over the wire.
    async fn bytes(&self, who: &Person) -> BTreeMap<String, String> {
        self.exits(who).await.into_iter().map(|(rest, answer)| (rest, wire(&answer))).collect()
    }

    /// An edit of the team's, seen by the clients: whatever was published before it has come to them.
    async fn mark(&self, clients: &mut [&mut TestClient]) {
        let name = format!("marked {}", new_id());
        let change = json!([{"kind": "item_update", "id": self.root, "patch": {"name": name}}]);
        self.admin().edit(&self.workspace, change).await;
        for client in clients {
            client.until(|message| message["change"]["patch"]["name"] == name.as_str()).await;
        }
    }

    async fn invite(&self, by: &Person, email: &str) -> Answer {
        by.post(&self.path("/invitations"), json!({"invitees": [{"email": email}]})).await
    }
}

/// An answer, but for when it was given.
fn wire(answer: &Answer) -> String {
    let head = answer.headers.iter().filter(|(name, _)| *name != "date");
    let head: Vec<String> = head.map(|(name, value)| format!("{name}: {value:?}")).collect();
    format!("{}\n{}\n\n{}", answer.status, head.join("\n"), answer.text)
}

#[track_caller]
fn hides(what: &str, text: &str, secrets: &[String]) {
    for secret in secrets {
        assert!(!text.contains(secret.as_str()), "{what} tells of {secret}: {text}");
    }
}

#[track_caller]
fn hides_frames(client: &TestClient, secrets: &[String]) {
    client.seen.iter().for_each(|frame| hides("a frame", frame, secrets));
}

fn tells_of(list: &Value, id: &str) -> bool {
    list.as_array().is_some_and(|list| list.iter().any(|one| one["person"]["id"] == id))
}

/// A live socket whose first presence has come, with the welcome and the presence.
async fn seated(who: &Person, workspace: &str) -> (TestClient, Value, Value) {
    let mut client = who.live(workspace).await;
    let welcome = client.next().await;
    assert_eq!(welcome["type"], "welcome", "{welcome}");
    let presence = client.next().await;
    assert_eq!(presence["type"], "presence", "{presence}");
    (client, welcome, presence)
}

async fn until_joined(client: &mut TestClient, id: &str) -> Value {
    client.until(|message| tells_of(&message["joined"], id)).await
}

async fn until_changed(client: &mut TestClient, id: &str) -> Value {
    let message = client.until(|message| tells_of(&message["changed"], id)).await;
    message["changed"].as_array().unwrap().iter().find(|one| one["person"]["id"] == id).unwrap().clone()
}

async fn until_left(client: &mut TestClient, session: &Value) {
    client.until(|message| message["left"].as_array().is_some_and(|left| left.contains(session))).await;
}

async fn set_avatar(who: &Person, shade: u8) {
    let mut png = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(64, 64, image::Rgb([shade, 20, 90]));
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    let request = who.http.put(format!("{}/v1/me/avatar", who.url)).bearer_auth(&who.token);
    let sent = request.header("content-type", "image/png").body(png.into_inner()).send().await.unwrap();
    Answer::of(sent).await.expect(200);
}

async fn rename(who: &Person, name: &str) {
    who.patch("/v1/me", json!({"name": name})).await.expect(200);
}

/// Where the server writes the links of a Lead's invitations.
#[derive(Clone, Copy)]
struct Journal;

static WRITTEN: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static STARTED: OnceLock<()> = OnceLock::new();

impl Write for Journal {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        WRITTEN.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Journal {
    fn start() {
        STARTED.get_or_init(|| {
            let make = tracing_subscriber::fmt().with_ansi(false).with_max_level(tracing::Level::INFO);
            make.with_writer(|| Self).init();
        });
    }

    /// The token last sent to an address.
    fn token(email: &str) -> String {
        let text = String::from_utf8(WRITTEN.lock().unwrap().clone()).unwrap();
        let line = text.lines().rfind(|line| line.contains(email) && line.contains("#invite="));
        let line = line.unwrap_or_else(|| panic!("no link for {email}: {text}"));
        let token = line.split_once("#invite=").unwrap().1;
        token.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect()
    }
}

// ---- items, environments, settings ----

#[tokio::test]
async fn items_environments_and_settings_are_seen_by_all_in_both_modes() {
    for mode in [Classic, MultiPartner] {
        let scene = Scene::new(mode).await;
        let everyone = [scene.admin(), &scene.editor, &scene.pat, &scene.zelda, &scene.yuri];
        let mut clients = Vec::new();
        for who in everyone {
            clients.push(seated(who, &scene.workspace).await.0);
        }
        let patch = json!({"description": "New words"});
        scene.admin().patch(&scene.path(""), patch).await.expect(200);
        let change = json!([
            {"kind": "item_update", "id": scene.request, "patch": {"name": "All users"}},
            {"kind": "environment_update", "id": scene.environment, "patch": {"name": "Live"}},
        ]);
        scene.editor.edit(&scene.workspace, change).await;
        for client in &mut clients {
            let told = client.until(|message| message["change"]["kind"] == "workspace_updated").await;
            assert_eq!(told["change"]["patch"]["description"], "New words", "{mode:?}");
            let told = client.until(|message| message["change"]["kind"] == "item_updated").await;
            assert_eq!((&told["by"]["id"], &told["stream"]), (&json!(scene.editor.id), &json!("shared")), "{mode:?}");
            let told = client.until(|message| message["change"]["kind"] == "environment_updated").await;
            assert_eq!(told["change"]["patch"]["name"], "Live", "{mode:?}");
        }
        let (item, export) = (format!("/items/{}", scene.request), format!("/items/{}/export", scene.root));
        let environment = format!("/environments/{}/export", scene.environment);
        let first = scene.get(scene.admin(), &export).await;
        first.expect(200);
        for who in everyone {
            let snapshot = scene.get(who, "").await;
            assert_eq!(snapshot.expect(200)["description"], "New words");
            assert_eq!(snapshot.json["tree"].as_array().unwrap().len(), 2);
            assert_eq!(snapshot.json["environments"][0]["name"], "Live");
            assert_eq!(scene.get(who, &item).await.expect(200)["name"], "All users");
            assert_eq!(wire(&scene.get(who, &export).await), wire(&first), "an export is equal for all");
            assert_eq!(scene.get(who, &environment).await.expect(200)["name"], "Live");
        }
    }
}

// ---- team members ----

#[tokio::test]
async fn team_members_are_seen_by_all_with_name_avatar_presence_and_edits_in_both_modes() {
    for mode in [Classic, MultiPartner] {
        let scene = Scene::new(mode).await;
        set_avatar(&scene.editor, 7).await;
        let id = &scene.editor.id;
        let (mut pat, welcome, _) = seated(&scene.pat, &scene.workspace).await;
        let (mut live, its_welcome, _) = seated(&scene.editor, &scene.workspace).await;
        let came = until_joined(&mut pat, id).await;
        let here = came["joined"].as_array().unwrap().iter().find(|one| one["person"]["id"] == id.as_str()).unwrap();
        assert_eq!(here["person"]["name"], "edda-team", "{mode:?}");
        assert_eq!(here["person"]["side"], "team");
        live.say(json!({"type": "presence", "viewing": scene.request, "status": "active"})).await;
        assert_eq!(until_changed(&mut pat, id).await["viewing"], scene.request.as_str());
        live.say(json!({"type": "presence", "viewing": null, "status": "idle"})).await;
        assert_eq!(until_changed(&mut pat, id).await["status"], "idle");
        live.edit(json!([{"kind": "item_update", "id": scene.request, "patch": {"name": "Edda's"}}])).await;
        assert_eq!(pat.until_type("event").await["by"]["name"], "edda-team");
        rename(&scene.editor, "Edda Renamed").await;
        let told = pat.until(|message| message["change"]["kind"] == "person_updated").await;
        assert_eq!(told["change"]["person"]["name"], "Edda Renamed");
        drop(live);
        until_left(&mut pat, &its_welcome["session"]).await;

        for path in ["", "/members"] {
            let answer = scene.get(&scene.pat, path).await;
            let team = answer.expect(200)["team"].as_array().unwrap().clone();
            let edda = team.iter().find(|one| one["id"] == id.as_str()).unwrap();
            assert_eq!(edda["name"], "Edda Renamed", "{mode:?} {path}");
            let avatar = scene.pat.get(edda["avatar"].as_str().unwrap()).await;
            assert_eq!((avatar.status, &avatar.headers["content-type"]), (200, &"image/png".parse().unwrap()));
        }
        let item = scene.get(&scene.pat, &format!("/items/{}", scene.request)).await;
        assert_eq!(item.expect(200)["updated_by"]["name"], "Edda Renamed");
        // The same again for who comes later.
        let resume = format!("?epoch={}&shared={}", welcome["epoch"].as_str().unwrap(), welcome["positions"]["shared"]);
        let mut late = scene.zelda.try_live(&scene.workspace, &resume).await.unwrap();
        assert_eq!(late.until_type("event").await["by"]["id"], id.as_str(), "{mode:?}");
    }
}

// ---- a partner's name, e-mail, avatar, membership ----

#[tokio::test]
async fn a_partner_is_nowhere_to_be_found_for_other_partners_in_multi_partner_mode() {
    let scene = Scene::new(MultiPartner).await;
    for partner in [&scene.zelda, &scene.yuri] {
        set_avatar(partner, 3).await;
    }
    for (rest, answer) in scene.exits(&scene.pat).await {
        hides(&rest, &wire(&answer), &scene.others());
    }
    for other in [&scene.zelda, &scene.yuri] {
        scene.get(&scene.pat, &format!("/members/{}/avatar", other.id)).await.refused(404, "not_found");
    }
    let members = scene.get(&scene.pat, "/members").await;
    assert_eq!(members.expect(200)["partners"], json!([]));
}

#[tokio::test]
async fn whatever_partners_do_no_answer_to_another_partner_changes_by_a_byte_in_multi_partner_mode() {
    Journal::start();
    let scene = Scene::new(MultiPartner).await;
    let lead = scene.server.join(&scene.workspace, "lena-lead@acme.com", "partner", "viewer", true).await;
    let before = (scene.bytes(&scene.pat).await, scene.bytes(&lead).await);
    let (mut pat, welcome, presence) = seated(&scene.pat, &scene.workspace).await;
    let (mut team, ..) = seated(scene.admin(), &scene.workspace).await;
    until_joined(&mut pat, &scene.admin().id).await;
    let (came, heard) = (welcome["positions"].clone(), pat.seen.len());
    hides("the presence", &presence.to_string(), &scene.others());

    for (shade, partner) in [(1, &scene.zelda), (2, &scene.yuri)] {
        set_avatar(partner, shade).await;
        rename(partner, &format!("zelda-berg yuri-same {shade}")).await;
    }
    let wanda = scene.server.partner(&scene.workspace, "wanda-new@bolt.org").await;
    let (live, ..) = seated(&wanda, &scene.workspace).await;
    until_joined(&mut team, &wanda.id).await;
    scene.admin().patch(&scene.path(&format!("/members/{}", wanda.id)), json!({"lead": true})).await.expect(204);
    scene.invite(&wanda, "xenia-next@bolt.org").await.expect(200);
    scene.server.accept(&Journal::token("xenia-next@bolt.org")).await;
    scene.invite(scene.admin(), "vito-open@bolt.org").await.expect(200);
    drop(live);
    scene.admin().delete(&scene.path(&format!("/members/{}", wanda.id))).await;
    team.until(|message| message["change"]["kind"] == "member_removed").await;

    assert_eq!(scene.bytes(&scene.pat).await, before.0);
    assert_eq!(scene.bytes(&lead).await, before.1, "a Lead who invited none of them is as any other");
    scene.mark(&mut [&mut pat]).await;
    assert_eq!(pat.seen.len(), heard + 1, "nothing came but the team's edit: {:?}", &pat.seen[heard..]);
    let event: Value = serde_json::from_str(pat.seen.last().unwrap()).unwrap();
    assert_eq!(event["position"], came["shared"].as_u64().unwrap() + 1, "no hole stands for what was hidden");

    let mut secrets = scene.others();
    secrets.extend([wanda.id, "wanda-new".into(), "xenia-next".into(), "vito-open".into()]);
    let resume = format!("?epoch={}&shared=0&team=0", welcome["epoch"].as_str().unwrap());
    let mut again = scene.pat.try_live(&scene.workspace, &resume).await.unwrap();
    let told = again.until(|message| message["position"] == event["position"]).await;
    assert_eq!(told, event, "a replayed event is the event");
    let positions: Vec<u64> = again
        .seen
        .iter()
        .filter_map(|frame| {
            let frame: Value = serde_json::from_str(frame).unwrap();
            if frame["type"] == "event" {
                assert_eq!(frame["stream"], "shared", "{frame}");
            }
            frame["position"].as_u64()
        })
        .collect();
    let dense: Vec<u64> = (1..=event["position"].as_u64().unwrap()).collect();
    assert_eq!(positions, dense, "a resume replays the stream for everyone, without holes, and nothing of the team's");
    [&pat, &again].into_iter().for_each(|client| hides_frames(client, &secrets));
}

#[tokio::test]
async fn a_partner_is_seen_by_the_team_and_by_itself_in_both_modes() {
    for mode in [Classic, MultiPartner] {
        let scene = Scene::new(mode).await;
        set_avatar(&scene.zelda, 9).await;
        for team in [scene.admin(), &scene.editor] {
            let members = scene.get(team, "/members").await;
            let companies = members.expect(200)["partners"].as_array().unwrap().clone();
            let domains: Vec<&str> = companies.iter().map(|company| company["domain"].as_str().unwrap()).collect();
            assert_eq!(domains, ["acme.com", "bolt.org"], "{mode:?}");
            let zelda = &companies[1]["members"][0];
            assert_eq!((&zelda["name"], &zelda["email"]), (&json!("zelda-berg"), &json!("zelda-berg@bolt.org")));
            assert_eq!((&zelda["domain"], &zelda["id"]), (&json!("bolt.org"), &json!(scene.zelda.id)));
            assert_eq!(team.get(zelda["avatar"].as_str().unwrap()).await.status, 200);
        }
        let own = scene.get(&scene.zelda, "/members").await;
        let you = &own.expect(200)["you"];
        assert_eq!((&you["id"], &you["email"]), (&json!(scene.zelda.id), &json!("zelda-berg@bolt.org")));
        assert_eq!(scene.zelda.get(you["avatar"].as_str().unwrap()).await.status, 200);
        let (_, welcome, presence) = seated(&scene.zelda, &scene.workspace).await;
        assert_eq!(welcome["you"]["name"], "zelda-berg");
        assert!(tells_of(&presence["sessions"], &scene.zelda.id), "its own session is listed: {presence}");
    }
}

#[tokio::test]
async fn all_members_see_all_members_in_classic_mode() {
    let scene = Scene::new(Classic).await;
    set_avatar(&scene.zelda, 9).await;
    let members = scene.get(&scene.pat, "/members").await;
    let partners = members.expect(200)["partners"].to_string();
    for partner in [&scene.pat, &scene.zelda, &scene.yuri] {
        assert!(partners.contains(&partner.id), "{partners}");
    }
    assert!(partners.contains("zelda-berg"), "{partners}");
    let avatar = scene.get(&scene.pat, &format!("/members/{}/avatar", scene.zelda.id)).await;
    assert_eq!((avatar.status, &avatar.headers["content-type"]), (200, &"image/png".parse().unwrap()));

    let (mut pat, welcome, _) = seated(&scene.pat, &scene.workspace).await;
    let wanda = scene.server.join(&scene.workspace, "wanda-new@bolt.org", "partner", "editor", false).await;
    let told = pat.until(|message| message["change"]["kind"] == "member_joined").await;
    assert_eq!(told["change"]["person"]["id"], wanda.id.as_str());
    let change = json!([{"kind": "item_update", "id": scene.request, "patch": {"name": "Wanda's"}}]);
    wanda.edit(&scene.workspace, change).await;
    assert_eq!(pat.until_type("event").await["by"]["id"], wanda.id.as_str());
    let item = scene.get(&scene.pat, &format!("/items/{}", scene.request)).await;
    assert_eq!(item.expect(200)["updated_by"]["id"], wanda.id.as_str());
    let resume = format!("?epoch={}&shared={}", welcome["epoch"].as_str().unwrap(), welcome["positions"]["shared"]);
    let mut late = scene.yuri.try_live(&scene.workspace, &resume).await.unwrap();
    let told = late.until(|message| message["change"]["kind"] == "member_joined").await;
    assert_eq!(told["change"]["person"]["name"], "wanda-new");
}

#[tokio::test]
async fn a_hidden_partners_avatar_answers_as_a_made_up_ids_in_multi_partner_mode() {
    let scene = Scene::new(MultiPartner).await;
    set_avatar(&scene.zelda, 9).await;
    let lead = scene.server.join(&scene.workspace, "lena-lead@bolt.org", "partner", "viewer", true).await;
    for who in [&scene.pat, &scene.yuri, &lead] {
        let made_up = scene.get(who, &format!("/members/{}/avatar", new_id())).await;
        made_up.refused(404, "not_found");
        for hidden in [&scene.zelda.id, &scene.pat.id, &scene.yuri.id] {
            if *hidden != who.id {
                let answer = scene.get(who, &format!("/members/{hidden}/avatar?v=0123456789abcdef")).await;
                assert_eq!(wire(&answer), wire(&made_up));
            }
        }
    }
    assert_eq!(scene.get(&scene.editor, &format!("/members/{}/avatar", scene.zelda.id)).await.status, 200);
}

// ---- a partner's presence ----

#[tokio::test]
async fn a_partners_presence_reaches_the_team_and_its_own_sessions_alone_in_multi_partner_mode() {
    let scene = Scene::new(MultiPartner).await;
    let lead = scene.server.join(&scene.workspace, "lena-lead@bolt.org", "partner", "viewer", true).await;
    let (mut team, ..) = seated(scene.admin(), &scene.workspace).await;
    let mut watching = Vec::new();
    for who in [&scene.pat, &scene.yuri, &lead] {
        watching.push(seated(who, &scene.workspace).await.0);
        until_joined(&mut team, &who.id).await;
    }
    let (mut own, ..) = seated(&scene.zelda, &scene.workspace).await;
    until_joined(&mut team, &scene.zelda.id).await;
    let (mut live, welcome, presence) = seated(&scene.zelda, &scene.workspace).await;
    let ids: Vec<&Value> = presence["sessions"].as_array().unwrap().iter().map(|one| &one["person"]["id"]).collect();
    assert_eq!(ids, [&json!(scene.admin().id), &json!(scene.zelda.id), &json!(scene.zelda.id)], "{presence}");
    let session = &welcome["session"];
    for client in [&mut team, &mut own] {
        until_joined(client, &scene.zelda.id).await;
    }
    live.say(json!({"type": "presence", "viewing": scene.request, "status": "active"})).await;
    for client in [&mut team, &mut own] {
        assert_eq!(until_changed(client, &scene.zelda.id).await["viewing"], scene.request.as_str());
    }
    live.say(json!({"type": "presence", "viewing": scene.request, "status": "idle"})).await;
    for client in [&mut team, &mut own] {
        assert_eq!(until_changed(client, &scene.zelda.id).await["status"], "idle");
    }
    // Who comes meanwhile is told nothing of it either.
    let (mut late, _, presence) = seated(&scene.pat, &scene.workspace).await;
    hides("a presence", &presence.to_string(), &[scene.zelda.id.clone(), session.as_str().unwrap().to_owned()]);
    drop(live);
    for client in [&mut team, &mut own] {
        until_left(client, session).await;
    }
    let mut waiting: Vec<&mut TestClient> = watching.iter_mut().chain([&mut late]).collect();
    scene.mark(&mut waiting).await;
    let secrets = [scene.zelda.id.clone(), "zelda-berg".into(), session.as_str().unwrap().to_owned()];
    watching.iter().chain([&late]).for_each(|client| hides_frames(client, &secrets));
    for (client, who) in watching.iter().zip([&scene.pat, &scene.yuri, &lead]) {
        for other in [&scene.pat, &scene.yuri, &lead] {
            if who.id != other.id {
                hides_frames(client, std::slice::from_ref(&other.id));
            }
        }
    }
}

#[tokio::test]
async fn a_partners_presence_reaches_all_in_classic_mode() {
    let scene = Scene::new(Classic).await;
    let mut clients = Vec::new();
    for who in [scene.admin(), &scene.pat, &scene.yuri] {
        clients.push(seated(who, &scene.workspace).await.0);
    }
    let (mut live, welcome, _) = seated(&scene.zelda, &scene.workspace).await;
    for client in &mut clients {
        until_joined(client, &scene.zelda.id).await;
    }
    live.say(json!({"type": "presence", "viewing": scene.request, "status": "active"})).await;
    for client in &mut clients {
        assert_eq!(until_changed(client, &scene.zelda.id).await["viewing"], scene.request.as_str());
    }
    live.say(json!({"type": "presence", "viewing": null, "status": "idle"})).await;
    for client in &mut clients {
        assert_eq!(until_changed(client, &scene.zelda.id).await["status"], "idle");
    }
    let (_late, _, presence) = seated(&scene.pat, &scene.workspace).await;
    assert!(tells_of(&presence["sessions"], &scene.zelda.id), "{presence}");
    drop(live);
    for client in &mut clients {
        until_left(client, &welcome["session"]).await;
    }
}

// ---- invitations ----

#[tokio::test]
async fn the_team_sees_all_invitations_a_lead_its_own_and_another_partner_none_in_both_modes() {
    for mode in [Classic, MultiPartner] {
        let scene = Scene::new(mode).await;
        let lead = scene.server.join(&scene.workspace, "lena-lead@acme.com", "partner", "viewer", true).await;
        let rival = scene.server.join(&scene.workspace, "rolf-lead@acme.com", "partner", "viewer", true).await;
        let (mut team, ..) = seated(&scene.editor, &scene.workspace).await;
        let mut watching = Vec::new();
        for who in [&scene.pat, &lead, &rival] {
            watching.push(seated(who, &scene.workspace).await.0);
            until_joined(&mut team, &who.id).await;
        }
        scene.invite(scene.admin(), "olga-open@acme.com").await.expect(200);
        let sent = scene.invite(&lead, "ivo-guest@acme.com").await;
        assert_eq!(sent.expect(200)["rows"], json!([{"line": 1, "email": "ivo-guest@acme.com", "outcome": "sent"}]));
        let told = team.until(|message| message["change"]["invitation"]["email"] == "ivo-guest@acme.com").await;
        assert_eq!((&told["stream"], &told["by"]["id"]), (&json!("team"), &json!(lead.id)), "{mode:?}");

        for who in [scene.admin(), &scene.editor] {
            let list = scene.get(who, "/invitations").await;
            let list = list.expect(200)["invitations"].as_array().unwrap().clone();
            // Those of the scene's five who were invited, of the two Leads, and the two open ones.
            let emails: Vec<&str> = list.iter().map(|one| one["email"].as_str().unwrap()).collect();
            assert_eq!(emails.len(), 8, "{mode:?} {emails:?}");
            let ivo = list.iter().find(|one| one["email"] == "ivo-guest@acme.com").unwrap();
            assert_eq!((&ivo["by"]["id"], &ivo["accepted"]), (&json!(lead.id), &json!(false)));
            let pat = list.iter().find(|one| one["email"] == "pat-here@acme.com").unwrap();
            assert_eq!(pat["accepted"], true);
        }
        let own = scene.get(&lead, "/invitations").await;
        let list = own.expect(200)["invitations"].as_array().unwrap();
        assert_eq!(list.len(), 1, "{mode:?}: {}", own.text);
        let keys: Vec<&str> = list[0].as_object().unwrap().keys().map(String::as_str).collect();
        let mut shown = ["id", "email", "name", "side", "role", "lead", "at", "expires_at"];
        let mut keys = keys;
        keys.sort_unstable();
        shown.sort_unstable();
        assert_eq!(keys, shown, "no `accepted`, no `by`, no link");
        for who in [&scene.pat, &scene.zelda, &rival] {
            assert_eq!(scene.get(who, "/invitations").await.expect(200), &json!({"invitations": []}), "{mode:?}");
        }
        scene.invite(&scene.pat, "ivo-guest@acme.com").await.refused(403, "forbidden");

        let mut waiting: Vec<&mut TestClient> = watching.iter_mut().collect();
        scene.mark(&mut waiting).await;
        let secrets = ["ivo-guest".to_owned(), "olga-open".to_owned(), "invitation_".to_owned()];
        watching.iter().for_each(|client| hides_frames(client, &secrets));
    }
}

/// A Lead's invitation as it looks, but for what is its own by nature.
fn masked(list: &Value) -> Vec<Value> {
    let mask = |one: &Value| {
        let mut one = one.clone();
        for field in ["id", "email", "at", "expires_at"] {
            assert!(one[field].is_string(), "{one}");
            one[field] = json!("masked");
        }
        one
    };
    list["invitations"].as_array().unwrap().iter().map(mask).collect()
}

#[tokio::test]
async fn a_lead_cant_tell_the_new_from_the_invited_and_from_members_before_and_after_acceptance() {
    Journal::start();
    let scene = Scene::new(MultiPartner).await;
    let lead = scene.server.join(&scene.workspace, "lena-lead@acme.com", "partner", "viewer", true).await;
    let opened = scene.invite(scene.admin(), "tell-seen@acme.com").await;
    let opened = opened.expect(200)["rows"][0]["link"].as_str().unwrap().split_once("#invite=").unwrap().1.to_owned();
    let here = scene.server.partner(&scene.workspace, "tell-here@acme.com").await;
    let emails = ["tell-none@acme.com", "tell-seen@acme.com", "tell-here@acme.com"];

    let mut answers = Vec::new();
    for email in emails {
        answers.push(wire(&scene.invite(&lead, email).await).replace(email, "EMAIL"));
    }
    assert!(answers[0].contains(r#"{"line":1,"email":"EMAIL","outcome":"sent"}"#), "{}", answers[0]);
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);

    let before = scene.get(&lead, "/invitations").await;
    let list = masked(before.expect(200));
    assert_eq!(list.len(), 3, "{}", before.text);
    assert!(list.iter().all(|one| *one == list[0]), "{}", before.text);

    // The new one takes the Lead's, the invited one the team's; the member uses one for nothing.
    let (mut team, ..) = seated(scene.admin(), &scene.workspace).await;
    let (mut live, ..) = seated(&lead, &scene.workspace).await;
    let joined = scene.server.accept(&Journal::token("tell-none@acme.com")).await;
    let other = scene.server.accept(&opened).await;
    here.accept(&Journal::token("tell-here@acme.com")).await.expect(200);
    set_avatar(&joined, 5).await;
    rename(&joined, "tell-renamed").await;
    let (_guest, ..) = seated(&joined, &scene.workspace).await;
    until_joined(&mut team, &joined.id).await;
    let after = scene.get(&lead, "/invitations").await;
    assert_eq!(wire(&after), wire(&before), "an acceptance shows nowhere");

    let secrets = [joined.id.clone(), other.id, "tell-".to_owned()];
    for (rest, answer) in scene.exits(&lead).await {
        if rest != "/invitations" {
            hides(&rest, &wire(&answer), &secrets);
        }
    }
    let avatar = scene.get(&lead, &format!("/members/{}/avatar", joined.id)).await;
    let made_up = scene.get(&lead, &format!("/members/{}/avatar", new_id())).await;
    assert_eq!(wire(&avatar), wire(&made_up), "not even of whom it invited");
    scene.mark(&mut [&mut live]).await;
    hides_frames(&live, &secrets);

    // Asked once more, and taken back, all three are alike still.
    let mut answers = Vec::new();
    for email in emails {
        answers.push(wire(&scene.invite(&lead, email).await).replace(email, "EMAIL"));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let again = scene.get(&lead, "/invitations").await;
    assert_eq!(masked(again.expect(200)), list);
    for one in again.json["invitations"].as_array().unwrap() {
        let path = scene.path(&format!("/invitations/{}", one["id"].as_str().unwrap()));
        assert_eq!(lead.delete(&path).await.status, 204);
    }
    assert_eq!(scene.get(&lead, "/invitations").await.expect(200), &json!({"invitations": []}));
}

// ---- roles ----

#[tokio::test]
async fn a_partner_who_tries_others_ids_gets_the_same_answer_as_for_made_up_ones_in_both_modes() {
    for mode in [Classic, MultiPartner] {
        let scene = Scene::new(mode).await;
        let lead = scene.server.join(&scene.workspace, "lena-lead@acme.com", "partner", "viewer", true).await;
        scene.invite(scene.admin(), "olga-open@acme.com").await.expect(200);
        let list = scene.get(scene.admin(), "/invitations").await;
        let list = list.expect(200)["invitations"].as_array().unwrap().clone();
        let mut ids: Vec<String> = list.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
        ids.extend([scene.zelda.id.clone(), scene.yuri.id.clone()]);
        for who in [&scene.pat, &lead] {
            for (method, noun, body) in [
                ("PATCH", "members", Some(json!({"role": "viewer"}))),
                ("PATCH", "members", Some(json!({"role": "admin", "lead": false}))),
                ("PATCH", "members", Some(json!({"lead": true}))),
                ("DELETE", "members", None),
                ("DELETE", "invitations", None),
            ] {
                let made_up = who.request(method, &scene.path(&format!("/{noun}/{}", new_id())), body.clone()).await;
                assert!(matches!(made_up.status, 403 | 404), "{mode:?} {method} {noun}: {}", made_up.text);
                for id in &ids {
                    let answer = who.request(method, &scene.path(&format!("/{noun}/{id}")), body.clone()).await;
                    assert_eq!(wire(&answer), wire(&made_up), "{mode:?} {method} {noun}/{id}");
                }
            }
        }
        let members = scene.get(scene.admin(), "/members").await;
        for kept in [&scene.zelda, &scene.yuri] {
            assert!(members.expect(200)["partners"].to_string().contains(&kept.id), "nothing of it was done");
        }
        let after = scene.get(scene.admin(), "/invitations").await;
        assert_eq!(after.expect(200)["invitations"].as_array().unwrap(), &list);
    }
}

#[tokio::test]
async fn partners_are_viewers_only_in_multi_partner_mode() {
    let scene = Scene::new(MultiPartner).await;
    let path = scene.path(&format!("/members/{}", scene.pat.id));
    for role in ["editor", "admin"] {
        scene.admin().patch(&path, json!({"role": role})).await.refused(409, "role_not_allowed");
        let body = json!({"invitees": [{"email": "olga-open@acme.com"}], "role": role});
        scene.admin().post(&scene.path("/invitations"), body).await.refused(409, "role_not_allowed");
    }
    let (mut live, welcome, _) = seated(&scene.pat, &scene.workspace).await;
    assert_eq!((&welcome["role"], &welcome["viewer"]), (&json!("viewer"), &json!("partner")));
    let change = json!([{"kind": "item_update", "id": scene.request, "patch": {"name": "Mine"}}]);
    let answer = live.edit(change).await;
    assert_eq!((&answer["type"], &answer["problem"]["code"]), (&json!("reject"), &json!("forbidden")));
    for (method, rest, body) in [
        ("PATCH", "", json!({"description": "Mine"})),
        ("POST", "/multi_partner", json!({"confirm": "API"})),
        ("POST", "/import", json!({"info": {"name": "x"}, "item": []})),
    ] {
        scene.pat.request(method, &scene.path(rest), Some(body)).await.refused(403, "forbidden");
    }
    scene.pat.delete(&scene.path("")).await.refused(403, "forbidden");
}

// ---- the snapshot ----

#[tokio::test]
async fn the_snapshot_is_equal_for_all_partners_in_both_modes() {
    for mode in [Classic, MultiPartner] {
        let scene = Scene::new(mode).await;
        let first = scene.get(&scene.pat, "").await;
        first.expect(200);
        assert!(first.headers.contains_key("etag"), "{:?}", first.headers);
        assert_eq!(first.json["positions"].get("team"), None);
        for other in [&scene.zelda, &scene.yuri] {
            assert_eq!(wire(&scene.get(other, "").await), wire(&first), "{mode:?}");
        }
        let mut packed = Vec::new();
        for who in [&scene.pat, &scene.zelda, &scene.yuri] {
            let request = who.http.get(format!("{}{}", who.url, scene.path(""))).bearer_auth(&who.token);
            let answer = request.header("accept-encoding", "gzip").send().await.unwrap();
            assert_eq!(answer.headers()["content-encoding"], "gzip");
            packed.push((answer.headers()["etag"].clone(), answer.bytes().await.unwrap()));
        }
        assert!(packed.iter().all(|one| *one == packed[0]), "{mode:?}: compressed too");
    }
}

#[tokio::test]
async fn the_partners_snapshot_and_etag_stay_while_the_teams_stream_goes_on_in_multi_partner_mode() {
    let scene = Scene::new(MultiPartner).await;
    let before = scene.get(&scene.pat, "").await;
    let teams = scene.get(scene.admin(), "").await;
    let wanda = scene.server.partner(&scene.workspace, "wanda-new@bolt.org").await;
    scene.invite(scene.admin(), "olga-open@acme.com").await.expect(200);
    rename(&wanda, "wanda-renamed").await;
    scene.admin().patch(&scene.path(&format!("/members/{}", wanda.id)), json!({"lead": true})).await.expect(204);
    scene.admin().delete(&scene.path(&format!("/members/{}", scene.zelda.id))).await;
    let teams_after = scene.get(scene.admin(), "").await;
    let team_position = |answer: &Answer| answer.expect(200)["positions"]["team"].as_u64().unwrap();
    assert!(team_position(&teams_after) > team_position(&teams));
    for who in [&scene.pat, &scene.yuri, &wanda] {
        assert_eq!(wire(&scene.get(who, "").await), wire(&before));
    }
    let known = || async {
        let request = scene.pat.http.get(format!("{}{}", scene.pat.url, scene.path(""))).bearer_auth(&scene.pat.token);
        request.header("if-none-match", &before.headers["etag"]).send().await.unwrap().status().as_u16()
    };
    assert_eq!(known().await, 304);
    scene.mark(&mut []).await;
    assert_eq!(known().await, 200, "an edit changes it");
}

// ---- strangers, and who was removed ----

/// Every route of a workspace.
fn routes(scene: &Scene) -> Vec<(&'static str, String, Option<Value>)> {
    let (item, user, environment) = (&scene.request, &scene.pat.id, &scene.environment);
    let change = json!({"op": new_id(), "changes": [{"kind": "item_delete", "id": item}]});
    vec![
        ("GET", String::new(), None),
        ("PATCH", String::new(), Some(json!({"description": "x"}))),
        ("DELETE", String::new(), None),
        ("POST", "/multi_partner".into(), Some(json!({"confirm": "API"}))),
        ("GET", "/members".into(), None),
        ("PATCH", format!("/members/{user}"), Some(json!({"role": "viewer"}))),
        ("DELETE", format!("/members/{user}"), None),
        ("GET", format!("/members/{user}/avatar"), None),
        ("GET", "/invitations".into(), None),
        ("POST", "/invitations".into(), Some(json!({"invitees": [{"email": "x@acme.com"}]}))),
        ("DELETE", format!("/invitations/{}", new_id()), None),
        ("GET", format!("/items/{item}"), None),
        ("GET", format!("/items/{item}/export"), None),
        ("POST", format!("/items/{item}/export_link"), None),
        ("POST", format!("/items/{item}/send"), Some(json!({}))),
        ("POST", "/send".into(), Some(json!({"request": {"method": "GET", "url": "https://api.host.com/"}}))),
        ("GET", format!("/items/{item}/comments"), None),
        ("POST", format!("/items/{item}/comments"), Some(json!({"text": "x"}))),
        ("PATCH", format!("/items/{item}/comments/{}", new_id()), Some(json!({"text": "x"}))),
        ("DELETE", format!("/items/{item}/comments/{}", new_id()), None),
        ("POST", format!("/items/{item}/comments/{}/resolve", new_id()), Some(json!({"resolved": true}))),
        ("POST", "/forks".into(), Some(json!({"workspace": new_id(), "item": item}))),
        ("GET", format!("/items/{item}/fork"), None),
        ("POST", format!("/items/{item}/pull"), Some(json!({}))),
        ("GET", format!("/environments/{environment}/fork"), None),
        ("POST", format!("/environments/{environment}/pull"), Some(json!({}))),
        ("GET", "/activity".into(), None),
        ("GET", "/engagement".into(), None),
        ("GET", "/archive".into(), None),
        ("GET", format!("/environments/{environment}/export"), None),
        ("GET", format!("/environments/{environment}/values"), None),
        ("PUT", format!("/environments/{environment}/values"), Some(json!({"values": {}}))),
        ("GET", "/history".into(), None),
        ("DELETE", "/history".into(), None),
        ("GET", format!("/history/{}", new_id()), None),
        ("DELETE", format!("/history/{}", new_id()), None),
        ("POST", format!("/history/{}/send", new_id()), Some(json!({}))),
        ("GET", "/runs".into(), None),
        ("POST", "/runs".into(), Some(json!({}))),
        ("GET", format!("/runs/{}", new_id()), None),
        ("DELETE", format!("/runs/{}", new_id()), None),
        ("POST", format!("/runs/{}/results", new_id()), Some(json!({"name": "x", "ms": 1}))),
        ("POST", format!("/runs/{}/end", new_id()), Some(json!({"state": "aborted"}))),
        ("GET", "/cookies".into(), None),
        ("DELETE", "/cookies".into(), None),
        ("DELETE", "/own".into(), None),
        ("POST", "/import".into(), Some(json!({"info": {"name": "x"}, "item": []}))),
        ("POST", "/changes".into(), Some(change)),
    ]
}

/// `/items/0199…/send` as the description writes it: `/items/{}/send`.
fn template(path: &str) -> String {
    let is_id = |part: &str| part.starts_with('{') || part.parse::<uuid::Uuid>().is_ok();
    path.split('/').map(|part| if is_id(part) { "{}" } else { part }).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn no_route_is_left_out_of_these_tests() {
    let scene = Scene::new(Classic).await;
    let tested: BTreeSet<_> =
        routes(&scene).into_iter().map(|(method, path, _)| (method.into(), template(&path))).collect();
    let description = scene.admin().get("/openapi.json").await.json;
    let mut described = BTreeSet::new();
    for (path, operations) in description["paths"].as_object().unwrap() {
        let Some(rest) = path.strip_prefix("/v1/workspaces/{workspace}") else { continue };
        let methods = operations.as_object().unwrap().keys().map(|method| method.to_uppercase());
        described.extend(methods.filter(|method| method != "PARAMETERS").map(|method| (method, template(rest))));
    }
    assert_eq!(tested, described);
}

async fn no_socket(who: &Person, workspace: &str) -> String {
    match who.try_live(workspace, "").await {
        Err(tungstenite::Error::Http(answer)) => {
            let head = answer.headers().iter().filter(|(name, _)| *name != "date");
            let head: Vec<_> = head.map(|(name, value)| format!("{name}: {value:?}")).collect();
            assert_eq!(answer.status(), 404);
            format!("{head:?} {:?}", answer.body())
        }
        other => panic!("no refusal: {other:?}"),
    }
}

/// The workspace is to somebody as one that does not exist.
async fn is_as_none(scene: &Scene, who: &Person) {
    let unknown = new_id();
    for (method, rest, body) in routes(scene) {
        let real = who.request(method, &scene.path(&rest), body.clone()).await;
        real.refused(404, "not_found");
        let none = who.request(method, &format!("/v1/workspaces/{unknown}{rest}"), body).await;
        assert_eq!(wire(&real), wire(&none), "{method} {rest}");
    }
    assert_eq!(no_socket(who, &scene.workspace).await, no_socket(who, &unknown).await);
    let list = who.get("/v1/workspaces").await;
    hides("the list", &list.text, std::slice::from_ref(&scene.workspace));
}

#[tokio::test]
async fn a_stranger_gets_the_same_404_for_a_workspace_that_exists_and_one_that_does_not_in_both_modes() {
    for mode in [Classic, MultiPartner] {
        let scene = Scene::new(mode).await;
        let elsewhere = scene.server.walled_workspace().await;
        let stranger = scene.server.partner(&elsewhere, "stella-far@acme.com").await;
        let colleague = scene.server.editor(&elsewhere, "carl-far@host.com").await;
        is_as_none(&scene, &stranger).await;
        is_as_none(&scene, &colleague).await;
        scene.get(&scene.pat, "").await.expect(200);
    }
}

#[tokio::test]
async fn a_removed_member_is_closed_with_4001_and_a_stranger_from_then_on_in_both_modes() {
    for mode in [Classic, MultiPartner] {
        let scene = Scene::new(mode).await;
        let (mut team, ..) = seated(scene.admin(), &scene.workspace).await;
        let (mut pat, ..) = seated(&scene.pat, &scene.workspace).await;
        let (mut zelda, welcome, _) = seated(&scene.zelda, &scene.workspace).await;
        let (mut editor, ..) = seated(&scene.editor, &scene.workspace).await;
        until_joined(&mut team, &scene.zelda.id).await;
        until_joined(&mut pat, &scene.editor.id).await;
        for gone in [&scene.zelda, &scene.editor] {
            let answer = scene.admin().delete(&scene.path(&format!("/members/{}", gone.id))).await;
            assert_eq!(answer.status, 204, "{}", answer.text);
        }
        assert_eq!((zelda.closed().await, editor.closed().await), (4001, 4001), "{mode:?}");
        is_as_none(&scene, &scene.zelda).await;
        is_as_none(&scene, &scene.editor).await;
        until_left(&mut team, &welcome["session"]).await;
        let told = pat.until(|message| message["change"]["user"] == scene.editor.id.as_str()).await;
        assert_eq!(told["change"]["kind"], "member_removed");
        scene.mark(&mut [&mut pat]).await;
        let tells = pat.seen.iter().any(|frame| frame.contains(&scene.zelda.id));
        assert_eq!(tells, mode == Classic, "{mode:?}: {:?}", pat.seen);
    }
}

// ---- the switch ----

#[tokio::test]
async fn the_switch_takes_effect_on_live_sessions_before_their_next_frame() {
    let scene = Scene::new(Classic).await;
    let wanda = scene.server.join(&scene.workspace, "wanda-edits@bolt.org", "partner", "editor", false).await;
    let (mut team, ..) = seated(scene.admin(), &scene.workspace).await;
    let (mut pat, old, _) = seated(&scene.pat, &scene.workspace).await;
    let (mut live, welcome, _) = seated(&wanda, &scene.workspace).await;
    assert_eq!((&welcome["role"], &welcome["mode"]), (&json!("editor"), &json!("classic")));
    until_joined(&mut pat, &wanda.id).await;
    until_joined(&mut team, &wanda.id).await;
    let rename = |name: &str| json!([{"kind": "item_update", "id": scene.request, "patch": {"name": name}}]);
    assert_eq!(live.edit(rename("Wanda's")).await["type"], "ack");
    assert_eq!(pat.until_type("event").await["by"]["id"], wanda.id.as_str());
    let item = format!("/items/{}", scene.request);
    assert_eq!(scene.get(&scene.pat, &item).await.expect(200)["updated_by"]["id"], wanda.id.as_str());
    scene.mark(&mut [&mut team, &mut pat, &mut live]).await;
    let heard = pat.seen.len();

    scene.server.switch(&scene.workspace).await.expect(200);
    for (client, role, others) in [(&mut pat, "viewer", 1), (&mut live, "viewer", 1), (&mut team, "admin", 2)] {
        let welcome = client.next().await;
        assert_eq!((&welcome["type"], &welcome["mode"]), (&json!("welcome"), &json!("multi_partner")), "{welcome}");
        assert_eq!(welcome["role"], role);
        assert_ne!(welcome["epoch"], old["epoch"]);
        let presence = client.next().await;
        assert_eq!(presence["type"], "presence", "{presence}");
        assert_eq!(presence["sessions"].as_array().unwrap().len(), 1 + others, "{presence}");
    }
    let answer = live.edit(rename("Wanda's again")).await;
    assert_eq!((&answer["type"], &answer["problem"]["code"]), (&json!("reject"), &json!("forbidden")), "{answer}");
    let body = json!({"op": new_id(), "changes": rename("Wanda's again")});
    wanda.post(&scene.path("/changes"), body).await.refused(403, "forbidden");
    live.say(json!({"type": "presence", "viewing": scene.request, "status": "idle"})).await;
    assert_eq!(until_changed(&mut team, &wanda.id).await["status"], "idle");
    drop(live);
    until_left(&mut team, &welcome["session"]).await;
    scene.mark(&mut [&mut pat]).await;
    let mut secrets = scene.others();
    secrets.extend([wanda.id.clone(), "wanda-edits".into(), welcome["session"].as_str().unwrap().to_owned()]);
    pat.seen[heard..].iter().for_each(|frame| hides("a frame after the switch", frame, &secrets));
    assert_eq!(pat.seen.len(), heard + 3, "welcome, presence, the team's edit: {:?}", &pat.seen[heard..]);

    for who in [&scene.pat, &wanda] {
        assert_eq!(scene.get(who, &item).await.expect(200)["updated_by"], Value::Null);
    }
    assert_eq!(scene.get(scene.admin(), &item).await.expect(200)["updated_by"]["id"], wanda.id.as_str());
    for (rest, answer) in scene.exits(&scene.pat).await {
        hides(&rest, &wire(&answer), &secrets);
    }
    let members = scene.get(scene.admin(), "/members").await.json["partners"].clone();
    let all = members.as_array().unwrap().iter().flat_map(|company| company["members"].as_array().unwrap());
    assert!(all.clone().count() == 4 && all.clone().all(|member| member["role"] == "viewer"), "{members}");

    let epoch = old["epoch"].as_str().unwrap();
    for query in
        [format!("?epoch={epoch}&shared={}", old["positions"]["shared"]), format!("?epoch={epoch}&shared=0&team=0")]
    {
        for who in [&scene.pat, &wanda, scene.admin()] {
            let mut client = who.try_live(&scene.workspace, &query).await.unwrap();
            assert_eq!(client.closed().await, 4010, "nobody resumes across it");
            assert_eq!(client.seen, Vec::<String>::new());
        }
    }
}

#[tokio::test]
async fn events_from_before_the_switch_are_not_replayed_after_it() {
    let scene = Scene::new(Classic).await;
    let (mut pat, ..) = seated(&scene.pat, &scene.workspace).await;
    scene.server.switch(&scene.workspace).await.expect(200);
    let epoch = pat.until(|message| message["mode"] == "multi_partner").await["epoch"].clone();
    let resume = format!("?epoch={}&shared=0&team=0", epoch.as_str().unwrap());
    let mut again = scene.pat.try_live(&scene.workspace, &resume).await.unwrap();
    scene.mark(&mut [&mut again]).await;
    hides_frames(&again, &scene.others());
    let kinds: Vec<Value> = again.seen.iter().map(|frame| serde_json::from_str::<Value>(frame).unwrap()).collect();
    let kinds: Vec<&Value> =
        kinds.iter().filter(|one| one["type"] == "event").map(|one| &one["change"]["kind"]).collect();
    assert_eq!(kinds, ["mode_switched", "item_updated"]);
}

#[tokio::test]
async fn a_wrong_confirmation_is_refused_and_changes_nothing() {
    let scene = Scene::new(Classic).await;
    let (mut pat, ..) = seated(&scene.pat, &scene.workspace).await;
    let (_zelda, ..) = seated(&scene.zelda, &scene.workspace).await;
    until_joined(&mut pat, &scene.zelda.id).await;
    let before = (scene.bytes(&scene.pat).await, scene.bytes(scene.admin()).await);
    let heard = pat.seen.len();
    for confirm in ["", "api", "API ", "Api", &scene.workspace] {
        let answer = scene.admin().post(&scene.path("/multi_partner"), json!({"confirm": confirm})).await;
        answer.refused(422, "not_confirmed");
    }
    scene.editor.post(&scene.path("/multi_partner"), json!({"confirm": "API"})).await.refused(403, "forbidden");
    assert_eq!((scene.bytes(&scene.pat).await, scene.bytes(scene.admin()).await), before);
    scene.mark(&mut [&mut pat]).await;
    assert_eq!(pat.seen.len(), heard + 1, "{:?}", &pat.seen[heard..]);
}

#[tokio::test]
async fn a_second_switch_is_refused_as_already_on() {
    let scene = Scene::new(MultiPartner).await;
    let before = scene.bytes(&scene.pat).await;
    scene.server.switch(&scene.workspace).await.refused(409, "already_on");
    assert_eq!(scene.bytes(&scene.pat).await, before, "the epoch too is the same");
}

#[tokio::test]
async fn a_pending_partner_editor_invitation_makes_a_viewer_after_the_switch() {
    let scene = Scene::new(Classic).await;
    let body = json!({"invitees": [{"email": "otto-later@bolt.org"}], "side": "partner", "role": "editor"});
    let sent = scene.admin().post(&scene.path("/invitations"), body).await;
    let link = sent.expect(200)["rows"][0]["link"].as_str().unwrap().to_owned();
    let role = |list: Answer| {
        let list = list.expect(200)["invitations"].as_array().unwrap().clone();
        list.into_iter().find(|one| one["email"] == "otto-later@bolt.org").unwrap()["role"].clone()
    };
    assert_eq!(role(scene.get(scene.admin(), "/invitations").await), "editor");
    scene.server.switch(&scene.workspace).await.expect(200);
    assert_eq!(role(scene.get(scene.admin(), "/invitations").await), "viewer");
    let otto = scene.server.accept(link.split_once("#invite=").unwrap().1).await;
    let (mut live, welcome, _) = seated(&otto, &scene.workspace).await;
    assert_eq!((&welcome["role"], &welcome["viewer"]), (&json!("viewer"), &json!("partner")));
    let answer = live.edit(json!([{"kind": "item_delete", "id": scene.request}])).await;
    assert_eq!((&answer["type"], &answer["problem"]["code"]), (&json!("reject"), &json!("forbidden")), "{answer}");
}
