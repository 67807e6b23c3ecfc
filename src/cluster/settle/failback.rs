//! Sends groups home.

use crate::cluster::settle::placed::Placed;
use crate::cluster::settle::planner::Planner;
use crate::cluster::view::failback::FailbackPlan;
use crate::id::{GroupId, NodeId};
use crate::spec::GroupSpec;
use crate::state::{MoveFailure, MovementCause};

impl Planner<'_> {
    /// Starts the move of a group to a more preferred owner, if that is due.
    pub(crate) fn fail_back(
        &mut self,
        declared: &GroupSpec,
        group: GroupId,
        owner: NodeId,
    ) -> Placed {
        match self.view().failback_plan(declared, group, owner) {
            FailbackPlan::Now(to) => {
                if self.view().lets_others_choose_first() {
                    return Placed::Yielded;
                }
                if self.view().goes_after_another(group, to) {
                    self.ledger.note_let_leave(group);
                    return Placed::Yielded;
                }
                self.ledger.begin_move(
                    group,
                    Some(to),
                    MovementCause::Failback,
                    MoveFailure::Failover,
                );
                Placed::Decided
            }
            FailbackPlan::Stay | FailbackPlan::At(_) => Placed::Undecided,
        }
    }
}
