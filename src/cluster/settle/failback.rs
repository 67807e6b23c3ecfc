//! Sends groups home.

use crate::cluster::settle::planner::Planner;
use crate::cluster::view::failback::FailbackPlan;
use crate::id::{GroupId, NodeId};
use crate::spec::GroupSpec;
use crate::state::{MoveFailure, MovementCause};

impl Planner<'_> {
    /// Sets a group moving to a more preferred owner, if that is due.
    pub(crate) fn fail_back(
        &mut self,
        declared: &GroupSpec,
        group: GroupId,
        owner: NodeId,
    ) -> bool {
        match self.view().failback_plan(declared, group, owner) {
            FailbackPlan::Now(to) => {
                if self.ledger.yields_to_awaiting(group) || self.yields_to_leaver(group, to) {
                    return false;
                }
                self.ledger.begin_move(
                    group,
                    Some(to),
                    MovementCause::Failback,
                    MoveFailure::Failover,
                );
                true
            }
            FailbackPlan::Stay | FailbackPlan::At(_) => false,
        }
    }

    /// Whether a group goes home only after another one, which goes home at the same moment and from
    /// there: the room that it leaves is then given away in order of priority. A group lets others go
    /// first once, so that those that change places do not wait for each other.
    fn yields_to_leaver(&mut self, group: GroupId, to: NodeId) -> bool {
        if self.ledger.index().touched.has_let_leave(group) {
            return false;
        }
        let is_leaving = self.ledger.state().occupancy.groups_on(to).any(|other| {
            self.ledger.state().owner(other) == Some(to)
                && self.ledger.index().touched.is_touched(other)
                && self.ledger.spec().group(other).is_some_and(|declared| {
                    matches!(self.view().failback_plan(declared, other, to), FailbackPlan::Now(_))
                })
        });
        if is_leaving {
            self.ledger.let_leave(group);
        }
        is_leaving
    }
}
