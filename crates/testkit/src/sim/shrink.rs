//! From a long run that breaks a promise to a short one that breaks the same.

use crate::{Breach, Invariant};

use super::act::Timed;

/// How far shrinking got.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Progress {
    /// Acts that are left.
    pub acts: usize,
    /// Runs played so far.
    pub runs: usize,
    /// Runs after which it ends in any case.
    pub most_runs: usize,
}

/// Takes acts away as long as what is left breaks the same promise, half of them at a time, then a
/// quarter, down to single ones, until none can be missed or so many runs were played.
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
