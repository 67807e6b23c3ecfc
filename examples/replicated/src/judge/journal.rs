//! The journals of the resources, and what they prove.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::Failure;

/// One run of a resource, as it wrote it down itself. Times are microseconds since boot.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Run {
    /// The resource.
    pub resource: String,
    /// The node.
    pub node: String,
    /// The life of the node.
    pub life: u64,
    /// The first process.
    pub process: u32,
    /// The time of the first line.
    pub begin: u64,
    /// The time of the last line.
    pub end: u64,
    /// It found its lock in the hands of another run.
    pub found_locked: bool,
}

/// Reads all journals.
pub fn read(folder: &Path) -> Result<Vec<Run>, Failure> {
    let mut runs = Vec::new();
    for entry in fs::read_dir(folder)? {
        runs.extend(run(&fs::read_to_string(entry?.path())?));
    }
    runs.sort_by_key(|run: &Run| run.begin);
    Ok(runs)
}

/// Returns the run in a journal; `None` if nothing was written yet. The last line may be torn.
fn run(text: &str) -> Option<Run> {
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let mut lines = whole.lines().filter_map(|line| {
        let mut fields = line.split('\t');
        let (what, time) = (fields.next()?, fields.next()?.parse::<u64>().ok()?);
        let process = fields.next()?.parse().ok()?;
        let (resource, node) = (fields.next()?.to_owned(), fields.next()?.to_owned());
        let life = fields.next()?.parse().ok()?;
        let found_locked = what == "locked";
        let (begin, end) = (time, time);
        Some(Run { resource, node, life, process, begin, end, found_locked })
    });
    let first = lines.next()?;
    Some(lines.fold(first, |run, line| Run {
        end: line.end,
        found_locked: run.found_locked || line.found_locked,
        ..run
    }))
}

/// Returns every pair of runs of one resource that ran at the same time, in words.
pub fn overlaps(runs: &[Run]) -> Vec<String> {
    let mut latest: BTreeMap<&str, &Run> = BTreeMap::new();
    let mut found = Vec::new();
    for run in runs {
        if run.found_locked {
            found.push(format!("{} found its lock taken on {}", run.resource, run.node));
        }
        match latest.get(run.resource.as_str()) {
            Some(before) if before.end >= run.begin => found.push(format!(
                "{} ran on {} (life {}) and on {} (life {}) at once, for {} ms",
                run.resource,
                before.node,
                before.life,
                run.node,
                run.life,
                (before.end.min(run.end) - run.begin) / 1_000,
            )),
            Some(_) | None => {}
        }
        let longer = latest.get(run.resource.as_str()).is_none_or(|before| before.end < run.end);
        if longer {
            latest.insert(&run.resource, run);
        }
    }
    found
}

/// Returns what ended before `end` of the runs that went on at `begin` on these nodes, in words.
pub fn stopped(runs: &[Run], nodes: &[String], begin: u64, end: u64) -> Vec<String> {
    let ran = |run: &&Run| run.begin < begin && run.end >= begin;
    let ended = |run: &&Run| run.end + 1_000_000 < end && nodes.contains(&run.node);
    let lost = runs.iter().filter(ran).filter(ended);
    let in_words = lost.map(|run| {
        let after = run.end.saturating_sub(begin) / 1_000;
        format!("{} on {}, which no fault touched, ended after {after} ms", run.resource, run.node)
    });
    in_words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "start\t1000\t7\tdb\ta\t1\nbeat\t21000\t7\tdb\ta\t1\nbeat\t41";

    #[test]
    fn a_torn_line_does_not_count() {
        let run = run(FIRST).expect("it began");
        assert_eq!((run.begin, run.end, run.node.as_str()), (1_000, 21_000, "a"));
        assert_eq!(super::run("star"), None);
    }

    #[test]
    fn two_runs_at_once_are_seen() {
        let first = run(FIRST).expect("it began");
        let later = Run { node: "b".into(), begin: 21_001, end: 30_000, ..first.clone() };
        assert!(overlaps(&[first.clone(), later.clone()]).is_empty());
        let sooner = Run { begin: 21_000, ..later.clone() };
        assert_eq!(overlaps(&[first.clone(), sooner]).len(), 1);
        // A long run is not forgotten because of a short one within it.
        let short = Run { begin: 2_000, end: 3_000, ..later.clone() };
        let third = Run { begin: 20_000, end: 50_000, ..later };
        assert_eq!(overlaps(&[first, short, third]).len(), 2);
    }

    #[test]
    fn a_run_that_ended_where_no_fault_was_is_seen() {
        let run = Run { begin: 0, end: 3_000_000, ..run(FIRST).expect("it began") };
        let nodes = ["a".to_owned()];
        assert_eq!(stopped(std::slice::from_ref(&run), &nodes, 2_000_000, 9_000_000).len(), 1);
        assert!(stopped(std::slice::from_ref(&run), &nodes, 2_000_000, 3_500_000).is_empty());
        assert!(stopped(&[run], &["b".to_owned()], 2_000_000, 9_000_000).is_empty());
    }
}
