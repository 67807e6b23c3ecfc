//! The run of a resource that a report is about.

use serde::{Deserialize, Serialize};

use crate::id::OpId;

/// The run of a resource that a report is about.
///
/// A report travels and may arrive twice, and the resource may run anew before it arrives. So an
/// agent says which run it speaks of: the one that began with this start
/// ([`Agent::run`](crate::agent::Agent::run)). In files and on wires it is a number, that of the
/// operation.
///
/// A run that goes on keeps its name: a node that is back in the same life, or whose agents were
/// restarted, still runs what it ran. If the core knows of no start, because the resource was
/// restored from a snapshot without one, every report is about the present run; so is a report of
/// an agent that has lost its memory, which names none.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(from = "Option<OpId>", into = "Option<OpId>")]
pub enum Run {
    /// The one that the cluster knows when the report arrives.
    #[default]
    Present,
    /// The run that began with this start.
    Of(OpId),
}

impl From<OpId> for Run {
    fn from(start: OpId) -> Self {
        Self::Of(start)
    }
}

impl From<Option<OpId>> for Run {
    fn from(start: Option<OpId>) -> Self {
        start.map_or(Self::Present, Self::Of)
    }
}

impl From<Run> for Option<OpId> {
    fn from(run: Run) -> Self {
        match run {
            Run::Present => None,
            Run::Of(start) => Some(start),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::String;

    use super::*;
    use crate::cluster::Input;
    use crate::id::{Incarnation, Names};

    /// Inputs that are older than runs, and agents that do not know their run, leave it out.
    #[test]
    fn a_run_that_is_left_out_is_the_present_one() {
        let (resource, node) = (String::from("db"), String::from("a"));
        let incarnation = Incarnation::new(1);
        for (field, run) in [
            ("", Run::Present),
            (r#","run":null"#, Run::Present),
            (r#","run":3"#, Run::Of(OpId::new(3))),
        ] {
            let text = format!(
                r#"{{"resource_failed":{{"resource":"db","node":"a","incarnation":1{field}}}}}"#
            );
            let (resource, node) = (resource.clone(), node.clone());
            let input = Input::<Names>::ResourceFailed { resource, node, incarnation, run };
            assert_eq!(serde_json::from_str(&text).ok(), Some(input), "{text}");
        }
    }
}
