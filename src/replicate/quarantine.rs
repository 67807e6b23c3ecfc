//! Quarantine: a node that began too many lives in a short time is kept out for a while.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// The rule by which nodes are kept out. Windows clusters keep a node out for two hours after three
/// lives that ended badly within one hour (`QuarantineThreshold`, `QuarantineDuration`).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Quarantine {
    /// Lives that a node may begin within [`within`](Self::within). Default 3.
    pub lives: u32,
    /// The span over which lives are counted. Default 1 h.
    pub within: Duration,
    /// How long a node is kept out. Default 2 h.
    pub lasts: Duration,
}

impl Default for Quarantine {
    fn default() -> Self {
        Self { lives: 3, within: Duration::from_secs(3_600), lasts: Duration::from_secs(7_200) }
    }
}

/// The lives that nodes began, and the nodes that are kept out.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ward {
    begun: BTreeMap<String, VecDeque<Timestamp>>,
    until: BTreeMap<String, Timestamp>,
}

impl Ward {
    /// Returns until when a node is kept out. Decides it now, if it wants to begin one life too many.
    /// At most a quarter of the nodes are kept out at one time, or one of two or three.
    pub(super) fn judge(
        &mut self,
        rule: Quarantine,
        node: &str,
        nodes: usize,
        now: Timestamp,
    ) -> Option<Timestamp> {
        self.until.retain(|_, until| *until > now);
        if let Some(until) = self.until.get(node) {
            return Some(*until);
        }
        let begun = self.begun.get_mut(node)?;
        begun.retain(|at| at.after(rule.within) > now);
        let count = u32::try_from(begun.len()).unwrap_or(u32::MAX);
        let room = nodes.checked_div(4).unwrap_or(0).max(1);
        if nodes < 2 || count < rule.lives || self.until.len() >= room {
            return None;
        }
        let until = now.after(rule.lasts);
        self.until.insert(node.into(), until);
        Some(until)
    }

    /// Notes that a node began a life.
    pub(super) fn note(&mut self, rule: Quarantine, node: &str, now: Timestamp) {
        let begun = self.begun.entry(node.into()).or_default();
        begun.push_back(now);
        while begun.len() > usize::try_from(rule.lives).unwrap_or(usize::MAX) {
            begun.pop_front();
        }
    }

    /// Lets a node in again, and forgets the lives that it began.
    pub(super) fn clear(&mut self, node: &str) {
        self.until.remove(node);
        self.begun.remove(node);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn minute(minutes: u64) -> Timestamp {
        Timestamp::from_millis(minutes * 60_000)
    }

    /// Three lives within an hour keep a node out for two hours (Windows Server 2016).
    #[test]
    fn three_lives_in_an_hour_are_enough() {
        let (mut ward, rule) = (Ward::default(), Quarantine::default());
        for at in [0, 10, 20] {
            assert_eq!(ward.judge(rule, "a", 4, minute(at)), None);
            ward.note(rule, "a", minute(at));
        }
        assert_eq!(ward.judge(rule, "a", 4, minute(30)), Some(minute(150)));
        assert_eq!(ward.judge(rule, "a", 4, minute(149)), Some(minute(150)));
        assert_eq!(ward.judge(rule, "a", 4, minute(151)), None);
    }

    #[test]
    fn lives_that_are_far_apart_do_not_count_together() {
        let (mut ward, rule) = (Ward::default(), Quarantine::default());
        for at in [0, 59, 118, 177, 236] {
            assert_eq!(ward.judge(rule, "a", 4, minute(at)), None);
            ward.note(rule, "a", minute(at));
        }
    }

    #[test]
    fn a_quarter_of_the_nodes_at_most_is_kept_out() {
        let (mut ward, rule) = (Ward::default(), Quarantine::default());
        for node in ["a", "b"] {
            for _ in 0..3 {
                ward.note(rule, node, minute(0));
            }
        }
        assert!(ward.judge(rule, "a", 7, minute(1)).is_some());
        assert_eq!(ward.judge(rule, "b", 7, minute(1)), None);
        assert!(ward.judge(rule, "b", 8, minute(1)).is_some());
        ward.clear("b");
        assert_eq!(ward.judge(rule, "b", 8, minute(2)), None);
    }
}
