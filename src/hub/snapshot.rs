//! Snapshots of a workspace as ready answers: one for all partners, one for the team, each made once a change.

use crate::id::Epoch;
use crate::protocol::SeenPositions;
use crate::visibility;
use crate::workspace::Workspace;
use crate::workspace::member::{Side, Viewer};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// A snapshot, ready to be sent.
#[derive(Debug)]
pub struct Ready {
    /// As it is.
    pub json: Bytes,
    /// Compressed with gzip.
    pub gzip: Bytes,
    /// Changes when the JSON does, and only then: it is a hash of it.
    pub etag: String,
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
struct Key {
    epoch: Epoch,
    positions: SeenPositions,
}

type Slot = Mutex<Option<(Key, Arc<OnceLock<Arc<Ready>>>)>>;

/// The latest snapshot of each side. A partner's is keyed by what partners see: what happens on the team's stream
/// neither remakes it nor shows in how long it takes.
#[derive(Debug, Default)]
pub struct Snapshots {
    team: Slot,
    partner: Slot,
}

impl Snapshots {
    /// The snapshot for a viewer.
    pub fn get(&self, workspace: &Workspace, viewer: &Viewer) -> Arc<Ready> {
        let key = Key { epoch: workspace.epoch, positions: SeenPositions::of(workspace.positions, viewer.side) };
        let slot = match viewer.side {
            Side::Team => &self.team,
            Side::Partner => &self.partner,
        };
        let cell = {
            let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
            match slot.as_ref() {
                Some((kept, cell)) if *kept == key => Arc::clone(cell),
                _ => Arc::clone(&slot.insert((key, Arc::default())).1),
            }
        };
        Arc::clone(cell.get_or_init(|| Arc::new(make(workspace, viewer))))
    }
}

fn make(workspace: &Workspace, viewer: &Viewer) -> Ready {
    let json = serde_json::to_vec(&visibility::snapshot(workspace, viewer).into_inner()).unwrap_or_default();
    let mut encoder = GzEncoder::new(Vec::with_capacity(json.len() / 4), Compression::fast());
    // Writing to memory can't fail; were it to, an empty body would not unpack, and a client would ask again.
    let gzip = encoder.write_all(&json).and_then(|()| encoder.finish()).unwrap_or_default();
    let hash = Sha256::digest(&json);
    let etag: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Ready { json: json.into(), gzip: gzip.into(), etag: format!("\"{etag}\"") }
}
