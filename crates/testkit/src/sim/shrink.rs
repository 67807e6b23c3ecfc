//! Shrinks a long run that breaks a promise to a short run that breaks it as well.

use crate::{Breach, Invariant};

use super::act::Timed;

/// The progress of shrinking.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Progress {
    /// Number of acts that are left.
    pub acts: usize,
    /// Number of runs played so far.
    pub runs: usize,
    /// Number of runs after which shrinking ends in any case.
    pub most_runs: usize,
}

/// Removes acts as long as the remaining acts break the promise: half of them at a time, then a
/// quarter, down to single ones. Ends when every act is needed or this many runs were played.
pub(crate) fn shrink(
    tape: Vec<Timed>,
    promise: Option<Invariant>,
    most_runs: usize,
    mut play: impl FnMut(&[Timed]) -> Result<(), Breach>,
    mut progress: impl FnMut(Progress),
) -> Vec<Timed> {
    let mut left = tape;
    let mut runs = 0_usize;
    let mut size = left.len().div_ceil(2).max(1);
    loop {
        let mut at = 0;
        let mut is_smaller = false;
        while at < left.len() {
            if runs >= most_runs {
                return left;
            }
            let end = at.saturating_add(size).min(left.len());
            let rest: Vec<Timed> =
                left.iter().take(at).chain(left.iter().skip(end)).cloned().collect();
            runs = runs.saturating_add(1);
            let is_same = play(&rest).is_err_and(|breach| breach.invariant == promise);
            if is_same {
                left = rest;
                is_smaller = true;
            } else {
                at = end;
            }
            progress(Progress { acts: left.len(), runs, most_runs });
        }
        match size {
            1 if !is_smaller => return left,
            1 => {}
            _ => size = size.div_ceil(2),
        }
    }
}
