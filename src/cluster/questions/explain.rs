//! Answers where a group would go: the incident happens to a copy of the cluster.

use alloc::vec::Vec;

use crate::cluster::Cluster;
use crate::cluster::view::View;
use crate::cluster::view::drains::trigger_of;
use crate::id::{GroupId, NodeId};
use crate::machine::{NodeEvent, NodeState};
use crate::plan::{self, Candidate, CandidateVerdict, Difference, Explanation, Rejection};
use crate::policy::{Kept, PlacementRequest, Trigger};
use crate::state::{DownProof, Drain, DrainMode, DrainStatus, LockHandling};

impl View<'_> {
    /// Returns the choice that would be made for a group at this moment.
    fn tell_choice(self, group: GroupId, trigger: Trigger, kept: &[Kept]) -> Option<Explanation> {
        let told = plan::explain(&self.placement(group, trigger)?.beside(kept), self.policy);
        if !self.state.is_quorate() {
            return Some(without_quorum(told));
        }
        let movement = self.state.group(group)?.movement;
        let to = movement.and_then(|movement| {
            let asked = trigger_of(movement.cause);
            movement.to.filter(|to| match trigger {
                Trigger::NodeFailure => self.is_still_good(group, *to),
                Trigger::Start
                | Trigger::ResourceFailure
                | Trigger::BestPossible
                | Trigger::Drain => self.assess(group, asked, *to).is_ok(),
            })
        });
        Some(match to {
            Some(to) => under_way(told, to),
            None => told,
        })
    }
}

impl Cluster {
    /// Returns where a group would go if `trigger` happened now: every node with its verdict, in
    /// order. `None` if there is no such group.
    ///
    /// The answer is the choice that the same trigger makes next, as things are:
    ///
    /// - [`Trigger::NodeFailure`] means the loss of the owner with all its groups and its vote:
    ///   those of higher priority choose first, and without quorum nobody does
    ///   ([`Rejection::NoQuorum`]). A group that is on its way to a node goes on to there.
    /// - [`Trigger::Drain`] means that the owner is emptied of all its groups, those of higher
    ///   priority first. A group that waits for its turn goes where it would go when all groups
    ///   before it have gone where they would go. A node that is joining now is no candidate, though
    ///   it may be up by then.
    /// - [`Trigger::Start`], [`Trigger::ResourceFailure`] and [`Trigger::BestPossible`] are about
    ///   this group only. While the cluster has no quorum nothing goes anywhere; the answer is then
    ///   where the group would go if quorum came back with the nodes as they are.
    ///
    /// Budgets, locks, the wait for a preferred owner and a resource that is left for an operator
    /// decide if and when a group goes, not where to; they are no part of the answer. If a group that
    /// never had an owner is found running somewhere, the answer does not tell that it is taken over
    /// there.
    #[must_use]
    pub fn explain(&self, group: GroupId, trigger: Trigger) -> Option<Explanation> {
        let placement =
            PlacementRequest::new(self.store.spec(), self.store.state(), group, trigger)?;
        let owner = placement.owner().filter(|owner| self.would_befall(*owner, trigger));
        match owner {
            Some(owner) if !seeded!(ExplainOtherDraw) => {
                let mut fork = self.clone();
                fork.store.forget_outputs();
                fork.suffer(group, trigger, owner)
            }
            Some(_) | None => Some(plan::explain(&placement, &*self.policy)),
        }
    }

    /// Tells whether the trigger is an incident of the whole owner that has not happened yet.
    fn would_befall(&self, owner: NodeId, trigger: Trigger) -> bool {
        let state = self.store.state().node_state(owner);
        match trigger {
            Trigger::NodeFailure => state != NodeState::Down,
            Trigger::Drain => {
                let can_be_drained = match state {
                    NodeState::Up | NodeState::Paused => true,
                    NodeState::Down | NodeState::Joining | NodeState::Unclean => false,
                };
                can_be_drained && self.store.state().is_quorate()
            }
            Trigger::Start | Trigger::ResourceFailure | Trigger::BestPossible => false,
        }
    }

    /// Lets the incident happen, and returns the choice for the group at the moment when it is
    /// made.
    fn suffer(&mut self, group: GroupId, trigger: Trigger, owner: NodeId) -> Option<Explanation> {
        let since = Some(self.store.state().now);
        let state = self.store.state().node_state(owner);
        match trigger {
            Trigger::Drain => self.planner().drain(
                owner,
                Drain {
                    status: DrainStatus::InProgress,
                    mode: DrainMode::Normal,
                    target: None,
                    // A lock decides if a group goes, not where to.
                    lock: LockHandling::Override,
                    since,
                },
            ),
            Trigger::NodeFailure
            | Trigger::Start
            | Trigger::ResourceFailure
            | Trigger::BestPossible => {
                self.store.ledger().node_off(owner, NodeEvent::ConfirmedDown, DownProof::Trusted);
            }
        }
        let mut told = self.tell_choice(group, trigger);
        let mut rounds = if self.store.state().is_quorate() { self.facts().rounds() } else { 0 };
        while rounds > 0 && !self.has_chosen(group, trigger, owner) {
            rounds = rounds.saturating_sub(1);
            if self.store.index().touched.comes_next(group) {
                told = self.tell_choice(group, trigger);
            }
            if self.planner().settle_next() || self.planner().finish_drains() {
                continue;
            }
            // A group that waits for its turn chooses when those before it have chosen.
            if !self.facts().waits_for_tier(group) {
                break;
            }
            self.store.ledger().end_tiers(owner);
        }
        told.map(|told| without_incident(told, owner, state))
    }

    /// Returns the choice that would be made for a group at this moment, together with the other
    /// groups that need a node then.
    fn tell_choice(&mut self, group: GroupId, trigger: Trigger) -> Option<Explanation> {
        let spec = self.store.shared_spec();
        let kept = self.planner().kept_nodes(spec.group(group)?, group, trigger);
        self.view().tell_choice(group, trigger, &kept)
    }

    /// Tells whether the group has left its owner, or is leaving it.
    fn has_chosen(&self, group: GroupId, trigger: Trigger, owner: NodeId) -> bool {
        let is_leaving = trigger == Trigger::Drain && self.facts().is_moving(group);
        is_leaving || self.store.state().owner(group) != Some(owner)
    }
}

/// Returns the explanation without a choice: nothing is chosen without quorum, however good a node
/// is.
fn without_quorum(told: Explanation) -> Explanation {
    let mut candidates = told.candidates;
    for candidate in &mut candidates {
        match candidate.verdict {
            CandidateVerdict::Rejected(_) => {}
            CandidateVerdict::Chosen { .. }
            | CandidateVerdict::Behind { .. }
            | CandidateVerdict::LastResort(_) => {
                candidate.verdict = CandidateVerdict::Rejected(Rejection::NoQuorum);
            }
        }
    }
    candidates.sort_by_key(|candidate| candidate.node);
    Explanation { chosen: None, candidates, ..told }
}

/// Returns the explanation for a group that is on its way to a node that may own it, and so needs
/// no choice.
fn under_way(told: Explanation, to: NodeId) -> Explanation {
    let is_destination = |candidate: &Candidate| {
        candidate.node == to && !matches!(candidate.verdict, CandidateVerdict::Rejected(_))
    };
    if told.chosen == Some(to) || !told.candidates.iter().any(is_destination) {
        return told;
    }
    let (mut first, mut others): (Vec<_>, Vec<_>) =
        told.candidates.into_iter().partition(is_destination);
    for candidate in &mut first {
        let drawback = match candidate.verdict {
            CandidateVerdict::Chosen { drawback } => drawback,
            CandidateVerdict::LastResort(drawback) => Some(drawback),
            CandidateVerdict::Behind { .. } | CandidateVerdict::Rejected(_) => None,
        };
        candidate.verdict = CandidateVerdict::Chosen { drawback };
    }
    for candidate in &mut others {
        if let CandidateVerdict::Chosen { .. } = candidate.verdict {
            candidate.verdict = CandidateVerdict::Behind { node: to, by: Difference::UnderWay };
        }
    }
    first.append(&mut others);
    Explanation { chosen: Some(to), candidates: first, ..told }
}

/// Returns the explanation with the owner in its present state, as the incident has not happened.
fn without_incident(told: Explanation, owner: NodeId, state: NodeState) -> Explanation {
    let rejection = match state {
        NodeState::Up | NodeState::Paused | NodeState::Joining => Rejection::CurrentOwner,
        NodeState::Unclean | NodeState::Down => Rejection::NotUp { state },
    };
    let mut told = told;
    for candidate in &mut told.candidates {
        if candidate.node == owner {
            candidate.verdict = CandidateVerdict::Rejected(rejection.clone());
        }
    }
    told
}
