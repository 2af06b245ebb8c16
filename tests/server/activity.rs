//! Activity: who changed what when, in pages; a partner's depend on nothing that it may not see.

use crate::common::{Person, TestServer, new_id};
use serde_json::{Value, json};

/// All pages of somebody's activity, and their entries.
async fn pages(who: &Person, workspace: &str, limit: usize) -> (Vec<Value>, Vec<Value>) {
    let (mut pages, mut entries, mut query) = (Vec::new(), Vec::new(), format!("?limit={limit}"));
    loop {
        let answer = who.get(&format!("/v1/workspaces/{workspace}/activity{query}")).await;
        let page = answer.expect(200).clone();
        entries.extend(page["entries"].as_array().unwrap().clone());
        let next = page["next"].as_str().map(str::to_owned);
        pages.push(page);
        match next {
            Some(next) => query = format!("?limit={limit}&before={next}"),
            None => return (pages, entries),
        }
    }
}

fn kinds(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["change"]["kind"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_team_reads_what_happened_to_things_and_people_and_partners_of_things_alone() {
    let server = TestServer::start().await;
    let workspace = server.workspace().await;
    let editor = server.join(&workspace, "eve@acme.com", "partner", "editor", false).await;
    let (_, request) = editor.collection(&workspace).await;
    server.switch(&workspace).await.expect(200);
    let pat = server.partner(&workspace, "pat@bolt.org").await;
    let patch = json!([{"kind": "item_update", "id": request, "patch": {"name": "All", "content": {"a": 1}}}]);
    server.admin.edit(&workspace, patch).await;
    let environment = json!([{"kind": "environment_create", "id": new_id(), "name": "Live", "content": {}}]);
    server.admin.edit(&workspace, environment).await;
    server.admin.delete(&format!("/v1/workspaces/{workspace}/members/{}", editor.id)).await.expect(204);
    let (_, team) = pages(&server.admin, &workspace, 3).await;
    let expected = [
        "member_removed",
        "environment_created",
        "item_updated",
        "member_joined",
        "invitation_sent",
        "mode_switched",
        "item_created",
        "item_created",
        "member_joined",
        "invitation_sent",
        "workspace_created",
    ];
    assert_eq!(kinds(&team), expected, "all of it, over the switch");
    assert_eq!(team[6]["by"]["id"], json!(editor.id));
    assert_eq!(
        (&team[2]["change"]["item"]["name"], &team[2]["change"]["fields"]),
        (&json!("All"), &json!(["name", "content"]))
    );
    assert_eq!(team[2]["by"]["id"], json!(server.admin.id));
    assert!(team.iter().all(|entry| entry["at"].is_string()));
    let (all, theirs) = pages(&pat, &workspace, 2).await;
    assert_eq!(kinds(&theirs), ["environment_created", "item_updated"], "nothing of the switch");
    assert_eq!(all.len(), 1, "nor a page for it");
    let text = json!(all).to_string();
    for secret in [&editor.id, "eve", "acme", "member", "invitation", "team", "mode", "partner"] {
        assert!(!text.replace("\"side\":\"team\"", "").contains(secret), "tells of {secret}: {text}");
    }
}

#[tokio::test]
async fn a_partners_pages_are_the_same_bytes_whatever_other_partners_do() {
    let server = TestServer::start().await;
    let workspace = server.walled_workspace().await;
    let pat = server.partner(&workspace, "pat@acme.com").await;
    let (root, _) = server.admin.collection(&workspace).await;
    for number in 0..5 {
        let patch = json!([{"kind": "item_update", "id": root, "patch": {"name": format!("Users {number}")}}]);
        server.admin.edit(&workspace, patch).await;
    }
    let before = pages(&pat, &workspace, 2).await.0;
    assert_eq!(before.len(), 4, "seven events in twos");
    let zelda = server.partner(&workspace, "zelda@bolt.org").await;
    server.partner(&workspace, "yuri@acme.com").await;
    zelda.patch("/v1/me", json!({"name": "Zoe"})).await.expect(200);
    server.admin.delete(&format!("/v1/workspaces/{workspace}/members/{}", zelda.id)).await.expect(204);
    assert_eq!(pages(&pat, &workspace, 2).await.0, before);
}

#[tokio::test]
async fn what_is_gone_is_called_by_the_name_it_had() {
    let server = TestServer::start().await;
    let workspace = server.walled_workspace().await;
    let pat = server.partner(&workspace, "pat@acme.com").await;
    let (root, _) = server.admin.collection(&workspace).await;
    let environment = new_id();
    let changes = json!([
        {"kind": "environment_create", "id": environment, "name": "Live"},
        {"kind": "environment_delete", "id": environment},
        {"kind": "item_delete", "id": root},
    ]);
    server.admin.edit(&workspace, changes).await;
    for who in [&pat, &server.admin] {
        let entries = pages(who, &workspace, 50).await.1;
        assert_eq!(entries[0]["change"]["item"], json!({"id": root, "name": "Users"}));
        assert_eq!(entries[1]["change"]["environment"], json!({"id": environment, "name": "Live"}));
    }
}

#[tokio::test]
async fn bad_pages_are_refused_and_strangers_find_nothing() {
    let server = TestServer::start().await;
    let workspace = server.workspace().await;
    let pat = server.partner(&workspace, "pat@acme.com").await;
    let path = format!("/v1/workspaces/{workspace}/activity");
    let old = server.admin.get(&format!("{path}?limit=1")).await.expect(200)["next"].as_str().unwrap().to_owned();
    assert!(old.contains(".team.") || old.contains(".shared."));
    for query in ["?limit=0", "?limit=201", "?before=x", "?before=1.shared.1"] {
        pat.get(&format!("{path}{query}")).await.refused(422, "invalid");
    }
    pat.get(&format!("{path}?limit=all")).await.refused(400, "malformed");
    let epoch = old.split('.').next().unwrap();
    pat.get(&format!("{path}?before={epoch}.team.1")).await.refused(422, "invalid");
    pat.get(&format!("{path}?before={epoch}.shared.1")).await.expect(200);
    server.switch(&workspace).await.expect(200);
    pat.get(&format!("{path}?before={epoch}.shared.1")).await.refused(422, "invalid");
    server.admin.get(&format!("{path}?before={epoch}.shared.1")).await.expect(200);
    server.admin.get(&format!("{path}?before={}.shared.1", new_id())).await.refused(422, "invalid");
    let other = server.walled_workspace().await;
    pat.get(&format!("/v1/workspaces/{other}/activity")).await.refused(404, "not_found");
}
