//! The middle of what was measured, and how far it spreads.

use serde::Serialize;
use std::fmt;

/// Median and quartiles.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Quartiles {
    /// Half are below.
    pub(crate) median: f64,
    /// A quarter is below.
    pub(crate) q1: f64,
    /// A quarter is above.
    pub(crate) q3: f64,
}

impl Quartiles {
    /// Of these, interpolated between neighbours; of none: not a number.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * values.len().saturating_sub(1) as f64;
            let (below, above) = (values.get(place.floor() as usize), values.get(place.ceil() as usize));
            let (below, above) = (below.copied().unwrap_or(f64::NAN), above.copied().unwrap_or(f64::NAN));
            below + (above - below) * place.fract()
        };
        Self { median: at(0.5), q1: at(0.25), q3: at(0.75) }
    }
}

impl fmt::Display for Quartiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} [{:.3}–{:.3}]", self.median, self.q1, self.q3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_neighbours() {
        assert_eq!(Quartiles::of([4.0, 1.0, 3.0, 2.0]), Quartiles { median: 2.5, q1: 1.75, q3: 3.25 });
        assert_eq!(Quartiles::of([1.0, 2.0, 3.0, 4.0, 5.0]), Quartiles { median: 3.0, q1: 2.0, q3: 4.0 });
        assert_eq!(Quartiles::of([7.0]), Quartiles { median: 7.0, q1: 7.0, q3: 7.0 });
        assert!(Quartiles::of([]).median.is_nan());
    }
}
