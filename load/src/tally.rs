//! What one session saw, counted; and the sum over all.

/// So many examples of what went wrong a session keeps: the first ones tell most.
const EXAMPLES: usize = 3;

/// What one session saw.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// Edits of the run that arrived.
    pub(crate) deliveries: u64,
    /// Events that came a second time.
    pub(crate) duplicated: u64,
    /// Frames with something that this viewer may not know.
    pub(crate) leaked: u64,
    /// Positions that were skipped.
    pub(crate) holes: u64,
    /// Events out of order, or at another position than others saw them.
    pub(crate) disordered: u64,
    /// Frames that can't be read.
    pub(crate) malformed: u64,
    /// Frames of any kind.
    pub(crate) frames: u64,
    /// Welcomes and whole presences: what a seat begins with.
    pub(crate) greetings: u64,
    /// Changes of presence.
    pub(crate) deltas: u64,
    /// Those of them that are not of the team alone.
    pub(crate) deltas_of_partners: u64,
    /// Closes and failed connections that the harness didn't ask for.
    pub(crate) unexpected_closes: u64,
    /// Closes for being too slow (4008), of a session that didn't read.
    pub(crate) too_slow: u64,
    /// Connections that ended without a word, of a session that didn't read.
    pub(crate) cut: u64,
    /// Times it came back and resumed.
    pub(crate) reconnects: u64,
    /// The first things that went wrong, in words.
    pub(crate) examples: Vec<String>,
}

impl Tally {
    /// Something went wrong at `whom`; the first few times are kept in words.
    pub(crate) fn example(&mut self, what: &str, whom: impl FnOnce() -> String) {
        if self.examples.len() < EXAMPLES {
            let short: String = what.chars().take(400).collect();
            self.examples.push(format!("{}: {short}", whom()));
        }
    }
}

/// Adds up what sessions saw.
pub(crate) fn sum<'a>(tallies: impl Iterator<Item = &'a Tally>) -> Tally {
    tallies.fold(Tally::default(), |mut sum, one| {
        sum.deliveries += one.deliveries;
        sum.duplicated += one.duplicated;
        sum.leaked += one.leaked;
        sum.holes += one.holes;
        sum.disordered += one.disordered;
        sum.malformed += one.malformed;
        sum.frames += one.frames;
        sum.greetings += one.greetings;
        sum.deltas += one.deltas;
        sum.deltas_of_partners += one.deltas_of_partners;
        sum.unexpected_closes += one.unexpected_closes;
        sum.too_slow += one.too_slow;
        sum.cut += one.cut;
        sum.reconnects += one.reconnects;
        sum
    })
}

/// So many of the first things that went wrong, of as many sessions as possible.
pub(crate) fn examples<'a>(tallies: impl Iterator<Item = &'a Tally> + Clone, most: usize) -> Vec<String> {
    let nth = |nth| tallies.clone().filter_map(move |tally: &Tally| tally.examples.get(nth));
    (0..EXAMPLES).flat_map(nth).take(most).cloned().collect()
}
