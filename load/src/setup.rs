//! Builds the scene through the public interface: a workspace with some requests, the switch to multi-partner mode, and
//! partners who were invited, accepted, and made themselves an access token.

use crate::api::{Answer, Api, As, Body};
use crate::wire::{Marks, Positions};
use anyhow::{Context, bail};
use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// Requests in the collection.
const REQUESTS: usize = 20;
/// Rows of one invitation file.
const ROWS: u32 = 1_000;

/// One partner with an account.
pub(crate) struct Partner {
    /// Its number in the run.
    pub(crate) number: u32,
    /// Its domain's number.
    pub(crate) domain: u32,
    /// Its account.
    pub(crate) user: Uuid,
    /// Its access token.
    pub(crate) token: Arc<str>,
}

/// What a session starts from.
#[derive(Deserialize)]
pub(crate) struct Snapshot {
    /// The workspace's epoch.
    pub(crate) epoch: String,
    /// How far its streams have come.
    pub(crate) positions: Positions,
}

#[derive(Deserialize)]
struct Made {
    id: String,
}

#[derive(Deserialize)]
struct Rows {
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    email: String,
    outcome: String,
    link: Option<String>,
}

#[derive(Deserialize)]
struct Accepted {
    user: Account,
}

#[derive(Deserialize)]
struct Account {
    id: Uuid,
}

#[derive(Deserialize)]
struct Token {
    token: String,
}

/// The server, and the admin who sets up.
pub(crate) struct Setup<'a> {
    /// The server.
    pub(crate) api: &'a Api,
    /// The admin's access token.
    pub(crate) admin: &'a str,
    /// The run's marks.
    pub(crate) marks: &'a Marks,
    /// Calls in flight at once.
    pub(crate) concurrency: usize,
}

impl Setup<'_> {
    async fn post(&self, step: &str, path: &str, body: Body) -> anyhow::Result<Answer> {
        self.api.call(step, As::Token(self.admin), Method::POST, path, body).await
    }

    /// Makes the workspace; answers its id.
    pub(crate) async fn workspace(&self, name: &str) -> anyhow::Result<String> {
        let body = json!({"name": name, "description": "Made by a load test, which deletes it at its end."});
        let made: Made = self.post("making the workspace", "/v1/workspaces", Body::Json(body)).await?.json()?;
        Ok(made.id)
    }

    /// Fills it with requests, whose ids it answers.
    pub(crate) async fn requests(&self, workspace: &str) -> anyhow::Result<Vec<Uuid>> {
        let collection = Uuid::now_v7();
        let requests: Vec<Uuid> = (0..REQUESTS).map(|_| Uuid::now_v7()).collect();
        let mut changes = vec![json!({
            "kind": "item_create", "id": collection, "parent": null, "item_kind": "collection", "name": "Load",
            "content": {"info": {"schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"}},
        })];
        changes.extend(requests.iter().enumerate().map(|(n, id)| {
            json!({
                "kind": "item_create", "id": id, "parent": collection, "item_kind": "request", "name": format!("Request {n}"),
                "content": {"request": {"method": "GET", "url": {"raw": format!("https://api.example.com/things/{n}")}}},
            })
        }));
        let path = format!("/v1/workspaces/{workspace}/changes");
        self.post("filling the workspace", &path, Body::Json(json!({"op": Uuid::now_v7(), "changes": changes})))
            .await?;
        Ok(requests)
    }

    /// Switches to multi-partner mode.
    pub(crate) async fn switch(&self, workspace: &str, name: &str) -> anyhow::Result<()> {
        let path = format!("/v1/workspaces/{workspace}/multi_partner");
        self.post("switching to multi-partner mode", &path, Body::Json(json!({"confirm": name}))).await?;
        Ok(())
    }

    /// Invites so many partners of so many domains, and accepts as each of them.
    pub(crate) async fn partners(&self, workspace: &str, partners: u32, domains: u32) -> anyhow::Result<Vec<Partner>> {
        let mut links = Vec::with_capacity(partners as usize);
        for first in (0..partners).step_by(ROWS as usize) {
            links.extend(self.invite(workspace, first..partners.min(first + ROWS), domains).await?);
        }
        let accepted = stream::iter(links).map(|(number, token)| self.accept(number, number % domains, token));
        let mut people: Vec<Partner> = accepted.buffer_unordered(self.concurrency).try_collect().await?;
        people.sort_by_key(|partner| partner.number);
        Ok(people)
    }

    async fn invite(
        &self,
        workspace: &str,
        numbers: std::ops::Range<u32>,
        domains: u32,
    ) -> anyhow::Result<Vec<(u32, String)>> {
        let mut csv = String::from("email,name\n");
        let mut number_of = HashMap::new();
        for number in numbers {
            let name = self.marks.name(number);
            let email = format!("{name}@{}", self.marks.domain(number % domains));
            csv.push_str(&format!("{email},{name}\n"));
            number_of.insert(email, number);
        }
        let (step, path) = ("inviting partners", format!("/v1/workspaces/{workspace}/invitations?role=viewer"));
        let answer: Rows = self.post(step, &path, Body::Csv(csv)).await?.json()?;
        let links = answer.rows.iter().map(|row| {
            let token = row.link.as_deref().and_then(|link| link.split_once("invite="));
            match (number_of.get(&row.email), row.outcome.as_str(), token) {
                (Some(number), "sent", Some((_, token))) => Ok((*number, token.to_owned())),
                _ => bail!("{step}: {} came out as {} (link: {:?})", row.email, row.outcome, row.link),
            }
        });
        let links: Vec<_> = links.collect::<anyhow::Result<_>>()?;
        if links.len() != number_of.len() {
            bail!("{step}: {} rows of {} came back", links.len(), number_of.len());
        }
        Ok(links)
    }

    async fn accept(&self, number: u32, domain: u32, invitation: String) -> anyhow::Result<Partner> {
        let body = json!({"token": invitation, "name": self.marks.name(number)});
        let step = "accepting an invitation";
        let answer = self.api.call(step, As::Nobody, Method::POST, "/v1/invitations/accept", Body::Json(body)).await?;
        let accepted: Accepted = answer.json().context(step)?;
        let cookie = answer.cookie.with_context(|| format!("{step}: no cookie loggia_session"))?;
        let (step, path, body) = ("making a partner's token", "/v1/me/tokens", Body::Json(json!({"name": "load"})));
        let answer = self.api.call(step, As::Cookie(&cookie), Method::POST, path, body).await?;
        let token: Token = answer.json().context(step)?;
        Ok(Partner { number, domain, user: accepted.user.id, token: token.token.into() })
    }

    /// The workspace as the holder of a token sees it, as text and read.
    pub(crate) async fn snapshot(&self, workspace: &str, token: &str) -> anyhow::Result<(String, Snapshot)> {
        let (step, path) = ("reading the workspace", format!("/v1/workspaces/{workspace}"));
        let answer = self.api.call(step, As::Token(token), Method::GET, &path, Body::Empty).await?;
        let snapshot = answer.json().context(step)?;
        Ok((answer.text, snapshot))
    }

    /// Deletes the workspace.
    pub(crate) async fn delete(&self, workspace: &str) -> anyhow::Result<()> {
        let path = format!("/v1/workspaces/{workspace}");
        self.api.call("deleting the workspace", As::Token(self.admin), Method::DELETE, &path, Body::Empty).await?;
        Ok(())
    }
}
