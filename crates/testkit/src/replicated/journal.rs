//! The record of a run, line by line, with the clocks of the nodes.

use std::collections::VecDeque;

use quorate::replicate::Local;

/// The last lines of a record, or all of them.
#[derive(Clone, Debug)]
pub(super) struct Journal {
    lines: VecDeque<String>,
    most: usize,
}

impl Journal {
    /// Returns an empty record that keeps so many lines.
    pub(super) const fn keeping(most: usize) -> Self {
        Self { lines: VecDeque::new(), most }
    }

    /// Adds a line about a node.
    pub(super) fn note(&mut self, now: u64, node: &str, local: Local, words: &str) {
        let local = local.as_millis();
        self.push(format!("{now:>7} ms  {node:<6} {local:>10}  {words}"));
    }

    /// Adds a line about the world.
    pub(super) fn note_world(&mut self, now: u64, words: &str) {
        self.push(format!("{now:>7} ms  {:<6} {:>10}  {words}", "world", ""));
    }

    fn push(&mut self, line: String) {
        if self.lines.len() >= self.most {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// Returns the lines.
    pub(super) fn lines(&self) -> Vec<String> {
        self.lines.iter().cloned().collect()
    }
}
