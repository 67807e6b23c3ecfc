//! The report to which all checks add their problems.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::spec::problem::{Path, Place, Problem, SpecError};
use crate::spec::word::{WordFault, check_length};
use crate::spec::{Limit, Limits};

/// The problems so far, and the limits that all checks obey.
pub(super) struct Report<'a> {
    pub(super) limits: &'a Limits,
    errors: Vec<SpecError>,
    /// Problems beyond the limit, which are only counted.
    omitted: usize,
    /// Steps that may still be taken to compare groups with each other.
    comparisons_left: usize,
    /// Near names that may still be looked for, so that hostile input costs no more work.
    suggestions_left: u32,
    kinds_listed: bool,
}

impl<'a> Report<'a> {
    /// Returns the empty report of a check within these limits.
    pub(super) fn new(limits: &'a Limits) -> Self {
        Self {
            limits,
            errors: Vec::new(),
            omitted: 0,
            comparisons_left: limits.comparisons,
            suggestions_left: 32,
            kinds_listed: false,
        }
    }

    /// Adds a problem. At least one is kept, whatever the limit: without any the declaration would
    /// pass.
    pub(super) fn add(&mut self, path: Path, problem: Problem) {
        if self.errors.len() < self.limits.problems.max(1) {
            self.errors.push(SpecError { path, problem });
        } else {
            self.omitted = self.omitted.saturating_add(1);
        }
    }

    /// Returns the problems that were found. If some were not listed, the last one tells how many.
    pub(super) fn into_errors(mut self) -> Vec<SpecError> {
        if self.omitted > 0 {
            let problem = Problem::MoreProblems { omitted: self.omitted };
            self.errors.push(SpecError { path: Place::Cluster.whole(), problem });
        }
        self.errors
    }

    /// Tells whether so many more steps of comparison may be taken, and counts them.
    pub(super) fn may_compare(&mut self, steps: usize) -> bool {
        match self.comparisons_left.checked_sub(steps) {
            Some(left) => {
                self.comparisons_left = left;
                true
            }
            None => false,
        }
    }

    /// Tells whether the kinds may be listed, which happens once.
    pub(super) fn may_list_kinds(&mut self) -> bool {
        !core::mem::replace(&mut self.kinds_listed, true)
    }

    /// Tells whether one more near name may be looked for, and counts it.
    pub(super) fn may_suggest(&mut self) -> bool {
        let may = self.suggestions_left > 0;
        self.suggestions_left = self.suggestions_left.saturating_sub(1);
        may
    }

    /// Checks a name. `list` is the path of the list that has it at `index`; `place` is its owner.
    pub(super) fn name(
        &mut self,
        name: &str,
        list: impl FnOnce() -> Path,
        index: usize,
        place: Place<'_>,
    ) {
        if name.is_empty() {
            self.add(list(), Problem::EmptyName { position: index.saturating_add(1) });
        } else if name.trim().len() < name.len() && name.len() <= self.limits.name_bytes {
            self.add(place.field("name"), Problem::PaddedName);
        } else {
            self.length(name, || place.field("name"));
        }
    }

    /// Checks a name that stands alone, such as that of a class.
    pub(super) fn word(&mut self, word: &str, index: usize, path: impl Fn() -> Path) {
        if word.is_empty() {
            self.add(path(), Problem::EmptyName { position: index.saturating_add(1) });
        } else {
            self.length(word, path);
        }
    }

    /// Checks the length and the characters of a text that may be empty.
    pub(super) fn length(&mut self, text: &str, path: impl FnOnce() -> Path) {
        let problem = match check_length(text, self.limits.name_bytes) {
            Ok(()) | Err(WordFault::Empty) => return,
            Err(WordFault::Long { bytes, limit }) => Problem::LongName { bytes, limit },
            Err(WordFault::Forbidden { character }) => Problem::ForbiddenCharacter { character },
        };
        self.add(path(), problem);
    }

    /// Checks the number and the sizes of parameters, and their names.
    pub(super) fn parameters(
        &mut self,
        declared: &BTreeMap<String, String>,
        path: impl Fn() -> Path,
    ) {
        for (index, name) in declared.keys().enumerate() {
            self.word(name, index, &path);
        }
        let bytes = declared.values().fold(0_usize, |sum, text| sum.saturating_add(text.len()));
        let Limits { parameters, parameter_bytes, .. } = *self.limits;
        for (limit, found, most) in [
            (Limit::Parameters, declared.len(), parameters),
            (Limit::ParameterBytes, bytes, parameter_bytes),
        ] {
            if found > most {
                self.add(path(), Problem::TooMany { limit, found, most });
            }
        }
    }

    /// Checks a span that must be at least `least`.
    pub(super) fn at_least(
        &mut self,
        span: Option<Duration>,
        least: Duration,
        path: impl FnOnce() -> Path,
    ) {
        self.span(span, least, Duration::from_millis(u64::MAX), path);
    }

    /// Checks a span.
    pub(super) fn span(
        &mut self,
        span: Option<Duration>,
        least: Duration,
        most: Duration,
        path: impl FnOnce() -> Path,
    ) {
        let Some(found) = span else { return };
        if found < least || found > most {
            self.add(path(), Problem::OutOfRange { found, least, most });
        } else if found.subsec_nanos().checked_rem(1_000_000) != Some(0) {
            self.add(path(), Problem::NotWholeMillis);
        }
    }
}
