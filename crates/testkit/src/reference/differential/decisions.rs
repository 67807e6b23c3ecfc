//! The owner that a group gets in a step, judged at the moment it gets it.

use super::{Differential, Step, agree};
use crate::Breach;
use crate::reference::order::Order;
use crate::reference::owners::Standing;
use crate::reference::picture::{Group, Picture};
use quorate::cluster::Event;
use quorate::id::Names;
use quorate::machine::ResourceState;
use quorate::policy::Trigger;
use quorate::settings::DesiredState;
use quorate::state::{MovementCause, Recovery};

/// The way in which the destination of a group is decided.
enum Choice {
    /// The order of the model decides, for this reason.
    Next(Trigger),
    /// A command or an unknown policy named the node; it only has to be good enough for this
    /// reason.
    Named(Trigger),
    /// The move under way decides.
    UnderWay,
}

impl Differential {
    /// Judges a change of owner, or a move that begins.
    pub(super) fn decision(
        &mut self,
        step: &Step<'_>,
        picture: &Picture,
        event: &Event<Names>,
    ) -> Result<(), Breach> {
        let (name, to, choice) = match event {
            Event::OwnerChanged { group, to, cause, .. } => {
                let known = picture.group(group).expect("a declared group");
                let unheard = known.resources.iter().find(|of| picture.may_run_unheard(of));
                let is_first =
                    known.owner.is_none() && known.epoch == 0 && *cause == MovementCause::Start;
                agree!(
                    self,
                    S27,
                    !is_first || unheard.is_none(),
                    "{unheard:?} may run already: {event:?}"
                );
                let found = known.resources.iter().find(|of| step.taken_over.contains(&of.name));
                if let Some(found) = found.filter(|_| is_first) {
                    let is_there = to.as_ref().is_some_and(|to| {
                        picture.orphans.contains(&(to.clone(), found.name.clone()))
                            && !matches!(
                                picture.standing(known, Trigger::Start, to),
                                Standing::Unfit(_)
                            )
                    });
                    agree!(self, S27, is_there, "{} is taken over: {event:?}", found.name);
                    return Ok(());
                }
                (
                    group,
                    to,
                    owner_changed(picture, known, self.orders.as_deref(), to.as_deref(), *cause),
                )
            }
            Event::MoveStarted { group, to, cause, .. } => {
                (group, to, move_started(picture, step, group, *cause))
            }
            _ => return Ok(()),
        };
        let group = picture.group(name).expect("a declared group");
        if let Event::MoveStarted { from, cause: MovementCause::Drain, .. } = event {
            self.not_before_its_tier(step, picture, group, from)?;
        }
        match choice {
            Choice::UnderWay => {
                let planned = group.going.as_ref().map(|(to, _)| to);
                agree!(
                    self,
                    S4,
                    planned == Some(to),
                    "{name} is on its way to {planned:?}: {event:?}"
                );
            }
            Choice::Named(trigger) => {
                let Some(to) = to else { return Ok(()) };
                let standing = picture.standing(group, trigger, to);
                let is_good = !matches!(standing, Standing::Unfit(_));
                agree!(self, S16, is_good, "{standing:?} for {event:?}");
            }
            Choice::Next(trigger) => {
                self.is_next(picture, group, trigger, (to.as_ref(), event))?;
            }
        }
        Ok(())
    }

    /// Checks that a group goes to the node that comes next, beside the others that need one.
    fn is_next(
        &mut self,
        picture: &Picture,
        group: &Group,
        trigger: Trigger,
        (to, event): (Option<&String>, &Event<Names>),
    ) -> Result<(), Breach> {
        let Some(orders) = self.orders.clone() else { return Ok(()) };
        let ranking = picture.ranking(&group.name, trigger, &orders);
        // The model does not try every assignment of many groups.
        let next = picture.next_beside_others(group, trigger, &orders, &ranking);
        let Some(next) = next else { return Ok(()) };
        let is_next = next.as_ref() == to;
        let is_alone = ranking.next().map(|place| &place.node) == next.as_ref();
        let holds = is_next || !is_alone;
        agree!(self, S16, holds, "{next:?} is next after {trigger}: {event:?}");
        agree!(self, S37, is_next, "{next:?} is left to it after {trigger}: {event:?}");
        Ok(())
    }

    /// Checks that a group that runs well leaves a node that is being drained only if no group of
    /// higher priority that the drain has moved is on its way, both at that moment and after the
    /// step.
    fn not_before_its_tier(
        &mut self,
        step: &Step<'_>,
        picture: &Picture,
        group: &Group,
        from: &str,
    ) -> Result<(), Breach> {
        let runs_well = |of: &Group| {
            of.resources.iter().all(|resource| {
                resource.recovery == Recovery::None
                    && (resource.state == ResourceState::Online
                        || resource.desired == DesiredState::Offline && !resource.may_run())
            })
        };
        let was_well = step.before.group(&group.name).is_some_and(runs_well);
        let is_free = !was_well || !runs_well(group) || !group.may_run();
        if is_free || step.moment.is_reconfiguration() || !step.after.drain_is_young(from) {
            return Ok(());
        }
        // A group with a resource in doubt may be stuck, and then holds up no other.
        let is_ahead = |picture: &Picture, name: &str| {
            picture.group(name).is_some_and(|other| {
                let is_sure = |resource: &super::super::picture::Resource| {
                    resource.state != ResourceState::InDoubt
                };
                picture.is_ahead_in_drain(other, from) && other.resources.iter().all(is_sure)
            })
        };
        let above = picture.groups.iter().filter(|other| other.priority > group.priority);
        for other in above {
            let is_all_along = is_ahead(picture, &other.name) && is_ahead(&step.after, &other.name);
            let name = &group.name;
            agree!(self, S36, !is_all_along, "{name} leaves {from} before {}", other.name);
        }
        Ok(())
    }

    /// Checks that every group that should have been given a node in this step got one, and that
    /// every group that should go home does.
    pub(super) fn nobody_is_forgotten(&mut self, step: &Step<'_>) -> Result<(), Breach> {
        let Some(orders) = self.orders.clone() else { return Ok(()) };
        let forgotten = step.after.forgotten(&orders);
        agree!(self, L1, forgotten.is_empty(), "forgotten: {forgotten:?}");
        let late = step.after.late_for_home(&orders);
        agree!(self, L9, late.is_empty(), "not on their way home: {late:?}");
        Ok(())
    }
}

fn owner_changed(
    picture: &Picture,
    group: &Group,
    orders: Option<&[Order]>,
    to: Option<&str>,
    cause: MovementCause,
) -> Choice {
    if cause == MovementCause::Configuration && to.is_none() {
        return Choice::Named(Trigger::Start);
    }
    let Some(orders) = orders else {
        // Where an unknown policy vetoes the destination, another node is taken.
        let is_under_way = group.going.as_ref().is_some_and(|(going, _)| going.as_deref() == to);
        return if is_under_way { Choice::UnderWay } else { Choice::Named(Trigger::NodeFailure) };
    };
    // A group whose owner fails goes on to its destination, if it still can.
    let can_go_on = cause != MovementCause::Operator
        && group.going.as_ref().is_some_and(|(to, _)| {
            let is_good = to.as_deref().is_none_or(|to| {
                !matches!(picture.strict_standing(group, Trigger::Start, to), Standing::Unfit(_))
            });
            is_good && to.as_ref().is_none_or(|to| !vetoes(orders, group, to))
        });
    if can_go_on {
        return Choice::UnderWay;
    }
    match cause {
        MovementCause::Start => Choice::Next(Trigger::Start),
        MovementCause::NodeFailure => Choice::Next(Trigger::NodeFailure),
        // An operator places a group that has no owner, or one that is off.
        MovementCause::Operator => Choice::Named(Trigger::Start),
        MovementCause::ResourceFailure
        | MovementCause::Drain
        | MovementCause::Failback
        | MovementCause::Return
        | MovementCause::Configuration => Choice::UnderWay,
        other => unimplemented!("{other:?}"),
    }
}

fn move_started(picture: &Picture, step: &Step<'_>, group: &str, cause: MovementCause) -> Choice {
    match cause {
        MovementCause::Start | MovementCause::Configuration => Choice::Next(Trigger::Start),
        MovementCause::ResourceFailure => Choice::Next(Trigger::ResourceFailure),
        MovementCause::NodeFailure => Choice::Next(Trigger::NodeFailure),
        MovementCause::Drain => {
            let owner = picture.group(group).and_then(|known| known.owner.as_deref());
            let target = owner.and_then(|owner| picture.node(owner)?.drain_target.as_deref());
            match target {
                Some(_) => Choice::Named(Trigger::Drain),
                None => Choice::Next(Trigger::Drain),
            }
        }
        MovementCause::Operator => match named_target(step, group) {
            Named::Node => Choice::Named(Trigger::BestPossible),
            Named::Best => Choice::Next(Trigger::BestPossible),
        },
        MovementCause::Failback | MovementCause::Return => Choice::Named(Trigger::BestPossible),
        other => unimplemented!("{other:?}"),
    }
}

fn vetoes(orders: &[Order], group: &Group, node: &str) -> bool {
    orders.iter().any(|order| order.vetoes(group, node))
}

/// The choice of an operator: a named node, or the best one.
enum Named {
    Node,
    Best,
}

fn named_target(step: &Step<'_>, group: &str) -> Named {
    use quorate::cluster::Command;
    let spec = step.moment.before.spec();
    let to = match step.moment.command() {
        Some(Command::MoveGroup { group: moved, to, .. })
            if spec.group(*moved).is_some_and(|of| of.name() == group) =>
        {
            to.is_some()
        }
        _ => {
            let queued = step.before.group(group).and_then(|known| known.queued);
            queued.is_some_and(|queued| queued.to.is_some())
        }
    };
    if to { Named::Node } else { Named::Best }
}
