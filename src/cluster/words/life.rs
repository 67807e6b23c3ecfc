//! The life of a node that a report is about.

use serde::{Deserialize, Serialize};

use crate::id::Incarnation;

/// The life of a node that a report is about.
///
/// A report travels, and the node may have begun another life before it arrives. So the sender says
/// which life ended: the one in which the node was fenced, lost or seen to be off. In files and on
/// wires it is a number; only a person who types may leave it out.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(from = "Option<Incarnation>", into = "Option<Incarnation>")]
pub enum Life {
    /// The life that the cluster knows when the report arrives: for people, who look at the cluster
    /// while they type. A program knows the life that it speaks of, and names it.
    #[default]
    Known,
    /// This one.
    Of(Incarnation),
}

impl From<Incarnation> for Life {
    fn from(incarnation: Incarnation) -> Self {
        Self::Of(incarnation)
    }
}

impl From<Option<Incarnation>> for Life {
    fn from(incarnation: Option<Incarnation>) -> Self {
        incarnation.map_or(Self::Known, Self::Of)
    }
}

impl From<Life> for Option<Incarnation> {
    fn from(life: Life) -> Self {
        match life {
            Life::Known => None,
            Life::Of(incarnation) => Some(incarnation),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Input;
    use crate::id::Names;

    /// A person who types may leave the life out, and inputs that are older than lives do.
    #[test]
    fn a_life_that_is_left_out_is_the_known_one() {
        let lost = |incarnation| Input::<Names>::NodeLost { node: "a".into(), incarnation };
        for (text, life) in [
            (r#"{"node_lost":{"node":"a"}}"#, Life::Known),
            (r#"{"node_lost":{"node":"a","incarnation":null}}"#, Life::Known),
            (r#"{"node_lost":{"node":"a","incarnation":3}}"#, Life::Of(Incarnation::new(3))),
        ] {
            assert_eq!(serde_json::from_str(text).ok(), Some(lost(life)), "{text}");
        }
        let text = serde_json::to_string(&lost(Incarnation::new(3).into())).ok();
        assert_eq!(text.as_deref(), Some(r#"{"node_lost":{"node":"a","incarnation":3}}"#));
    }
}
