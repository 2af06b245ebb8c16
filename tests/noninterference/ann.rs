//! What Ann does, and all that she reads.

use super::schedule::{Ann, Ask, Team};
use super::world::{ANN, NOBODY, Seat, World, invitation, look, to_the_end};
use crate::common::{PATIENCE, TestClient, new_id};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

impl World {
    /// One request on a connection of its own, and all the bytes that come back.
    pub async fn ask(&mut self, method: &str, path: &str, body: Option<Value>, known: Option<&str>) -> String {
        let address = self.ann.url.strip_prefix("http://").unwrap().to_owned();
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\naccept-encoding: identity\r\nconnection: close\r\n",
            self.ann.token
        );
        if !body.is_empty() {
            request += &format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
        }
        if let Some(known) = known {
            request += &format!("if-none-match: {known}\r\n");
        }
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(format!("{request}\r\n{body}").as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let (head, body) = (String::from_utf8(answer[..end].to_vec()).unwrap(), &answer[end + 4..]);
        let text = std::str::from_utf8(body).map_or_else(|_| body.escape_ascii().to_string(), str::to_owned);
        self.http.push(format!("> {method} {path}"));
        for line in head.lines() {
            // Times are not all of one length; the body itself is compared.
            let length = line.strip_prefix("content-length: ").filter(|_| method != "HEAD" && !body.is_empty());
            if let Some(length) = length {
                assert_eq!(length, body.len().to_string());
            }
            self.http.push(if length.is_some() { "content-length: of the body".into() } else { line.to_owned() });
        }
        self.http.push(text.clone());
        let etag = head.lines().find_map(|line| line.strip_prefix("etag: ")).map(str::to_owned);
        if path == self.path("") && etag.is_some() {
            self.etag = etag;
        }
        text
    }

    pub async fn connect(&mut self, query: &str) -> (TestClient, usize) {
        let url = format!("{}{}{query}", self.ann.url.replacen("http", "ws", 1), self.path("/live"));
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {}", self.ann.token).parse().unwrap());
        request.headers_mut().insert("sec-websocket-protocol", "loggia.v1".parse().unwrap());
        let (socket, head) = tokio_tungstenite::connect_async(request).await.unwrap();
        let mut life = vec![format!("> live{query}"), head.status().to_string()];
        let shown = head.headers().iter().filter(|(name, _)| *name != "sec-websocket-accept");
        life.extend(shown.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())));
        self.lives.push(life);
        (TestClient { socket, seen: Vec::new() }, self.lives.len() - 1)
    }

    pub async fn open(&mut self, tab: usize, query: &str) {
        if self.tabs[tab].is_some() {
            return;
        }
        let (mut client, life) = self.connect(query).await;
        let session = client.until_type("welcome").await["session"].as_str().unwrap().to_owned();
        client.until_type("presence").await;
        self.reaches_ann_delta(None, "joined", &session).await;
        self.tabs[tab] = Some(Seat { client, session, viewing: None, idle: false, life });
    }

    /// Closes a tab; the shared position it had come to.
    pub async fn close(&mut self, tab: usize) -> Option<u64> {
        let mut seat = self.tabs[tab].take()?;
        seat.client.socket.close(None).await.unwrap();
        let end = to_the_end(&mut seat.client).await;
        self.lives[seat.life].append(&mut seat.client.seen);
        self.lives[seat.life].push(end);
        self.reaches_ann_delta(None, "left", &seat.session).await;
        Some(self.position)
    }

    pub async fn ann(&mut self, what: &Ann) {
        match what {
            Ann::Open(tab) => self.open(*tab, "").await,
            Ann::Close(tab) => drop(self.close(*tab).await),
            Ann::Resume(tab, missed) => {
                let Some(position) = self.close(*tab).await else { return };
                for _ in 0..*missed {
                    self.team(&Team::Create).await;
                }
                let query = format!("?epoch={}&shared={position}", self.epoch);
                self.open(*tab, &query).await;
                let last = self.position;
                if *missed > 0 {
                    let seat = self.tabs[*tab].as_mut().unwrap();
                    seat.client.until(|message| message["position"] == last).await;
                }
            }
            Ann::ResumeUnknown { epoch } => {
                let other = "019a0000-0000-7000-8000-0000000000ee";
                let query = match epoch {
                    true => format!("?epoch={other}&shared=1"),
                    false => format!("?epoch={}&shared={}", self.epoch, self.position + 1),
                };
                let (mut client, life) = self.connect(&query).await;
                let end = to_the_end(&mut client).await;
                self.lives[life].append(&mut client.seen);
                self.lives[life].push(end);
            }
            Ann::Look { tab, item, idle } => {
                let viewing = item.then(|| self.items.last().cloned()).flatten();
                let Some(seat) = self.tabs[*tab].as_mut() else { return };
                if let Some(session) = look(seat, viewing, *idle).await {
                    self.reaches_ann_delta(Some(*tab), "changed", &session).await;
                }
            }
            Ann::Edit(tab) => {
                let id = self.collection.clone();
                let Some(seat) = self.tabs[*tab].as_mut() else { return };
                let answer =
                    seat.client.edit(json!([{"kind": "item_update", "id": id, "patch": {"name": "Mine"}}])).await;
                assert_eq!(answer["type"], "reject", "{answer}");
                // It is a sign of life too.
                if std::mem::take(&mut seat.idle) {
                    let session = seat.session.clone();
                    self.reaches_ann_delta(Some(*tab), "changed", &session).await;
                }
            }
            Ann::Ask(what) => self.ask_for(*what).await,
            Ann::Invite(whom) => {
                let body = invitation(ANN, *whom, self.count);
                self.ask("POST", &self.path("/invitations"), Some(body), None).await;
            }
            Ann::Rename => {
                let name = format!("Ann {}", self.next());
                self.ask("PATCH", "/v1/me", Some(json!({"name": name})), None).await;
            }
        }
    }

    pub async fn ask_for(&mut self, what: Ask) {
        let id = |who: usize| self.strangers[who].ids.last().map_or(NOBODY[who], String::as_str).to_owned();
        let run = |who: usize| self.strangers[who].runs.last().map_or(NOBODY[who], String::as_str).to_owned();
        let entry = |who: usize| self.strangers[who].entries.last().map_or(NOBODY[who], String::as_str).to_owned();
        let send = self.path(&format!("/items/{}/send", self.call));
        let values = self.path(&format!("/environments/{}/values", self.environment));
        let item = self.items.last().cloned().unwrap_or_else(|| self.collection.clone());
        let edit = json!([{"kind": "item_delete", "id": item}]);
        let known = matches!(what, Ask::KnownSnapshot).then(|| self.etag.clone()).flatten();
        let (method, path, body) = match what {
            Ask::Snapshot | Ask::KnownSnapshot => ("GET", self.path(""), None),
            Ask::Members => ("GET", self.path("/members"), None),
            Ask::Invitations => ("GET", self.path("/invitations"), None),
            Ask::Me => ("GET", "/v1/me".into(), None),
            Ask::Tokens => ("GET", "/v1/me/tokens".into(), None),
            Ask::Workspaces => ("GET", "/v1/workspaces".into(), None),
            Ask::Item => ("GET", self.path(&format!("/items/{item}")), None),
            Ask::Export => ("GET", self.path(&format!("/items/{}/export", self.collection)), None),
            Ask::AvatarOfTeam => ("GET", self.path(&format!("/members/{}/avatar", self.admin.id)), None),
            Ask::AvatarOfHidden(who) => ("GET", self.path(&format!("/members/{}/avatar", id(who))), None),
            Ask::PatchWorkspace => ("PATCH", self.path(""), Some(json!({"name": "Mine"}))),
            Ask::PatchHidden(who) => {
                ("PATCH", self.path(&format!("/members/{}", id(who))), Some(json!({"lead": true})))
            }
            Ask::RemoveHidden(who) => ("DELETE", self.path(&format!("/members/{}", id(who))), None),
            Ask::Switch => ("POST", self.path("/multi_partner"), Some(json!({"confirm": "API"}))),
            Ask::Delete => ("DELETE", self.path(""), None),
            Ask::Changes => ("POST", self.path("/changes"), Some(json!({"op": new_id(), "changes": edit}))),
            Ask::Import => ("POST", self.path("/import"), Some(json!({"info": {}}))),
            Ask::RevokeNothing => ("DELETE", self.path(&format!("/invitations/{}", NOBODY[0])), None),
            Ask::History => ("GET", self.path("/history?search=a&limit=3"), None),
            Ask::Runs => ("GET", self.path("/runs"), None),
            Ask::Cookies => ("GET", self.path("/cookies"), None),
            Ask::RunOfHidden(who) => ("GET", self.path(&format!("/runs/{}", run(who))), None),
            Ask::EndHidden(who) => {
                ("POST", self.path(&format!("/runs/{}/end", run(who))), Some(json!({"state": "aborted"})))
            }
            Ask::DeleteHidden(who) => ("DELETE", self.path(&format!("/runs/{}", run(who))), None),
            Ask::Send => ("POST", send, Some(json!({"environment": self.environment, "overrides": {"who": "ann"}}))),
            Ask::SendRefused => {
                ("POST", send, Some(json!({"request": {"method": "GET", "url": "http://10.0.0.7/things"}})))
            }
            Ask::SendUndefined => ("POST", send, Some(json!({"environment": self.environment}))),
            Ask::EntryOfHidden(who) => ("GET", self.path(&format!("/history/{}", entry(who))), None),
            Ask::DeleteEntryOfHidden(who) => ("DELETE", self.path(&format!("/history/{}", entry(who))), None),
            Ask::Values => ("GET", values, None),
            Ask::SetValues => ("PUT", values, Some(json!({"values": {"who": "ann herself"}}))),
            Ask::Activity => ("GET", self.path("/activity"), None),
            Ask::Comments => ("GET", self.path(&format!("/items/{item}/comments")), None),
            Ask::Comment => ("POST", self.path(&format!("/items/{item}/comments")), Some(json!({"text": "Hello?"}))),
            Ask::Engagement => ("GET", self.path("/engagement"), None),
            Ask::Archive => ("GET", self.path("/archive"), None),
            Ask::Fork => {
                let body = json!({"workspace": self.workspace, "item": self.collection});
                ("POST", self.path("/forks"), Some(body))
            }
            Ask::ForkOf => ("GET", self.path(&format!("/items/{}/fork", self.collection)), None),
            Ask::NoRoute => ("GET", self.path("/nothing"), None),
        };
        self.ask(method, &path, body, known.as_deref()).await;
        if matches!(what, Ask::Send | Ask::SendRefused | Ask::SendUndefined) {
            self.reaches_ann(None, |message| message["type"] == "history").await;
        }
    }
}
