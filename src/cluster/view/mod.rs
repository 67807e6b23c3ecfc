//! Questions about the present state of a cluster. Nothing here can change anything.

mod budget;
mod calm;
mod deadlines;
pub(crate) mod drains;
pub(crate) mod failback;
mod failed_nodes;
pub(crate) mod gate;
pub(crate) mod given_up;
pub(crate) mod inquiries;
mod joint;
mod left;
pub(crate) mod need;
mod nodes;
mod operations;
mod orphans;
pub(crate) mod placement;
pub(crate) mod recovery;
mod resources;
mod takeover;
mod tiers;
mod why;

use core::ops::Deref;

use crate::cluster::index::Index;
use crate::policy::FailoverPolicy;
use crate::spec::ClusterSpec;
use crate::state::ClusterState;

/// The declaration, the state and the indexes of a cluster, borrowed for a question.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) spec: &'a ClusterSpec,
    pub(crate) state: &'a ClusterState,
    pub(crate) index: &'a Index,
}

/// The facts with the policy, for questions whose answer depends on it.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) facts: Facts<'a>,
    pub(crate) policy: &'a dyn FailoverPolicy,
}

impl<'a> Deref for View<'a> {
    type Target = Facts<'a>;

    fn deref(&self) -> &Self::Target {
        &self.facts
    }
}
