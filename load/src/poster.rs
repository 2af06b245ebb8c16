//! Edits over HTTP, one connection a poster and one edit at a time on it: what an editor does that has no socket open, and
//! the way to many edits without as many readers.

use crate::connect::Target;
use crate::editor;
use crate::edits::{Desks, Edit};
use crate::stage::Stage;
use crate::wire::Stamp;
use anyhow::{Context, ensure};
use serde::Deserialize;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use uuid::Uuid;

/// The longest answer taken.
const LONGEST: usize = 64 * 1_024;

/// Some posters.
pub(crate) struct Posters {
    tasks: JoinSet<anyhow::Result<()>>,
    desks: Vec<mpsc::UnboundedSender<Edit>>,
}

struct Poster {
    stage: Arc<Stage>,
    index: usize,
    token: Arc<str>,
    filler: String,
    stream: TcpStream,
    read: Vec<u8>,
}

#[derive(Deserialize)]
struct Acked {
    position: u64,
}

impl Posters {
    /// So many connections of the holder of a token, whose edits have about so many bytes of text.
    pub(crate) async fn open(stage: &Arc<Stage>, count: usize, token: &Arc<str>, bytes: usize) -> anyhow::Result<Self> {
        let mut posters = Self { tasks: JoinSet::new(), desks: Vec::new() };
        for index in 0..count {
            let stream = target(stage, index).dial(index, false).await.context("connecting")?;
            stream.set_nodelay(true)?;
            let (desk, edits) = mpsc::unbounded_channel();
            let filler = editor::filler(bytes);
            let poster = Poster { stage: stage.clone(), index, token: token.clone(), filler, stream, read: Vec::new() };
            posters.tasks.spawn(poster.run(edits));
            posters.desks.push(desk);
        }
        Ok(posters)
    }

    /// Ways to have them edit.
    pub(crate) fn desks(&self) -> Desks {
        let desk = |edits: &mpsc::UnboundedSender<Edit>| -> Box<dyn Fn(Edit)> {
            let edits = edits.clone();
            // A poster that failed tells so in the end; its edits count as unanswered.
            Box::new(move |edit| {
                let _ = edits.send(edit);
            })
        };
        self.desks.iter().map(desk).collect()
    }

    /// What went wrong, once all that was asked for is posted. Nobody may have a way to them any more.
    pub(crate) async fn close(mut self) -> Vec<String> {
        self.desks.clear();
        let mut failures = Vec::new();
        while let Some(ended) = self.tasks.join_next().await {
            match ended {
                Ok(Ok(())) => {}
                Ok(Err(error)) => failures.push(format!("posting: {error:#}")),
                Err(error) => failures.push(format!("posting: {error}")),
            }
        }
        failures
    }
}

fn target(stage: &Stage, index: usize) -> &Target {
    &stage.targets[index % stage.targets.len()]
}

impl Poster {
    async fn run(mut self, mut edits: mpsc::UnboundedReceiver<Edit>) -> anyhow::Result<()> {
        while let Some(edit) = edits.recv().await {
            let stamp = Stamp { n: edit.n, sent_us: edit.at_us };
            let changes = self.stage.world.marks.changes(edit.item, stamp, &self.filler);
            let body = format!(r#"{{"op":"{}","changes":{changes}}}"#, Uuid::now_v7());
            self.stage.world.ledger.sent();
            let position = self.post(&body).await?;
            let took_us = self.stage.now_us().saturating_sub(edit.at_us);
            self.stage.world.acks.record(self.index, Some(took_us));
            self.stage.world.ledger.acked(edit.n, position);
        }
        Ok(())
    }

    /// Posts once; the position that it came to.
    async fn post(&mut self, body: &str) -> anyhow::Result<u64> {
        let Target { authority, workspace, .. } = target(&self.stage, self.index);
        let request = format!(
            "POST /v1/workspaces/{workspace}/changes HTTP/1.1\r\nHost: {authority}\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.read.clear();
        loop {
            ensure!(self.stream.read_buf(&mut self.read).await? > 0, "the connection ended");
            if let Some(position) = answer(&self.read)? {
                return Ok(position);
            }
            ensure!(self.read.len() < LONGEST, "an endless answer");
        }
    }
}

/// The position in an answer, once it is whole; an error when it is a refusal.
fn answer(read: &[u8]) -> anyhow::Result<Option<u64>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut answer = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(start) = answer.parse(read).context("no HTTP")? else {
        return Ok(None);
    };
    let length = answer.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length: usize = length.and_then(|length| std::str::from_utf8(length.value).ok()?.parse().ok()).unwrap_or(0);
    let Some(body) = read.get(start..start + length) else {
        return Ok(None);
    };
    let status = answer.code.unwrap_or_default();
    ensure!(status == 200, "the server answered {status}: {}", String::from_utf8_lossy(body));
    Ok(Some(serde_json::from_slice::<Acked>(body).context("not the expected answer")?.position))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_once_it_is_whole_and_a_refusal_is_told() {
        let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"position\":42}";
        assert_eq!(answer(&ok[..30]).expect("readable"), None);
        assert_eq!(answer(&ok[..ok.len() - 1]).expect("readable"), None);
        assert_eq!(answer(ok).expect("readable"), Some(42));
        let refused = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 9\r\n\r\nforbidden";
        assert!(answer(refused).expect_err("refused").to_string().contains("forbidden"));
    }
}
