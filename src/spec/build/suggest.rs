//! Suggestions: "did you mean …?"

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::report::Report;
use crate::id::name::folded;

const MOST_CANDIDATES: usize = 1_000;
const MOST_LETTERS: usize = 64;

/// Returns the nearest candidate as [`nearest`] does, as long as the report allows suggestions.
pub(super) fn near<'a>(
    name: &str,
    candidates: impl ExactSizeIterator<Item = &'a str>,
    report: &mut Report<'_>,
) -> Option<Box<str>> {
    if !is_searched(name, &candidates, report) {
        return None;
    }
    nearest(name, candidates)
}

/// Returns the only candidate that has `name` in it, as long as the report allows suggestions:
/// `Physical Disk` for `disk`.
pub(super) fn whole<'a>(
    name: &str,
    candidates: impl ExactSizeIterator<Item = &'a str>,
    report: &mut Report<'_>,
) -> Option<Box<str>> {
    if !is_searched(name, &candidates, report) {
        return None;
    }
    let wanted: Vec<char> = folded(name).collect();
    if wanted.len() < 3 {
        return None;
    }
    let mut found = candidates.filter(|candidate| {
        let letters: Vec<char> = folded(candidate).take(MOST_LETTERS).collect();
        letters.windows(wanted.len()).any(|part| part == wanted)
    });
    let only = found.next()?;
    found.next().is_none().then(|| only.into())
}

/// Tells whether a suggestion is looked for, and counts it in the report.
fn is_searched<'a>(
    name: &str,
    candidates: &impl ExactSizeIterator<Item = &'a str>,
    report: &mut Report<'_>,
) -> bool {
    !is_too_much(name, candidates) && report.may_suggest()
}

fn is_too_much<'a>(name: &str, candidates: &impl ExactSizeIterator<Item = &'a str>) -> bool {
    candidates.len() > MOST_CANDIDATES || name.len() > MOST_LETTERS
}

/// Returns the candidate that is nearest to `name` and at most two edits away, if the list is short
/// enough to be searched.
pub(crate) fn nearest<'a>(
    name: &str,
    candidates: impl ExactSizeIterator<Item = &'a str>,
) -> Option<Box<str>> {
    if is_too_much(name, &candidates) {
        return None;
    }
    let wanted: Vec<char> = folded(name).collect();
    // A short name is near to everything.
    let most = match wanted.len() {
        0..=2 => return None,
        3..=5 => 1,
        _ => 2,
    };
    candidates
        .filter_map(|candidate| Some((distance(&wanted, candidate, most)?, candidate)))
        .filter(|(_, candidate)| !candidate.is_empty())
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate.into())
}

/// Returns the number of insertions, deletions and replacements between two names, if it is at most
/// `most`.
fn distance(wanted: &[char], candidate: &str, most: usize) -> Option<usize> {
    if candidate.len() > MOST_LETTERS.saturating_mul(2) {
        return None;
    }
    let mut row: Vec<usize> = (0..=wanted.len()).collect();
    let mut length = 0_usize;
    for letter in folded(candidate) {
        let mut diagonal = length;
        length = length.saturating_add(1);
        let mut left = length;
        for (cell, other) in row.iter_mut().skip(1).zip(wanted) {
            let replaced = diagonal.saturating_add(usize::from(letter != *other));
            diagonal = *cell;
            left = replaced.min(left.saturating_add(1)).min(cell.saturating_add(1));
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = length;
        }
    }
    row.last().copied().filter(|edits| *edits <= most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Limits;

    #[test]
    fn edits_are_counted() {
        let cases = [
            ("disk", "disk", Some(0)),
            ("disk", "dusk", Some(1)),
            ("disk", "DISKS", Some(1)),
            ("disk", "ds", Some(2)),
            ("disk", "name", None),
            ("", "ab", Some(2)),
            ("ab", "ba", Some(2)),
        ];
        for (name, candidate, edits) in cases {
            let wanted: Vec<char> = folded(name).collect();
            assert_eq!(distance(&wanted, candidate, 2), edits, "{name} {candidate}");
        }
    }

    #[test]
    fn a_part_that_only_one_candidate_has_is_enough() {
        let limits = Limits::default();
        let mut report = Report::new(&limits);
        let names = ["Physical Disk", "IP Address", "IPv6 Address"];
        let mut found = |name| whole(name, names.into_iter(), &mut report);
        assert_eq!(found("DISK").as_deref(), Some("Physical Disk"));
        assert_eq!(found("address"), None, "two have it");
        assert_eq!(found("IP"), None, "it is too short");
    }

    #[test]
    fn the_nearest_candidate_wins_and_hostile_input_is_cut_short() {
        let limits = Limits::default();
        let mut report = Report::new(&limits);
        let names = ["Disk 22", "Disk 2", "IP"];
        assert_eq!(near("Disk2", names.into_iter(), &mut report).as_deref(), Some("Disk 2"));
        assert_eq!(near("Name", names.into_iter(), &mut report), None);
        for _ in 0..40 {
            near("x", names.into_iter(), &mut report);
        }
        assert_eq!(near("Disk2", names.into_iter(), &mut report), None);
    }
}
