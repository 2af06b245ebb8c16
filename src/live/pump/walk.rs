//! Lanes: who sits in which, and their walks.

use super::Pump;
use super::lane::{Fallen, Lane, Place};
use crate::hub::stream::Stream;
use crate::live::session::Standing;
use std::sync::Arc;
use std::time::Instant;

/// Sockets that a walk passes before the pump looks up: an edit that comes in the middle of a long walk is taken in.
const STRIDE: usize = 256;

impl Pump {
    /// Gives a session a seat in the lane of a stream.
    pub(super) fn sit(&mut self, slot: usize, stream: Arc<Stream>, at: Place) {
        let lanes = &mut self.lanes;
        let id = stream.id();
        let lane = *self.lane_of.entry(id).or_insert_with(|| lanes.insert(Lane::new(stream, at)));
        self.lanes[lane].seats += 1;
        self.sessions[slot].lane = Some(lane);
    }

    /// Takes a session's seat away.
    pub(super) fn stand_up(&mut self, slot: usize) {
        let session = &mut self.sessions[slot];
        let Some(index) = session.lane.take() else { return };
        let lane = &mut self.lanes[index];
        if session.standing == Standing::InStep {
            lane.fall_out(slot as u32);
        }
        lane.seats -= 1;
        if lane.seats == 0 {
            self.lane_of.remove(&lane.stream.id());
            self.lanes.remove(index);
            self.walking.retain(|walking| *walking != index);
        }
    }

    pub(super) fn begin(&mut self, index: usize, now: Instant) {
        let Some(lane) = self.lanes.get_mut(index) else { return };
        match lane.begin() {
            Ok(true) if !self.walking.contains(&index) => self.walking.push(index),
            Ok(_) => {}
            Err((fallen, at)) => {
                for slot in fallen {
                    self.go_on(slot as usize, at);
                    self.advance(slot as usize, now);
                }
            }
        }
    }

    pub(super) fn walk(&mut self, now: Instant) {
        for index in std::mem::take(&mut self.walking) {
            let mut fallen = Vec::new();
            let Some(lane) = self.lanes.get_mut(index) else { continue };
            let ended = lane.step(&self.sockets, STRIDE, &mut fallen);
            for (slot, how) in fallen {
                let slot = slot as usize;
                match how {
                    Fallen::Broken => self.remove(slot),
                    Fallen::Full(at, begun) => {
                        self.go_on(slot, at);
                        if let Some((frame, written)) = begun {
                            self.sessions[slot].outlet.begun(&frame, written);
                        }
                        self.advance(slot, now);
                    }
                }
            }
            if !ended {
                self.walking.push(index);
                continue;
            }
            let waiting = self.lanes.get_mut(index).map(|lane| std::mem::take(&mut lane.waiting)).unwrap_or_default();
            for slot in waiting {
                let slot = slot as usize;
                if self.sessions.get(slot).is_some_and(|one| one.standing == Standing::Waiting) {
                    self.advance(slot, now);
                }
            }
            self.begin(index, now);
        }
    }

    /// Has a session that is in step go on by itself.
    pub(super) fn fall_behind(&mut self, slot: usize) {
        if let Some(lane) = self.sessions[slot].lane {
            let at = self.lanes[lane].fall_out(slot as u32);
            self.go_on(slot, at);
        }
    }

    /// A session that was in step goes on by itself.
    pub(super) fn go_on(&mut self, slot: usize, at: Place) {
        if let Some(session) = self.sessions.get_mut(slot) {
            (session.cursor, session.seen, session.standing) = (at.cursor, at.positions, Standing::Behind);
        }
    }
}
