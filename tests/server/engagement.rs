//! Engagement: how far partners have come, for the team alone.

use crate::common::{PATIENCE, TestServer};
use loggia::store::now_utc;
use serde_json::{Value, json};

/// The report, once it is as it has to be: what is kept of visits comes a moment after them.
pub async fn report(server: &TestServer, workspace: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let path = format!("/v1/workspaces/{workspace}/engagement");
    let ask = async {
        loop {
            let report = server.admin.get(&path).await.expect(200)["domains"].clone();
            if fits(&report) {
                return report;
            }
        }
    };
    tokio::time::timeout(PATIENCE, ask).await.expect("the report in time")
}

#[tokio::test]
async fn partners_are_followed_from_invitation_to_success() {
    let server = TestServer::start().await;
    let workspace = server.walled_workspace().await;
    let pat = server.partner(&workspace, "pat@mail.acme.com").await;
    server.editor(&workspace, "edda@host.com").await.live(&workspace).await.next().await;
    let invitation = json!({"invitees": [{"email": "zelda@bolt.org"}]});
    server.admin.post(&format!("/v1/workspaces/{workspace}/invitations"), invitation).await.expect(200);
    let before = report(&server, &workspace, |_| true).await;
    assert_eq!(before.as_array().unwrap().len(), 2, "the team's own are not followed: {before}");
    assert_eq!((&before[0]["domain"], &before[1]["domain"]), (&json!("acme.com"), &json!("bolt.org")));
    let counts = |company: &Value| {
        ["invited", "joined", "visited", "called", "succeeded"].map(|one| company[one].as_u64().unwrap())
    };
    assert_eq!((counts(&before[0]), counts(&before[1])), ([1, 1, 0, 0, 0], [1, 0, 0, 0, 0]));
    let waiting = &before[1]["people"][0];
    assert!(waiting["person"].is_null() && waiting["joined_at"].is_null() && waiting["invited_at"].is_string());

    pat.live(&workspace).await.next().await;
    let visited = report(&server, &workspace, |report| report[0]["visited"] == 1).await;
    let person = visited[0]["people"][0].clone();
    assert_eq!((&person["person"]["id"], &person["last_seen"]), (&json!(pat.id), &person["first_visit"]));

    let (id, user) = (workspace.parse().unwrap(), pat.id.parse().unwrap());
    let first = now_utc();
    server.store.called(id, user, first, false).await.unwrap();
    server.store.called(id, user, first + time::Duration::seconds(5), true).await.unwrap();
    let called = report(&server, &workspace, |_| true).await;
    assert_eq!(counts(&called[0]), [1, 1, 1, 1, 1]);
    let person = &called[0]["people"][0];
    assert!(person["first_call"].as_str() < person["first_success"].as_str());
    assert_eq!(person["last_seen"], person["first_success"]);
    assert_eq!(person["first_visit"], visited[0]["people"][0]["first_visit"], "the first stays");
    assert!((0..60).contains(&person["seconds_to_first_call"].as_i64().unwrap()));
}

#[tokio::test]
async fn to_partners_there_is_no_such_thing() {
    let server = TestServer::start().await;
    for workspace in [server.workspace().await, server.walled_workspace().await] {
        let pat = server.join(&workspace, "pat@acme.com", "partner", "viewer", true).await;
        let path = format!("/v1/workspaces/{workspace}");
        let here = pat.get(&format!("{path}/engagement")).await;
        here.refused(404, "not_found");
        assert_eq!(here.text, pat.get(&format!("{path}/nothing")).await.text);
        let editor = server.editor(&workspace, "edda@host.com").await;
        editor.get(&format!("{path}/engagement")).await.expect(200);
    }
}
