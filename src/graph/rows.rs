//! Lists of positions, packed into one allocation.

use alloc::boxed::Box;
use alloc::vec;
use core::iter::{Copied, FusedIterator};
use core::slice;

/// Positions of resources within one group, without any allocation.
#[derive(Clone, Debug, Default)]
pub struct Positions<'a>(Copied<slice::Iter<'a, u32>>);

impl<'a> Positions<'a> {
    /// Returns an iterator over these positions.
    pub(super) fn new(positions: &'a [u32]) -> Self {
        Self(positions.iter().copied())
    }
}

impl Iterator for Positions<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        self.0.next().map(widen)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }

    fn nth(&mut self, count: usize) -> Option<usize> {
        self.0.nth(count).map(widen)
    }
}

impl DoubleEndedIterator for Positions<'_> {
    fn next_back(&mut self) -> Option<usize> {
        self.0.next_back().map(widen)
    }
}

impl ExactSizeIterator for Positions<'_> {}

impl FusedIterator for Positions<'_> {}

/// Rows of different lengths in one slice: the beginning of each row, the end of the last one, then
/// the values of all rows. Without rows the slice is empty.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct Rows(Box<[u32]>);

impl Rows {
    /// Collects `(row, value)` pairs; values of one row keep their order.
    ///
    /// Pairs with rows that do not exist are left out. `None` if the offsets do not fit `u32`.
    pub(super) fn grouped<P>(rows: usize, pairs: P) -> Option<Self>
    where
        P: Iterator<Item = (u32, u32)> + Clone,
    {
        if rows == 0 {
            return Some(Self::default());
        }
        let values = pairs.clone().filter(|(row, _)| widen(*row) < rows);
        let header = rows.checked_add(1)?;
        let size = header.checked_add(values.clone().count())?;
        u32::try_from(size).ok()?;
        let mut data = vec![0_u32; size].into_boxed_slice();
        for (row, _) in values.clone() {
            let count = data.get_mut(widen(row).checked_add(1)?)?;
            *count = count.checked_add(1)?;
        }
        // Each slot now begins as the start of the row before it and ends up as that row's end,
        // which is the start of its own row.
        let mut start = u32::try_from(header).ok()?;
        for (slot, offset) in data.iter_mut().take(header).enumerate() {
            let count = *offset;
            *offset = start;
            if slot > 0 {
                start = start.checked_add(count)?;
            }
        }
        for (row, value) in values {
            let cursor = data.get_mut(widen(row).checked_add(1)?)?;
            let place = *cursor;
            *cursor = cursor.checked_add(1)?;
            *data.get_mut(widen(place))? = value;
        }
        Some(Self(data))
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.0.first().map_or(0, |header| widen(*header).saturating_sub(1))
    }

    /// Returns the values of a row; none if there is no such row.
    pub(super) fn row(&self, row: usize) -> &[u32] {
        if row >= self.len() {
            return &[];
        }
        let (Some(start), Some(end)) = (self.0.get(row), self.0.get(row.saturating_add(1))) else {
            return &[];
        };
        self.0.get(widen(*start)..widen(*end)).unwrap_or(&[])
    }
}

/// Returns a stored position as an index. Nothing is lost: a platform whose `usize` is smaller
/// cannot hold a graph of that size.
pub(super) fn widen(position: u32) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_the_order_of_their_values() {
        let pairs = [(2, 7), (0, 5), (2, 1), (3, 9), (9, 9)];
        let rows = Rows::grouped(4, pairs.into_iter()).unwrap();
        assert_eq!(rows.len(), 4);
        assert_eq!(rows.row(0), [5]);
        assert_eq!(rows.row(1), [0_u32; 0]);
        assert_eq!(rows.row(2), [7, 1]);
        assert_eq!(rows.row(3), [9]);
        // Without a check of the bounds the first two values, 5 and 7, would pass for offsets.
        assert_eq!(rows.row(4), [0_u32; 0]);
        assert_eq!(rows.row(5), [0_u32; 0]);
        assert_eq!(rows.row(usize::MAX), [0_u32; 0]);
    }

    #[test]
    fn no_rows_are_the_default() {
        let rows = Rows::grouped(0, [(0, 1)].into_iter()).unwrap();
        assert_eq!(rows, Rows::default());
        assert_eq!(rows.len(), 0);
        assert_eq!(rows.row(0), [0_u32; 0]);
    }

    #[test]
    fn positions_know_their_number_and_run_both_ways() {
        let positions = Positions::new(&[3, 1, 2]);
        assert_eq!(positions.len(), 3);
        assert!(positions.clone().eq([3, 1, 2]));
        assert!(positions.clone().rev().eq([2, 1, 3]));
        assert_eq!(positions.clone().nth(1), Some(1));
        assert_eq!(Positions::default().next(), None);
    }
}
