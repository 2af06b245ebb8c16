//! newman, which takes an address and can send no header, runs a collection from an export link.

use crate::common::{Answer, Person, TestServer};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

const CONDUIT: &[u8] = include_bytes!("../data/conduit.postman_collection.json");

/// `web/`, with what is installed and built there.
async fn web() -> PathBuf {
    let web = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("web");
    let npm = |arguments: &'static [&'static str]| {
        let web = web.clone();
        async move {
            let done = Command::new("npm").args(arguments).current_dir(web).stdout(Stdio::null()).status().await;
            assert!(done.expect("npm, which script/test installs").success(), "npm {arguments:?}");
        }
    };
    if !web.join("node_modules/.bin/newman").exists() {
        npm(&["ci"]).await;
    }
    if !web.join("build/test/serve-conduit.mjs").exists() {
        npm(&["run", "build"]).await;
    }
    web
}

/// A Conduit to run against, and its address. It ends with this test, for its standard input does.
async fn conduit(web: &Path) -> (Child, String) {
    let mut command = Command::new("node");
    command.arg("build/test/serve-conduit.mjs").current_dir(web).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let url = lines.next_line().await.unwrap().unwrap();
    (child, url)
}

async fn imported(person: &Person, workspace: &str) -> String {
    let path = format!("/v1/workspaces/{workspace}/import");
    let answer = person.send_bytes(&path, "application/json", CONDUIT).await;
    answer.expect(201)["items"][0]["id"].as_str().unwrap().to_owned()
}

async fn bare(url: &str) -> Answer {
    Answer::of(reqwest::get(url).await.unwrap()).await
}

#[tokio::test]
async fn newman_runs_a_collection_from_its_export_link() {
    let web = web().await;
    let (_conduit, api) = conduit(&web).await;
    let server = TestServer::start().await;
    let workspace = server.workspace().await;
    let item = imported(&server.admin, &workspace).await;
    let partner = server.partner(&workspace, "pat@acme.com").await;
    let path = format!("/v1/workspaces/{workspace}/items/{item}/export_link");
    let made = partner.post(&path, json!({})).await;
    let url = made.expect(201)["url"].as_str().unwrap();

    let report = server.folder.path().join("report.json");
    let mut newman = Command::new(web.join("node_modules/.bin/newman"));
    newman.args(["run", url, "--reporters", "json", "--reporter-json-export"]).arg(&report);
    for (name, value) in [("APIURL", &*api), ("EMAIL", "a@host.com"), ("PASSWORD", "secret"), ("USERNAME", "ada")] {
        newman.arg("--env-var").arg(format!("{name}={value}"));
    }
    let ran = newman.output().await.unwrap();
    assert!(ran.status.success(), "{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    assert_eq!(report["run"]["stats"]["requests"], json!({"total": 32, "pending": 0, "failed": 0}));
    assert_eq!(report["run"]["failures"], json!([]));

    // Without the link, newman is turned away as everyone is.
    let (plain, _) = url.split_once('?').unwrap();
    let refused = Command::new(web.join("node_modules/.bin/newman")).args(["run", plain]).output().await.unwrap();
    assert!(!refused.status.success());
}

#[tokio::test]
async fn an_export_link_gives_one_export_and_nothing_else() {
    let server = TestServer::start().await;
    let workspace = server.walled_workspace().await;
    let (item, other) = (imported(&server.admin, &workspace).await, imported(&server.admin, &workspace).await);
    let partner = server.partner(&workspace, "pat@acme.com").await;
    let path = format!("/v1/workspaces/{workspace}/items/{item}");
    let made = partner.post(&format!("{path}/export_link"), json!({})).await;
    let url = made.expect(201)["url"].as_str().unwrap().to_owned();
    let (plain, link) = url.split_once("?link=").unwrap();

    let by_link = bare(&url).await;
    assert_eq!(by_link.expect(200), partner.get(&format!("{path}/export")).await.expect(200));
    bare(plain).await.refused(401, "signed_out");
    bare(&format!("{plain}?link=")).await.refused(410, "stale_token");
    bare(&url.replace(&item, &other)).await.refused(410, "stale_token");
    let item_itself = format!("{}{path}?link={link}", server.url);
    bare(&item_itself).await.refused(401, "signed_out");
    // A link takes the place of the caller's own token: a wrong one is not made good by it.
    partner.get(&format!("{path}/export?link=wrong")).await.refused(410, "stale_token");
    let token = reqwest::Client::new().get(format!("{}{path}", server.url)).bearer_auth(link);
    Answer::of(token.send().await.unwrap()).await.refused(401, "signed_out");

    let stranger = server.join(&server.workspace().await, "sam@globex.com", "partner", "viewer", false).await;
    stranger.post(&format!("{path}/export_link"), json!({})).await.refused(404, "not_found");
    partner
        .post(&format!("/v1/workspaces/{workspace}/items/{}/export_link", crate::common::new_id()), json!({}))
        .await
        .refused(404, "not_found");

    let member = format!("/v1/workspaces/{workspace}/members/{}", partner.id);
    server.admin.delete(&member).await.expect(204);
    bare(&url).await.refused(404, "not_found");
}
