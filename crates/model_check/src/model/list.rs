//! A short list without allocation, because states are copied by the million.

/// A list of at most `N` entries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List<T, const N: usize> {
    entries: [T; N],
    len: u8,
}

impl<T: Copy + Default, const N: usize> Default for List<T, N> {
    fn default() -> Self {
        Self { entries: [T::default(); N], len: 0 }
    }
}

impl<T: Copy + Default, const N: usize> List<T, N> {
    /// # Panics
    ///
    /// Panics if the list is full: the model is then too small for what it checks, and must not go
    /// on.
    pub(crate) fn push(&mut self, entry: T) {
        let len = usize::from(self.len);
        assert!(len < N, "a list of the model is too short");
        self.entries[len] = entry;
        self.len += 1;
    }

    pub(crate) fn as_slice(&self) -> &[T] {
        &self.entries[..usize::from(self.len)]
    }

    /// Removes an entry; those behind it move up.
    pub(crate) fn remove(&mut self, index: usize) -> T {
        let entry = self.as_slice()[index];
        self.entries.copy_within(index + 1..usize::from(self.len), index);
        self.len -= 1;
        entry
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        let mut kept = Self::default();
        for entry in self.as_slice().iter().filter(|entry| keep(entry)) {
            kept.push(*entry);
        }
        *self = kept;
    }
}
