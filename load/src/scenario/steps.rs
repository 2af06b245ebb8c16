//! The same story at several sizes: what must not depend on the size shows beside itself.

/// Numbers of partner sessions, as in `1000,3000,10000`.
#[derive(Clone, Debug)]
pub(crate) struct Steps(Vec<usize>);

impl std::str::FromStr for Steps {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let steps: Vec<usize> = text
            .split(',')
            .map(crate::options::at_most::<{ crate::connect::MOST_SESSIONS }>)
            .collect::<Result<_, _>>()?;
        Ok(Self(steps))
    }
}

impl Steps {
    /// The sizes, smallest first; the one size of `sessions` when none were given.
    pub(crate) fn of(steps: Option<&Self>, sessions: usize) -> Vec<usize> {
        let mut sizes = steps.map_or_else(|| vec![sessions], |steps| steps.0.clone());
        sizes.sort_unstable();
        sizes
    }
}
