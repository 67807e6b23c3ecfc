//! Takes room for a group that is to start.

use crate::cluster::settle::placed::Placed;
use crate::cluster::settle::planner::Planner;
use crate::id::{GroupId, NodeId};
use crate::plan::{self, Tier};
use crate::policy::Trigger;
use crate::spec::GroupSpec;
use crate::state::{MoveFailure, MovementCause};

impl Planner<'_> {
    /// Takes room for a group that is to start: on its owner, or else on another node, and the
    /// group moves there.
    pub(crate) fn take_room(
        &mut self,
        declared: &GroupSpec,
        group: GroupId,
        owner: NodeId,
    ) -> Placed {
        if !self.view().waits_for_room(group) {
            return Placed::Undecided;
        }
        if self.view().lets_others_choose_first() {
            return Placed::Yielded;
        }
        let Some(placement) = self.view().placement(group, Trigger::Start) else {
            return Placed::Undecided;
        };
        let here = plan::room(&placement, owner)
            .map(|drawback| drawback.map_or(Tier::Eligible, |drawback| drawback.tier()))
            .map_err(drop);
        let here = if seeded!(StartsWithoutRoom) { Ok(Tier::Eligible) } else { here };
        let choice = self.choose(declared, group, Trigger::Start);
        let here = here
            .and_then(|tier| if self.ledger.is_left_to(group, owner) { Ok(tier) } else { Err(()) });
        let better = choice.filter(|choice| {
            choice.node != owner
                && here.is_ok_and(|here| choice.tier < here) | here.is_err()
                && !self.view().is_refused(declared, group, choice.node)
        });
        match (better, here) {
            (Some(choice), _) => {
                let to = Some(choice.node);
                self.ledger.begin_move(group, to, MovementCause::Start, MoveFailure::Failover);
                Placed::Decided
            }
            (None, Ok(_)) => {
                self.ledger.occupy(declared, group, owner);
                Placed::Undecided
            }
            (None, Err(_)) => Placed::Undecided,
        }
    }
}
