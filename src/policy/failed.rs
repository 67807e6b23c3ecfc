//! Failures of a group on a node, as policies and people see them.

use core::fmt;
use core::time::Duration;

use serde::Serialize;

use super::PlacementRequest;
use crate::id::NodeId;
use crate::time::Timestamp;

/// A recent failure of a group on a node.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FailedHere {
    /// The time of the failure.
    pub at: Timestamp,
    /// The time until which the node comes after those where the group did not fail.
    pub until: Timestamp,
    /// The time since the failure, when it was asked for; serde does not write it, as it follows
    /// from `at`.
    #[serde(skip)]
    pub ago: Duration,
}

impl FailedHere {
    /// Creates the failure of a group at `at`, which counts until `until`, as it is told `ago` after
    /// it happened.
    #[must_use]
    pub const fn new(at: Timestamp, until: Timestamp, ago: Duration) -> Self {
        Self { at, until, ago }
    }
}

impl PlacementRequest<'_> {
    /// Returns the failure of the group on a node, and until when it counts
    /// ([`failure_memory`](crate::settings::GroupSettings::failure_memory)); `None` if it did not
    /// fail there, or the failure no longer counts.
    ///
    /// The core puts such nodes behind the others whatever a policy says, the one where the group
    /// failed longest ago first. A policy sees the failure and need not do anything about it.
    #[must_use]
    pub fn failed_here(&self, node: NodeId) -> Option<FailedHere> {
        let now = self.state().now();
        let entry = self.state().failed_on(self.group(), node)?;
        let until = entry.at.after(self.group_spec().settings().failure_memory);
        let ago = now.since(entry.at);
        (now < until).then_some(FailedHere { at: entry.at, until, ago })
    }
}

impl fmt::Display for FailedHere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed here {}", Ago(self.ago))
    }
}

/// A time that has passed, in the largest unit that fits into it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ago(pub(crate) Duration);

impl fmt::Display for Ago {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
        let whole = units.into_iter().find_map(|(length, unit)| {
            let count = seconds.checked_div(length)?;
            (count > 0).then_some((count, unit))
        });
        match whole {
            None => f.write_str("just now"),
            Some((1, unit)) => write!(f, "1 {unit} ago"),
            Some((count, unit)) => write!(f, "{count} {unit}s ago"),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn what_has_passed_is_told_in_the_largest_unit() {
        for (seconds, expected) in [
            (0, "just now"),
            (1, "1 second ago"),
            (59, "59 seconds ago"),
            (60, "1 minute ago"),
            (179, "2 minutes ago"),
            (180, "3 minutes ago"),
            (7_199, "1 hour ago"),
            (172_800, "2 days ago"),
        ] {
            assert_eq!(Ago(Duration::from_secs(seconds)).to_string(), expected);
        }
        assert_eq!(Ago(Duration::from_millis(999)).to_string(), "just now");
    }
}
