//! A tape of random numbers that shrinks towards the simplest case: 0 is always the simplest
//! choice, and an empty tape reads as zeros.

/// Reads choices from random numbers.
#[derive(Debug)]
pub(crate) struct Tape<'a> {
    values: &'a [u16],
    at: usize,
}

impl<'a> Tape<'a> {
    pub(crate) fn new(values: &'a [u16]) -> Self {
        Self { values, at: 0 }
    }

    /// Returns a number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let value = self.values.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::from(value) % end.max(1)
    }

    /// Returns true in `percent` of a hundred cases.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) >= 100 - percent
    }

    /// Returns one of these; the first is the simplest.
    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}
