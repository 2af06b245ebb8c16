//! What of the shared stream one session has seen: nearly always all of it up to somewhere, so that is how it is kept,
//! with the exceptions beside it.

use std::collections::BTreeMap;

/// What a session has seen of the shared stream.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    from: u64,
    last: u64,
    /// Positions that were skipped, first and last of each gap.
    gaps: Vec<(u64, u64)>,
    /// Positions at which it saw something else than the ledger says: another edit, or none.
    odd: BTreeMap<u64, Option<u64>>,
}

/// How an event stands to what was seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The next one, after so many that were skipped.
    Next {
        /// How many.
        skipped: u64,
    },
    /// One that was skipped before.
    Late,
    /// One that came before.
    Again,
}

impl Seen {
    /// Everything up to `from` and nothing of it: what counts begins behind.
    pub(crate) fn new(from: u64) -> Self {
        Self { from, last: from, gaps: Vec::new(), odd: BTreeMap::new() }
    }

    /// The last position.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// An event came at this position.
    pub(crate) fn at(&mut self, position: u64) -> Arrival {
        if position > self.last {
            let skipped = position - self.last - 1;
            if skipped > 0 {
                self.gaps.push((self.last + 1, position - 1));
            }
            self.last = position;
            return Arrival::Next { skipped };
        }
        let Some(gap) = self.gaps.iter().position(|(first, last)| (*first..=*last).contains(&position)) else {
            return Arrival::Again;
        };
        let (first, last) = self.gaps.remove(gap);
        let rest = [(first, position - 1), (position + 1, last)];
        self.gaps.extend(rest.into_iter().filter(|(first, last)| first <= last));
        Arrival::Late
    }

    /// The position just seen bears another edit than the ledger says, or none.
    pub(crate) fn odd(&mut self, position: u64, n: Option<u64>) {
        self.odd.insert(position, n);
    }

    /// Whether it saw edit `n`, which stands at `position` as far as the ledger knows.
    pub(crate) fn has(&self, n: u64, position: Option<u64>) -> bool {
        let there = |position: u64| {
            let skipped = || self.gaps.iter().any(|(first, last)| (*first..=*last).contains(&position));
            position > self.from && position <= self.last && !skipped() && !self.odd.contains_key(&position)
        };
        position.is_some_and(there) || self.odd.values().any(|odd| *odd == Some(n))
    }

    /// How many of these edits (number and position, by position) it did not see.
    pub(crate) fn missing(&self, edits: &[(u64, u64)]) -> u64 {
        let between = |first: u64, last: u64| {
            let start = edits.partition_point(|(position, _)| *position < first);
            let end = edits.partition_point(|(position, _)| *position <= last);
            &edits[start..end.max(start)]
        };
        let gaps = self.gaps.iter().flat_map(|(first, last)| between(*first, *last));
        let odd = self.odd.keys().flat_map(|position| between(*position, *position));
        let missing = gaps.chain(odd).chain(between(self.last + 1, u64::MAX));
        missing.filter(|(position, n)| !self.has(*n, Some(*position))).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_skipped_is_missing_until_it_comes() {
        let edits: Vec<_> = (41..=48).map(|position| (position, position - 41)).collect();
        let mut seen = Seen::new(40);
        assert_eq!(seen.at(41), Arrival::Next { skipped: 0 });
        assert_eq!(seen.at(45), Arrival::Next { skipped: 3 });
        assert_eq!(seen.missing(&edits), 6);
        assert_eq!((seen.at(43), seen.at(43), seen.at(41)), (Arrival::Late, Arrival::Again, Arrival::Again));
        assert_eq!(seen.missing(&edits), 5);
        assert!(seen.has(2, Some(43)) && !seen.has(1, Some(42)) && !seen.has(7, Some(48)) && !seen.has(9, None));
    }

    #[test]
    fn an_edit_that_was_seen_elsewhere_was_seen_and_the_one_in_whose_place_it_stood_was_not() {
        let mut seen = Seen::new(40);
        seen.at(41);
        seen.odd(41, Some(1));
        seen.at(42);
        assert!(seen.has(1, Some(43)) && !seen.has(0, Some(41)));
        assert_eq!(seen.missing(&[(41, 0), (42, 2), (43, 1)]), 1);
    }
}
