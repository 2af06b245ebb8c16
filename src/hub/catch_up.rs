//! What a session that fell off the ring lacks, read from the store's log.

use super::RoomHandle;
use super::batch::audience_of_stream;
use super::seating::{Fetched, Piece};
use crate::store;
use crate::visibility::{self, Frame, Place, log_of};
use crate::workspace::event::Event;
use crate::workspace::{Audience, Positions};

/// Records of the log that are read at a time.
const RECORDS: usize = 500;

impl RoomHandle {
    /// Frames of a piece of the log, oldest first, from its beginning on but not always to its end.
    pub async fn fetch(&self, piece: Piece) -> Fetched {
        let frames = match self.read_log(piece).await {
            Ok(frames) => Some(frames),
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "a lagging session could not be caught up");
                None
            }
        };
        Fetched { piece, frames }
    }

    async fn read_log(&self, piece: Piece) -> anyhow::Result<(Vec<Frame>, Positions)> {
        let Piece { viewer, epoch, seen, head } = piece;
        let workspace = self.state();
        let (mut frames, mut now) = (Vec::new(), seen);
        if workspace.epoch != epoch {
            return Ok((frames, head));
        }
        let id = workspace.id;
        let mut after = self.store.locate(id, epoch, store::Stream::Shared, seen.shared + 1).await?;
        if viewer.is_team() {
            let team = self.store.locate(id, epoch, store::Stream::Team, seen.team + 1).await?;
            after = [after, team].into_iter().flatten().min();
        }
        let Some(first) = after else { return Ok((frames, head)) };
        let mut from = first - 1;
        // A partner's missed events may lie far apart in the log: read on until there are some.
        while frames.is_empty() {
            let records = self.store.load_log(id, from, RECORDS).await?;
            let Some(last) = records.last() else { return Ok((frames, head)) };
            from = last.sequence;
            for record in records.iter().filter(|record| record.epoch == epoch) {
                let audience = audience_of_stream(record.stream);
                let (position, end) = match audience {
                    Audience::Everyone => (&mut now.shared, head.shared),
                    Audience::Team if viewer.is_team() => (&mut now.team, head.team),
                    Audience::Team => continue,
                };
                // What comes after the head is in the ring.
                if record.position <= *position || record.position > end {
                    continue;
                }
                *position = record.position;
                let event: Event = serde_json::from_slice(&record.body)?;
                let place =
                    Place { audience, position: record.position, at: record.at, by: record.author, op: record.op };
                frames.push(visibility::event(&workspace, &event, place).of(log_of(&viewer)).clone());
            }
            if now.shared == head.shared && (now.team == head.team || !viewer.is_team()) {
                return Ok((frames, head));
            }
        }
        Ok((frames, now))
    }
}
