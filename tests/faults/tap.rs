//! A socket that edits and notes when what comes back.
#![allow(dead_code, reason = "each test file uses its part")]

use crate::common::{PATIENCE, Person, new_id};
use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

#[derive(Debug, Default)]
pub struct Seen {
    /// Events of edits: which, where, when.
    pub events: Vec<(String, u64, Instant)>,
    pub acks: HashMap<String, u64>,
    pub rejects: Vec<Value>,
}

pub struct Tap {
    sink: SplitSink<WebSocketStream<MaybeTlsStream<TcpStream>>, Message>,
    seen: Arc<Mutex<Seen>>,
    told: watch::Receiver<u64>,
}

impl Tap {
    pub async fn open(person: &Person, workspace: &str) -> Self {
        let (sink, mut stream) = person.live(workspace).await.socket.split();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (tell, told) = watch::channel(0);
        let notes = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                let Message::Text(text) = message else { continue };
                let message: Value = serde_json::from_str(&text).unwrap();
                let op = message["op"].as_str().map(str::to_owned);
                let position = message["position"].as_u64();
                match (message["type"].as_str(), op, position) {
                    (Some("event"), Some(op), Some(position)) => {
                        notes.lock().unwrap().events.push((op, position, Instant::now()));
                    }
                    (Some("ack"), Some(op), Some(position)) => _ = notes.lock().unwrap().acks.insert(op, position),
                    (Some("reject"), ..) => notes.lock().unwrap().rejects.push(message),
                    _ => {}
                }
                tell.send_modify(|count| *count += 1);
            }
        });
        Self { sink, seen, told }
    }

    /// Sends an edit; its op.
    pub async fn edit(&mut self, changes: &Value) -> String {
        let op = new_id();
        let text = json!({"type": "edit", "op": op, "changes": changes}).to_string();
        self.sink.send(Message::text(text)).await.unwrap();
        op
    }

    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    /// Waits until what has come is enough.
    pub async fn until(&self, enough: impl Fn(&Seen) -> bool) {
        let mut told = self.told.clone();
        let waiting = told.wait_for(|_| enough(&self.seen()));
        timeout(PATIENCE, waiting).await.expect("it comes in time").expect("the socket stays open");
    }
}
