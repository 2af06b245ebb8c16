//! An edit's way: from one session to every other, at once, once, in order.

use crate::common::{PATIENCE, Person, TestServer, new_id};
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn an_edit_reaches_every_session_with_the_same_position() {
    let server = TestServer::start().await;
    let workspace = server.walled_workspace().await;
    let (_, request) = server.admin.collection(&workspace).await;
    let partner = server.partner(&workspace, "pat@acme.com").await;
    let (mut team, mut there) = (server.admin.live(&workspace).await, partner.live(&workspace).await);
    team.until_type("presence").await;
    let welcome = there.until_type("welcome").await;
    assert_eq!(welcome["positions"].get("team"), None, "{welcome}");

    let ack = team.edit(json!([{"kind": "item_update", "id": request, "patch": {"name": "All users"}}])).await;
    assert_eq!(ack["type"], "ack", "{ack}");
    let event = there.until_type("event").await;
    assert_eq!(event["position"], ack["position"]);
    assert_eq!(event["change"]["patch"]["name"], "All users");
    assert_eq!(event["by"]["name"], "Ada Admin");
    assert_eq!(event["position"], welcome["positions"]["shared"].as_u64().unwrap() + 1);
}

#[tokio::test]
async fn the_same_op_again_gets_the_first_answer_and_changes_nothing() {
    let server = TestServer::start().await;
    let workspace = server.workspace().await;
    let (_, request) = server.admin.collection(&workspace).await;
    let body = json!({"op": new_id(), "changes": [{"kind": "item_update", "id": request, "patch": {"name": "Once"}}]});
    let path = format!("/v1/workspaces/{workspace}/changes");
    let first = server.admin.post(&path, body.clone()).await;
    let again = server.admin.post(&path, body).await;
    assert_eq!(first.expect(200), again.expect(200));
    let snapshot = server.admin.get(&format!("/v1/workspaces/{workspace}")).await;
    assert_eq!(snapshot.expect(200)["positions"]["shared"], first.json["position"]);
}

#[tokio::test]
async fn a_ping_is_answered_at_once() {
    let server = TestServer::start().await;
    let workspace = server.workspace().await;
    let mut client = server.admin.live(&workspace).await;
    client.until_type("presence").await;
    client.socket.send(Message::Ping("are you there".into())).await.unwrap();
    let pong = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Message::Pong(said) = client.socket.next().await.unwrap().unwrap() {
                return said;
            }
        }
    });
    assert_eq!(pong.await.unwrap(), "are you there".as_bytes());
}

#[tokio::test]
async fn a_session_resumes_where_it_was_from_the_ring_and_from_the_log() {
    let server = TestServer::start().await;
    let workspace = server.walled_workspace().await;
    let (_, request) = server.admin.collection(&workspace).await;
    let partner = server.partner(&workspace, "pat@acme.com").await;
    let snapshot = partner.get(&format!("/v1/workspaces/{workspace}")).await;
    let (epoch, from) =
        (snapshot.json["epoch"].as_str().unwrap(), snapshot.json["positions"]["shared"].as_u64().unwrap());
    let query = format!("?epoch={epoch}&shared={from}");
    // Each some 50 KB, over HTTP: the ring holds 8 MiB, so that the first of them have fallen off it.
    let text = "x".repeat(50_000);
    for number in 0..200 {
        let patch = json!({"name": format!("Name {number}"), "content": {"text": text}});
        server.admin.edit(&workspace, json!([{"kind": "item_update", "id": request, "patch": patch}])).await;
    }
    for back in [200, 3] {
        let query = query.replace(&format!("shared={from}"), &format!("shared={}", from + 200 - back));
        let mut client = partner.try_live(&workspace, &query).await.unwrap();
        let welcome = client.until_type("welcome").await;
        assert_eq!(welcome["positions"]["shared"], from + 200 - back);
        for number in 200 - back..200 {
            let event = client.until_type("event").await;
            assert_eq!(event["position"], from + 1 + number);
            assert_eq!(event["change"]["patch"]["name"], format!("Name {number}"));
        }
    }
}

#[tokio::test]
async fn a_session_that_does_not_read_holds_nobody_up_and_gets_everything_once_when_it_does() {
    let server = TestServer::start().await;
    let workspace = server.walled_workspace().await;
    let (_, request) = server.admin.collection(&workspace).await;
    let partner = server.partner(&workspace, "pat@acme.com").await;
    let mut client = partner.live(&workspace).await;
    let welcome = client.until_type("welcome").await;
    let (epoch, from) = (welcome["epoch"].as_str().unwrap(), welcome["positions"]["shared"].as_u64().unwrap());
    // 15 MB: more than loopback's buffers and the ring take together. Ten at once: who takes nothing for ten seconds is
    // closed, and they are not to take as long on a busy machine.
    let text = "x".repeat(50_000);
    for ten in 0..30 {
        let update = |number| json!({"kind": "item_update", "id": request, "patch": {"name": format!("Name {number}"), "content": {"text": text}}});
        let changes: Vec<_> = (ten * 10..ten * 10 + 10).map(update).collect();
        server.admin.edit(&workspace, json!(changes)).await;
    }
    let mut next = 0;
    while next < 300 {
        match client.socket.next().await.unwrap() {
            Ok(Message::Text(text)) => {
                let message: serde_json::Value = serde_json::from_str(&text).unwrap();
                if message["type"] == "event" {
                    assert_eq!(message["position"], from + 1 + next);
                    assert_eq!(message["change"]["patch"]["name"], format!("Name {next}"));
                    next += 1;
                }
            }
            // On a slow machine the ten seconds pass: told so, or cut off when it doesn't take that either, it comes back.
            gone @ (Ok(Message::Close(Some(_))) | Err(_)) => {
                if let Ok(Message::Close(Some(frame))) = gone {
                    assert_eq!(u16::from(frame.code), 4008);
                }
                client = partner.try_live(&workspace, &format!("?epoch={epoch}&shared={}", from + next)).await.unwrap();
            }
            _ => {}
        }
    }
}

/// What is under way when a workspace is deleted comes first, then that it is, then the close.
#[tokio::test]
async fn who_has_a_workspace_open_hears_that_it_is_deleted_and_nothing_after_but_the_close() {
    let server = TestServer::start().await;
    for round in 0..24 {
        let workspace = server.workspace().await;
        let (_, request) = server.admin.collection(&workspace).await;
        let partner = server.partner(&workspace, &format!("pat{round}@acme.com")).await;
        let mut clients = vec![server.admin.live(&workspace).await, partner.live(&workspace).await];
        let mut next = Vec::new();
        for client in &mut clients {
            let welcome = client.until_type("welcome").await;
            next.push(welcome["positions"]["shared"].as_u64().unwrap());
            client.until_type("presence").await;
        }
        // Now and then with more than sockets take at once, so that they are behind.
        let (count, length) = if round % 6 == 5 { (80, 60_000) } else { (2, 10) };
        let text = "x".repeat(length);
        for number in 0..count {
            let patch = json!({"name": format!("Name {number}"), "content": {"text": text}});
            server.admin.edit(&workspace, json!([{"kind": "item_update", "id": request, "patch": patch}])).await;
        }
        server.admin.delete(&format!("/v1/workspaces/{workspace}")).await.expect(204);
        for (client, before) in clients.iter_mut().zip(next) {
            assert_eq!(client.closed().await, 4001, "round {round}");
            let seen: Vec<serde_json::Value> =
                client.seen.iter().map(|one| serde_json::from_str(one).unwrap()).collect();
            let last = seen.last().unwrap();
            assert_eq!(last["change"], json!({"kind": "workspace_deleted"}), "round {round}");
            let shared = seen.iter().filter(|one| one["type"] == "event" && one["stream"] == "shared");
            let positions: Vec<u64> = shared.map(|one| one["position"].as_u64().unwrap()).collect();
            let from = positions[0];
            assert!(from > before, "round {round}");
            assert_eq!(positions, (from..from + positions.len() as u64).collect::<Vec<_>>(), "round {round}");
            assert!(positions.len() > count, "round {round}: {} events", positions.len());
        }
    }
}

/// Whether the room has been open meanwhile may depend on other partners; so nothing may depend on that.
#[tokio::test]
async fn a_session_that_resumes_is_sent_the_same_whether_the_room_was_open_or_not() {
    let server = TestServer::start().await;
    let workspace = server.walled_workspace().await;
    let (_, request) = server.admin.collection(&workspace).await;
    let partner = server.partner(&workspace, "pat@acme.com").await;
    let snapshot = partner.get(&format!("/v1/workspaces/{workspace}")).await;
    let (epoch, from) = (snapshot.json["epoch"].as_str().unwrap(), &snapshot.json["positions"]["shared"]);
    let query = format!("?epoch={epoch}&shared={from}");

    // A name, a method and an item that are other ones, or gone, by the time it resumes.
    let patch = |patch: serde_json::Value| json!([{"kind": "item_update", "id": request, "patch": patch}]);
    server.admin.edit(&workspace, patch(json!({"name": "One"}))).await;
    server.admin.edit(&workspace, patch(json!({"content": {"request": {"method": "PUT"}}}))).await;
    server.admin.edit(&workspace, patch(json!({"content": {"request": {"description": "Two"}}}))).await;
    server.admin.edit(&workspace, patch(json!({"content": {"request": {"method": "PATCH"}}}))).await;
    server.admin.edit(&workspace, patch(json!({"content": {"request": "https://api.host.com"}}))).await;
    server.admin.patch("/v1/me", json!({"name": "Ada Again"})).await.expect(200);
    server.admin.edit(&workspace, json!([{"kind": "item_delete", "id": request}])).await;
    let last = json!([{"kind": "workspace_update", "patch": {"description": "Three"}}]);
    let last = server.admin.edit(&workspace, last).await;

    let resumed = async |person: &Person, admin: &Person, word: &str| {
        let mut client = person.try_live(&workspace, &query).await.unwrap();
        client.until(|message| message["position"] == last).await;
        // Whatever else there is comes before what happens next.
        admin.edit(&workspace, json!([{"kind": "workspace_update", "patch": {"description": word}}])).await;
        client.until(|message| message["change"]["patch"]["description"] == word).await;
        client.seen.pop();
        let session = serde_json::from_str::<serde_json::Value>(&client.seen[0]).unwrap()["session"].clone();
        let session = session.as_str().unwrap().to_owned();
        client.seen.iter().map(|frame| frame.replace(&session, "SESSION")).collect::<Vec<_>>()
    };
    let open = resumed(&partner, &server.admin, "open").await;
    let server = server.restarted().await;
    let closed = resumed(&partner.at(&server.url), &server.admin, "closed").await;
    // It was told of "open" as well.
    let (closed, open_too) = (&closed[..open.len()], &closed[open.len()..]);
    assert_eq!(open, closed);
    assert!(open_too.len() == 1 && open_too[0].contains("open"), "{open_too:?}");
}
