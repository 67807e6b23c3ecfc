//! Continues moves whose groups are off, and begins queued ones.

use crate::cluster::settle::placed::Placed;
use crate::cluster::settle::planner::Planner;
use crate::cluster::view::drains::trigger_of;
use crate::id::{GroupId, NodeId};
use crate::state::{MoveFailure, MovementCause, QueuedMove};

impl Planner<'_> {
    /// Completes a move whose group is off, or finds another destination for it.
    pub(crate) fn continue_move(&mut self, group: GroupId, owner: NodeId) -> Placed {
        let Some(movement) = self.ledger.state().group(group).and_then(|record| record.movement)
        else {
            return Placed::Undecided;
        };
        let trigger = trigger_of(movement.cause);
        if let Some(to) = movement.to
            && self.view().assess(group, trigger, to).is_err()
        {
            let may_go_elsewhere = may_go_elsewhere(movement.cause);
            if may_go_elsewhere && self.view().lets_others_choose_first() {
                return Placed::Yielded;
            }
            let other = may_go_elsewhere
                .then(|| self.view().choose(group, trigger))
                .flatten()
                .filter(|choice| choice.node != owner);
            match other {
                Some(choice) => {
                    self.ledger.begin_move(
                        group,
                        Some(choice.node),
                        movement.cause,
                        movement.on_failure,
                    );
                }
                None => self.ledger.abandon_move(group),
            }
            return Placed::Decided;
        }
        if self.ledger.index().running(group) > 0 && !seeded!(MoveDoesNotWait) {
            return Placed::Undecided;
        }
        self.ledger.transfer(group, movement.to, movement.cause, None);
        let is_return = movement.on_failure == MoveFailure::ReturnToSource;
        if is_return && movement.to.is_some() {
            self.ledger.set_source(group, Some(owner));
        }
        Placed::Decided
    }

    /// Tries a move that an operator asked for when it was not possible.
    pub(crate) fn try_queued_move(&mut self, group: GroupId) -> Placed {
        let queued = self.ledger.state().group(group).and_then(|record| record.queued);
        let Some(QueuedMove { to, on_failure, lock }) = queued else { return Placed::Undecided };
        if self.view().is_held_by_lock(group, lock) {
            return Placed::Undecided;
        }
        let Some(to) = self.view().move_target(group, to).ok() else { return Placed::Undecided };
        if self.view().lets_others_choose_first() {
            return Placed::Yielded;
        }
        self.ledger.begin_move(group, Some(to), MovementCause::Operator, on_failure);
        Placed::Decided
    }
}

/// Tells whether a move whose destination has failed may end on another node. It may if the group
/// has to leave its owner; a move by an operator, a failback or a return is to this node or to
/// none.
fn may_go_elsewhere(cause: MovementCause) -> bool {
    match cause {
        MovementCause::Start
        | MovementCause::ResourceFailure
        | MovementCause::NodeFailure
        | MovementCause::Drain
        | MovementCause::Configuration => true,
        MovementCause::Operator | MovementCause::Failback | MovementCause::Return => false,
    }
}
