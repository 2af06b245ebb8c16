//! The order of siblings: an index between two others.

use fractional_index::FractionalIndex;

/// An index behind `left` and before `right`; none when they are not in that order.
///
/// `FractionalIndex::new` takes one from a byte of `right` that may be zero, where both begin alike, and then gives `right`
/// again (or panics, where overflow is checked): after some 130 siblings that were each put first. What both begin with
/// is therefore kept from it.
pub(crate) fn between(left: Option<&FractionalIndex>, right: Option<&FractionalIndex>) -> Option<FractionalIndex> {
    let (Some(left), Some(right)) = (left, right) else { return FractionalIndex::new(left, right) };
    let (left, right) = (left.as_bytes(), right.as_bytes());
    // The last byte ends an index, and belongs to its rest.
    let shared = left.iter().zip(right).take_while(|(one, other)| one == other).count();
    let shared = shared.min(left.len() - 1).min(right.len() - 1);
    let rest = |bytes: &[u8]| FractionalIndex::from_bytes(bytes[shared..].to_vec()).ok();
    let new = FractionalIndex::new_between(&rest(left)?, &rest(right)?)?;
    FractionalIndex::from_bytes([&left[..shared], new.as_bytes()].concat()).ok()
}

#[cfg(test)]
mod tests {
    use super::between;
    use fractional_index::FractionalIndex;
    use proptest::prelude::*;

    fn insert(all: &mut Vec<FractionalIndex>, at: usize) {
        let left = at.checked_sub(1).map(|left| &all[left]);
        let new = between(left, all.get(at)).expect("a place");
        assert!(left.is_none_or(|left| *left < new), "{left:?} {new:?}");
        assert!(all.get(at).is_none_or(|right| new < *right), "{new:?} {:?}", all[at]);
        all.insert(at, new);
    }

    #[test]
    fn there_is_a_place_between_any_two_however_many_were_put_first_or_last() {
        for last in [false, true] {
            let mut all = Vec::new();
            for count in 0..600 {
                insert(&mut all, if last { count } else { 0 });
            }
            for at in (0..=600).rev() {
                insert(&mut all, at);
            }
        }
    }

    proptest! {
        #[test]
        fn a_list_stays_in_order(places in prop::collection::vec(any::<(prop::sample::Index, bool)>(), 1..400)) {
            let mut all = Vec::new();
            for (place, first) in places {
                // Close to where the last came, or anywhere.
                let at = if first { place.index(3).min(all.len()) } else { place.index(all.len() + 1) };
                insert(&mut all, at);
            }
        }
    }
}
