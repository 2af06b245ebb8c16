//! What the team does.

use super::schedule::Team;
use super::world::{Seat, World, look, set_avatar};
use crate::common::new_id;
use serde_json::{Value, json};

impl World {
    pub async fn team_edit(&mut self, changes: Value) {
        let position = self.admin.edit(&self.workspace, changes).await;
        // What changes nothing is no event.
        if position != self.position {
            self.reaches_ann(None, |message| message["position"] == position).await;
        }
    }

    pub async fn team(&mut self, what: &Team) {
        let number = self.next();
        let item = self.items.last().cloned();
        match what {
            Team::Create => {
                let id = new_id();
                let content = json!({"request": {"method": "POST", "url": format!("https://api.host.com/{number}")}});
                let change = json!({"kind": "item_create", "id": id, "parent": self.collection, "item_kind": "request",
                    "name": format!("Request {number}"), "content": content});
                self.items.push(id);
                self.team_edit(json!([change])).await;
            }
            Team::Update => {
                let id = item.unwrap_or_else(|| self.collection.clone());
                let patch = json!({"name": format!("Renamed {number}"), "content": {"note": number}});
                self.team_edit(json!([{"kind": "item_update", "id": id, "patch": patch}])).await;
            }
            Team::Move => {
                let Some(id) = item else { return };
                let change = json!({"kind": "item_move", "id": id, "parent": self.collection, "after": null});
                self.team_edit(json!([change])).await;
            }
            Team::Delete => {
                let Some(id) = self.items.pop() else { return };
                self.team_edit(json!([{"kind": "item_delete", "id": id}])).await;
            }
            Team::Environment => {
                let change = json!({"kind": "environment_create", "id": new_id(), "name": format!("Env {number}")});
                self.team_edit(json!([change])).await;
            }
            Team::Rename => {
                let patch = json!({"name": format!("API {number}"), "description": format!("The {number}th")});
                self.team_edit(json!([{"kind": "workspace_update", "patch": patch}])).await;
            }
            Team::Me => {
                self.admin.patch("/v1/me", json!({"name": format!("Ada {number}")})).await.expect(200);
                self.reaches_ann_event("person_updated").await;
            }
            Team::Avatar => {
                set_avatar(&self.admin, number).await;
                self.reaches_ann_event("person_updated").await;
            }
            Team::Open => {
                if self.there.is_some() {
                    return;
                }
                let mut client = self.admin.live(&self.workspace).await;
                let session = client.until_type("welcome").await["session"].as_str().unwrap().to_owned();
                self.reaches_ann_delta(None, "joined", &session).await;
                self.there = Some(Seat { client, session, viewing: None, idle: false, life: 0 });
            }
            Team::Close => {
                let Some(mut seat) = self.there.take() else { return };
                seat.client.socket.close(None).await.unwrap();
                seat.client.closed().await;
                self.reaches_ann_delta(None, "left", &seat.session).await;
            }
            Team::Look { item: at_item, idle } => {
                let viewing = item.filter(|_| *at_item);
                let Some(seat) = self.there.as_mut() else { return };
                if let Some(session) = look(seat, viewing, *idle).await {
                    self.reaches_ann_delta(None, "changed", &session).await;
                }
            }
            Team::LiveEdit => {
                let id = self.collection.clone();
                let Some(seat) = self.there.as_mut().filter(|seat| !seat.idle) else { return };
                let patch = json!({"name": format!("Live {number}")});
                let ack = seat.client.edit(json!([{"kind": "item_update", "id": id, "patch": patch}])).await;
                self.reaches_ann(None, |message| message["position"] == ack["position"]).await;
            }
            Team::ColleagueJoins => {
                let email = format!("colleague{number}@host.com");
                let colleague = self.server.editor(&self.workspace, &email).await;
                self.colleagues.push(colleague);
                self.reaches_ann_event("member_joined").await;
            }
            Team::ColleagueGoes => {
                let Some(colleague) = self.colleagues.pop() else { return };
                self.admin.delete(&self.path(&format!("/members/{}", colleague.id))).await.expect(204);
                self.reaches_ann_event("member_removed").await;
            }
            Team::AnnLead(lead) => {
                let members = self.admin.get(&self.path("/members")).await;
                let partners = members.expect(200)["partners"].as_array().unwrap();
                let mut all = partners.iter().flat_map(|company| company["members"].as_array().unwrap());
                let is = all.find(|member| member["id"] == self.ann.id.as_str()).unwrap()["lead"] == true;
                let path = self.path(&format!("/members/{}", self.ann.id));
                self.admin.patch(&path, json!({"lead": lead})).await.expect(204);
                if is != *lead {
                    self.reaches_ann(None, |message| message["type"] == "welcome").await;
                    self.reaches_ann(None, |message| message["type"] == "presence").await;
                }
            }
        }
    }
}
