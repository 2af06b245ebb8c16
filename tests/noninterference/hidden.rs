//! What the hidden partners do.

use super::schedule::{Hidden, Send};
use super::world::{HIDDEN, World, invitation, set_avatar};
use crate::common::{Person, TestClient, new_id};
use futures_util::future::join_all;
use serde_json::{Value, json};

impl World {
    pub async fn joined(&mut self, who: usize, lead: bool) -> Person {
        if let Some(person) = &self.strangers[who].person {
            return person.clone();
        }
        let person = self.server.join(&self.workspace, HIDDEN[who], "partner", "viewer", lead).await;
        self.strangers[who].ids.push(person.id.clone());
        self.strangers[who].person = Some(person.clone());
        person
    }

    pub async fn socket(&mut self, who: usize) -> &mut TestClient {
        let person = self.joined(who, false).await;
        if self.strangers[who].sockets.is_empty() {
            let mut client = person.live(&self.workspace).await;
            client.until_type("presence").await;
            self.strangers[who].sockets.push(client);
        }
        self.strangers[who].sockets.last_mut().unwrap()
    }

    pub async fn hidden(&mut self, who: usize, what: &Hidden) {
        let person = self.joined(who, matches!(what, Hidden::Join { lead: true } | Hidden::Invite(_))).await;
        let item = self.items.last().cloned();
        let collection = self.collection.clone();
        let number = self.strangers[who].ids.len() + self.strangers[who].sockets.len();
        match what {
            Hidden::Join { .. } => {}
            Hidden::Removed => {
                self.admin.delete(&self.path(&format!("/members/{}", person.id))).await.expect(204);
                self.strangers[who].person = None;
                self.gone(who).await;
            }
            Hidden::MadeLead(lead) => {
                let path = self.path(&format!("/members/{}", person.id));
                self.admin.patch(&path, json!({"lead": lead})).await.expect(204);
            }
            Hidden::Open => {
                let mut client = person.live(&self.workspace).await;
                client.until_type("presence").await;
                self.strangers[who].sockets.push(client);
            }
            Hidden::Close => {
                let Some(mut client) = self.strangers[who].sockets.pop() else { return };
                client.socket.close(None).await.unwrap();
                client.closed().await;
            }
            Hidden::Look { item: at_item, idle } => {
                let status = if *idle { "idle" } else { "typing" };
                let viewing = item.filter(|_| *at_item);
                self.socket(who).await.say(json!({"type": "presence", "viewing": viewing, "status": status})).await;
            }
            Hidden::Read => {
                for path in ["", "/members", "/invitations"] {
                    person.get(&self.path(path)).await.expect(200);
                }
                person.get(&self.path(&format!("/items/{collection}"))).await.expect(200);
                person.get("/v1/me").await.expect(200);
            }
            Hidden::BadRequests => {
                person.get(&format!("/v1/workspaces/{}", new_id())).await.refused(404, "not_found");
                person.get(&self.path(&format!("/members/{}/avatar", self.ann.id))).await.refused(404, "not_found");
                person.patch(&self.path(""), json!({"name": "Ours"})).await.refused(403, "forbidden");
                person.post(&self.path("/changes"), json!({"op": 1})).await.refused(400, "malformed");
                person.delete(&self.path(&format!("/members/{}", self.ann.id))).await.refused(403, "forbidden");
            }
            Hidden::BadMessage => {
                self.socket(who).await.say(json!({"type": "shout"})).await;
                let mut client = self.strangers[who].sockets.pop().unwrap();
                assert_eq!(client.closed().await, 4009);
            }
            Hidden::Invite(whom) => {
                let body = invitation(HIDDEN[who], *whom, number);
                let answer = person.post(&self.path("/invitations"), body).await;
                assert!(matches!(answer.status, 200 | 403), "{}", answer.text);
            }
            Hidden::Revoke => {
                let own = person.get(&self.path("/invitations")).await;
                for invitation in own.expect(200)["invitations"].as_array().unwrap() {
                    let id = invitation["id"].as_str().unwrap();
                    person.delete(&self.path(&format!("/invitations/{id}"))).await.expect(204);
                }
            }
            Hidden::Rename => {
                person.patch("/v1/me", json!({"name": format!("Hidden {number}")})).await.expect(200);
            }
            Hidden::Avatar => set_avatar(&person, 100 + number).await,
            Hidden::Edits => {
                let changes = json!([{"kind": "item_update", "id": collection, "patch": {"name": "Ours"}}]);
                let body = json!({"op": new_id(), "changes": changes});
                person.post(&self.path("/changes"), body).await.refused(403, "forbidden");
                let answer = self.socket(who).await.edit(changes).await;
                assert_eq!(answer["type"], "reject", "{answer}");
            }
            Hidden::Run { anew } => {
                if *anew {
                    person.delete(&self.path("/own")).await.expect(204);
                }
                let run = person.post(&self.path("/runs"), json!({"item": collection})).await;
                let run = run.expect(201)["id"].as_str().unwrap().to_owned();
                let result = json!({"name": "Hidden", "status": 200, "ms": 1});
                person.post(&self.path(&format!("/runs/{run}/results")), result).await.expect(200);
                for client in &mut self.strangers[who].sockets {
                    let own = |message: &Value| message["run"]["id"] == run.as_str();
                    client.until(|message| own(message) && message["run"]["totals"]["requests"] == 1).await;
                }
                self.strangers[who].runs.push(run);
            }
            Hidden::Send(what) => self.send(who, &person, *what).await,
            Hidden::PrivateValues => {
                let path = self.path(&format!("/environments/{}/values", self.environment));
                let values = json!({"values": {"who": format!("hidden {number}")}});
                person.request("PUT", &path, Some(values)).await.expect(200);
            }
            Hidden::SignOut => {
                let spare = person.post("/v1/me/tokens", json!({"name": "spare"})).await;
                let token = spare.expect(201)["token"].as_str().unwrap().to_owned();
                person.post("/v1/sign_out", json!({})).await.expect(204);
                self.gone(who).await;
                self.strangers[who].person = Some(Person { token, ..person });
            }
            Hidden::Flood { edits: true } => {
                let client = self.socket(who).await;
                for _ in 0..40 {
                    client.edit(json!([{"kind": "item_delete", "id": collection}])).await;
                }
            }
            Hidden::Flood { edits: false } => {
                self.socket(who).await;
                let mut client = self.strangers[who].sockets.pop().unwrap();
                for number in 0..200 {
                    let viewing = item.as_ref().filter(|_| number % 2 == 0);
                    client.say(json!({"type": "presence", "viewing": viewing, "status": "active"})).await;
                }
                assert_eq!(client.closed().await, 4029);
            }
        }
    }

    /// Each is told to its own sockets, and is in its own history.
    async fn send(&mut self, who: usize, person: &Person, what: Send) {
        let path = self.path(&format!("/items/{}/send", self.call));
        let refused = json!({"request": {"method": "GET", "url": "http://10.0.0.7/hidden"}});
        match what {
            Send::Answered | Send::Refused => {
                let answered = matches!(what, Send::Answered);
                let body = if answered { json!({"environment": self.environment}) } else { refused };
                let answer = person.post(&path, body).await;
                // After a flood there is nothing left to send.
                if answer.status == 429 {
                    return;
                }
                let answer = answer.expect(200);
                assert_eq!(answer["response"].is_object(), answered, "{answer}");
                let id = answer["entry"]["id"].as_str().unwrap().to_owned();
                for client in &mut self.strangers[who].sockets {
                    client.until(|message| message["entry"]["id"] == id.as_str()).await;
                }
                self.strangers[who].entries.push(id);
            }
            Send::Canceled => {
                let url = format!("http://{}/never", self.upstream.address);
                let body = json!({"request": {"method": "GET", "url": url}});
                tokio::select! {
                    answer = person.post(&path, body) => assert_eq!(answer.status, 429, "{}", answer.text),
                    () = self.upstream.reached() => {}
                }
            }
            Send::Flood => {
                let all = join_all((0..70).map(|_| person.post(&path, refused.clone()))).await;
                assert!(all.iter().any(|answer| answer.status == 429), "a person has a limit");
            }
        }
    }

    pub async fn gone(&mut self, who: usize) {
        for mut client in std::mem::take(&mut self.strangers[who].sockets) {
            assert_eq!(client.closed().await, 4001);
        }
    }
}
