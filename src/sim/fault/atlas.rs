//! How often each kind of fault really happened: one that never did proves nothing.

use core::fmt;
use std::vec;
use std::vec::Vec;

use super::{FaultKind, Place};

/// A counter for each kind of fault.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Atlas(Vec<u64>);

impl Default for Atlas {
    fn default() -> Self {
        Self(vec![0; FaultKind::ALL.len()])
    }
}

impl Atlas {
    /// How often this kind happened.
    #[must_use]
    pub fn count(&self, kind: FaultKind) -> u64 {
        self.0.get(kind.index()).copied().unwrap_or(0)
    }

    /// How often anything happened.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The kinds that could have happened and never did.
    pub fn missing(&self) -> impl Iterator<Item = FaultKind> + '_ {
        let kinds = FaultKind::ALL.iter().copied();
        kinds.filter(|kind| kind.applies() && self.count(*kind) == 0)
    }

    /// Adds what happened elsewhere.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(&other.0) {
            *count = count.saturating_add(*more);
        }
    }

    pub(crate) fn fired(&mut self, kind: FaultKind) {
        if let Some(count) = self.0.get_mut(kind.index()) {
            *count = count.saturating_add(1);
        }
    }
}

/// A table, one kind a line.
impl fmt::Display for Atlas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for kind in FaultKind::ALL {
            write!(f, "{:5}  ", kind.catalogue_id())?;
            match kind.place() {
                Place::World | Place::Message | Place::Run => {
                    write!(f, "{:>12}", self.count(*kind))?;
                }
                Place::BelongsTo(room) => write!(f, "{:>12}", std::format!("({room})"))?,
            }
            writeln!(f, "  {}", kind.title())?;
        }
        Ok(())
    }
}
